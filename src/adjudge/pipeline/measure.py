"""Asking a judge what its passport needs: the same again, in other words, with what must not matter, under attack.

Every question is a response as it is or changed, put to the judge or to a variant of it, and leaves rows of the verdict
table. What is computed from the rows is `adjudge.validation`'s business.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from adjudge.domain import Judge, Judgement, Observer, Progress, Rollout, Rubric, Sample
from adjudge.judges.votes import again
from adjudge.pipeline.judging import Bench
from adjudge.pipeline.stop import tell
from adjudge.store.verdicts import CallContext, verdict_rows
from adjudge.validation.table import BASE

Row = dict[str, Any]
_USAGE = ("calls", "cost_usd", "latency_seconds")
CHUNK = 64
"""Questions under way together, at most; endpoints have limits of their own below that."""


@dataclass(frozen=True)
class Response:
    """A response that is asked about, and what is known of it.

    Attributes:
        sample: what it answers.
        rollout: the response.
        cluster: what it was drawn with (a contract, a prompt): such responses are not independent.
        slice: where it comes from: ``labelled``, ``tests``, ``policy``.
        criterion: the only one that it is about; None: all.
        label: whether the criterion is met; None where nobody knows.
    """

    sample: Sample
    rollout: Rollout
    cluster: str
    slice: str
    criterion: str | None = None
    label: bool | None = None


@dataclass(frozen=True)
class Question:
    """One asking.

    Attributes:
        response: what is judged; its text is the changed one, its id the original's.
        variant: what was changed; see `adjudge.validation.table`.
        order: what stood where.
        repeat: number among equal askings.
        rubric: the rubric in other words; None: as it is.
        criteria: those whose answers are kept, because the change is about them; None: all.
    """

    response: Response
    variant: str = BASE
    order: str = BASE
    repeat: int = 0
    rubric: Rubric | None = field(default=None, repr=False)
    criteria: tuple[str, ...] | None = None


def spread(responses: Sequence[Response], most: int, seed: int) -> tuple[Response, ...]:
    """At most `most` of them, evenly over criteria and labels, in their order; equal seeds, equal choice."""
    by_kind: dict[tuple[str | None, bool | None], list[int]] = {}
    for place, response in enumerate(responses):
        by_kind.setdefault((response.criterion, response.label), []).append(place)
    dice = random.Random(seed)
    piles = [dice.sample(places, len(places)) for places in by_kind.values()]
    chosen: list[int] = []
    while len(chosen) < min(most, len(responses)):
        chosen += [pile.pop() for pile in piles if pile][: most - len(chosen)]
    return tuple(responses[place] for place in sorted(chosen))


def repeated(responses: Iterable[Response], times: int) -> list[Question]:
    """Each response again, `times` in all; the first asking is everybody's and not among these."""
    return [Question(response, repeat=repeat) for response in responses for repeat in range(1, times)]


def reworded(responses: Sequence[Response], variants: Mapping[str, Rubric]) -> list[Question]:
    """Each response to each variant of the rubric."""
    return [
        Question(response, variant=name, rubric=rubric) for name, rubric in variants.items() for response in responses
    ]


class Measurement:
    """Puts questions to the judges of a bench and keeps the rows.

    Args:
        bench: gives the judge, and its variants.
        stage: of the pipeline, for progress and rows.
        observer: is told; may ask for a stop.
        sink: gets the rows of every judgement as they come; None keeps them only here.
    """

    def __init__(
        self, bench: Bench, stage: str, observer: Observer, sink: Callable[[Sequence[Row]], None] | None = None
    ) -> None:
        self._bench, self._stage, self._observer, self._sink = bench, stage, observer, sink
        self._judge = bench.judge()
        self._variants: dict[str, Judge] = {}
        self.rows: list[Row] = []

    async def ask(self, questions: Sequence[Question], what: str) -> None:
        """Ask them, some at a time and in order.

        Args:
            questions: any number.
            what: they are about, for the progress.

        Raises:
            StoppedError: an observer asked to stop.
        """
        done = 0
        async for part in self._parts(questions):
            for question, judgement in part:
                self._keep(question, judgement)
            done += len(part)
            tell(self._observer, Progress(stage=self._stage, done=done, total=len(questions), detail=what))

    async def _parts(self, questions: Sequence[Question]) -> AsyncIterator[list[tuple[Question, Judgement]]]:
        for start in range(0, len(questions), CHUNK):
            part = questions[start : start + CHUNK]
            yield list(zip(part, await asyncio.gather(*map(self._asked, part)), strict=True))

    async def _asked(self, question: Question) -> Judgement:
        judge = self._judge_of(question)
        return await judge.judge(question.response.sample, question.response.rollout)

    def _judge_of(self, question: Question) -> Judge:
        judge = self._judge
        if question.rubric is not None:
            # By name: rubrics that show the same fields in another order have one fingerprint.
            judge = self._variants.setdefault(question.variant, replace(self._bench, rubric=question.rubric).judge())
        return again(judge, question.repeat)

    def _keep(self, question: Question, judgement: Judgement) -> None:
        response = question.response
        context = CallContext(
            judge_name=self._judge.name, variant=question.variant, order=question.order, repeat=question.repeat
        )
        told = verdict_rows(judgement, response.rollout, context)
        rows = [
            # The judge that is validated: what was changed about it stands in the variant.
            {**row, "judge": self._judge.fingerprint, "group": response.cluster, "slice": response.slice}
            for row in told
            if _is_asked(question, row.get("criterion"))
        ]
        if rows:
            # What the whole judgement took stands in its first row, whichever is kept.
            rows[0] |= {name: told[0][name] for name in _USAGE}
        self.rows += rows
        if self._sink is not None:
            self._sink(rows)


def _is_asked(question: Question, criterion: str | None) -> bool:
    """Whether the question is about this criterion; failures have none and always count.

    A response about one criterion leaves out what the others read: their answers say nothing.
    """
    if criterion is None:
        return True
    kept = question.criteria is None or criterion in question.criteria
    return kept and question.response.criterion in {None, criterion}
