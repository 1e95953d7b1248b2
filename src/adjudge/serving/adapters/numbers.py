"""For trainers that take only numbers: a neutral one for what is unscored, always with a mark beside it."""

from collections.abc import Sequence

from adjudge.domain import Reward, RewardStatus


def numbers(reward: Reward, neutral: float, components: Sequence[str] = ()) -> dict[str, float]:
    """``score``, the marks ``adjudge_unscored`` and ``adjudge_gated`` (0 or 1), and the values of terms by name.

    The keys are always the same: trainers take them from one rollout and look for them in all.

    Args:
        reward: of one rollout.
        neutral: what stands where there is no evidence, in [0, 1]; a fallback keeps its own value.
        components: terms whose values are told too; `neutral` where a term has none.
    """
    unscored = not reward.is_evidence
    found = {
        "score": neutral if reward.value is None else reward.value,
        "adjudge_unscored": float(unscored),
        "adjudge_gated": float(reward.status is RewardStatus.GATED),
    }
    for name in components:
        part = None if unscored else reward.component(name)
        value = reward.value if reward.status is RewardStatus.GATED else (part.value if part is not None else None)
        found[name] = neutral if value is None else value
    return found
