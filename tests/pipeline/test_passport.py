"""The stage that measures the judge."""

import math
import random
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from adjudge.domain import Event, Progress, Request, Verdict
from adjudge.endpoints.base import ChoiceReply, ChoiceRequest
from adjudge.errors import GateError
from adjudge.judges.choice import choice_parts
from adjudge.judges.journaled import JournaledChoice
from adjudge.judges.load import load_rubric
from adjudge.pipeline.config import ProbesConfig
from adjudge.pipeline.data import split_samples
from adjudge.pipeline.judging import Bench, without
from adjudge.pipeline.labelled import held_out_cases
from adjudge.pipeline.passport import objection, require
from adjudge.pipeline.records import Records
from adjudge.pipeline.taskfile import LoadedTask, parse_task
from adjudge.pipeline.validate import validate_judge
from adjudge.store.journal import Journal
from adjudge.store.jsonl import read_jsonl
from adjudge.store.run import RunFolder
from adjudge.validation.check import Outcome
from adjudge.validation.passport import Passport
from adjudge.validation.registry import CheckSettings

TEMPLATE = Path(str(resources.files("adjudge"))) / "templates" / "contract_review"
CASES = 120
NOTHING = dict.fromkeys(
    ("repeat_cases", "wording_cases", "content_free", "attacks", "harmless", "dresses", "lengths", "groups"), 0
)
"""Labelled cases alone."""


class Quiet:
    """Listens."""

    def __init__(self) -> None:
        self.progress: list[Progress] = []

    def on_event(self, event: Event) -> Request:
        """Keep the progress."""
        if isinstance(event, Progress):
            self.progress.append(event)
        return Request.NONE


class Oracle:
    """Says with `sure` in [0, 1] what `truth` of the prompt says; counts its calls."""

    name = "oracle"
    identity: dict[str, Any] = {"provider": "test"}  # noqa: RUF012 (never changed)

    def __init__(self, truth: Callable[[str], bool], sure: float = 0.9) -> None:
        self._truth, self._sure = truth, sure
        self.calls = 0

    async def choose(self, requests: Sequence[ChoiceRequest]) -> list[ChoiceReply]:
        """One reply a request."""
        self.calls += len(requests)
        return [self._reply(request) for request in requests]

    def _reply(self, request: ChoiceRequest) -> ChoiceReply:
        yes = self._sure if self._truth(request.prompt) else 1 - self._sure
        no_label, yes_label = request.options
        return ChoiceReply(logprobs={no_label: math.log(1 - yes), yes_label: math.log(yes)})


@pytest.fixture(scope="module")
def task() -> LoadedTask:
    """Contract review with the embedded data."""
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
        "validate": {"cases": CASES, "probes": NOTHING},
    }
    return LoadedTask(parse_task(data, "task.yaml"), TEMPLATE / "task.yaml")


@pytest.fixture(scope="module")
def truth(task: LoadedTask) -> dict[str, bool]:
    """Prompt -> label of every case."""
    rubric = load_rubric(TEMPLATE / "rubric.yaml")
    samples = (*split_samples(task, "validation"), *split_samples(task, "test"))
    cases = held_out_cases(samples, rubric, most=CASES, seed=0)
    return {"".join(choice_parts(rubric.criterion(case.criterion), case.fields)): case.label for case in cases}


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    """A journal."""
    with Journal(tmp_path / "journal.jsonl") as opened:
        yield opened


def bench(task: LoadedTask, oracle: Oracle, journal: Journal) -> Bench:
    """The task's judge, answered by the oracle."""
    return Bench(task, load_rubric(TEMPLATE / "rubric.yaml"), (JournaledChoice(oracle, journal),))


async def test_a_judge_that_knows_the_answers_is_usable(task: LoadedTask, truth: dict[str, bool], journal: Journal):
    """Perfect answers give AUC 1, no weak criterion, and leave to train; each case is asked once."""
    oracle = Oracle(truth.__getitem__)
    listener = Quiet()
    found = await validate_judge(task, bench(task, oracle, journal), listener)
    assert found.overall is not None
    assert found.overall.auc is not None
    assert (found.overall.auc.estimate, found.overall.cases, found.weak_criteria) == (1.0, CASES, ())
    assert oracle.calls == len(truth)
    assert (listener.progress[-1].done, listener.progress[-1].total) == (CASES, CASES)
    require(found, found.fingerprint)


def test_the_passport_of_one_judge_says_nothing_about_another(task: LoadedTask):
    """An objection names both fingerprints."""
    found = Passport(judge="J", fingerprint="a")
    assert "J (a)" in objection(found, "b")
    assert "(b)" in objection(found, "b")


