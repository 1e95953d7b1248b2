"""Correlations of two columns, with intervals that know of clusters and need no draws.

An interval is Fisher's z +- t(C - 1) standard errors. The standard error is the infinitesimal jackknife over the
clusters (Efron 1982): what each row does to the figure is added up by cluster. Why not draws: a draw changes the ranks,
so each would have to rank all rows anew (2000 times 100,000), and keeping the ranks leaves out the noise of ranking.
What a row does to a rank correlation, ranking included, has a closed form that costs one sort.
"""

import math
from collections.abc import Callable, Hashable, Sequence

import numpy as np
from numpy.typing import NDArray

from adjudge.domain.interval import Interval, half_width
from adjudge.validation.statistics.bootstrap import NOTHING, Floats, unseen
from adjudge.validation.statistics.units import Codes

Clusters = Sequence[Hashable] | Codes
_Influence = Callable[[Floats, Floats, Floats], tuple[float, Floats] | None]
"""From two columns and weights that add up to 1 to the figure and each row's influence on it."""


def pearson(
    first: Floats, second: Floats, clusters: Clusters, *, weights: Floats | None = None, level: float = 0.95
) -> Interval | None:
    """Pearson's correlation, in [-1, 1].

    Args:
        first: shape (rows,).
        second: shape (rows,).
        clusters: what each row was drawn with; shape (rows,).
        weights: of the rows, positive; shape (rows,). None: all alike.
        level: of confidence.

    Returns:
        None with fewer than two rows, or where a column is constant.
    """
    return _interval(_pearson, first, second, clusters, weights=weights, level=level)


def spearman(
    first: Floats, second: Floats, clusters: Clusters, *, weights: Floats | None = None, level: float = 0.95
) -> Interval | None:
    """Spearman's rank correlation, ties with their middle rank, in [-1, 1]. Arguments as those of `pearson`."""
    return _interval(_spearman, first, second, clusters, weights=weights, level=level)


def kendall(
    first: Floats, second: Floats, clusters: Clusters, *, weights: Floats | None = None, level: float = 0.95
) -> Interval | None:
    """Kendall's tau-b, in [-1, 1]. Arguments as those of `pearson`."""
    return _interval(_kendall, first, second, clusters, weights=weights, level=level)


def _interval(
    influence: _Influence, first: Floats, second: Floats, clusters: Clusters, *, weights: Floats | None, level: float
) -> Interval | None:
    n = len(first)
    if n < 2:
        return None
    shares = np.full(n, 1 / n) if weights is None else weights / weights.sum()
    found = influence(first, second, shares)
    if found is None:
        return None
    # Rounding can lead out of the range by a hair.
    estimate = max(-1.0, min(1.0, found[0]))
    listed = clusters.tolist() if isinstance(clusters, np.ndarray) else clusters
    places: dict[Hashable, int] = {}
    codes = [places.setdefault(cluster, len(places)) for cluster in listed]
    size = len(places)
    if size < 2:
        return Interval(estimate=estimate, low=None, high=None, n=n, clusters=size)
    error = math.sqrt(float((np.bincount(codes, shares * found[1]) ** 2).sum()))
    if error <= NOTHING or 1 - abs(estimate) <= NOTHING:
        low, high = unseen(estimate, (-1.0, 1.0), size, level)
    else:
        # The same widening for few clusters as that of the drawn intervals: sqrt(C / (C - 1)) times Student's t.
        half = half_width(size, level) * error / (1 - estimate**2)
        low, high = math.tanh(math.atanh(estimate) - half), math.tanh(math.atanh(estimate) + half)
    return Interval(estimate=estimate, low=min(low, estimate), high=max(high, estimate), n=n, clusters=size)


def _pearson(first: Floats, second: Floats, shares: Floats) -> tuple[float, Floats] | None:
    x, y = first - shares @ first, second - shares @ second
    spread = math.sqrt(float(shares @ x**2)), math.sqrt(float(shares @ y**2))
    # What rounding leaves of a constant column is no spread.
    if any(s <= NOTHING * max(1.0, float(np.abs(c).max())) for s, c in zip(spread, (first, second), strict=True)):
        return None
    x, y = x / spread[0], y / spread[1]
    estimate = float(shares @ (x * y))
    return estimate, x * y - estimate / 2 * (x**2 + y**2)


