"""The failure policy: the only place where a failed judgement becomes a number, or does not."""

from typing import Annotated, Literal

from adjudge.domain import ComponentScore, Frozen, Reward, RewardStatus, Score, Usage
from adjudge.errors import RewardError


class Neutral(Frozen):
    """``neutral: 0.5``: for trainers that accept only numbers. Always marked, never evidence."""

    neutral: Score


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
