"""Control charts: does a series of standardised values still have the mean that it began with?

EWMA (Roberts 1959; Lucas and Saccucci 1990) with the exact limits, which are narrow at first; CUSUM (Page 1954). Values
are standardised: mean 0 and variance 1 as long as nothing has changed. Where that mean was itself measured, its error
is shared by all values; then the EWMA's limits are wider by it, and the CUSUM takes innovations (`innovations`).

How seldom an unchanged process alarms (average run length, in values): EWMA weight 0.2 and limit 3: 560 (its limits at
their full width; Crowder 1987); CUSUM allowance 0.5 and limit 5, both sides: 465 (Montgomery, Introduction to
Statistical Quality Control, table 9.3).
"""

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from adjudge.validation.statistics.bootstrap import Floats


@dataclass(frozen=True)
class Ewma:
    """Exponentially weighted moving average: ``weight`` of the newest value, alarm beyond ``limit`` standard errors.

    `base` is how many values stand behind the mean 0; infinity: it is known.
    """

    weight: float = 0.2
    limit: float = 3.0
    base: float = math.inf

    def path(self, values: Floats) -> Floats:
        """The average after each value, starting from 0; the last axis is time."""
        out, state = np.empty_like(values), np.zeros(values.shape[:-1])
        for at in range(values.shape[-1]):
            state = self.weight * values[..., at] + (1.0 - self.weight) * state
            out[..., at] = state
        return out

    def limits(self, length: int) -> Floats:
        """The half-width of the chart after 1, 2 ... `length` values."""
        left = (1.0 - self.weight) ** np.arange(1, length + 1)
        own = self.weight / (2.0 - self.weight) * (1.0 - left**2)
        shared = (1.0 - left) ** 2 / self.base
        return np.asarray(self.limit * np.sqrt(own + shared))


@dataclass(frozen=True)
class Cusum:
    """Cumulative sums of what exceeds ``allowance``, upward and downward; alarm where one exceeds ``limit``."""

    allowance: float = 0.5
    limit: float = 5.0

    def paths(self, values: Floats) -> tuple[Floats, Floats]:
        """The upper and the lower sum after each value, both from 0 up; the last axis is time."""
        return self._side(values), self._side(-values)

    def _side(self, values: Floats) -> Floats:
        out, state = np.empty_like(values), np.zeros(values.shape[:-1])
        for at in range(values.shape[-1]):
            state = np.maximum(0.0, state + values[..., at] - self.allowance)
            out[..., at] = state
        return out


def innovations(values: Floats, base: float) -> Floats:
    """What each value adds to the mean of all before it, standardised: independent, mean 0, variance 1.

    Recursive residuals (Quesenberry, SPC Q charts, 1991), for values that share the error of a mean behind which stand
    `base` values of the same kind. A change that was there from the start fades out of them; a later one shows.
    """
    before = np.arange(values.shape[-1], dtype=np.float64)
    sums = np.cumsum(values, axis=-1) - values
    weight = base + before
    return np.asarray((values - sums / weight) / np.sqrt(1.0 + 1.0 / weight))


def ewma_limit(values: int, chance: float) -> float:
    """The limit with which an unchanged series of `values` values alarms with at most this chance, on two sides.

    Bonferroni's bound: each value may alarm with chance / values.
    """
    return -NormalDist().inv_cdf(chance / (2.0 * values))


def cusum_limit(values: int, chance: float, allowance: float = 0.5) -> float:
    """The limit with which an unchanged series of `values` values alarms with about this chance, on two sides.

    From Siegmund's average run length of one side (Sequential Analysis, 1985, 2.56), with k the allowance and
    b = limit + 1.166: (exp(2 k b) - 2 k b - 1) / (2 k^2). Run lengths are nearly exponential, so it must be
    2 values / chance.
    """
    wanted = 2.0 * allowance**2 * 2.0 * values / chance + 1.0
    power = math.log(wanted)
    for _ in range(50):
        power = math.log(wanted + power)
    return power / (2.0 * allowance) - 1.166


def sign_test(up: int, down: int) -> float:
    """Chance of a split of changes at least this uneven where both directions are as likely, in (0, 1].

    For two answers it is McNemar's exact test of paired verdicts: `up` turned from no to yes, `down` from yes to no.
    """
    changes = up + down
    tail = sum(math.comb(changes, count) for count in range(min(up, down) + 1))
    return min(1.0, math.ldexp(2.0 * tail, -changes))
