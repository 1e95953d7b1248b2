"""Every fault in every wire format, through endpoint, call path, journal and judge: no wrong score, nothing paid twice.

All trials run once, side by side; the tests look at what came out.
"""

import asyncio
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp.connector
import pytest

from adjudge.domain import FailureKind, JudgeFailure, Judgement, Verdict
from adjudge.endpoints.anthropic import Anthropic
from adjudge.endpoints.base import ChatRequest, Completion, Endpoint, EndpointFailure
from adjudge.endpoints.bedrock import Bedrock
from adjudge.endpoints.bedrock_access import BearerKey
from adjudge.endpoints.calls.path import CallConfig, call_path
from adjudge.endpoints.http import HttpEndpoint
from adjudge.endpoints.openai_chat import OpenAIChat
from adjudge.judges.journaled import JournaledEndpoint
from adjudge.judges.rubric import RubricJudge
from adjudge.store.journal import Journal
from adjudge.testing.faults.cases import case_rollouts, case_rubric, case_sample, right_reply, right_score
from adjudge.testing.faults.catalogue import CATALOGUE
from adjudge.testing.faults.fault import Cure, Fault
from adjudge.testing.faults.http import Door
from adjudge.testing.faults.server import Call, Script, serve
from adjudge.testing.faults.tls import Certificates, make_certificates

KEY = "sk-planted/key+0123456789"
ATTEMPTS = 3
COLUMNS = ("openai", "anthropic", "bedrock")
WITHOUT_TOOLS = ("anthropic, no tools", "bedrock, no tools")
"""Where no tool is forced the verdict is text, and other readers read it."""

CELLS = [
    *((fault, column) for fault in CATALOGUE for column in COLUMNS),
    *(
        (name, column)
        for name, f in CATALOGUE.items()
        if f.family in {"payload", "verdict"}
        for column in WITHOUT_TOOLS
    ),
]
SIDE_BY_SIDE = 8
SLACK_SECONDS = 20.0
"""How much later than its deadline a trial is called a hang, on a machine with other work."""


def endpoint_for(column: str, origin: str) -> Endpoint:
    sends = column not in WITHOUT_TOOLS
    if column == "openai":
        return HttpEndpoint(OpenAIChat("judge", f"{origin}/v1", api_key=KEY))
    if column in {"anthropic", "anthropic, no tools"}:
        return HttpEndpoint(Anthropic("judge", KEY, origin, sends_schema=sends))
    return HttpEndpoint(Bedrock("vendor.judge-v1:0", "eu-central-1", BearerKey(KEY), origin, sends_schema=sends))


class Impatient(random.Random):
    """No jitter: what remains to wait is what the server asked for."""

    def uniform(self, a: float, b: float) -> float:
        return a


class Counted:
    """An endpoint that counts attempts, and calls `after` when one is over."""

    def __init__(self, inner: Endpoint) -> None:
        self.inner = inner
        self.attempts = 0
        self.after: Any = None

    @property
    def name(self) -> str:
        return self.inner.name

    @property
    def identity(self) -> dict[str, Any]:
        return self.inner.identity

    async def complete(self, request: ChatRequest, deadline_seconds: float) -> Completion | EndpointFailure:
        self.attempts += 1
        outcome = await self.inner.complete(request, deadline_seconds)
        if self.after is not None:
            await self.after()
        return outcome

    async def aclose(self) -> None:
        await self.inner.aclose()


class Healing(Script):
    """A script that ends when it is told to."""

    healed = False

    def door(self) -> Door:
        return "open" if self.healed else super().door()

    def fault(self, content: str, times: int) -> Fault | None:
        return None if self.healed else super().fault(content, times)


@dataclass(frozen=True)
class Trial:
    """What came of judging under a fault, and of judging again after it was over."""

    first: Judgement | None
    again: Judgement | None
    attempts: int
    calls: Sequence[Call]
    calls_again: Sequence[Call]
    journal: bytes


def config_for(fault: Fault) -> tuple[CallConfig, float]:
    """How calls are made, and their deadline: short where the fault lasts as long as it is allowed to."""
    if fault.family == "time":
        return CallConfig(attempts=ATTEMPTS, attempt_seconds=0.5), 1.2
    return CallConfig(attempts=ATTEMPTS, attempt_seconds=20.0), 20.0


