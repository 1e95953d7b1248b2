"""The failure policy: the only place where a failed judgement becomes a number, or does not."""

from collections import deque
from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import Field

from adjudge.domain import ComponentScore, Frozen, Reward, RewardStatus, Score, Usage
from adjudge.errors import RewardError


class Neutral(Frozen):
    """``neutral: 0.5``: for trainers that accept only numbers. Always marked, never evidence."""

    neutral: Score


class PauseOver(Frozen):
    """A run pauses when more than ``share`` of the ``last`` rewards are unscored (masked or fallback)."""

    share: Score = 0.5
    last: int = Field(default=64, ge=1)


class UnscoredShare:
    """Counts the newest rewards, and says when too many of them are unscored.

    Args:
        limit: how many are too many.
    """

    def __init__(self, limit: PauseOver) -> None:
        self._limit = limit
        self._newest: deque[bool] = deque(maxlen=limit.last)

    def add(self, rewards: Iterable[Reward]) -> bool:
        """Count rewards, in their order; whether they, or some of them, went over the limit.

        Nothing is over it before the window is full: a few failures at the start are no share of anything.
        """
        over = False
        for reward in rewards:
            self._newest.append(not reward.is_evidence)
            full = len(self._newest) == self._limit.last
            over = over or (full and self.unscored > self._limit.share * self._limit.last)
        return over

    @property
    def unscored(self) -> int:
        """Unscored rewards among the newest."""
        return sum(self._newest)


OnFailure = Annotated[Literal["mask", "raise"] | Neutral, "what a failed judgement becomes"]


def failed_reward(
    policy: OnFailure, rollout_id: str, components: tuple[ComponentScore, ...], usage: Usage, failed: ComponentScore
) -> Reward:
    """The reward of a rollout whose component `failed`.

    Raises:
        RewardError: the policy is ``raise``.
    """
    if policy == "raise":
        raise RewardError(
            f"The component '{failed.name}' failed for rollout '{rollout_id}'.",
            failed.detail or "No detail was given.",
            "Mend the judge and resume, or set reward.on_failure to mask.",
        )
    if isinstance(policy, Neutral):
        return Reward(
            rollout_id=rollout_id,
            value=policy.neutral,
            status=RewardStatus.FALLBACK,
            components=components,
            usage=usage,
        )
    return Reward(rollout_id=rollout_id, value=None, status=RewardStatus.MASKED, components=components, usage=usage)
