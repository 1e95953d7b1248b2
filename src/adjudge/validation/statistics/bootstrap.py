"""Intervals by drawing clusters with replacement: what was drawn together (a contract, a prompt) stays together.

A statistic is a ratio of two numbers that follow from weights of the cases; a case drawn twice has the weight 2. So one
statistic is written once, for the estimate (all weights 1) and for every draw, without a loop over draws. Where it
follows from sums over the cases, `bootstrap_sums` adds them up once a cluster: a draw then costs the same for a
thousand rows and for a million.
"""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from adjudge.domain.interval import Interval, bootstrap_tail

Floats = NDArray[np.float64]
Statistic = Callable[[Floats], tuple[Floats, Floats]]
"""From weights of the cases (draws, N) to part and whole of one figure a draw; whole 0: that draw cannot give it."""

OfSums = Callable[[Floats], tuple[Floats, Floats]]
"""From sums over the cases (draws, K) to part and whole of one figure a draw; whole 0: that draw cannot give it."""

NOTHING: Final = 1e-12

CHUNK: Final = 100
"""Draws at a time: with 10,000 cases 8 MB."""

BLOCKS: Final = 2000
"""Most units that `bootstrap_sums` draws from. More clusters than that are drawn in random blocks, as in the
delete-a-group jackknife (Kott 2001): the variance stays unbiased, and is known to sqrt(2 / 2000), 3 %."""


@dataclass(frozen=True)
class Draws:
    """How an interval is drawn.

    Attributes:
        seed: makes it repeatable.
        resamples: number of draws.
        level: of confidence.
    """

    seed: int
    resamples: int = 2000
    level: float = 0.95


def bootstrap(
    statistic: Statistic,
    clusters: Sequence[Hashable],
    support: tuple[float, float],
    *,
    seed: int,
    resamples: int,
    level: float,
) -> Interval | None:
    """Figure on the cases as they are, and its expanded percentile interval over drawn clusters."""
    codes, size = coded(clusters)

    def drawn(weights: Floats) -> tuple[Floats, Floats]:
        return statistic(weights[:, codes])

    return _interval(drawn, support, Draws(seed, resamples, level), units=size, clusters=size, n=len(codes))


def bootstrap_sums(
    figure: OfSums,
    sums: Floats,
    clusters: Sequence[Hashable] | NDArray[np.int64],
    support: tuple[float, float],
    draws: Draws,
    *,
    n: int | None = None,
) -> Interval | None:
    """As `bootstrap`, for a figure that follows from sums over the cases.

    Args:
        figure: from sums to part and whole.
        sums: what each case adds; shape (cases, K).
        clusters: what each case was drawn with; shape (cases,).
        support: least and largest value that the figure can have.
        draws: how to draw.
        n: number of values behind the figure; the cases where it is not given.

    Returns:
        None without cases, and where the cases cannot give the figure.
    """
    if not len(sums):
        return None
    codes, size = coded(clusters)
    units = min(size, BLOCKS)
    if size > BLOCKS:
        codes = np.random.default_rng([draws.seed, size]).permutation(size)[codes] % BLOCKS
    added = np.stack([np.bincount(codes, column, minlength=units) for column in sums.T], axis=1)

    def drawn(weights: Floats) -> tuple[Floats, Floats]:
        return figure(weights @ added)

    return _interval(drawn, support, draws, units=units, clusters=size, n=len(sums) if n is None else n)


def unseen(estimate: float, support: tuple[float, float], clusters: int, level: float) -> tuple[float, float]:
    """Ends of an interval where the clusters show no spread at all.

    That proves nothing about clusters that were not drawn: a share of them that could have been missed (Clopper-Pearson
    for none of `clusters`) could be anything within `support`.
    """
    share = 1 - ((1 - level) / 2) ** (1 / clusters)
    low, high = (estimate + (end - estimate) * share for end in support)
    return min(low, estimate), max(high, estimate)


def coded(clusters: Sequence[Hashable] | NDArray[np.int64]) -> tuple[NDArray[np.int64], int]:
    """A number from 0 for each case's cluster, in order of appearance, and how many clusters there are."""
    places: dict[Hashable, int] = {}
    listed = clusters.tolist() if isinstance(clusters, np.ndarray) else clusters
    codes = np.array([places.setdefault(cluster, len(places)) for cluster in listed], dtype=np.int64)
    return codes, len(places)


def _interval(
    statistic: Statistic, support: tuple[float, float], draws: Draws, *, units: int, clusters: int, n: int
) -> Interval | None:
    """The figure and its interval over `units`, drawn with replacement; they hold all `clusters`."""
    part, whole = statistic(np.ones((1, units)))
    if whole[0] <= NOTHING:
        return None
    estimate = float(part[0] / whole[0])
    dice = np.random.default_rng([draws.seed, units])
    found: list[Floats] = []
    for start in range(0, draws.resamples if clusters > 1 else 0, CHUNK):
        drawn = dice.multinomial(units, np.full(units, 1 / units), min(CHUNK, draws.resamples - start))
        part, whole = statistic(drawn.astype(np.float64))
        found.append(part[whole > NOTHING] / whole[whole > NOTHING])
    known = np.concatenate(found) if found else np.empty(0)
    # Where most draws lack a class, the rest is a selection and no interval can be told from it.
    if clusters < 2 or len(known) < 0.5 * draws.resamples:
        return Interval(estimate=estimate, low=None, high=None, n=n, clusters=clusters)
    tail = bootstrap_tail(clusters, draws.level)
    low, high = (float(end) for end in np.quantile(known, [tail, 1 - tail]))
    if high - low <= NOTHING:
        low, high = unseen(estimate, support, clusters, draws.level)
    return Interval(estimate=estimate, low=min(low, estimate), high=max(high, estimate), n=n, clusters=clusters)