async def judged(journal: Path, path: Endpoint, deadline: float) -> Judgement | None:
    """A verdict or failure on the one case; None is a hang."""
    (rollout,) = case_rollouts([1])
    with Journal(journal) as kept:
        judge = RubricJudge(case_rubric(), JournaledEndpoint(path, kept), deadline_seconds=deadline)
        try:
            async with asyncio.timeout(2 * deadline + SLACK_SECONDS):
                return await judge.judge(case_sample(), rollout)
        except TimeoutError:
            return None


async def trial(
    fault: Fault, column: str, *, lasts: bool, folder: Path, certificates: Certificates, clock: "Clock"
) -> Trial:
    """One fault in one column."""
    plan = Healing([fault] if lasts else [fault, None])
    journal = folder / "journal.jsonl"
    config, deadline = config_for(fault)
    tls = certificates if fault.family == "tls" else None
    opens = fault.door != "refused"
    async with serve(right_reply, plan, certificates=tls, on_clock=clock.jump, opens=opens) as server:
        counted = Counted(endpoint_for(column, server.origin))
        if fault.family == "time" and not lasts:
            deadline = 20.0
        if fault.family in {"pause", "clock"} and lasts:
            deadline = 0.9
        if not lasts:
            counted.after = server.open
        try:
            first = await judged(journal, call_path(counted, config, rng=Impatient()), deadline)
            attempts, calls, kept = counted.attempts, tuple(server.calls), journal.read_bytes()
            plan.healed = True
            await server.open()
            again = await judged(journal, call_path(counted, config, rng=Impatient()), 20.0)
        finally:
            await counted.aclose()
        return Trial(first, again, attempts, calls, server.calls[len(calls) :], kept + journal.read_bytes())


class Clock:
    """The wall clock, which jumps."""

    def __init__(self) -> None:
        self.offset = 0.0
        self._real = time.time

    def jump(self, seconds: float) -> None:
        self.offset += seconds

    def now(self) -> float:
        return self._real() + self.offset


Key = tuple[str, str, bool]


async def all_trials(cells: Sequence[Key], folder: Path) -> dict[Key, Trial]:
    certificates = make_certificates(folder)
    places = asyncio.Semaphore(SIDE_BY_SIDE)
    clock = Clock()
    context = certificates.client_context()
    done: dict[Key, Trial] = {}

    async def one(number: int, cell: Key) -> None:
        fault, column, lasts = cell
        where = folder / str(number)
        where.mkdir()
        async with places:
            done[cell] = await trial(
                CATALOGUE[fault], column, lasts=lasts, folder=where, certificates=certificates, clock=clock
            )
        clock.offset = 0.0

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(aiohttp.connector, "_SSL_CONTEXT_VERIFIED", context)
        numbered = list(enumerate(cells))
        calm = [pair for pair in numbered if CATALOGUE[pair[1][0]].family != "clock"]
        await asyncio.gather(*(one(number, cell) for number, cell in calm))
        # One after the other: there is only one wall clock.
        patch.setattr(time, "time", clock.now)
        for number, cell in numbered:
            if (number, cell) not in calm:
                await one(number, cell)
    return done


