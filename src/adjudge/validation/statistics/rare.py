"""Shares of clustered cases: how often something happens where it happens seldom.

Drawn intervals are too short there: with 2 % of four times 50 verdicts flipped, 7 % of them end below the truth in
place of 2.5 %, and a limit on flips is then passed too easily. The interval of Korn and Graubard (1998) is Clopper and
Pearson's with as many cases as independent ones would tell as much; see bench/interval_coverage.py for both.
"""

from collections.abc import Hashable, Sequence
from statistics import NormalDist

import numpy as np

from adjudge.domain.interval import Interval, half_width
from adjudge.validation.library import library
from adjudge.validation.statistics.bootstrap import NOTHING, Floats
from adjudge.validation.statistics.units import Codes


def rare_share(parts: Floats, clusters: Sequence[Hashable] | Codes, *, level: float = 0.95) -> Interval | None:
    """Mean of shares with its interval of Korn and Graubard.

    Args:
        parts: of each case 0 or 1, or how much of it counts, within [0, 1]; shape (cases,).
        clusters: what each case was drawn with; shape (cases,).
        level: of confidence.

    Returns:
        None without cases; without an interval where there is but one cluster.

    Raises:
        MissingError: the extra for statistics is not installed.
    """
    n = len(parts)
    if not n:
        return None
    _, codes = np.unique(np.asarray(clusters), return_inverse=True)
    size = int(codes.max()) + 1
    estimate = min(1.0, max(0.0, float(parts.mean())))
    if size < 2:
        return Interval(estimate=estimate, low=None, high=None, n=n, clusters=size)
    apart = parts - estimate
    # By cluster, and never below what independent cases would have.
    variance = max(float((np.bincount(codes.reshape(-1), apart) ** 2).sum()), float((apart**2).sum())) / n**2
    # Cases that never differ say nothing on how alike those of a cluster are: then clusters are all that is counted.
    telling = float(size)
    if variance > NOTHING / n**2:
        normal = NormalDist().inv_cdf(0.5 + level / 2)
        # As in drawn intervals, sqrt(C / (C - 1)) times Student's t in place of the normal for few clusters.
        wide = half_width(size, level)
        telling = estimate * (1 - estimate) / variance * (normal / wide) ** 2
    beta = library("scipy.special").betaincinv
    met, tail = estimate * telling, (1 - level) / 2
    low = float(beta(met, telling - met + 1, tail)) if met > 0 else 0.0
    high = float(beta(met + 1, telling - met, 1 - tail)) if met < telling else 1.0
    return Interval(estimate=estimate, low=min(low, estimate), high=max(high, estimate), n=n, clusters=size)