def _spearman(first: Floats, second: Floats, shares: Floats) -> tuple[float, Floats] | None:
    x, y = _Ranked(first, shares), _Ranked(second, shares)
    spread_x, spread_y = float(shares @ x.ranks**2), float(shares @ y.ranks**2)
    if spread_x <= NOTHING or spread_y <= NOTHING:
        return None
    scale = math.sqrt(spread_x * spread_y)
    joint = float(shares @ (x.ranks * y.ranks))
    estimate = joint / scale
    # A row's own product, and what it does to the ranks of the rows above it.
    on_joint = x.ranks * y.ranks + x.above(y.ranks) + y.above(x.ranks) - 3 * joint
    on_x = x.ranks**2 + 2 * x.above(x.ranks) - 3 * spread_x
    on_y = y.ranks**2 + 2 * y.above(y.ranks) - 3 * spread_y
    return estimate, on_joint / scale - estimate / 2 * (on_x / spread_x + on_y / spread_y)


class _Ranked:
    """A column as ranks: the share of rows below plus half of those that are equal, less one half."""

    def __init__(self, values: Floats, shares: Floats) -> None:
        _, self.codes = np.unique(values, return_inverse=True)
        self._shares = shares
        held = np.bincount(self.codes, shares)
        self.ranks = (np.cumsum(held) - held / 2)[self.codes] - 0.5

    def above(self, values: Floats) -> Floats:
        """For each row the weighted sum of `values` over the rows above it, plus half of that over those equal."""
        held = np.bincount(self.codes, self._shares * values)
        return np.asarray((held.sum() - np.cumsum(held) + held / 2)[self.codes])


def _kendall(first: Floats, second: Floats, shares: Floats) -> tuple[float, Floats] | None:
    _, x = np.unique(first, return_inverse=True)
    _, y = np.unique(second, return_inverse=True)
    # Equal pairs of values once, with their weight together: five answers by five are 25 points, not 100,000.
    points, place = np.unique(x * (y.max() + 1) + y, return_inverse=True)
    held = np.asarray(np.bincount(place, shares), dtype=np.float64)
    apart_x, apart_y = (1 - np.bincount(column, shares)[column] for column in (x, y))
    x, y = points // (y.max() + 1), points % (y.max() + 1)
    signs = (_below(x, y, held) + _below(-x, -y, held) - _below(x, -y, held) - _below(-x, y, held))[place]
    spread_x, spread_y = float(shares @ apart_x), float(shares @ apart_y)
    if spread_x <= NOTHING or spread_y <= NOTHING:
        return None
    scale = math.sqrt(spread_x * spread_y)
    estimate = float(shares @ signs) / scale
    # Every figure here is of pairs, so a row counts twice; the constants of the three cancel.
    return estimate, 2 * signs / scale - estimate * (apart_x / spread_x + apart_y / spread_y)


def _below(x: NDArray[np.intp], y: NDArray[np.intp], weights: Floats) -> Floats:
    """For each point the weight of those that are less in both; O(n log^2 n), by merging halves of doubling width."""
    order = np.lexsort((-y, x))  # of equal x the higher y first, so that what stands before is less in x
    low = y[order] - y.min()
    held, base = weights[order], int(low.max()) + 1
    found = np.zeros(len(x))
    place = np.arange(len(x))
    width = 1
    while width < len(x):
        block = place // width
        right = block % 2 == 1
        keys = (block // 2) * base + low
        sort = np.argsort(keys[~right], kind="stable")
        left = keys[~right][sort]
        before = np.concatenate([[0.0], np.cumsum(held[~right][sort])])
        start = np.searchsorted(left, (block[right] // 2) * base, "left")
        found[right] += before[np.searchsorted(left, keys[right], "left")] - before[start]
        width *= 2
    back = np.empty(len(x))
    back[order] = found
    return back
