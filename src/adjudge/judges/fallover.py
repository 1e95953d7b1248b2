"""Judges in order: where one cannot answer, the next is asked. A group is never judged by two of them unless told to.

Rewards of a group are compared with each other, and two judges are never equally strict: a group judged half by one and
half by the other would teach the policy the difference between the judges. Each verdict carries the fingerprint of the
judge that gave it.
"""

import asyncio
from collections.abc import Sequence
from typing import Final, TypeVar

from adjudge.domain.base import digest
from adjudge.domain.protocols import Judge
from adjudge.domain.rollout import Group, Rollout
from adjudge.domain.rubric import Rubric
from adjudge.domain.sample import Sample
from adjudge.domain.usage import Usage
from adjudge.domain.verdict import FailureKind, JudgeFailure, Judgement
from adjudge.judges.together import together
from adjudge.judges.votes import again

T = TypeVar("T")

ANOTHER_MAY: Final = frozenset(
    {
        FailureKind.TIMEOUT,
        FailureKind.UNREACHABLE,
        FailureKind.RATE_LIMITED,
        FailureKind.SERVER,
        FailureKind.REFUSED_REQUEST,
        FailureKind.BUDGET,
    }
)
"""Failures of the endpoint. A judge that answered, however badly, is not replaced: whose answers are asked again with
another judge until one of them can be read would be judged by chance."""


_Key = tuple[str, str, int]


class FalloverJudge:
    """A `Judge` and `GroupJudge` of several.

    `judge_group` has all rollouts judged by the first judge whose endpoint answered for all of them; where there is
    none, by the one that answered for most (the first of equals), whose failures stay failures. `judge`, which sees one
    rollout at a time, decides once a sample and policy version, which is a group while it streams in: the judge
    that answered first judges the other rollouts too, and where it cannot, that is a failure, not a change.

    Args:
        judges: in order, at least one; of different fingerprints.
        mix_within_group: change the judge from rollout to rollout.
        rubric: what all of them ask, where it is one and the same; tells rewards how a response splits into items.

    Raises:
        ValueError: no judge, or two of the same fingerprint.
    """

    def __init__(
        self, judges: Sequence[Judge], *, mix_within_group: bool = False, rubric: Rubric | None = None
    ) -> None:
        if not judges or len({judge.fingerprint for judge in judges}) != len(judges):
            msg = "judges to fall over to are one or more, each with a fingerprint of its own"
            raise ValueError(msg)
        self._judges = tuple(judges)
        self.rubric = rubric
        self._mix = mix_within_group
        self._decided: dict[_Key, asyncio.Future[int | None]] = {}
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def name(self) -> str:
        """All names, in order."""
        return ", else ".join(judge.name for judge in self._judges)

    @property
    def fingerprint(self) -> str:
        """Hash of all judges in order; a verdict carries the one of the judge that gave it."""
        return digest({"fallover": [judge.fingerprint for judge in self._judges], "mix": self._mix})

    def with_repeat(self, repeat: int) -> "FalloverJudge":
        """The same judges, each asked once more."""
        judges = [again(judge, repeat) for judge in self._judges]
        return FalloverJudge(judges, mix_within_group=self._mix, rubric=self.rubric)

    async def judge(self, sample: Sample, rollout: Rollout) -> Judgement:
        """A judgement of the sample's judge; the first rollout of a sample decides who that is.

        Raises:
            AdjudgeError: a judge says that the user must change something first.
        """
        if self._mix:
            return (await self._first_answer(sample, rollout))[1]
        self._enter_loop()
        key = (sample.id, rollout.policy.name, rollout.policy.version)
        while (earlier := self._decided.get(key)) is not None:
            # Shielded: who waits and is cancelled must not take the decision with him.
            chosen = await asyncio.shield(earlier)
            if chosen is not None:
                return await self._judges[chosen].judge(sample, rollout)
            # Nobody could answer for the one before: this one tries.
            if self._decided.get(key) is earlier:
                del self._decided[key]
        decision = self._decided[key] = asyncio.get_running_loop().create_future()
        chosen = None
        try:
            chosen, judgement = await self._first_answer(sample, rollout)
            return judgement
        finally:
            decision.set_result(chosen)

    async def judge_group(self, group: Group) -> tuple[Judgement, ...]:
        """One judgement a rollout, in order; all by one judge (unless told to mix).

        Raises:
            AdjudgeError: a judge says that the user must change something first.
        """
        if self._mix:
            found = await together([self._first_answer(group.sample, rollout) for rollout in group.rollouts])
            return tuple(judgement for _, judgement in found)
        best: tuple[Judgement, ...] = ()
        spent: list[Usage] = [Usage()] * len(group.rollouts)
        fewest = len(group.rollouts) + 1
        for judge in self._judges:
            judged = tuple(await together([judge.judge(group.sample, rollout) for rollout in group.rollouts]))
            missing = sum(_unanswered(judgement) for judgement in judged)
            if missing < fewest:
                best, fewest = judged, missing
            spent = [usage + judgement.usage for usage, judgement in zip(spent, judged, strict=True)]
            if not missing:
                break
        # What the others took was paid too.
        return tuple(j.model_copy(update={"usage": usage}) for j, usage in zip(best, spent, strict=True))

    async def _first_answer(self, sample: Sample, rollout: Rollout) -> tuple[int | None, Judgement]:
        """The number of the first judge whose endpoint answers, and its judgement; None and the first's failure."""
        first: Judgement | None = None
        spent = Usage()
        for number, judge in enumerate(self._judges):
            judgement = await judge.judge(sample, rollout)
            spent += judgement.usage
            if not _unanswered(judgement):
                return number, judgement.model_copy(update={"usage": spent})
            first = first or judgement
        assert first is not None
        return None, first.model_copy(update={"usage": spent})

    def _enter_loop(self) -> None:
        """Decisions are kept across event loops, the waiting for them is not."""
        loop = asyncio.get_running_loop()
        if loop is self._loop:
            return
        made = {
            key: decision for key, decision in self._decided.items() if decision.done() and not decision.cancelled()
        }
        self._loop, self._decided = loop, {}
        for key, old in made.items():
            decision = self._decided[key] = loop.create_future()
            decision.set_result(old.result())


def _unanswered(judgement: Judgement) -> bool:
    return isinstance(judgement, JudgeFailure) and judgement.kind in ANOTHER_MAY
