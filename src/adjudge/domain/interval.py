"""**Interval**: a figure and how far it can be trusted. Pure data; who computes it says how.

The clusters of a figure are what was drawn independently (contracts, not the rows cut out of them).
"""

import math
from statistics import NormalDist

from pydantic import model_validator

from adjudge.domain.base import Count, Frozen, Number


class Interval(Frozen):
    """An estimate with its confidence interval.

    ``low`` and ``high`` are None together, when there are fewer than two clusters: one cluster says nothing about
    others. ``n`` counts the values behind the estimate.
    """

    estimate: Number
    low: Number | None
    high: Number | None
    n: Count
    clusters: Count

    @model_validator(mode="after")
    def _in_order(self) -> "Interval":
        if (self.low is None) != (self.high is None):
            msg = "an interval has both ends or none"
            raise ValueError(msg)
        if self.low is not None and self.high is not None and self.low > self.high:
            msg = f"the interval's ends are in the wrong order: {self.low} > {self.high}"
            raise ValueError(msg)
        return self

    def text(self, digits: int = 2) -> str:
        """``0.61 [0.52, 0.70]``."""
        ends = "" if self.low is None or self.high is None else f" [{self.low:.{digits}f}, {self.high:.{digits}f}]"
        return f"{self.estimate:.{digits}f}{ends}"


def wilson(successes: int, trials: int, level: float = 0.95) -> Interval | None:
    """Wilson's interval of a share; None without trials. Every trial counts as its own cluster.

    Raises:
        ValueError: successes are not within 0..trials, or the level is not within (0, 1).
    """
    if not 0 <= successes <= trials:
        msg = f"{successes} successes of {trials} trials"
        raise ValueError(msg)
    if not trials:
        return None
    z = _z(level)
    share = successes / trials
    centre = (share + z * z / (2 * trials)) / (1 + z * z / trials)
    half = z * math.sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials)) / (1 + z * z / trials)
    # At the ends the formula gives 0 and 1 up to rounding.
    low = 0.0 if successes == 0 else max(0.0, centre - half)
    high = 1.0 if successes == trials else min(1.0, centre + half)
    return Interval(estimate=share, low=low, high=high, n=trials, clusters=trials)


def bootstrap_tail(clusters: int, level: float = 0.95) -> float:
    """Share of bootstrap draws to cut off at each end: the expanded percentile interval for few clusters.

    The plain percentile interval is too short by sqrt((C - 1) / C) and by normal against Student's t; with 142
    clusters that is nothing, with ten it turns 95 % into 90 %.

    Raises:
        ValueError: fewer than two clusters, or the level is not within (0, 1).
    """
    return NormalDist().cdf(-half_width(clusters, level))


def half_width(clusters: int, level: float = 0.95) -> float:
    """How many standard errors an interval reaches to each side: ``sqrt(C / (C - 1))`` times Student's t.

    Raises:
        ValueError: fewer than two clusters, or the level is not within (0, 1).
    """
    if clusters < 2:
        msg = "an interval over clusters needs two of them"
        raise ValueError(msg)
    return math.sqrt(clusters / (clusters - 1)) * _t(level, clusters - 1)


def _z(level: float) -> float:
    if not 0.0 < level < 1.0:
        msg = f"a confidence level is within (0, 1), not {level}"
        raise ValueError(msg)
    return NormalDist().inv_cdf(0.5 + level / 2)


def _t(level: float, freedom: int) -> float:
    """Student's t quantile at (1 + level) / 2: exact for one and two degrees of freedom, else Cornish-Fisher."""
    z = _z(level)
    if freedom == 1:
        return math.tan(math.pi * level / 2)
    if freedom == 2:
        return level * math.sqrt(2 / (1 - level * level))
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return z + sum(term / float(freedom) ** power for power, term in enumerate(terms, 1))
