"""How many labels would decide: asked before people are, and answered again where a check has not enough data."""

import math

from adjudge.validation.library import library
from adjudge.validation.statistics.proportion import wilson_ends

MOST = 10_000_000
"""More labels than anybody makes: further away than this is not told."""


def labels_for_width(share: float, half: float, level: float = 0.95) -> int:
    """Labels with which the interval of `share` reaches `half` to each side: ``z^2 p (1 - p) / h^2``.

    For TPR and TNR that many good and bad cases each.

    Raises:
        ValueError: share outside [0, 1], or half not within (0, 1).
    """
    if not 0.0 <= share <= 1.0 or not 0.0 < half < 1.0:
        msg = f"a share is within [0, 1] and a half-width within (0, 1), not {share} and {half}"
        raise ValueError(msg)
    z = float(library("scipy.stats").norm.ppf(0.5 + level / 2))
    # Rounded before it is rounded up, or 16.000000000000004 labels would be 17.
    return max(1, math.ceil(round(z * z * share * (1 - share) / (half * half), 9)))


def labels_to_decide(share: float, limit: float, *, effect: float = 1.0, level: float = 0.95) -> int | None:
    """Fewest labels whose Wilson interval is on one side of `limit`, were the share to stay what it is.

    Args:
        share: measured so far.
        limit: that must be reached or kept.
        effect: what clusters cost, see `design_effect`.
        level: of confidence.

    Returns:
        None where the share is on the limit, or so near it that no number of labels that people make decides.
    """

    def decided(labels: int) -> bool:
        low, high = wilson_ends(share, labels / effect, level)
        return low >= limit if share > limit else high <= limit

    if share == limit or not decided(MOST):
        return None
    few, enough = 0, MOST
    while enough - few > 1:
        middle = (few + enough) // 2
        few, enough = (few, middle) if decided(middle) else (middle, enough)
    return enough


def design_effect(cluster_size: float, icc: float) -> float:
    """What clusters cost: labels of clusters are worth labels / effect independent ones; at least 1.

    ``1 + (m - 1) ICC`` (Kish 1965) for `cluster_size` = m cases drawn together and their intraclass correlation.
    """
    return max(1.0, 1.0 + (cluster_size - 1.0) * icc)


def zero_failure_bound(trials: int, level: float = 0.95) -> float | None:
    """Upper bound of the failure rate when none of n trials failed: ``1 - (1 - level)^(1/n)``; None without trials."""
    return 1.0 - (1.0 - level) ** (1.0 / trials) if trials > 0 else None


def trials_without_failure(rate: float, level: float = 0.95) -> int:
    """Trials, all without failure, that show that the failure rate is at most `rate`.

    Raises:
        ValueError: the rate is not within (0, 1).
    """
    if not 0.0 < rate < 1.0:
        msg = f"a failure rate to show is within (0, 1), not {rate}"
        raise ValueError(msg)
    return math.ceil(math.log(1.0 - level) / math.log1p(-rate))
