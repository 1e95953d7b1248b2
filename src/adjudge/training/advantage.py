"""Advantages of a group: reward minus the group's mean over the rewards that are evidence.

No division by the group's standard deviation by default: with it, one judgement that failed and was imputed in an
otherwise unanimous group gets an advantage of size sqrt(G - 1), whatever value was imputed, and judge jitter in a flat
group is blown up to unit size.
"""

from collections.abc import Sequence
from typing import Literal

from adjudge.domain import Reward
from adjudge.rewards.decoupled import decoupled

Spread = Literal["none", "group", "components"]


def advantages(rewards: Sequence[Reward], *, spread: Spread = "none", floor: float = 0.1) -> tuple[float | None, ...]:
    """One advantage a rollout, in order; None for a rollout that is left out of the loss (masked or fallback).

    A left-out rollout has no influence on its siblings: they get what they would get if it had not been sampled.

    Args:
        rewards: the rewards of one group.
        spread: ``group`` divides by the group's standard deviation (GRPO), never by less than `floor`;
            ``components`` centres and scales each term by itself and sums them by weight (GDPO, within the group).
        floor: smallest divisor.
    """
    if spread == "components":
        return decoupled(rewards)
    values = [reward.value for reward in rewards if reward.is_evidence and reward.value is not None]
    if not values:
        return tuple(None for _ in rewards)
    mean = sum(values) / len(values)
    divisor = 1.0
    if spread == "group":
        divisor = max(floor, (sum((value - mean) ** 2 for value in values) / len(values)) ** 0.5)
    return tuple(
        (reward.value - mean) / divisor if reward.is_evidence and reward.value is not None else None
        for reward in rewards
    )


def is_flat(advantage: Sequence[float | None], tolerance: float = 1e-9) -> bool:
    """The group teaches nothing: fewer than two rewards are evidence, or all of them are equal."""
    known = [value for value in advantage if value is not None]
    return len(known) < 2 or all(abs(value) <= tolerance for value in known)
