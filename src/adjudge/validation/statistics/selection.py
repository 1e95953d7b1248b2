"""What choosing by the judge does to a production metric: the best-of-n curve, and what the judge adds to length.

A judge that is worth training on picks better responses the more it may choose from. A curve that turns down shows a
score that goes on rising where the metric falls: the policy would find that.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from math import comb
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from adjudge.domain.interval import Interval
from adjudge.validation.statistics.bootstrap import Draws, bootstrap, bootstrap_sums, coded

Floats = NDArray[np.float64]

COUNTS: Final = (1, 2, 4, 8)


@dataclass(frozen=True)
class BestOf:
    """The metric of the pick of n responses.

    Attributes:
        count: n.
        judge: mean metric of the judge's pick, with an interval over drawn groups.
        oracle: of the best pick there is, by the metric itself.
        gain: of the judge's pick over a random response, on the same groups.
    """

    count: int
    judge: Interval
    oracle: float
    gain: Interval


def best_of(
    scores: ArrayLike,
    metric: ArrayLike,
    groups: Sequence[Hashable],
    *,
    counts: Sequence[int] = COUNTS,
    seed: int = 0,
    resamples: int = 2000,
) -> tuple[BestOf, ...]:
    """The best-of-n curve: expected metric of the judge's pick out of n responses to one prompt.

    The expectation is exact, over all subsets of n of a group's responses, each with the same chance; among responses
    of equal score the pick is by chance. All points are of the same groups, those with at least as many responses as
    the largest n; an n that fewer than half of the groups have is left out.

    Args:
        scores: of the judge; shape (N,).
        metric: of the responses, higher is better; shape (N,).
        groups: the prompt that each answers.
        counts: the n.
        seed: of the bootstrap.
        resamples: draws.

    Returns:
        One point an n, rising; none where no group has two responses.
    """
    judge, truth = np.asarray(scores, dtype=np.float64), np.asarray(metric, dtype=np.float64)
    codes, _ = coded(groups)
    sizes = np.bincount(codes) if len(codes) else np.zeros(0, dtype=np.int64)
    within = sizes[sizes > 1]
    wanted = [n for n in sorted(set(counts)) if len(within) and np.mean(within >= n) >= 0.5]
    if not wanted:
        return ()
    kept = [np.flatnonzero(codes == group) for group in np.flatnonzero(sizes >= max(2, *wanted, 2))]
    support = (float(truth.min()), float(truth.max()))
    span = support[1] - support[0]
    base = np.asarray([truth[rows].mean() for rows in kept])

    def over_groups(values: Floats, ends: tuple[float, float]) -> Interval:
        found = bootstrap(
            lambda weights: (weights @ values, weights.sum(axis=1)),
            list(range(len(values))),
            ends,
            seed=seed,
            resamples=resamples,
            level=0.95,
        )
        assert found is not None  # there are groups
        return found

    points = []
    for n in wanted:
        picks = np.asarray([expected_pick(judge[rows], truth[rows], n) for rows in kept])
        ideal = np.asarray([expected_pick(truth[rows], truth[rows], n) for rows in kept])
        points.append(
            BestOf(n, over_groups(picks, support), float(ideal.mean()), over_groups(picks - base, (-span, span)))
        )
    return tuple(points)


def expected_pick(scores: Floats, metric: Floats, count: int) -> float:
    """Expected metric of the response with the highest score among `count` drawn without replacement.

    Args:
        scores: of one group's responses; shape (G,).
        metric: of the same.
        count: 1 to G.

    Raises:
        ValueError: there are fewer responses than are to be drawn, or none is.
    """
    size = len(scores)
    if not 1 <= count <= size:
        msg = f"{count} of {size} responses cannot be drawn"
        raise ValueError(msg)
    _, block, sizes = np.unique(scores, return_inverse=True, return_counts=True)
    means = np.bincount(block, metric) / sizes
    upto = np.cumsum(sizes)
    # The pick is in a block of equal scores where all drawn are at most there, and not all below it.
    chances = np.diff([0, *(comb(int(top), count) for top in upto)]) / comb(size, count)
    return float(chances @ means)


def incremental_r2(
    metric: ArrayLike,
    scores: ArrayLike,
    features: ArrayLike,
    clusters: Sequence[Hashable],
    *,
    seed: int = 0,
    resamples: int = 2000,
) -> Interval | None:
    """How much more of the metric's variance a linear fit explains with the judge's score than without it.

    Args:
        metric: shape (n,).
        scores: of the judge; shape (n,).
        features: what is cheap to know: length, format; shape (n, k).
        clusters: what each was drawn with.
        seed: of the bootstrap.
        resamples: draws.

    Returns:
        The gain of R^2, in [0, 1]; None where the metric is constant, or there are no more cases than coefficients.
    """
    truth = np.asarray(metric, dtype=np.float64)
    known = np.asarray(features, dtype=np.float64)
    if len(truth) <= known.shape[1] + 2 or np.ptp(truth) == 0.0:
        return None
    without = np.column_stack([np.ones(len(truth)), *(_standard(column) for column in known.T)])
    with_score = np.column_stack([without, _standard(np.asarray(scores, dtype=np.float64))])
    columns = np.column_stack([with_score, _standard(truth)])
    size = columns.shape[1]
    # All sums of products of two columns, metric last: what every fit below is made of.
    sums = (columns[:, :, None] * columns[:, None, :]).reshape(len(truth), -1)

    def figure(sums: Floats) -> tuple[Floats, Floats]:
        products = sums.reshape(-1, size, size)
        whole = products[:, -1, -1] - products[:, 0, -1] ** 2 / products[:, 0, 0]
        less, more = _unexplained(products, size - 2), _unexplained(products, size - 1)
        return np.maximum(less - more, 0.0), whole

    return bootstrap_sums(figure, sums, clusters, (0.0, 1.0), Draws(seed, resamples))


def _standard(column: NDArray[np.float64]) -> Floats:
    """Mean 0, spread 1: so that the inverse below is well conditioned; a constant column is 0."""
    spread = float(column.std())
    return (column - column.mean()) / spread if spread > 0.0 else np.zeros(len(column))


def _unexplained(products: Floats, columns: int) -> Floats:
    """Sum of squares that the least-squares fit of the last column by the first `columns` leaves; shape (draws,)."""
    right = products[:, :columns, -1]
    fit = np.einsum("dij,dj->di", np.linalg.pinv(products[:, :columns, :columns], hermitian=True), right)
    return np.asarray(products[:, -1, -1] - np.einsum("di,di->d", fit, right), dtype=np.float64)
