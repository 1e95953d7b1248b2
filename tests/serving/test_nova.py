import asyncio
import contextlib
import json
import math
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adjudge.domain import Component, ComponentScore, Group, Reward, RewardFunction, Rollout, Sample
from adjudge.errors import DataError, MissingError, RewardError
from adjudge.judges.rubric import RubricJudge
from adjudge.rewards.base import Scorer
from adjudge.rewards.composite import CompositeReward
from adjudge.rewards.failure import Neutral, OnFailure
from adjudge.rewards.judged import Judged, JudgedConfig
from adjudge.serving.nova import NovaHandler, NovaSettings, OpenReward
from adjudge.testing.builders import DOCUMENT, make_rubric
from adjudge.testing.judges import agreeing, constant

Score = Callable[[Rollout], Any]
MakeHandler = Callable[..., NovaHandler]


class Told(Scorer):
    """A term that does what the test says."""

    def __init__(self, score: Score) -> None:
        super().__init__("told", "term")
        self._score = score

    async def score(self, sample: Sample, rollout: Rollout) -> ComponentScore:
        value = self._score(rollout)
        return self.scored(await value if asyncio.iscoroutine(value) else value)


def opens(*parts: Component, on_failure: OnFailure = "mask") -> OpenReward:
    @contextlib.asynccontextmanager
    async def opened() -> AsyncIterator[RewardFunction]:
        yield CompositeReward(parts, on_failure)

    return opened


class Context:
    """Lambda's, as far as it is read."""

    aws_request_id = "request-1"

    def __init__(self, seconds: float) -> None:
        self._ends = time.monotonic() + seconds

    def get_remaining_time_in_millis(self) -> int:
        return max(0, int((self._ends - time.monotonic()) * 1000))


@pytest.fixture
def make_handler():
    with contextlib.ExitStack() as stack:

        def make(open_reward: OpenReward, lines: list[str] | None = None, **more: object) -> NovaHandler:
            kept = [] if lines is None else lines
            handler = NovaHandler(open_reward, NovaSettings.model_validate(more), log=kept.append)
            stack.callback(handler.close)
            return handler

        yield make


def row(name: object, response: str = "0.5") -> dict[str, Any]:
    return {"id": name, "messages": [{"role": "user", "content": "x"}, {"role": "assistant", "content": response}]}


def mark(result: dict[str, Any], name: str) -> float:
    return float(next(metric["value"] for metric in result["metrics_list"] if metric["name"] == f"adjudge_{name}"))


def value(rollout: Rollout) -> float:
    return float(rollout.response)


def test_each_row_has_its_result_in_order(make_handler: MakeHandler):
    """One result a row, by its id, also where an id stands twice."""
    found = make_handler(opens(Told(value)))([row("a", "0.1"), row("b", "0.2"), row("a", "0.3")], {})
    assert [(one["id"], one["aggregate_reward_score"]) for one in found] == [("a", 0.1), ("b", 0.2), ("a", 0.3)]


@pytest.mark.parametrize("context", [None, {}, Context(10.0)])
def test_the_context_may_be_empty(make_handler: MakeHandler, context: object):
    """Locally there is no deadline, and the results are the same."""
    (found,) = make_handler(opens(Told(value)))([row("a")], context)
    assert found["aggregate_reward_score"] == 0.5


def test_an_empty_event_is_answered(make_handler: MakeHandler):
    """No rows in, no results out."""
    assert make_handler(opens(Told(value)))([], Context(1.0)) == []


def test_one_sample_that_breaks_harms_no_other(make_handler: MakeHandler):
    """A bug that one response triggers is that response's; it has the neutral value with its mark."""
    good, broken, bad = make_handler(opens(Told(value)))([row("a"), row("b", "no number"), 4], {})
    assert (good["aggregate_reward_score"], mark(good, "fallback")) == (0.5, 0.0)
    assert mark(broken, "fallback") == 1.0
    assert (mark(bad, "fallback"), mark(bad, "bad_row")) == (1.0, 1.0)


def test_a_failed_judge_is_marked_and_never_scored(make_handler: MakeHandler):
    """Masked in the task, the sample has the handler's neutral value, and the mark that says so."""
    judge = RubricJudge(make_rubric(items=False), constant("I cannot help with that."))
    handler = make_handler(opens(Judged(judge, JudgedConfig(), role="term")), unscored={"neutral": 0.25})
    documents = {"target_document": "d", "reference": "r"}
    (found,) = handler([{**row("a"), "metadata": documents}], {})
    assert (found["aggregate_reward_score"], mark(found, "fallback")) == (0.25, 1.0)
    assert not [metric for metric in found["metrics_list"] if metric["type"] == "Reward"]


