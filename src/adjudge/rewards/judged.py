"""Judged: a judge as a component. A failure stays a failure."""

from typing import Literal

from adjudge.domain import (
    ComponentRole,
    ComponentScore,
    ComponentStatus,
    FailureKind,
    Judge,
    JudgeFailure,
    Rollout,
    Sample,
)
from adjudge.errors import AdjudgeError
from adjudge.rewards.base import ComponentConfig, Scorer, items_of


class JudgedConfig(ComponentConfig):
    """``items``: name of the response's list; an empty one is not judged (silence is SetMatch's matter)."""

    type: Literal["judged"] = "judged"
    items: str = "comments"


class Judged(Scorer):
    """Score of the judge's verdict."""

    def __init__(self, judge: Judge, config: JudgedConfig, *, role: ComponentRole) -> None:
        super().__init__(config.name or config.type, role, config.weight, cost=2)
        self._judge, self._items = judge, config.items

    async def score(self, sample: Sample, rollout: Rollout) -> ComponentScore:
        """The verdict's score, or FAILED with the failure: never a number for a failed judge."""
        if items_of(rollout.response, self._items) == []:
            return self.not_applicable("no items to judge")
        try:
            judgement = await self._judge.judge(sample, rollout)
        except AdjudgeError:
            # What the user must change (a key, a file) is told as such, not hidden as a failed judgement.
            raise
        except Exception as error:  # noqa: BLE001 (whatever a judge's code does wrong must not score the policy)
            judgement = JudgeFailure(
                judge=self._judge.fingerprint,
                rollout_id=rollout.id,
                kind=FailureKind.CRASHED,
                detail=f"{type(error).__name__}: {error}"[:300],
            )
        if judgement.rollout_id != rollout.id:
            judgement = JudgeFailure(
                judge=self._judge.fingerprint,
                rollout_id=rollout.id,
                kind=FailureKind.CRASHED,
                detail=f"the judgement is about '{judgement.rollout_id}'",
            )
        if isinstance(judgement, JudgeFailure):
            return ComponentScore(
                name=self.name,
                role=self.role,
                status=ComponentStatus.FAILED,
                weight=self.weight,
                detail=f"{judgement.kind}: {judgement.detail}",
                judgement=judgement,
            )
        return ComponentScore(
            name=self.name, role=self.role, value=judgement.score, weight=self.weight, judgement=judgement
        )
