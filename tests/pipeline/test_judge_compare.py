"""Judges on a server, whose accuracy is known, compared on the embedded cases."""

from collections import Counter
from dataclasses import dataclass, field, replace
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from adjudge.domain import Event, Progress, Request
from adjudge.endpoints.base import ChatRequest, Completion
from adjudge.endpoints.prices import Prices
from adjudge.endpoints.scripted import ScriptedEndpoint
from adjudge.errors import ConfigError
from adjudge.judges.load import load_rubric
from adjudge.judges.rubric import RubricJudge
from adjudge.pipeline.judge_compare import Plan, ask_cases, compare_judges, make_plan, with_judge
from adjudge.pipeline.stop import StoppedError
from adjudge.pipeline.taskfile import LoadedTask, parse_task
from adjudge.store.jsonl import read_jsonl
from adjudge.testing.judges import asked_ids, reply_json
from adjudge.testing.server import Answer, FaultServer, fault_server
from adjudge.validation.comparison import JudgeComparison, JudgeLine

TEMPLATE = Path(str(resources.files("adjudge"))) / "templates" / "contract_review"
CASES = 40


class Listener:
    """Notes the progress; asks for a stop after `stop_at` judgements."""

    def __init__(self, stop_at: int | None = None) -> None:
        self.told: list[Progress] = []
        self._stop_at = stop_at

    def on_event(self, event: Event) -> Request:
        if isinstance(event, Progress):
            self.told.append(event)
            if self._stop_at is not None and event.done >= self._stop_at:
                return Request.STOP
        return Request.NONE


@pytest.fixture(scope="module")
def plan() -> Plan:
    """Forty cases of the embedded data, each asked twice."""
    data = {
        "name": "t",
        "data": {
            "format": "contract-windows",
            "train": "data/train.jsonl",
            "validation": "data/validation.jsonl",
            "test": "data/test.jsonl",
        },
        "policy": {"model": "local:tiny"},
        "judge": {"model": "local:tiny"},
        "reward": {"terms": [{"type": "judged", "weight": 1.0}]},
    }
    task = LoadedTask(parse_task(data, "task.yaml"), TEMPLATE / "task.yaml")
    return make_plan(task, cases=CASES, repeats=2)


@pytest.fixture
async def keys(plan: Plan) -> dict[str, tuple[int, bool, str]]:
    """What the judge is shown -> number of the case, its label, and a quote that stands in the clause."""
    prompts: list[str] = []

    def script(request: ChatRequest) -> Completion:
        prompts.append(request.messages[1].content)
        # Cut, so that nothing is asked twice: a refusal is the one answer that ends a case at once.
        return Completion(text="no", stop="refusal")

    judge = RubricJudge(load_rubric(TEMPLATE / "rubric.yaml"), ScriptedEndpoint(script))
    async for _ in ask_cases(judge, judge.rubric, plan.cases, plan.samples):
        pass
    assert len(prompts) == len(plan.cases)
    # Twins with the same texts share a prompt and a label.
    return {
        prompt: (number, case.label, case.fields.get("passage", ""))
        for number, (prompt, case) in enumerate(zip(prompts, plan.cases, strict=True))
    }


@dataclass
class Judges:
    """Models of one server, by name; each answers the keys in its own way."""

    keys: dict[str, tuple[int, bool, str]]
    asked: Counter[tuple[str, str]] = field(default_factory=Counter)

    def __call__(self, _: int, body: dict[str, Any]) -> Answer:
        """``perfect``; ``fair`` errs on every fourth; ``wobbly`` errs on every fourth the second time; ..."""
        model, shown = body["model"], body["messages"][1]["content"]
        number, label, quote = self.keys[shown]
        self.asked[model, shown] += 1
        if model == "dead" or (model == "refused" and number % 4 == 0):
            return Answer(status=401 if model == "dead" else 400)
        errs = number % 4 == 0 and (model == "fair" or (model == "wobbly" and self.asked[model, shown] == 2))
        request = ChatRequest.model_validate({"messages": body["messages"]})
        answers = dict.fromkeys(asked_ids(request), "yes" if label != errs else "no")
        return Answer(text=reply_json(answers, quote=quote))


def references(server: FaultServer, *models: str) -> list[str]:
    return [f"openai-compat:{server.url}#{model}" for model in models]


def by_name(found: JudgeComparison) -> dict[str, JudgeLine]:
    return {line.model.rpartition("#")[2]: line for line in found.lines}