def test_a_missing_document_is_the_rows_own_failure(make_handler: MakeHandler):
    """What a rubric wants to show and the row does not have fails that row, not the batch."""
    rubric = make_rubric(items=False)
    judge = RubricJudge(rubric, agreeing(rubric))
    handler = make_handler(opens(Judged(judge, JudgedConfig(), role="term")))
    documents = {"target_document": DOCUMENT, "reference": "r"}
    without, with_documents = handler([row("a"), {**row("b"), "metadata": documents}], {})
    assert mark(without, "fallback") == 1.0
    assert (with_documents["aggregate_reward_score"], mark(with_documents, "fallback")) == (1.0, 0.0)


def test_an_empty_response_is_gated_and_not_neutral(make_handler: MakeHandler):
    """A policy that writes nothing has the floor, also where the trainer then sends no turn at all."""
    judge = RubricJudge(make_rubric(items=False), constant("not asked"))
    handler = make_handler(opens(Judged(judge, JudgedConfig(), role="term")))
    preflight = {"messages": [{"role": "user", "content": "x"}]}
    empty, missing = handler([row("a", " "), preflight], {})
    assert [one["aggregate_reward_score"] for one in (empty, missing)] == [0.0, 0.0]
    assert [mark(one, "fallback") for one in (empty, missing)] == [0.0, 0.0]
    assert [mark(one, "no_response") for one in (empty, missing)] == [0.0, 1.0]


async def hang() -> float:
    await asyncio.sleep(3600)
    return 1.0


def test_what_is_finished_at_the_deadline_is_kept(make_handler: MakeHandler):
    """Samples that hang are marked late, before the time is up, and the others keep their scores."""
    handler = make_handler(opens(Told(lambda rollout: hang() if rollout.response == "hang" else 0.75)))
    context = Context(1.0)
    found = handler([row(n, "hang" if n % 10 == 0 else "x") for n in range(100)], context)
    assert context.get_remaining_time_in_millis() > 0
    assert sum(one["aggregate_reward_score"] == 0.75 and not mark(one, "fallback") for one in found) == 90
    assert [one["id"] for one in found if mark(one, "late")] == list(range(0, 100, 10))
    assert all(mark(one, "fallback") == mark(one, "late") for one in found)


def test_a_component_that_holds_up_the_loop_cannot_hold_up_the_answer(make_handler: MakeHandler):
    """Code that blocks makes its sample late; the next invocation works again."""
    handler = make_handler(opens(Told(lambda rollout: time.sleep(3.0) or 0.1 if rollout.response == "block" else 0.2)))
    context = Context(1.0)
    first, blocked = handler([row("a"), row("b", "block")], context)
    assert context.get_remaining_time_in_millis() > 0
    assert (first["aggregate_reward_score"], mark(first, "late"), mark(blocked, "late")) == (0.2, 0.0, 1.0)
    (again,) = handler([row("c")], Context(5.0))
    assert again["aggregate_reward_score"] == 0.2


def test_a_callers_patience_bounds_the_invocation(make_handler: MakeHandler):
    """Where the caller gives up before the function would, most_seconds is the deadline."""
    handler = make_handler(opens(Told(lambda _: hang())), most_seconds=0.3)
    (found,) = handler([row("a")], {})
    assert mark(found, "late") == 1.0


def test_raise_fails_the_invocation_after_all_were_scored(make_handler: MakeHandler):
    """Nothing stands in for a missing reward; the error counts them and names the first."""
    scored: list[str] = []
    lines: list[str] = []

    def score(rollout: Rollout) -> float:
        scored.append(rollout.id)
        return value(rollout)

    handler = make_handler(opens(Told(score)), lines, unscored="raise")
    with pytest.raises(RewardError, match=r"1 of 3 samples have no reward.*\n.*'b'"):
        handler([row("a"), row("b", "no number"), row("c")], {})
    assert len(scored) == len(lines) == 3
    assert [one["aggregate_reward_score"] for one in handler([row("a"), row("c")], {})] == [0.5, 0.5]


def test_a_judge_that_fails_on_most_is_an_error(make_handler: MakeHandler):
    """Nothing is learnt from neutral values: too many of them stop the trainer, and a retry that is scored goes on."""
    lines: list[str] = []
    handler = make_handler(opens(Told(value)), lines)
    with pytest.raises(RewardError, match="21 of 40 samples"):
        handler([row(n, "no number" if n < 21 else "0.5") for n in range(40)], {})
    assert len(lines) == 40
    assert len(handler([row(n) for n in range(40)], {})) == 40


def test_samples_that_come_one_by_one_are_counted_together(make_handler: MakeHandler):
    """A single failure is answered with its mark; a judge that fails on and on is an error."""
    handler = make_handler(opens(Told(value)))
    for _ in range(19):
        (found,) = handler([row("a", "no number")], {})
        assert mark(found, "fallback") == 1.0
    with pytest.raises(RewardError, match="1 of 1 samples"):
        handler([row("a", "no number")], {})
    assert handler([row("a")], {})


def test_no_more_samples_at_once_than_allowed(make_handler: MakeHandler):
    """Concurrency bounds what is under way."""
    at_once = [0, 0]

    async def slow() -> float:
        at_once[0] += 1
        at_once[1] = max(at_once)
        await asyncio.sleep(0.01)
        at_once[0] -= 1
        return 1.0

    make_handler(opens(Told(lambda _: slow())), concurrency=3)([row(n) for n in range(12)], {})
    assert at_once[1] == 3


