"""Is a change too small to matter? Two one-sided tests (TOST, Schuirmann 1987) on paired differences.

A test that finds no difference shows nothing: few cases find none. Equivalence is shown where the interval of the mean
difference at level ``1 - 2 alpha`` lies within the margin as a whole.
"""

from dataclasses import dataclass

from adjudge.domain.interval import Interval
from adjudge.validation.library import library
from adjudge.validation.statistics.paired import Differences


@dataclass(frozen=True)
class Equivalence:
    """What two one-sided tests say.

    Attributes:
        difference: mean difference with its interval at level ``1 - 2 alpha``.
        distance: how far from 0 it is in either direction, from the same interval: a rule ``at_most: margin`` on it
            passes where equivalence is shown, and fails where the opposite is.
        p_value: of a mean difference outside the margin; None with fewer than two clusters.
    """

    difference: Interval
    distance: Interval
    p_value: float | None


def tost(differences: Differences, margin: float, alpha: float = 0.05) -> Equivalence | None:
    """Whether the mean difference is within ``-margin .. margin``; None without cases.

    Args:
        differences: clustered.
        margin: greatest mean change that does not matter, above 0 and within the support.
        alpha: chance of calling equivalent what is not, within (0, 0.5).

    Raises:
        ValueError: margin or alpha is outside its range.
    """
    low, high = differences.support
    if not (0.0 < margin < min(-low, high) and 0.0 < alpha < 0.5):
        msg = f"a margin of {margin} with an alpha of {alpha} decides nothing"
        raise ValueError(msg)
    interval = differences.interval(1 - 2 * alpha)
    if interval is None:
        return None
    return Equivalence(interval, absolute(interval), _p_value(differences, margin))


def absolute(interval: Interval) -> Interval:
    """The interval of the distance from 0."""
    low, high = interval.low, interval.high
    if low is not None and high is not None:
        far = max(abs(low), abs(high))
        low, high = 0.0 if low <= 0.0 <= high else min(abs(low), abs(high)), far
    return interval.model_copy(update={"estimate": abs(interval.estimate), "low": low, "high": high})


def _p_value(differences: Differences, margin: float) -> float | None:
    if differences.number < 2:
        return None
    mean, error, number = differences.mean, differences.error, differences.number
    if error:
        t = library("scipy.stats").t
        return float(max(t.sf((mean + margin) / error, number - 1), t.sf((margin - mean) / error, number - 1)))
    if abs(mean) >= margin:
        return 1.0
    # Without spread: the chance that cases which move the mean to the margin were all missed.
    (low, high), n = differences.support, len(differences)
    return float(max((1 - (margin - mean) / (high - mean)) ** n, (1 - (margin + mean) / (mean - low)) ** n))
