"""Whether a score means what it says, and what a calibration would make of it.

A calibration changes thresholds, composites and reports. It changes nothing in an advantage that is z-scored within a
group where it is a straight line, so it is told, not applied.
"""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from adjudge.domain.interval import Interval
from adjudge.validation.library import library
from adjudge.validation.statistics.bootstrap import Draws, bootstrap_sums, coded
from adjudge.validation.statistics.proportion import proportion

Floats = NDArray[np.float64]
Method = Literal["platt", "isotonic", "linear"]
Predict = Callable[[Floats], Floats]

MIN_ISOTONIC: Final = 200
"""Fewer labels than this and isotonic regression follows the noise: Platt then."""


@dataclass(frozen=True)
class Scored:
    """Scores of a judge beside what is true; n cases.

    Attributes:
        scores: of the judge, read as the chance of a yes; in [0, 1], shape (n,).
        labels: 0 or 1; shape (n,).
        clusters: what each was drawn with.
        weights: inverse chance of having been drawn; shape (n,).

    Raises:
        ValueError: unequal lengths.
    """

    scores: Floats
    labels: Floats
    clusters: Sequence[Hashable]
    weights: Floats

    def __post_init__(self) -> None:
        if len({len(self.scores), len(self.labels), len(self.clusters), len(self.weights)}) != 1:
            msg = "scores, labels, clusters and weights must have the same length"
            raise ValueError(msg)


@dataclass(frozen=True)
class Bin:
    """Cases with about the same score.

    Attributes:
        score: their mean score.
        share: how many of them are really a yes.
        weight: their part of all cases.
    """

    score: float
    share: Interval
    weight: float


def reliability(cases: Scored, bins: int = 10) -> tuple[Bin, ...]:
    """The reliability curve: cases in `bins` ranges of equal width, lowest first; a range without cases is left out."""
    if not len(cases.scores):
        return ()
    places = np.minimum((cases.scores * bins).astype(np.int64), bins - 1)
    codes, total = coded(cases.clusters)[0], float(cases.weights.sum())
    found = []
    for place in np.unique(places):
        mine = places == place
        weights = cases.weights[mine]
        share = proportion(cases.labels[mine], codes[mine].tolist(), weights)
        assert share is not None  # a range that is there has cases
        found.append(Bin(float(np.average(cases.scores[mine], weights=weights)), share, float(weights.sum()) / total))
    return tuple(found)


def calibration_error(cases: Scored, bins: int = 10) -> float | None:
    """ECE: mean distance of score and share over the ranges of `reliability`; None without cases.

    Biased upwards with few cases: noise within a range counts as distance, even for a perfect judge. Never to be read
    without the Brier score.
    """
    curve = reliability(cases, bins)
    return sum(found.weight * abs(found.score - found.share.estimate) for found in curve) if curve else None


def weighted_brier(cases: Scored) -> float | None:
    """Mean squared distance of score and label, in [0, 1]; None without cases."""
    if not len(cases.scores):
        return None
    return float(np.average((cases.scores - cases.labels) ** 2, weights=cases.weights))


def brier_skill(cases: Scored, *, seed: int, resamples: int = 2000, level: float = 0.95) -> Interval | None:
    """``1 - Brier / Brier of always saying the base rate``: 1 perfect, 0 no better than the base rate.

    Cluster bootstrap; each draw has its own base rate. None without both labels.
    """
    if len(np.unique(cases.labels)) < 2:
        return None
    weights, labels = cases.weights, cases.labels
    sums = np.column_stack([weights, weights * labels, weights * (cases.scores - labels) ** 2])

    def figure(sums: Floats) -> tuple[Floats, Floats]:
        total, yes, gaps = sums.T
        spread = yes * (1 - yes / total)
        return spread - gaps, spread

    return bootstrap_sums(figure, sums, cases.clusters, (-1.0, 1.0), Draws(seed, resamples, level))


def calibrator(scores: ArrayLike, labels: ArrayLike, method: Method, weights: ArrayLike | None = None) -> Predict:
    """A function from the judge's score to the chance of a yes (or people's mean score), fitted on these cases.

    Args:
        scores: in [0, 1]; shape (n,), n >= 1.
        labels: in [0, 1]; for ``platt`` 0 or 1.
        method: ``platt`` a logistic line with Platt's targets, which keep it finite where the classes are apart;
            ``isotonic`` any rising steps; ``linear`` a straight line, for scores.
        weights: of the cases; default equal.
    """
    x, y = np.asarray(scores, dtype=np.float64), np.asarray(labels, dtype=np.float64)
    weight = np.ones(len(x)) if weights is None else np.asarray(weights, dtype=np.float64)
    if method == "platt":
        return _platt(x, y, weight)
    if method == "isotonic":
        steps = library("sklearn.isotonic").IsotonicRegression(y_min=0.0, y_max=1.0, out_of_bounds="clip")
        steps.fit(x, y, sample_weight=weight)
        return lambda given: np.asarray(steps.predict(given), dtype=np.float64)
    line = library("sklearn.linear_model").LinearRegression().fit(x[:, None], y, sample_weight=weight)
    return lambda given: np.clip(np.asarray(line.predict(given[:, None]), dtype=np.float64), 0.0, 1.0)


def _platt(x: Floats, y: Floats, weight: Floats) -> Predict:
    """Platt (1999): targets ``(N+ + 1)/(N+ + 2)`` and ``1/(N- + 2)``; each case is part yes, part no."""
    weight = weight / weight.mean()
    yes, no = float(weight @ y), float(weight @ (1 - y))
    target = np.where(y > 0.5, (yes + 1) / (yes + 2), 1 / (no + 2))
    line = library("sklearn.linear_model").LogisticRegression(C=np.inf, tol=1e-8, max_iter=1000)
    both = np.r_[x, x][:, None], np.r_[np.ones(len(x)), np.zeros(len(x))]
    line.fit(*both, sample_weight=np.r_[weight * target, weight * (1 - target)])
    return lambda given: np.asarray(line.predict_proba(given[:, None])[:, 1], dtype=np.float64)


def fitting(size: int) -> Method:
    """Which calibration this many labels can carry."""
    return "platt" if size < MIN_ISOTONIC else "isotonic"


def cross_fitted(cases: Scored, method: Method, *, folds: int = 5, seed: int = 0) -> Floats | None:
    """Calibrated scores, each from a fit on other clusters; shape (n,).

    Args:
        cases: with labels.
        method: see `calibrator`.
        folds: parts in which the clusters are split, at most one a cluster.
        seed: of the split.

    Returns:
        None with fewer than two clusters.
    """
    codes, drawn = coded(cases.clusters)
    if drawn < 2:
        return None
    parts = (np.random.default_rng(seed).permutation(drawn) % min(folds, drawn))[codes]
    fitted = np.zeros(len(codes))
    for part in np.unique(parts):
        out = parts == part
        predict = calibrator(cases.scores[~out], cases.labels[~out], method, cases.weights[~out])
        fitted[out] = predict(cases.scores[out])
    return fitted
