"""Decoupled normalisation: each component of a group centred and scaled by itself, then summed by weight.

Liu et al. 2026, "GDPO: Group reward-Decoupled Normalization Policy Optimization" (arXiv:2601.05242), sections 3.1 and
3.2: with one sum, a component that varies much drowns one that varies little, and different mixtures become equal
sums. The paper's last step, scaling over the whole batch, is the trainer's: here is one group.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from adjudge.domain import Reward, RewardStatus

Values = tuple[float | None, ...]

EPSILON: Final = 1e-4
"""Added to a standard deviation before it divides, as TRL does."""


def component_values(rewards: Sequence[Reward]) -> dict[str, Values]:
    """Each term's own scores over the rewards of one group: for trainers that take several rewards a rollout.

    A rollout whose reward is no evidence (masked, fallback) has None everywhere. One that a gate stopped has its floor
    in every term: it was not scored, and it was bad. None also stands where a term had nothing to score.

    Returns:
        The name of each term with a weight above 0 that scored a rollout of the group -> one value a rollout, in order.
    """
    return {name: tuple(_value(reward, name) for reward in rewards) for name in weights_of(rewards)}


def weights_of(rewards: Sequence[Reward]) -> dict[str, float]:
    """Weight of each term that scored a rollout of the group, in the order in which they come."""
    return {
        part.name: part.weight
        for reward in rewards
        if reward.status is RewardStatus.SCORED
        for part in reward.components
        if part.role == "term" and part.value is not None and part.weight > 0
    }


def normalised(values: Values) -> Values:
    """Minus the mean, over the standard deviation (with n - 1) of the values that are there; 0 for a lone one.

    What is None has no influence on the others.
    """
    known = [value for value in values if value is not None]
    if len(known) < 2:
        return tuple(None if value is None else 0.0 for value in values)
    mean = sum(known) / len(known)
    spread = (sum((value - mean) ** 2 for value in known) / (len(known) - 1)) ** 0.5 + EPSILON
    return tuple(None if value is None else (value - mean) / spread for value in values)


def decoupled(rewards: Sequence[Reward], weights: Mapping[str, float] | None = None) -> Values:
    """The weighted sum of the normalised components, one a rollout; None for a rollout that is no evidence.

    Weights are shares of their sum. A component that has nothing to score in a rollout adds nothing to it.

    Args:
        rewards: of one group.
        weights: by component; None: the rewards' own.
    """
    shares = weights_of(rewards) if weights is None else weights
    total = sum(shares.values()) or 1.0
    parts = {name: normalised(values) for name, values in component_values(rewards).items()}
    return tuple(
        sum(shares.get(name, 0.0) / total * (values[place] or 0.0) for name, values in parts.items())
        if reward.is_evidence
        else None
        for place, reward in enumerate(rewards)
    )


def _value(reward: Reward, name: str) -> float | None:
    if not reward.is_evidence:
        return None
    if reward.status is RewardStatus.GATED:
        return reward.value
    part = reward.component(name)
    return part.value if part is not None else None