def accuracy(line: JudgeLine) -> float:
    assert line.figures is not None
    assert line.figures.accuracy is not None
    return line.figures.accuracy.estimate


async def test_known_accuracies_are_found(plan: Plan, keys: dict[str, tuple[int, bool, str]], tmp_path: Path):
    """Judges that are right on 40 of 40 and on 30 of 40 get just these figures, and the difference is -0.25."""
    errors = sum(number % 4 == 0 for number, _, _ in keys.values())
    assert len(keys) == CASES
    async with fault_server(Judges(keys)) as server:
        found = await compare_judges(plan, references(server, "perfect", "fair"), tmp_path, Listener())
    lines = by_name(found)
    assert [accuracy(lines[name]) for name in ("perfect", "fair")] == [1.0, 1 - errors / CASES]
    (less,) = found.differences
    assert less.accuracy is not None
    assert less.accuracy.estimate == pytest.approx(-errors / CASES)
    assert less.cases == CASES
    assert less.accuracy.clusters == len({case.cluster for case in plan.cases})
    flips = lines["fair"].flips
    assert flips is not None
    assert flips.estimate == 0.0


async def test_flips_are_found(plan: Plan, keys: dict[str, tuple[int, bool, str]], tmp_path: Path):
    """A judge that answers every fourth question otherwise the second time flips on just these."""
    async with fault_server(Judges(keys)) as server:
        found = await compare_judges(plan, references(server, "wobbly"), tmp_path, Listener())
    (line,) = found.lines
    assert line.flips is not None
    assert line.flips.estimate == pytest.approx(0.25)
    assert accuracy(line) == 1.0


async def test_nothing_is_paid_for_twice(plan: Plan, keys: dict[str, tuple[int, bool, str]], tmp_path: Path):
    """A second comparison in the same folder makes no call and tells the same figures, latency and calls too."""
    async with fault_server(Judges(keys)) as server:
        models = references(server, "perfect", "fair")
        first = await compare_judges(plan, models, tmp_path, Listener())
        assert server.calls == 2 * 2 * CASES
        again = await compare_judges(plan, models, tmp_path, Listener())
        assert server.calls == 2 * 2 * CASES
    assert again == first
    line = first.lines[0]
    assert (line.timed, line.usage.calls) == (2 * CASES, 2 * CASES)
    assert line.p50_seconds is not None
    assert line.p95_seconds is not None
    assert 0 < line.p50_seconds <= line.p95_seconds


async def test_a_stopped_comparison_goes_on(plan: Plan, keys: dict[str, tuple[int, bool, str]], tmp_path: Path):
    """What was asked before a stop is not asked again, and the outcome is that of an undisturbed comparison."""
    async with fault_server(Judges(keys)) as server:
        models = references(server, "perfect", "fair")
        whole = await compare_judges(plan, models, tmp_path / "whole", Listener())
        calls = server.calls
        with pytest.raises(StoppedError):
            await compare_judges(plan, models, tmp_path / "stopped", Listener(stop_at=20))
        resumed = await compare_judges(plan, models, tmp_path / "stopped", Listener())
        assert server.calls == 2 * calls
    assert resumed.differences == whole.differences
    assert [line.figures for line in resumed.lines] == [line.figures for line in whole.lines]


async def test_failures_have_their_kind_and_share(plan: Plan, keys: dict[str, tuple[int, bool, str]], tmp_path: Path):
    """A judge that refuses a quarter of the requests shows it; its figures are of the others, and all are right."""
    async with fault_server(Judges(keys)) as server:
        found = await compare_judges(plan, references(server, "refused"), tmp_path, Listener())
    (line,) = found.lines
    assert line.failures == {"refused_request": 20}
    assert line.failed == pytest.approx(0.25)
    assert line.figures is not None
    assert line.figures.accuracy is not None
    assert (line.figures.accuracy.estimate, line.figures.accuracy.n) == (1.0, 30)


