"""The mean of people's scores from a few labels and many verdicts: prediction-powered inference, PPI++.

arXiv:2301.09633 and arXiv:2311.01453. The weight lambda of the judge is chosen so that the variance is least; so a
judge that knows nothing costs nothing, where plain PPI (lambda 1) would be worse than the labels alone.
"""

from collections.abc import Hashable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from adjudge.domain.base import Frozen, Number
from adjudge.domain.interval import Interval, half_width
from adjudge.validation.statistics.bootstrap import coded

Floats = NDArray[np.float64]


class PpiMean(Frozen):
    """A mean of people's scores, and what the judge did for it."""

    mean: Interval
    labels_only: Interval
    """The same from the labels alone."""
    weight: Number
    """Lambda: how much of the judge is used, 0 nothing; over 1 for a judge that keeps too much to the middle."""
    bias: Number
    """Mean of judge less people on the labelled items."""
    worth: Number | None
    """How many labels one label is worth together with the judge: the ratio of the variances. None where the labels
    have no variance."""


def ppi_mean(
    labels: ArrayLike,
    judged: ArrayLike,
    unlabelled: ArrayLike,
    clusters: Sequence[Hashable],
    *,
    weights: ArrayLike | None = None,
    level: float = 0.95,
) -> PpiMean | None:
    """PPI++ estimate of the mean score that people would give to all items.

    Args:
        labels: people's scores of n items.
        judged: the judge's scores of these.
        unlabelled: the judge's scores of N further items.
        clusters: what each of the n and then of the N items was drawn with; the variance is that of whole clusters.
        weights: of the n labelled items, inverse chance of having been drawn; default equal.
        level: of confidence.

    Returns:
        None with fewer than two labels or no further item. Interval ends are None with labels of fewer than two
        clusters.

    Raises:
        ValueError: unequal lengths.
    """
    people, judge, others = (np.asarray(given, dtype=np.float64) for given in (labels, judged, unlabelled))
    if len(people) != len(judge) or len(clusters) != len(people) + len(others):
        msg = "labels, scores and clusters must have the same length"
        raise ValueError(msg)
    if len(people) < 2 or not len(others):
        return None
    weight = np.ones(len(people)) if weights is None else np.asarray(weights, dtype=np.float64)
    weight = weight / weight.sum()
    lam = optimal_weight(people, judge, others, weight)
    codes, _ = coded(clusters)
    rest = people - lam * judge
    mean, alone = lam * float(others.mean()) + float(weight @ rest), float(weight @ people)
    pull = np.r_[weight * (rest - weight @ rest), lam * (others - others.mean()) / len(others)]
    variance = _variance(pull, codes)
    variance_alone = _variance(weight * (people - alone), codes[: len(people)])
    return PpiMean(
        mean=_interval(mean, variance, codes[: len(people)], level),
        labels_only=_interval(alone, variance_alone, codes[: len(people)], level),
        weight=lam,
        bias=float(weight @ (judge - people)),
        worth=variance_alone / variance if variance and variance_alone else None,
    )


def optimal_weight(people: Floats, judge: Floats, others: Floats, weight: Floats) -> float:
    """Lambda with the least variance, ``Cov(Y, f) / ((1 + n/N) Var f)``; 0 for a judge that is constant or reversed."""
    spread = float(np.var(np.r_[judge, others], ddof=1))
    if spread <= 0.0:
        return 0.0
    together = float(weight @ ((people - weight @ people) * (judge - weight @ judge)))
    return max(0.0, together / ((1 + len(people) / len(others)) * spread))


def _variance(pull: Floats, codes: NDArray[np.int64]) -> float | None:
    """Variance of a sum of what each case pulls, whole clusters drawn; None with fewer than two clusters."""
    sums = np.bincount(codes, pull)
    return float(sums @ sums) if len(np.unique(codes)) > 1 else None


def _interval(estimate: float, variance: float | None, labelled: NDArray[np.int64], level: float) -> Interval:
    """Widened for few clusters of labels, which carry most of the noise."""
    drawn = len(np.unique(labelled))
    if variance is None or drawn < 2:
        return Interval(estimate=estimate, low=None, high=None, n=len(labelled), clusters=drawn)
    half = half_width(drawn, level) * variance**0.5
    return Interval(estimate=estimate, low=estimate - half, high=estimate + half, n=len(labelled), clusters=drawn)
