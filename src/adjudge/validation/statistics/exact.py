"""Exact tests and intervals of counts: right for few cases, and for counts of nothing.

0 of 300 shows with 95 % confidence that the rate is at most 1.0 %, 0 of 59 at most 5 %. All three functions take every
trial as independent; counts of answers that were drawn together are narrower than they should be.
"""

from typing import Literal

from adjudge.domain.interval import Interval
from adjudge.validation.library import library

Sided = Literal["both", "each"]
"""``both``: the interval as a whole is right at its level. ``each``: each end alone is, as a limit that is crossed in
one direction needs it; the interval is right at ``2 level - 1``."""


def clopper_pearson(successes: int, trials: int, level: float = 0.95, *, sided: Sided = "both") -> Interval | None:
    """The exact interval of a share (Clopper and Pearson 1934), never too narrow; None without trials.

    Raises:
        ValueError: successes are not within 0..trials, or the level is not within (0, 1).
    """
    if not 0 <= successes <= trials:
        msg = f"{successes} successes of {trials} trials"
        raise ValueError(msg)
    if not 0.0 < level < 1.0:
        msg = f"a confidence level is within (0, 1), not {level}"
        raise ValueError(msg)
    if not trials:
        return None
    tail = (1.0 - level) / 2.0 if sided == "both" else 1.0 - level
    beta = library("scipy.stats").beta
    # At the ends the beta distribution is not defined; there is nothing below 0 of n and above n of n.
    low = float(beta.ppf(tail, successes, trials - successes + 1)) if successes else 0.0
    high = float(beta.isf(tail, successes + 1, trials - successes)) if successes < trials else 1.0
    return Interval(estimate=successes / trials, low=low, high=high, n=trials, clusters=trials)


def upper_bound(successes: int, trials: int, level: float = 0.95) -> float | None:
    """The rate that the true one exceeds with a chance of at most ``1 - level``; None without trials.

    Raises:
        ValueError: as `clopper_pearson`.
    """
    found = clopper_pearson(successes, trials, level, sided="each")
    return None if found is None else found.high


def binomial_p(successes: int, trials: int, chance: float = 0.5) -> float | None:
    """Two-sided exact p-value of so many successes when each has this chance; None without trials."""
    if not trials:
        return None
    return float(library("scipy.stats").binomtest(successes, trials, chance).pvalue)


def mcnemar_p(first_only: int, second_only: int) -> float | None:
    """Exact p-value of two paired rates being equal (McNemar 1947): only cases in which the two differ tell.

    Args:
        first_only: cases with success in the first and not in the second.
        second_only: the other way round.

    Returns:
        None where no case differs: there is nothing to test.
    """
    return binomial_p(first_only, first_only + second_only)
