"""Means and paired differences with cluster bootstrap intervals. Pure functions; a seed makes them repeatable.

Rows cut from the same contract are not independent, so contracts are drawn, not rows.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from adjudge.domain.base import Count, Score
from adjudge.domain.interval import Interval, bootstrap_tail

_Floats = NDArray[np.float64]

TIE: Final = 1e-9
"""Differences up to this size are ties: sums in another order are no win."""


class Change(Interval):
    """A paired difference: b less a over the samples that have both values.

    ``p`` is the bootstrap's two-sided p value of "no difference"; None with fewer than two clusters.
    """

    dropped: Count
    """Samples left out because a side has no value."""
    wins: Count
    ties: Count
    losses: Count
    p: Score | None


@dataclass(frozen=True)
class Bootstrap:
    """Cluster bootstrap with one seed; keeps the drawn weights, as most figures have the same clusters.

    Args:
        seed: equal seeds give equal intervals.
        resamples: draws behind an interval.
        level: confidence level in (0, 1).
    """

    seed: int = 0
    resamples: int = 2000
    level: float = 0.95
    _weights: dict[int, _Floats] = field(default_factory=dict, repr=False, compare=False)

    def mean(
        self, values: Sequence[float], clusters: Sequence[Hashable], support: tuple[float, float] | None = None
    ) -> Interval:
        """Interval of the mean of `values`.

        Args:
            values: N finite numbers.
            clusters: N labels; values with the same label are drawn together.
            support: smallest and largest value that could occur. With it, values that are all equal get the interval
                of "unseen clusters could be anything" (the rule of three), not one of no width.

        Raises:
            ValueError: no values, unequal lengths, or a value that is not finite.
        """
        interval, _ = self._mean(values, clusters, support)
        return interval

    def difference(
        self,
        a: Mapping[str, float | None],
        b: Mapping[str, float | None],
        clusters: Mapping[str, Hashable],
        support: tuple[float, float] | None = None,
    ) -> Change | None:
        """Paired difference b less a, matched by sample id; None when no sample has both values.

        Raises:
            ValueError: the sides are not about the same samples, or a sample has no cluster.
        """
        if a.keys() != b.keys() or not a.keys() <= clusters.keys():
            odd = sorted((a.keys() ^ b.keys()) or (a.keys() - clusters.keys()))
            msg = f"a paired difference needs the same samples on both sides, each with a cluster: {odd[:3]}"
            raise ValueError(msg)
        pairs = {key: (left, right) for key in a if (left := a[key]) is not None and (right := b[key]) is not None}
        if not pairs:
            return None
        values = [right - left for left, right in pairs.values()]
        interval, draws = self._mean(values, [clusters[key] for key in pairs], support)
        wins, losses = sum(value > TIE for value in values), sum(value < -TIE for value in values)
        return Change(
            **interval.model_dump(),
            dropped=len(a) - len(pairs),
            wins=wins,
            losses=losses,
            ties=len(values) - wins - losses,
            p=None if draws is None else _two_sided(draws),
        )

    def _mean(
        self, values: Sequence[float], clusters: Sequence[Hashable], support: tuple[float, float] | None
    ) -> tuple[Interval, _Floats | None]:
        numbers = np.asarray(values, dtype=np.float64)
        if not len(numbers) or len(numbers) != len(clusters) or not np.isfinite(numbers).all():
            msg = (
                f"{len(numbers)} values and {len(clusters)} clusters: one cluster for each of at least one finite value"
            )
            raise ValueError(msg)
        sums, counts = _by_cluster(numbers, clusters)
        size, estimate = len(sums), float(numbers.mean())
        if size < 2:
            return Interval(estimate=estimate, low=None, high=None, n=len(numbers), clusters=size), None
        drawn = self._drawn(size)
        draws = (drawn @ sums) / (drawn @ counts)
        tail = bootstrap_tail(size, self.level)
        low, high = (float(end) for end in np.quantile(draws, [tail, 1 - tail]))
        if support is not None and float(np.ptp(numbers)) <= TIE:
            unseen = 1 - ((1 - self.level) / 2) ** (1 / size)
            low, high = (estimate + (end - estimate) * unseen for end in support)
        # Rounding must not push an end past the estimate.
        low, high = min(low, estimate), max(high, estimate)
        return Interval(estimate=estimate, low=low, high=high, n=len(numbers), clusters=size), draws

    def _drawn(self, size: int) -> _Floats:
        """How often each cluster is in each draw, (resamples, size)."""
        if size not in self._weights:
            dice = np.random.default_rng([self.seed, size])
            self._weights[size] = dice.multinomial(size, np.full(size, 1 / size), self.resamples).astype(np.float64)
        return self._weights[size]


def mean_interval(
    values: Sequence[float],
    clusters: Sequence[Hashable],
    *,
    seed: int,
    resamples: int = 2000,
    level: float = 0.95,
    support: tuple[float, float] | None = None,
) -> Interval:
    """One cluster bootstrap interval of a mean: see `Bootstrap.mean`."""
    return Bootstrap(seed, resamples, level).mean(values, clusters, support)


def paired_difference(
    a: Mapping[str, float | None],
    b: Mapping[str, float | None],
    clusters: Mapping[str, Hashable],
    *,
    seed: int,
    resamples: int = 2000,
    level: float = 0.95,
) -> Change | None:
    """One paired difference b less a: see `Bootstrap.difference`."""
    return Bootstrap(seed, resamples, level).difference(a, b, clusters)


def benjamini_hochberg(p_values: Sequence[float]) -> list[float]:
    """Adjusted p values in the order given: calling those up to q significant keeps the false share below q.

    Raises:
        ValueError: a value is not within [0, 1].
    """
    if not all(0.0 <= p <= 1.0 for p in p_values):
        msg = "p values are within [0, 1]"
        raise ValueError(msg)
    total, smallest = len(p_values), 1.0
    adjusted = [1.0] * total
    order = sorted(range(total), key=lambda place: p_values[place], reverse=True)
    for behind, place in enumerate(order):
        smallest = min(smallest, p_values[place] * total / (total - behind))
        adjusted[place] = smallest
    return adjusted


def _by_cluster(numbers: _Floats, clusters: Sequence[Hashable]) -> tuple[_Floats, _Floats]:
    """Sum and count of each cluster, in order of first appearance."""
    places: dict[Hashable, int] = {}
    codes = np.array([places.setdefault(cluster, len(places)) for cluster in clusters])
    return np.bincount(codes, weights=numbers).astype(np.float64), np.bincount(codes).astype(np.float64)


def _two_sided(draws: _Floats) -> float:
    """Twice the smaller share of draws on the other side of zero; never 0, as no simulation shows impossibility."""
    below = int((draws <= 0).sum())
    above = int((draws >= 0).sum())
    return min(1.0, 2 * (min(below, above) + 1) / (len(draws) + 1))
