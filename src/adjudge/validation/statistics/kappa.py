"""Agreement beyond chance on named answers: Cohen's kappa, weighted or not, Fleiss' kappa, Gwet's AC1.

Cohen (1960, 1968), Fleiss (1971), Gwet (2008, 2014). Where nearly all answers are the same, kappas are near 0 however
often raters agree, and AC1 near 1: look at both, and at the confusion table.
"""

from collections.abc import Hashable, Sequence
from typing import Literal

import numpy as np

from adjudge.domain.interval import Interval
from adjudge.validation.statistics.bootstrap import Draws, Floats, bootstrap_sums
from adjudge.validation.statistics.units import Codes

Clusters = Sequence[Hashable] | Codes
Weights = Literal["linear", "quadratic"]


def confusion(first: Codes, second: Codes, levels: int) -> Codes:
    """How often the first rater gave one level where the second gave another; units that one left out do not count.

    Args:
        first: shape (units,).
        second: shape (units,).
        levels: how many there are.

    Returns:
        Counts of shape (levels of the first, levels of the second).
    """
    both = (first >= 0) & (second >= 0)
    return np.bincount(first[both] * levels + second[both], minlength=levels**2).reshape(levels, levels)


def cohen(
    first: Codes,
    second: Codes,
    values: Floats,
    clusters: Clusters,
    draws: Draws,
    *,
    weights: Weights | None = None,
) -> Interval | None:
    """Cohen's kappa of two raters, at most 1, with a cluster bootstrap interval.

    Args:
        first: shape (units,); units that one of the two left out do not count.
        second: shape (units,).
        values: what each level is worth; with `weights` a disagreement counts by their distance. Shape (levels,).
        clusters: what each unit was drawn with; shape (units,).
        draws: of the interval.
        weights: distance, or its square; None: every disagreement counts the same.

    Returns:
        None where chance alone agrees always: without units, or where both gave one and the same answer throughout.
    """
    levels = len(values)
    both = np.flatnonzero((first >= 0) & (second >= 0))
    if not len(both):
        return None
    cells = np.eye(levels**2)[first[both] * levels + second[both]]
    far = np.abs(values[:, None] - values[None, :])
    cost = 1 - np.eye(levels) if weights is None else far if weights == "linear" else far**2

    def figure(sums: Floats) -> tuple[Floats, Floats]:
        table = sums.reshape(-1, levels, levels) / sums.sum(axis=1)[:, None, None]
        expected = np.einsum("di,ij,dj->d", table.sum(axis=2), cost, table.sum(axis=1))
        return expected - (table * cost).sum(axis=(1, 2)), expected

    return bootstrap_sums(figure, cells, np.asarray(clusters)[both], (-1.0, 1.0), draws)


def fleiss(counts: Floats, clusters: Clusters, draws: Draws) -> Interval | None:
    """Fleiss' kappa of any raters, at most 1, with a cluster bootstrap interval.

    Args:
        counts: of each level by unit; shape (units, levels). Units with fewer than two answers do not count; the
            others each count once, and chance is taken from all their answers together.
        clusters: what each unit was drawn with; shape (units,).
        draws: of the interval.

    Returns:
        None where no unit has two answers, or all answers are the same.
    """
    pairs = counts.sum(axis=1) >= 2
    sums = np.column_stack([_agreement(counts[pairs]), counts[pairs]])

    def figure(sums: Floats) -> tuple[Floats, Floats]:
        shares = sums[:, 2:] / sums[:, 2:].sum(axis=1, keepdims=True)
        chance = (shares**2).sum(axis=1)
        return sums[:, 1] / sums[:, 0] - chance, 1 - chance

    return bootstrap_sums(figure, sums, np.asarray(clusters)[pairs], (-1.0, 1.0), draws)


def gwet_ac1(counts: Floats, clusters: Clusters, draws: Draws) -> Interval | None:
    """Gwet's AC1 of two or more raters, some answers missing, at most 1, with a cluster bootstrap interval.

    Agreement is over the units with two answers or more; how common a level is, over all units with an answer, each
    with the weight 1. Chance is sum pi (1 - pi) / (q - 1).

    Args:
        counts: of each level by unit; shape (units, q). A level that nobody gave counts for q all the same.
        clusters: what each unit was drawn with; shape (units,).
        draws: of the interval.

    Returns:
        None where no unit has two answers, or there is but one level.
    """
    levels = counts.shape[1]
    total = counts.sum(axis=1)
    if levels < 2 or not (total >= 2).any():
        return None
    some = total >= 1
    share = counts[some] / total[some][:, None]
    sums = np.column_stack([_agreement(counts[some]), np.ones(len(share)), share])

    def figure(sums: Floats) -> tuple[Floats, Floats]:
        common = sums[:, 3:] / sums[:, 2:3]
        chance = (common * (1 - common)).sum(axis=1) / (levels - 1)
        # Draws without a unit that has two answers tell nothing.
        paired = sums[:, 0] > 0
        return sums[:, 1] / np.maximum(sums[:, 0], 1) - chance, (1 - chance) * paired

    n = int((total >= 2).sum())
    return bootstrap_sums(figure, sums, np.asarray(clusters)[some], (-1.0, 1.0), draws, n=n)


def _agreement(counts: Floats) -> Floats:
    """By unit: whether it has two answers, and the share of equal ones among the pairs of its answers."""
    total = counts.sum(axis=1)
    pairs = total * (total - 1)
    equal = (counts * (counts - 1)).sum(axis=1) / np.maximum(pairs, 1)
    return np.column_stack([pairs > 0, equal])
