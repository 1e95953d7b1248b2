"""Intervals by drawing clusters with replacement: what was drawn together (a contract, a prompt) stays together.

A statistic is a ratio of two numbers that follow from weights of the cases; a case drawn twice has the weight 2. So one
statistic is written once, for the estimate (all weights 1) and for every draw, without a loop over draws.
"""

from collections.abc import Callable, Hashable, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from adjudge.domain.interval import Interval, bootstrap_tail

Floats = NDArray[np.float64]
Statistic = Callable[[Floats], tuple[Floats, Floats]]
"""From weights of the cases (draws, N) to part and whole of one figure a draw; whole 0: that draw cannot give it."""

NOTHING: Final = 1e-12

CHUNK: Final = 100
"""Draws at a time: with 10,000 cases 8 MB."""


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
    places: dict[Hashable, int] = {}
    codes = np.array([places.setdefault(cluster, len(places)) for cluster in clusters])
    part, whole = statistic(np.ones((1, len(codes))))
    if whole[0] <= NOTHING:
        return None
    estimate, size = float(part[0] / whole[0]), len(places)
    dice = np.random.default_rng([seed, size])
    draws: list[Floats] = []
    for start in range(0, resamples if size > 1 else 0, CHUNK):
        drawn = dice.multinomial(size, np.full(size, 1 / size), min(CHUNK, resamples - start))
        part, whole = statistic(drawn[:, codes].astype(np.float64))
        draws.append(part[whole > NOTHING] / whole[whole > NOTHING])
    known = np.concatenate(draws) if draws else np.empty(0)
    # Where most draws lack a class, the rest is a selection and no interval can be told from it.
    if size < 2 or len(known) < 0.5 * resamples:
        return Interval(estimate=estimate, low=None, high=None, n=len(codes), clusters=size)
    tail = bootstrap_tail(size, level)
    low, high = (float(end) for end in np.quantile(known, [tail, 1 - tail]))
    if high - low <= NOTHING:
        # Draws without spread prove nothing about clusters that were not drawn: they could be anything.
        unseen = 1 - ((1 - level) / 2) ** (1 / size)
        low, high = (estimate + (end - estimate) * unseen for end in support)
    return Interval(estimate=estimate, low=min(low, estimate), high=max(high, estimate), n=len(codes), clusters=size)
