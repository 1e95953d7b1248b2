"""Within which range people's score of one response lies, given the judge's: split conformal prediction.

The only assumption is that the items are exchangeable. On judges: arXiv:2509.18658. Wide intervals are an honest
warning against using single scores.
"""

import math
from collections.abc import Hashable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from adjudge.domain.base import Frozen, Number
from adjudge.domain.interval import Interval
from adjudge.validation.statistics.bootstrap import coded
from adjudge.validation.statistics.calibration import MIN_ISOTONIC, Method, calibrator
from adjudge.validation.statistics.proportion import proportion

Floats = NDArray[np.float64]


def conformal_half(residuals: ArrayLike, miss: float = 0.1) -> float | None:
    """Half-width that covers a new item with a chance of at least ``1 - miss``.

    The ``ceil((n + 1)(1 - miss))``-th smallest of n distances |people - judge|; None where that is more than n: too
    few items for any finite range, see `least_items`.

    Raises:
        ValueError: miss is not within (0, 1).
    """
    distances = np.sort(np.abs(np.asarray(residuals, dtype=np.float64)))
    place = math.ceil(round((len(distances) + 1) * _kept(miss), 9))
    return float(distances[place - 1]) if place <= len(distances) else None


def least_items(miss: float = 0.1) -> int:
    """Fewest items from which a range can be told.

    Raises:
        ValueError: miss is not within (0, 1).
    """
    return math.ceil(round(_kept(miss) / miss, 9))


def grade_range(prediction: float, half: float, grades: Sequence[float]) -> tuple[float, float]:
    """The range around a prediction, rounded outward to the grades that people can give.

    Args:
        prediction: of the judge.
        half: see `conformal_half`.
        grades: all grades, in any order, at least one.

    Returns:
        The lowest and the highest grade that are possible.
    """
    ordered = sorted(grades)
    # A hair's breadth beyond a grade is rounding, not another grade.
    low = [grade for grade in ordered if grade <= prediction - half + 1e-9]
    high = [grade for grade in ordered if grade >= prediction + half - 1e-9]
    return (low[-1] if low else ordered[0]), (high[0] if high else ordered[-1])


class Conformal(Frozen):
    """Ranges for single scores, tried on items that had no part in making them."""

    miss: Number
    coverage: Interval
    """Share of items whose people's score was within its range; should be at least ``1 - miss``."""
    width: Number
    """Mean width of a range, in scores; 1 is everything."""


def conformal_trial(
    scores: ArrayLike,
    people: ArrayLike,
    clusters: Sequence[Hashable],
    *,
    grades: Sequence[float] | None = None,
    miss: float = 0.1,
    seed: int = 0,
) -> Conformal | None:
    """Split the clusters in three, and let each part in turn fit the calibration, measure distances, and be tried.

    Args:
        scores: of the judge, in [0, 1]; shape (n,).
        people: mean scores, in [0, 1]; shape (n,).
        clusters: what each was drawn with.
        grades: that people can give, to which ranges are rounded outward; None: any score in [0, 1].
        miss: chance of a score outside of its range.
        seed: of the split.

    Returns:
        None where a part has fewer items than `least_items`.
    """
    judge, truth = np.asarray(scores, dtype=np.float64), np.asarray(people, dtype=np.float64)
    codes, drawn = coded(clusters)
    parts = (np.random.default_rng(seed).permutation(drawn) % 3)[codes] if drawn else codes
    if min(np.sum(parts == part) for part in range(3)) < max(2, least_items(miss)):
        return None
    inside, widths = np.zeros(len(judge)), np.zeros(len(judge))
    for turn in range(3):
        fit, measure, tried = (parts == (turn + step) % 3 for step in range(3))
        method: Method = "isotonic" if int(fit.sum()) >= MIN_ISOTONIC else "linear"
        predict = calibrator(judge[fit], truth[fit], method)
        half = conformal_half(truth[measure] - predict(judge[measure]), miss)
        assert half is not None  # the part has items enough
        for place, prediction in zip(np.flatnonzero(tried), predict(judge[tried]).tolist(), strict=True):
            low, high = _range(prediction, half, grades)
            inside[place], widths[place] = low - 1e-9 <= truth[place] <= high + 1e-9, high - low
    coverage = proportion(inside, clusters)
    assert coverage is not None  # there are items
    return Conformal(miss=miss, coverage=coverage, width=float(widths.mean()))


def _range(prediction: float, half: float, grades: Sequence[float] | None) -> tuple[float, float]:
    if grades is not None:
        return grade_range(prediction, half, grades)
    return max(0.0, prediction - half), min(1.0, prediction + half)


def _kept(miss: float) -> float:
    if not 0.0 < miss < 1.0:
        msg = f"the chance of a miss is within (0, 1), not {miss}"
        raise ValueError(msg)
    return 1.0 - miss