async def test_everything_is_asked_that_the_checks_need(task: LoadedTask, journal: Journal):
    """With small amounts of each probe no check that a judge of one response can pass lacks rows."""
    small = {"repeat_cases": 8, "wording_cases": 40, "content_free": 8, "attacks": 12, "harmless": 8, "dresses": 8}
    config = task.config.validation.model_copy(
        update={"cases": 40, "probes": ProbesConfig.model_validate({**small, "lengths": 8, "groups": 0})}
    )
    asked = LoadedTask(task.config.model_copy(update={"validation": config}), task.file)
    rows: list[dict[str, Any]] = []
    found = await validate_judge(asked, bench(asked, Oracle(lambda _: True), journal), Quiet(), sink=rows.extend)
    variants = {row["variant"].partition("/")[0] for row in rows}
    assert {"base", "reworded", "negated", "attack", "harmless", "bias", "padded"} <= variants
    assert max(row["repeat"] for row in rows) == 2
    assert {row["judge"] for row in rows} == {found.fingerprint}
    outcomes = {check.name: check.outcome for check in found.checks}
    assert outcomes["attacks"] is Outcome.FAIL
    (wording,) = (check for check in found.checks if check.name == "wording")
    assert {next(iter(part.about.values()), "") for part in wording.figures} >= {"reworded", "negated"}
    assert found.data["rubric.yaml"]
    assert {check.name for check in found.checks} == set(CheckSettings.model_fields)


async def test_a_judge_that_guesses_may_not_train(task: LoadedTask, truth: dict[str, bool], journal: Journal):
    """Answers by chance are not usable, and the stage says no."""
    dice = random.Random(0)
    found = await validate_judge(task, bench(task, Oracle(lambda _: dice.random() < 0.5), journal), Quiet())
    assert found.status == "not usable"
    with pytest.raises(GateError, match="not usable"):
        require(found, found.fingerprint)


async def test_a_criterion_that_the_judge_cannot_tell_is_weak(
    task: LoadedTask, truth: dict[str, bool], journal: Journal
):
    """Good on all but one criterion: usable without it, and its weight becomes 0."""

    def knows_all_but_actions(prompt: str) -> bool:
        return True if prompt.startswith("Recommended action:") else truth[prompt]

    room = bench(task, Oracle(knows_all_but_actions), journal)
    found = await validate_judge(task, room, Quiet())
    assert (found.status, found.weak_criteria) == ("usable", ("actionable",))
    weights = {criterion.id: criterion.weight for criterion in without(room.rubric, found.weak_criteria).criteria}
    assert weights == {"grounded": 3.0, "consistent": 1.0, "supported": 1.0, "actionable": 0.0}


async def test_the_verdicts_of_the_cases_are_in_the_table(
    task: LoadedTask, truth: dict[str, bool], journal: Journal, tmp_path: Path
):
    """Every case leaves its verdict, so that the passport can be computed again from the table."""
    run = RunFolder.create(tmp_path / "run", manifest={}, config="")
    with Records(run, steps={}) as records:
        room = bench(task, Oracle(truth.__getitem__), journal)
        await validate_judge(task, room, Quiet(), sink=partial(records.verdict_rows, "judge", 0))
    rows = read_jsonl(run.verdicts)
    assert len({row["candidate"] for row in rows}) == CASES
    assert {row["stage"] for row in rows} == {"judge"}


async def test_weights_of_zero_change_the_fingerprint_and_not_the_questions(
    task: LoadedTask, truth: dict[str, bool], journal: Journal
):
    """A judge without its weak criteria is another judge, and asks nothing that was not asked before."""
    oracle = Oracle(truth.__getitem__)
    room = bench(task, oracle, journal)
    await validate_judge(task, room, Quiet())
    before = oracle.calls
    full, reduced = room.judge(), room.judge(["actionable"])
    assert full.fingerprint != reduced.fingerprint
    samples = split_samples(task, "validation")
    from adjudge.pipeline.labelled import as_rollout, sample_of

    case = held_out_cases((*samples, *split_samples(task, "test")), room.rubric, most=CASES, seed=0)[0]
    row = sample_of(case, (*samples, *split_samples(task, "test")))
    assert isinstance(await reduced.judge(*as_rollout(case, room.rubric, row)), Verdict)
    assert oracle.calls == before


def test_where_all_criteria_are_weak_the_rubric_stays_as_it_is():
    """Something must be judged: dropping everything is no way out."""
    rubric = load_rubric(TEMPLATE / "rubric.yaml")
    assert without(rubric, [criterion.id for criterion in rubric.criteria]) == rubric
