"""The mean of paired differences whose cases were drawn in clusters: its interval, and whether it differs from 0.

The standard error is the cluster-robust one with Student's t on C - 1 degrees of freedom (C clusters); with one case a
cluster this is the paired t-test.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from adjudge.domain.interval import Interval
from adjudge.validation.library import library
from adjudge.validation.statistics.bootstrap import coded, unseen

ROUNDING = 1e-12


@dataclass(frozen=True)
class Differences:
    """N paired differences.

    Attributes:
        values: shape (N,), each within `support`.
        clusters: what was drawn together; N of them.
        support: the least and the greatest difference that there can be.

    Raises:
        ValueError: unequal lengths, or a value that is not finite or not within the support.
    """

    values: NDArray[np.float64]
    clusters: Sequence[Hashable]
    support: tuple[float, float] = (-1.0, 1.0)

    def __post_init__(self) -> None:
        if len(self.values) != len(self.clusters):
            msg = "values and clusters must have the same length"
            raise ValueError(msg)
        low, high = self.support
        if not all(low <= value <= high for value in self.values.tolist()):
            msg = f"differences are within [{low}, {high}]"
            raise ValueError(msg)

    def __len__(self) -> int:
        return len(self.values)

    @cached_property
    def number(self) -> int:
        """Of clusters."""
        return len(set(self.clusters))

    @cached_property
    def mean(self) -> float:
        """Over all cases; there must be some."""
        return float(self.values.mean())

    @cached_property
    def error(self) -> float:
        """Standard error of the mean; 0 where the clusters do not differ. Needs two clusters."""
        sums = np.bincount(coded(self.clusters)[0], weights=self.values - self.mean)
        error = float(np.sqrt(self.number / (self.number - 1) * (sums**2).sum())) / len(self)
        return error if error > ROUNDING else 0.0

    def interval(self, level: float = 0.95) -> Interval | None:
        """Mean with its interval; None without cases, without ends where there is one cluster.

        Cases that do not differ at all show only that others are rare: the interval then reaches as far towards the
        support as the share of cases that could have been missed. How alike cases of a cluster are cannot be told from
        them, so each counts; were clusters to count, cases that never move would show less than cases that seldom do.
        """
        if not len(self):
            return None
        if self.number < 2:
            return Interval(estimate=self.mean, low=None, high=None, n=len(self), clusters=self.number)
        if self.error:
            half = self.error * float(library("scipy.stats").t.ppf(0.5 + level / 2, self.number - 1))
            low, high = max(self.support[0], self.mean - half), min(self.support[1], self.mean + half)
        else:
            low, high = unseen(self.mean, self.support, len(self), level)
        return Interval(estimate=self.mean, low=low, high=high, n=len(self), clusters=self.number)

    def p_value(self) -> float | None:
        """Two-sided, of a mean of 0; None with fewer than two clusters."""
        if not len(self) or self.number < 2:
            return None
        if self.error:
            return float(2 * library("scipy.stats").t.sf(abs(self.mean) / self.error, self.number - 1))
        # Without spread the t-test is not defined; what is left is that all clusters lie on one side.
        return min(1.0, 2 * 0.5**self.number) if abs(self.mean) > ROUNDING else 1.0
