"""The judge is held to its anchors: recorded in stage ``judge``, asked again between the steps of training.

Anchors are responses of the baseline: real ones of this policy, evenly over their rewards. Each later asking has a
number of its own, so neither the run's journal nor a cache across runs answers in the judge's place; a resumed run
gives the same numbers again, so what was paid for is not paid twice. State is rebuilt from the verdict rows.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from adjudge.domain import Note, Observer, Request, Rollout, Rubric, Sample, Verdict, digest
from adjudge.errors import RunError
from adjudge.judges.votes import again
from adjudge.pipeline.baseline import STAGE as BASELINE
from adjudge.pipeline.judging import Bench
from adjudge.pipeline.passport import STAGE as JUDGE
from adjudge.pipeline.records import Records, Row, Scored
from adjudge.pipeline.taskfile import LoadedTask
from adjudge.pipeline.train import STAGE as TRAIN
from adjudge.store.run import RunFolder
from adjudge.validation.anchors import VARIANT, Anchors, Drift, asked_of, compare, record
from adjudge.validation.passport import Passport
from adjudge.validation.scores import Scoring

_CHUNK: Final = 16
"""Judgements at once; the endpoint has limits of its own."""
_FRESH: Final = 1 << 30
"""Numbers of askings during training begin somewhere from 1 up to this, another place for each run."""


@dataclass(frozen=True)
class Anchoring:
    """What asking the anchors takes.

    Attributes:
        task: says how many and how often.
        run: the folder.
        bench: gives the judge, as the passport knows it: with all weights.
        records: where rows go, and the baseline's responses are.
        samples: the validation rows.
        observer: is told.
    """

    task: LoadedTask
    run: RunFolder
    bench: Bench
    records: Records
    samples: Sequence[Sample]
    observer: Observer

    def candidates(self) -> list[tuple[Sample, Rollout]]:
        """Responses of the baseline on which the judge gave a verdict: at most so many, evenly over their rewards."""
        judged: list[tuple[float, str, Rollout]] = []
        chunk = 0
        while stored := self.records.stored(BASELINE, "base", chunk):
            judged += [(found[1].value or 0.0, name, found[0]) for name, found in stored.items() if _judged(found)]
            chunk += 1
        judged.sort(key=lambda found: found[:2])
        most = self.task.config.validation.anchors.cases
        count = min(most, len(judged))
        chosen = [judged[(2 * at + 1) * len(judged) // (2 * count)] for at in range(count)]
        samples = {sample.id: sample for sample in self.samples}
        return [(samples[rollout.sample_id], rollout) for _, _, rollout in chosen if rollout.sample_id in samples]

    async def ask(self, cases: Sequence[tuple[Sample, Rollout]], stage: str, step: int, number: int) -> list[Row]:
        """Ask about each once, and write the rows.

        Args:
            cases: the anchors.
            stage: judge or train.
            step: optimizer step; before training the number of the asking.
            number: of the asking, for the journal.
        """
        judge = again(self.bench.judge(), number)
        rows: list[Row] = []
        for start in range(0, len(cases), _CHUNK):
            part = cases[start : start + _CHUNK]
            for (_, rollout), judgement in zip(
                part, await asyncio.gather(*(judge.judge(*case) for case in part)), strict=True
            ):
                rows += self.records.verdict(stage, step, judgement, rollout, judge.name, variant=VARIANT, repeat=step)
        self.records.sync()
        return rows

    @property
    def scoring(self) -> Scoring:
        """Criteria to score, as the rubric says."""
        return scoring_of(self.bench.rubric)


def scoring_of(rubric: Rubric) -> Scoring:
    """Weights and fold of a rubric."""
    weights = {criterion.id: criterion.weight for criterion in rubric.criteria}
    return Scoring(weights=weights, fold=rubric.items.fold if rubric.items else "mean")


async def record_anchors(given: Anchoring) -> Anchors | None:
    """Ask the anchors for the first times; None where the task wants none or the baseline has too few responses."""
    config = given.task.config.validation.anchors
    if not config.every:
        return None
    cases = given.candidates()
    rows = [row for number in range(config.repeats) for row in await given.ask(cases, JUDGE, number, number)]
    askings = asked_of(rows, given.scoring)
    contents = {rollout.id: _content(sample, rollout) for sample, rollout in cases}
    judge = given.bench.judge().fingerprint
    found = record(judge, contents, [askings.get(number, {}) for number in range(config.repeats)])
    text = f"{len(found.cases)} anchors recorded." if found else "Too few judged responses: no anchors."
    given.observer.on_event(Note(stage=JUDGE, text=text, level="info" if found else "warning"))
    return found


def open_watch(given: Anchoring, passport: Passport) -> "AnchorWatch | None":
    """What training awaits between its steps; None where the task wants none, or there are no anchors.

    Raises:
        RunError: the passport is of another judge or other responses than those of this run.
    """
    if not given.task.config.validation.anchors.every:
        return None
    if passport.anchors is None:
        text = "The passport has no anchors (they are recorded in the judge stage): the judge is not watched for drift."
        given.observer.on_event(Note(stage=TRAIN, text=text, level="warning"))
        return None
    known = {rollout.id: (sample, rollout) for sample, rollout in given.candidates()}
    wanted = {anchor.id: anchor.content for anchor in passport.anchors.cases}
    found = {name: _content(*known[name]) for name in wanted if name in known}
    if found != wanted or passport.anchors.judge != given.bench.judge().fingerprint:
        raise RunError(
            "The anchors of the passport are not those of this run.",
            "Their judge, or a response of the baseline, has another content now.",
            "Restore the run's files, or start a new run with --out.",
        )
    return AnchorWatch(given, passport.anchors, [known[name] for name in wanted])


class AnchorWatch:
    """Asks the anchors again when they are due; an alarm is told, and asks training to stop at its checkpoint."""

    def __init__(self, given: Anchoring, anchors: Anchors, cases: Sequence[tuple[Sample, Rollout]]) -> None:
        self._given, self._anchors, self._cases = given, anchors, cases
        self._rows = given.records.verdicts(TRAIN, VARIANT)
        name = {"created": str(given.run.manifest["created"]), "folder": given.run.path.name}
        self._first = 1 + int(digest(name), 16) % _FRESH

    async def __call__(self, step: int) -> Request:
        """STOP where the judge is not what it was."""
        config = self._given.task.config.validation.anchors
        if not config.due(step):
            return Request.NONE
        self._rows += await self._given.ask(self._cases, TRAIN, step, self._first + step)
        found = self.drift()
        if not found.alarms:
            return self._given.observer.on_event(Note(stage=TRAIN, text=found.detail))
        text = f"The judge has drifted ({', '.join(found.alarms)}) at step {step}. {found.detail}"
        fix = "Validate it again, or set validate.anchors.every to 0 to go on with it as it is."
        self._given.observer.on_event(Note(stage=TRAIN, text=f"{text} {fix}", level="warning"))
        return Request.STOP

    def drift(self) -> Drift:
        """Where the judge stands, from the rows of all askings so far."""
        config, train = self._given.task.config.validation.anchors, self._given.task.config.train
        askings = asked_of(self._rows, self._given.scoring)
        steps = sorted({int(row["step"]) for row in self._rows})
        return compare(
            self._anchors,
            [askings.get(step, {}) for step in steps],
            planned=max(1, train.max_steps // config.every),
            false_alarms=config.false_alarms,
            least=config.least,
        )


def _judged(scored: Scored) -> bool:
    return any(isinstance(part.judgement, Verdict) for part in scored[1].components)


def _content(sample: Sample, rollout: Rollout) -> str:
    return digest({"sample": sample.model_dump(mode="json"), "response": rollout.response})
