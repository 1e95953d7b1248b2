"""Krippendorff's alpha: agreement of any number of raters, answers missing or not, for four kinds of answers.

alpha = 1 - D_o / D_e (Krippendorff 2018, chapter 12): observed disagreement of the answers to one unit, of the
disagreement of all answers with one another. 0.80 and more is dependable, 0.667 tentative, by his convention.
"""

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from adjudge.domain.interval import Interval
from adjudge.validation.statistics.bootstrap import Draws, Floats, OfSums, bootstrap_sums
from adjudge.validation.statistics.units import Codes, counts_of
from adjudge.validation.table import Mask, Numbers

Metric = Literal["nominal", "ordinal", "interval", "ratio"]

LEVELS: Final = 64
"""Most distinct answers on a nominal or ratio scale."""

RANKED: Final = 16
"""Most distinct answers that each draw ranks anew."""


def alpha(answers: Numbers, metric: Metric, clusters: Sequence[Hashable] | Codes, draws: Draws) -> Interval | None:
    """Krippendorff's alpha, at most 1, with a cluster bootstrap interval.

    On an ordinal scale with more than 16 distinct answers every draw keeps the ranks that the answers have in all rows,
    which leaves the noise of ranking out of the interval; the estimate is exact all the same.

    Args:
        answers: shape (units, raters); units with fewer than two answers do not count.
        metric: ``nominal``: different is different; ``ordinal``: by how many answers stand between; ``interval``: by
            the difference; ``ratio``: by the difference of the sum (answers from 0).
        clusters: what each unit was drawn with; shape (units,).
        draws: of the interval.

    Returns:
        None where no unit has two answers, or all answers are the same.

    Raises:
        ValueError: a ratio of negative answers, or more than 64 distinct answers on a nominal or ratio scale.
    """
    pairable = answers.known.sum(axis=1) >= 2
    values, known = answers.values[pairable], answers.known[pairable]
    if not len(values):
        return None
    levels, codes = np.unique(values[known], return_inverse=True)
    mine = np.asarray(clusters)[pairable]
    placed = np.full(values.shape, -1)
    placed[known] = codes.reshape(-1)
    figure: OfSums
    if metric in {"nominal", "ratio"}:
        far = _distances(levels, metric)
        counts = counts_of(placed, len(levels))
        figure, sums = _Fixed(far).figure, _observed(counts, far)
    elif metric == "ordinal" and len(levels) <= RANKED:
        figure, sums = _ranked, _coincidences(counts_of(placed, len(levels)))
    else:
        if metric == "ordinal":
            found = np.bincount(placed[known])
            levels = np.cumsum(found) - found / 2
        # About their middle and within [-1, 1]: no sum of squares is lost to rounding.
        levels = levels - levels.mean()
        levels /= max(float(np.abs(levels).max()), 1e-300)
        figure, sums = _squared, _squares(np.where(known, levels[placed], 0.0), known)
    return bootstrap_sums(figure, sums, mine, (-1.0, 1.0), draws)


def _distances(levels: Floats, metric: Metric) -> Floats:
    """Squared distance of each two levels."""
    if len(levels) > LEVELS:
        msg = f"{len(levels)} distinct answers are too many for alpha on a {metric} scale: at most {LEVELS}"
        raise ValueError(msg)
    if metric == "nominal":
        return 1.0 - np.eye(len(levels))
    if levels[0] < 0:
        msg = "ratios are of answers from 0"
        raise ValueError(msg)
    total = levels[:, None] + levels[None, :]
    return np.asarray(((levels[:, None] - levels[None, :]) / np.where(total > 0, total, 1.0)) ** 2)


def _observed(counts: Floats, far: Floats) -> Floats:
    """By unit: disagreement of its answers with one another, and how often each level was given."""
    pairs = ((counts @ far) * counts).sum(axis=1) / (counts.sum(axis=1) - 1)
    return np.column_stack([pairs, counts])


@dataclass(frozen=True)
class _Fixed:
    """Alpha where the distance of two levels is the same in every draw."""

    far: Floats

    def figure(self, sums: Floats) -> tuple[Floats, Floats]:
        given = sums[:, 1:]
        expected = ((given @ self.far) * given).sum(axis=1) / np.maximum(given.sum(axis=1) - 1, 1)
        return expected - sums[:, 0], expected


def _coincidences(counts: Floats) -> Floats:
    """By unit: how often each two levels stand together, each answer with the weight 1; shape (units, levels^2)."""
    levels = counts.shape[1]
    pairs = counts[:, :, None] * counts[:, None, :]
    pairs[:, np.arange(levels), np.arange(levels)] -= counts
    pairs /= (counts.sum(axis=1) - 1)[:, None, None]
    return pairs.reshape(len(counts), -1)


def _ranked(sums: Floats) -> tuple[Floats, Floats]:
    """Alpha of coincidences, by the middle ranks of the draw: two levels are as far apart as the answers between."""
    size = math.isqrt(sums.shape[1])
    found = sums.reshape(-1, size, size)
    given = found.sum(axis=2)
    total = np.maximum(given.sum(axis=1), 1)
    ranks = (np.cumsum(given, axis=1) - given / 2) / total[:, None]
    far = (ranks[:, :, None] - ranks[:, None, :]) ** 2
    expected = np.einsum("di,dij,dj->d", given, far, given) / np.maximum(total - 1, 1)
    return expected - (found * far).sum(axis=(1, 2)), expected


def _squares(values: Floats, known: Mask) -> Floats:
    """By unit: disagreement as squared difference, its answers, their sum and sum of squares."""
    count, total, square = known.sum(axis=1).astype(np.float64), values.sum(axis=1), (values**2).sum(axis=1)
    # All ordered pairs of a unit: sum (x - y)^2 = 2 m sum x^2 - 2 (sum x)^2.
    return np.column_stack([2 * (count * square - total**2) / (count - 1), count, total, square])


def _squared(sums: Floats) -> tuple[Floats, Floats]:
    """Alpha of squared differences."""
    observed, count, total, square = sums.T
    expected = 2 * (count * square - total**2) / np.maximum(count - 1, 1)
    return expected - observed, expected