async def test_judges_that_cannot_work_do_not_stop_the_others(
    plan: Plan, keys: dict[str, tuple[int, bool, str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """No key, no such provider, a refused key: each is told in its place; the last is asked one round and no more."""
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    async with fault_server(Judges(keys)) as server:
        dead, perfect = references(server, "dead", "perfect")
        found = await compare_judges(plan, ["openai:m", "nobody:m", dead, perfect], tmp_path, Listener())
        assert server.calls == 16 + 2 * CASES
    assert [(problem.model, problem.exit_code) for problem in found.problems] == [("openai:m", 3), ("nobody:m", 2)]
    assert "16 judgements all failed, most often with refused_request" in by_name(found)["dead"].gave_up
    assert (found.reference, found.worked) == (perfect, True)


async def test_a_price_that_is_not_known_is_not_free(
    plan: Plan, keys: dict[str, tuple[int, bool, str]], tmp_path: Path
):
    """A server without prices leaves the cost unknown; a script costs nothing."""
    script = tmp_path / "script.jsonl"
    script.write_text('{"reply": {"criteria": []}}\n')
    async with fault_server(Judges(keys)) as server:
        models = [*references(server, "perfect"), f"scripted:{script}"]
        found = await compare_judges(replace(plan, repeats=1), models, tmp_path, Listener())
    assert [line.cost_per_1000_usd for line in found.lines] == [None, 0.0]
    assert found.lines[0].usage.prompt_tokens == 10 * CASES


async def test_a_price_makes_the_cost_known(plan: Plan, keys: dict[str, tuple[int, bool, str]], tmp_path: Path):
    """Ten and five tokens a call at 100 and 200 USD a million: 2 USD for 1,000; replies from before count too."""
    once = replace(plan, repeats=1)
    async with fault_server(Judges(keys)) as server:
        (model,) = references(server, "perfect")
        await compare_judges(once, [model], tmp_path, Listener())
        price = {model: Prices(prompt_usd=100.0, completion_usd=200.0)}
        stored = await compare_judges(once, [model], tmp_path, Listener(), price)
        fresh = await compare_judges(once, [model], tmp_path / "fresh", Listener(), price)
        with pytest.raises(ConfigError, match="none of the judges"):
            await compare_judges(once, ["local:tiny"], tmp_path, Listener(), price)
    assert [found.lines[0].cost_per_1000_usd for found in (stored, fresh)] == [pytest.approx(2.0)] * 2


def test_the_prices_and_budget_of_the_task_are_not_those_of_another_judge(plan: Plan):
    """The task's own judge keeps its prices; another one has none; the budget is for runs."""
    limits = {"prompt_usd": 1.0, "completion_usd": 2.0, "budget_usd": 5.0, "concurrency": 7}
    judge = {**plan.task.config.judge.model_dump(), "model": "openai:own", "limits": limits}
    config = plan.task.config.model_copy(update={"judge": type(plan.task.config.judge).model_validate(judge)})
    task = LoadedTask(config, plan.task.file)
    own, other = (with_judge(task, model).config.judge for model in ("openai:own", "openai:other"))
    assert own.limits.prices == Prices(prompt_usd=1.0, completion_usd=2.0)
    assert other.limits.prices is None
    assert [part.limits.budget_usd for part in (own, other)] == [None, None]
    assert [part.limits.concurrency for part in (own, other)] == [7, 7]
    local = with_judge(task, "local:tiny").config.judge
    assert local.limits == type(local.limits)()


async def test_a_judge_that_chooses_is_asked_again_too(plan: Plan, tmp_path: Path):
    """A local model computes each repeat anew, in its own place beside judges that write."""
    found = await compare_judges(plan, ["local:tiny"], tmp_path, Listener())
    (line,) = found.lines
    assert line.consistency is not None
    assert (line.consistency.questions, line.cost_per_1000_usd) == (CASES, 0.0)
    assert line.usage.calls == 2 * len({(case.criterion, *case.fields.items()) for case in plan.cases})


async def test_the_verdicts_are_in_the_table(plan: Plan, keys: dict[str, tuple[int, bool, str]], tmp_path: Path):
    """Every judgement leaves its rows, with judge and repeat, so that all figures can be computed again."""
    async with fault_server(Judges(keys)) as server:
        await compare_judges(plan, references(server, "perfect", "fair"), tmp_path, Listener())
    rows = read_jsonl(tmp_path / "verdicts.jsonl")
    assert len({(row["judge"], row["candidate"], row["repeat"]) for row in rows}) == 2 * 2 * CASES


async def test_a_judge_named_twice_is_refused(plan: Plan, tmp_path: Path):
    """It would be compared with itself."""
    with pytest.raises(ConfigError, match="named twice"):
        await compare_judges(plan, ["local:tiny", "local:tiny"], tmp_path, Listener())


def test_rows_without_known_answers_are_refused():
    """A task without expert findings has nothing to compare judges by."""
    from adjudge.pipeline.taskfile import load_task

    with pytest.raises(ConfigError, match="no labelled case"):
        make_plan(load_task(TEMPLATE.parent / "tiny"))