def test_one_loop_and_one_reward_serve_all_invocations(make_handler: MakeHandler):
    """Connections stay open between invocations; after reopen_after samples they are made anew."""
    loops: list[asyncio.AbstractEventLoop] = []
    events: list[str] = []

    def score(rollout: Rollout) -> float:
        loops.append(asyncio.get_running_loop())
        return value(rollout)

    @contextlib.asynccontextmanager
    async def opened() -> AsyncIterator[RewardFunction]:
        events.append("open")
        yield CompositeReward([Told(score)])
        events.append("close")

    handler = make_handler(opened, reopen_after=2)
    for _ in range(3):
        handler([row("a")], {})
    assert events == ["open"]
    assert len(set(loops)) == 1
    handler([row("a")], {})
    assert events == ["open", "close", "open"]


def test_a_handler_may_be_closed_twice(make_handler: MakeHandler):
    """The second time there is nothing to close."""
    handler = make_handler(opens(Told(value)))
    handler.close()
    handler.close()


def test_each_sample_has_one_log_line(make_handler: MakeHandler):
    """id, score, status, dimensions, ms and cost, as one JSON object on one line, whatever the texts hold."""
    lines: list[str] = []
    handler = make_handler(opens(Told(value)), lines)
    handler([row("a\n{}", "0.5"), row("b", "no number")], Context(5.0))
    good, bad = [json.loads(line) for line in lines]
    assert not any("\n" in line for line in lines)
    assert good.pop("ms") >= 0
    assert good == {
        "id": "a\n{}",
        "aggregate_reward_score": 0.5,
        "status": "scored",
        "dimensions": {"told": 0.5},
        "cost_usd": None,
        "judge_calls": 0,
        "judges": [],
        "request_id": "request-1",
    }
    assert (bad["status"], bad["dimensions"]) == ("failed", {})
    assert "no number" in bad["problem"]


def test_a_reward_that_cannot_be_opened_fails_at_the_start():
    """A missing key is told when the function is loaded, not sample by sample."""

    @contextlib.asynccontextmanager
    async def opened() -> AsyncIterator[RewardFunction]:
        raise MissingError("There is no key.", "The judge needs one.", "Set it.")
        yield

    with pytest.raises(MissingError, match="There is no key"):
        NovaHandler(opened)


def test_what_is_no_list_is_refused(make_handler: MakeHandler):
    """An event of another form is an error that says which form is wanted."""
    with pytest.raises(DataError, match="not a list"):
        make_handler(opens(Told(value)))({"body": "[]"}, {})


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=8),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.text(max_size=8), inside, max_size=3),
    max_leaves=8,
)
CONTENT = JSON | st.lists(st.fixed_dictionaries({"type": st.just("text"), "text": st.text(max_size=8)}), max_size=3)
TURN = JSON | st.fixed_dictionaries(
    {"role": st.sampled_from(["user", "assistant", "nova_assistant"]) | JSON, "content": CONTENT}
)
ROWS = JSON | st.fixed_dictionaries(
    {},
    optional={
        "id": JSON,
        "messages": st.lists(TURN, max_size=4) | JSON,
        "reference_answer": JSON,
        "metadata": JSON,
        "tools": JSON,
    },
)


class Hashed:
    """Scores what it is given, or breaks on it."""

    async def score(self, sample: Sample, rollout: Rollout) -> Reward:
        if len(rollout.response) % 3 == 2:
            raise RuntimeError(rollout.response)
        return Reward(rollout_id=rollout.id, value=len(rollout.response) % 3 / 2, status="scored")  # type: ignore[arg-type]

    async def score_group(self, group: Group) -> tuple[Reward, ...]:
        raise NotImplementedError


def test_no_event_crashes_the_batch():
    """Whatever the rows hold, there is one finite result a row, in order, that JSON can carry."""

    @contextlib.asynccontextmanager
    async def opened() -> AsyncIterator[RewardFunction]:
        yield Hashed()

    handler = NovaHandler(opened, NovaSettings(unscored=Neutral(neutral=0.5), most_unscored=1.0), log=lambda _: None)

    @given(st.lists(ROWS, max_size=5))
    @settings(deadline=None)
    def holds(event: list[Any]) -> None:
        found = handler(event, {})
        assert len(found) == len(event)
        for place, (one, given_row) in enumerate(zip(found, event, strict=True)):
            assert isinstance(one, dict)
            assert math.isfinite(one["aggregate_reward_score"])
            had = given_row.get("id") if isinstance(given_row, dict) else None
            assert one["id"] in {f"row-{place + 1}", had if isinstance(had, str | float | int) else None}
        json.dumps(found, allow_nan=False, ensure_ascii=False).encode()

    try:
        holds()
    finally:
        handler.close()
