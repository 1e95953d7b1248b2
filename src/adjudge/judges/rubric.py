"""RubricJudge: a chat model reads documents and one item, answers the criteria with reasons; the arithmetic is ours."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import Field

from adjudge.domain.base import digest
from adjudge.domain.rollout import Rollout
from adjudge.domain.rubric import Criterion, Rubric
from adjudge.domain.sample import Sample
from adjudge.domain.verdict import CriterionVerdict, FailureKind, JudgeFailure, Judgement
from adjudge.endpoints.base import Endpoint
from adjudge.errors import AdjudgeError
from adjudge.judges.asking import Key, Outcome, Part, Question, Sampling, Sheets, joined
from adjudge.judges.assemble import assembled
from adjudge.judges.case import case_of
from adjudge.judges.defences import DEFENDED, Defences
from adjudge.judges.edges import decided_by_item, decided_by_response
from adjudge.judges.fields import response_items
from adjudge.judges.prompt import prompt_fingerprint
from adjudge.judges.together import together

_log = logging.getLogger(__name__)

Calls = Literal["together", "per_criterion"] | Annotated[int, Field(strict=True, ge=1)]
"""Criteria in one call: all, one, or that many."""


@dataclass(frozen=True)
class RubricJudge:
    """A `Judge` over a chat endpoint. Calls are concurrent; items have calls of their own unless the rubric says not.

    Attributes:
        rubric: what is asked.
        endpoint: who answers; wrap it in `adjudge.judges.journaled.JournaledEndpoint` where replies are paid for.
        temperature: of sampling, 0 is greedy.
        max_tokens: of one reply.
        deadline_seconds: of one call with its retries.
        calls: all criteria in one call, one call a criterion (dearer; answers cannot colour each other), or the number
            of criteria a call.
        seed: goes into the prompts' nonces and, with a temperature, into sampling.
        logprobs: ask for log-probabilities; where the endpoint gives them, scores are expected scores (G-Eval). After
            written reasons the distribution is peaked, so this breaks ties rather than changing minds.
        repeat: number of this judging among equal ones (test-retest); no part of the fingerprint.
        canary: ask one question more, whose answer stands in the instructions; a wrong one is a failure.
        defences: against the judged text; switched off only by benches and tests that measure them.
    """

    rubric: Rubric
    endpoint: Endpoint
    temperature: float = 0.0
    max_tokens: int = 600
    deadline_seconds: float = 60.0
    calls: Calls = "together"
    seed: int = 0
    logprobs: bool = False
    repeat: int = 0
    canary: bool = False
    defences: Defences = DEFENDED

    def __post_init__(self) -> None:
        if not isinstance(self.calls, str) and (isinstance(self.calls, bool) or self.calls < 1):
            msg = f"calls is 'together', 'per_criterion' or a number from 1, not {self.calls}"
            raise ValueError(msg)

    @property
    def name(self) -> str:
        """The endpoint's name."""
        return self.endpoint.name

    @cached_property
    def fingerprint(self) -> str:
        """Hash of rubric, prompt, model and sampling."""
        return digest(
            {
                "rubric": self.rubric.fingerprint,
                "prompt": prompt_fingerprint(canary=self.canary, defences=self.defences),
                "endpoint": dict(self.endpoint.identity),
                "sampling": {"temperature": self.temperature, "max_tokens": self.max_tokens, "seed": self.seed},
                "calls": self.calls,
                "logprobs": self.logprobs,
            }
        )

    def with_repeat(self, repeat: int) -> "RubricJudge":
        """The same judge asked once more: a journal does not answer repeat 1 with the reply to repeat 0."""
        return replace(self, repeat=repeat)

    async def judge(self, sample: Sample, rollout: Rollout) -> Judgement:
        """A verdict about one rollout, or why there is none.

        Raises:
            AdjudgeError: the user must change something first: a key, a disk, a field of the sample that is not there.
        """
        try:
            return await self._judge(sample, rollout)
        except AdjudgeError:
            raise
        except Exception as error:  # noqa: BLE001  (any other exception becomes a failure, never a score)
            # Whatever we did wrong must not become a score, and must not take the other rollouts with it.
            _log.exception("the judge's own code failed on rollout %s", rollout.id)
            return self._failure(rollout, FailureKind.CRASHED, f"{type(error).__name__}: {error}"[:300])

    async def _judge(self, sample: Sample, rollout: Rollout) -> Judgement:
        items = response_items(self.rubric, rollout.response)
        decided = decided_by_response(self.rubric, rollout.response, items)
        if decided is not None:
            if decided.failure is not None:
                return self._failure(rollout, FailureKind.ABSTAINED, decided.failure)
            return assembled(self.rubric, [decided.answers], judge=self.fingerprint, rollout_id=rollout.id)
        if not items:
            detail = "no items" if items is not None else "no items: the response is not JSON with a list of them"
            return self._failure(rollout, FailureKind.ABSTAINED, detail)
        whole = await self._asked(sample, rollout, items)
        if whole.failure is not None:
            kind, detail = whole.failure
            return self._failure(rollout, kind, detail, whole)
        ids = [criterion.id for criterion in self.rubric.criteria]
        return assembled(
            self.rubric,
            [{name: whole.answers[place, name] for name in ids} for place in range(len(items))],
            judge=self.fingerprint,
            rollout_id=rollout.id,
            usage=whole.usage,
            raw=whole.raw,
            repaired=whole.repaired,
            stated_total=whole.stated_total,
        )

    def _failure(
        self, rollout: Rollout, kind: FailureKind, detail: str, outcome: Outcome | None = None
    ) -> JudgeFailure:
        spent = outcome or Outcome()
        return JudgeFailure(
            judge=self.fingerprint, rollout_id=rollout.id, kind=kind, detail=detail, raw=spent.raw, usage=spent.usage
        )

    async def _asked(self, sample: Sample, rollout: Rollout, items: Sequence[Mapping[str, Any]]) -> Outcome:
        """All criteria of all items, those that nothing needs to be asked for included."""
        known: dict[Key, CriterionVerdict] = {}
        open_parts = []
        for place, item in enumerate(items):
            case = case_of(self.rubric, sample, rollout, item)
            decided = decided_by_item(self.rubric, item, case.fields)
            if decided.failure is not None:
                return Outcome(failure=(FailureKind.ABSTAINED, decided.failure))
            known |= {(place, name): answer for name, answer in decided.answers.items()}
            criteria = self.rubric.criteria
            if decided.answers:
                criteria = tuple(c for c in criteria if c.id not in decided.answers)
            open_parts.append(Part(place, case, criteria))
        calls = [question.ask(self.endpoint, self.deadline_seconds) for question in self._questions(open_parts)]
        outcomes = await together(calls)
        return joined([Outcome(answers=known), *outcomes] if known or not outcomes else outcomes)

    @cached_property
    def _sheets(self) -> Sheets:
        how = Sampling(
            self.temperature, self.max_tokens, self.seed, self.repeat, self.logprobs, self.canary, self.defences
        )
        return Sheets(self.rubric, how)

    def _questions(self, parts: Sequence[Part]) -> list[Question]:
        if self.rubric.items is None or self.rubric.items.judge == "item":
            alone = [Part(part.place, part.case, some) for part in parts for some in self._batches(part.criteria)]
            return [Question(self._sheets, (part,), together=False) for part in alone]
        questions = []
        for batch in self._batches(self.rubric.criteria):
            asked = [part._replace(criteria=tuple(c for c in part.criteria if c in batch)) for part in parts]
            if asked := [part for part in asked if part.criteria]:
                questions.append(Question(self._sheets, tuple(asked), together=True))
        return questions

    def _batches(self, criteria: tuple[Criterion, ...]) -> list[tuple[Criterion, ...]]:
        """The criteria, as many at a time as one call asks for."""
        size = batch_size(len(criteria), self.calls)
        return [criteria[start : start + size] for start in range(0, len(criteria), size)]


def batch_size(criteria: int, calls: Calls) -> int:
    """How many of so many criteria one call asks for; at least 1."""
    return max(1, criteria if calls == "together" else 1 if calls == "per_criterion" else min(calls, criteria))