@pytest.fixture(scope="module")
def trials(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[Key, Trial]:
    """Every cell of the matrix, with a fault that lasts and with one that passes; only those that are asked for."""
    mine = [item for item in request.session.items if getattr(item, "module", None) is request.module]
    items = [item for item in mine if "trials" in getattr(item, "fixturenames", ())]
    named = [item.callspec.params for item in items if hasattr(item, "callspec")]
    some = {(params["name"], params["column"]) for params in named}
    chosen = [cell for cell in CELLS if cell in some or len(named) < len(items)]
    cells = [(fault, column, lasts) for fault, column in chosen for lasts in (True, False)]
    return asyncio.run(all_trials(cells, tmp_path_factory.mktemp("trials")))


each_cell = pytest.mark.parametrize(("name", "column"), CELLS)
SCORE = right_score(case_rollouts([1])[0])


def cure_of(name: str, column: str) -> Cure:
    return CATALOGUE[name].cure_in(column.partition(",")[0], by_tool=column in {"anthropic", "bedrock"})


def is_reply(name: str, column: str) -> bool:
    """The fault is a whole reply, however useless: it is paid for and kept."""
    return cure_of(name, column) == "ask again" and FailureKind.TRUNCATED not in CATALOGUE[name].kinds


def test_the_matrix_is_as_large_as_promised():
    """At least 60 faults in three formats."""
    assert len(CATALOGUE) >= 60
    assert {(fault, column) for fault in CATALOGUE for column in COLUMNS} <= set(CELLS)


@each_cell
def test_a_fault_that_lasts_is_a_failure_of_its_kind(trials: dict[Key, Trial], name: str, column: str):
    """Never a score: a failure of the kind that the catalogue names, or the right verdict where there is no harm."""
    first = trials[name, column, True].first
    if cure_of(name, column) == "needless":
        assert isinstance(first, Verdict), first
        assert first.score == SCORE
    else:
        assert isinstance(first, JudgeFailure), first
        assert first.kind in CATALOGUE[name].kinds, first


@each_cell
def test_a_fault_that_passes_leaves_the_right_verdict(trials: dict[Key, Trial], name: str, column: str):
    """After the retry, or the judge's second question, the verdict is the right one; where nothing helps, a failure."""
    first = trials[name, column, False].first
    if cure_of(name, column) == "none":
        assert isinstance(first, JudgeFailure), first
        assert first.kind in CATALOGUE[name].kinds, first
    else:
        assert isinstance(first, Verdict), first
        assert first.score == SCORE


@each_cell
def test_every_call_is_counted(trials: dict[Key, Trial], name: str, column: str):
    """Usage tells as many calls as were made and as the server saw; a cure costs one more, and none is made in vain."""
    fault, done = CATALOGUE[name], trials[name, column, False]
    assert done.first is not None
    cure = cure_of(name, column)
    assert done.attempts == done.first.usage.calls == (2 if cure in {"retry", "ask again"} else 1)
    assert len(done.calls) == done.attempts - (fault.door != "open")


@each_cell
def test_a_fault_that_lasts_is_given_up(trials: dict[Key, Trial], name: str, column: str):
    """No more attempts than allowed, all of them counted; where asking again cannot help, one."""
    fault, done = CATALOGUE[name], trials[name, column, True]
    assert done.first is not None
    most = {"retry": ATTEMPTS, "ask again": 2, "none": 1, "needless": 1}[cure_of(name, column)]
    assert 1 <= done.attempts <= most
    assert done.attempts == done.first.usage.calls
    if fault.family not in {"time", "pause", "clock"}:
        assert done.attempts == most


def test_nothing_hangs(trials: dict[Key, Trial]):
    """Every judging ended by itself."""
    assert [key for key, done in trials.items() if done.first is None or done.again is None] == []


def test_no_failure_is_kept(trials: dict[Key, Trial]):
    """Once the fault is over, judging again gives the right verdict: no failure was journaled as an answer."""
    wrong = [
        (name, column, lasts)
        for (name, column, lasts), done in trials.items()
        if not (lasts and is_reply(name, column))
        and not (isinstance(done.again, Verdict) and done.again.score == SCORE)
    ]
    assert wrong == []


def test_a_useless_reply_is_not_paid_for_again(trials: dict[Key, Trial]):
    """A whole reply that is no verdict was paid for and is in the journal: judging again ends the same, for nothing."""
    other = [
        (name, column)
        for (name, column, lasts), done in trials.items()
        if lasts
        and is_reply(name, column)
        and not (
            isinstance(done.again, JudgeFailure) and done.again.kind in CATALOGUE[name].kinds and not done.calls_again
        )
    ]
    assert other == []


def test_no_answer_that_was_journaled_is_asked_for_again(trials: dict[Key, Trial]):
    """What was rightly answered is not asked again, within a judging or in the next."""
    twice = [
        key
        for key, done in trials.items()
        for content in {call.content for call in done.calls if call.fault is None}
        if [call.content for call in (*done.calls, *done.calls_again) if call.fault is None].count(content) > 1
    ]
    assert twice == []


def test_a_verdict_from_the_journal_is_the_same_and_free(trials: dict[Key, Trial]):
    """A verdict that needed no cut reply is there again without a call."""
    other = []
    for key, done in trials.items():
        if isinstance(done.first, Verdict) and "cut" not in key[0]:
            assert isinstance(done.again, Verdict)
            same = done.first.model_copy(update={"usage": done.again.usage}) == done.again
            other += [] if same and done.again.usage.calls == 0 and not done.calls_again else [key]
    assert other == []


def test_the_key_stays_out_of_everything(trials: dict[Key, Trial]):
    """Neither journal nor judgements hold the key, whatever the server tells back."""
    leaks = [
        key for key, done in trials.items() if KEY.encode() in done.journal or KEY in repr((done.first, done.again))
    ]
    assert leaks == []
