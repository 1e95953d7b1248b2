"""A share of cases that were drawn with unequal chances, or in clusters: Wilson's interval on the cases it is worth.

Drawn intervals are too short for what happens seldom: with 2 % of four times 50 verdicts flipped, 7 to 9 % of them end
below the truth in place of 2.5 %, and a limit on flips is passed too easily (bench/interval_coverage.py has both).
"""

import math
from collections.abc import Hashable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from adjudge.domain.interval import Interval
from adjudge.validation.library import library
from adjudge.validation.statistics.bootstrap import coded

Floats = NDArray[np.float64]


def proportion(
    right: ArrayLike,
    clusters: Sequence[Hashable] | NDArray[np.int64],
    weights: ArrayLike | None = None,
    level: float = 0.95,
) -> Interval | None:
    """Weighted share of right cases with Wilson's interval on the effective number of cases; None without cases.

    The effective number is the one with which independent cases would give the variance that clusters and weights
    give (Korn and Graubard 1998, with their correction for few clusters), at most n; cases that count in part spread
    less and are worth more. Independent cases of equal weight give Wilson's interval as it is. Cases that are all alike
    prove nothing about clusters that were not drawn: then each cluster counts once.

    Args:
        right: 0 or 1 for each case, or how much of it is right, within [0, 1]; shape (n,).
        clusters: what each was drawn with.
        weights: inverse chance of having been drawn; default equal.
        level: of confidence.
    """
    hits = np.asarray(right, dtype=np.float64)
    if not len(hits):
        return None
    weight = np.ones(len(hits)) if weights is None else np.asarray(weights, dtype=np.float64)
    codes, drawn = coded(clusters)
    size = len(hits)
    share = float(weight @ hits / weight.sum())
    if drawn < 2:
        return Interval(estimate=share, low=None, high=None, n=size, clusters=drawn)
    sums = np.bincount(codes, weight * (hits - share) / weight.sum())
    variance = float(sums @ sums) * drawn / (drawn - 1) * (size - 1) / size
    if variance <= 0.0 or hits.min() == hits.max():
        worth: float = drawn
    else:
        t = library("scipy.stats").t
        few = (t.ppf(0.5 + level / 2, size - 1) / t.ppf(0.5 + level / 2, drawn - 1)) ** 2
        spread = float(weight @ (hits - share) ** 2 / weight.sum())
        worth = share * (1 - share) * min(size / spread, float(few) / variance)
    low, high = wilson_ends(share, worth, level)
    return Interval(estimate=share, low=low, high=high, n=size, clusters=drawn)


def wilson_ends(share: float, trials: float, level: float = 0.95) -> tuple[float, float]:
    """Wilson's interval of a share of a number of trials that need not be whole."""
    z2 = float(library("scipy.stats").norm.ppf(0.5 + level / 2)) ** 2
    centre = (share + z2 / (2 * trials)) / (1 + z2 / trials)
    half = math.sqrt(z2 * (share * (1 - share) / trials + z2 / (4 * trials * trials))) / (1 + z2 / trials)
    # At the ends the formula gives 0 and 1 up to rounding.
    return min(share, max(0.0, centre - half)), max(share, min(1.0, centre + half))
