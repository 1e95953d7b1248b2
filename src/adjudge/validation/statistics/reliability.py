"""How reliable repeated answers are: intraclass correlations, noise of one answer, flips.

Shrout and Fleiss (1979) and McGraw and Wong (1996) for the intraclass correlations; Spearman and Brown (1910) for the
mean of several answers. Reliable is not right: a judge that always says the same has no noise at all.
"""

import math
from collections.abc import Hashable, Mapping, Sequence
from types import MappingProxyType
from typing import Final, Literal

import numpy as np

from adjudge.domain.interval import Interval
from adjudge.validation.library import library
from adjudge.validation.statistics.bootstrap import Draws, Floats, OfSums, bootstrap_sums
from adjudge.validation.statistics.proportion import proportion
from adjudge.validation.statistics.units import Codes
from adjudge.validation.table import Mask, Numbers

Clusters = Sequence[Hashable] | Codes
Kind = Literal["1,1", "1,k", "A,1", "C,1"]


def icc(kind: Kind, answers: Numbers, clusters: Clusters, draws: Draws) -> Interval | None:
    """An intraclass correlation, at most 1, with a cluster bootstrap interval.

    ``1,1`` and ``1,k`` are of one answer and of the mean of all k where nobody knows which rater an answer is of:
    repeats. Units may have different numbers of answers; those with one still tell how units differ. ``A,1`` (absolute
    agreement) and ``C,1`` (consistency) are of one answer of known raters: the gap between them is severity. They need
    every rater's answer, and units that lack one are left out.

    Args:
        kind: as in McGraw and Wong.
        answers: shape (units, raters).
        clusters: what each unit was drawn with; shape (units,).
        draws: of the interval.

    Returns:
        None with fewer than two units, without a second answer, and where all answers are the same.
    """
    oneway = kind in {"1,1", "1,k"}
    used = np.asarray(answers.known.any(axis=1) if oneway else answers.known.all(axis=1), dtype=np.bool_)
    values, known = answers.values[used], answers.known[used]
    if len(values) < 2 or known.sum(axis=1).max() < 2:
        return None
    # About the grand mean: sums of squares of numbers that are all nearly equal would leave nothing but rounding.
    values = np.where(known, values - values[known].mean(), 0.0)
    sums = _oneway_sums(values, known) if oneway else _twoway_sums(values)
    return bootstrap_sums(_FIGURES[kind], sums, np.asarray(clusters)[used], (-1.0, 1.0), draws)


def noise(answers: Numbers, clusters: Clusters, draws: Draws) -> Interval | None:
    """Variance of one answer about its unit's mean: sigma_e^2, pooled over the units with two answers or more.

    Args:
        answers: shape (units, repeats).
        clusters: what each unit was drawn with; shape (units,).
        draws: of the interval.

    Returns:
        None where no unit was answered twice.
    """
    counts = answers.known.sum(axis=1)
    values = np.where(answers.known, answers.values, 0.0)
    means = values.sum(axis=1) / np.maximum(counts, 1)
    within = (np.where(answers.known, answers.values - means[:, None], 0.0) ** 2).sum(axis=1)
    several = counts >= 2
    sums = np.column_stack([within, counts - 1.0])[several]
    return bootstrap_sums(_ratio, sums, np.asarray(clusters)[several], (0.0, 0.5), draws)


def spearman_brown(reliability: float, answers: float) -> float:
    """Reliability of the mean of so many answers, from that of one; in (-inf, 1]."""
    return answers * reliability / (1 + (answers - 1) * reliability)


def calls_needed(reliability: float, target: float) -> int | None:
    """Answers whose mean has the reliability `target`; None where one answer has none, and no number of them helps.

    Raises:
        ValueError: the target is not within (0, 1).
    """
    if not 0.0 < target < 1.0:
        msg = f"a target reliability is within (0, 1), not {target}"
        raise ValueError(msg)
    if reliability <= 0.0:
        return None
    if reliability >= 1.0:
        return 1
    # Rounding must not turn exactly three calls into four.
    return max(1, math.ceil(target * (1 - reliability) / (reliability * (1 - target)) - 1e-9))


def smallest_difference(variance: float, units: int, answers: int = 1) -> float:
    """Smallest difference of two means that the judge's noise alone would not make in 95 of 100 cases.

    1.96 sqrt(2) sigma_e / sqrt(n m): both means over the same number n of units, m answers each.

    Args:
        variance: of one answer, sigma_e^2.
        units: n, from 1.
        answers: m, from 1.
    """
    return 1.96 * math.sqrt(2 * variance / (units * answers))


def any_of(answers: int, counts: Floats, clusters: Clusters, *, level: float = 0.95) -> Interval | None:
    """Share of units with at least two different answers among `answers` of them.

    It grows with the number of answers, so only equal numbers compare. A unit that was answered more often counts with
    the share of its subsets of that size that differ, exactly; one that was answered less often is left out.

    Args:
        answers: how many, from 2.
        counts: of each answer by unit; shape (units, levels).
        clusters: what each unit was drawn with; shape (units,).
        level: of confidence.

    Returns:
        None where no unit was answered that often.
    """
    total = counts.sum(axis=1)
    kept = total >= answers
    # C(c, k) / C(n, k) as a product, which is 0 by itself from c < k on.
    equal = np.ones_like(counts)
    for taken in range(answers):
        equal *= np.maximum(counts - taken, 0.0) / np.maximum(total - taken, 1.0)[:, None]
    return proportion(1.0 - equal.sum(axis=1)[kept], np.asarray(clusters)[kept], level=level)


def disagreement(counts: Floats, clusters: Clusters, *, level: float = 0.95) -> Interval | None:
    """Chance that two answers to one unit differ: the mean of 2 p (1 - p) n / (n - 1) where there are two levels.

    It does not depend on the number of answers. Every unit counts once, however often it was answered.

    Args:
        counts: of each answer by unit; shape (units, levels).
        clusters: what each unit was drawn with; shape (units,).
        level: of confidence.

    Returns:
        None where no unit was answered twice.
    """
    return any_of(2, counts, clusters, level=level)


def majority_error(answers: int, counts: Floats, clusters: Clusters, *, level: float = 0.95) -> Interval | None:
    """Chance that the majority of `answers` is not the answer that the unit got most often; a draw counts half.

    The shares p of the most frequent answer are taken as they were seen, so the figure is too good where there are few
    answers a unit: one that always got the same is held for certain.

    Args:
        answers: m, from 1.
        counts: of each answer by unit; shape (units, levels).
        clusters: what each unit was drawn with; shape (units,).
        level: of confidence.

    Returns:
        None where no unit was answered twice.
    """
    total = counts.sum(axis=1)
    share = counts.max(axis=1, initial=0.0) / np.maximum(total, 1.0)
    binomial = library("scipy.stats").binom
    wrong = binomial.cdf(math.ceil(answers / 2) - 1, answers, share)
    if answers % 2 == 0:
        wrong = wrong + binomial.pmf(answers // 2, answers, share) / 2
    several = total >= 2
    return proportion(np.asarray(wrong)[several], np.asarray(clusters)[several], level=level)


def _ratio(sums: Floats) -> tuple[Floats, Floats]:
    return sums[:, 0], sums[:, 1]


def _oneway_sums(values: Floats, known: Mask) -> Floats:
    """By unit: 1, its answers k, k^2, their sum S, sum of squares, S^2 / k; the values stand about their mean."""
    count, total = known.sum(axis=1).astype(np.float64), values.sum(axis=1)
    return np.stack([np.ones(len(values)), count, count**2, total, (values**2).sum(axis=1), total**2 / count], axis=1)


def _oneway(sums: Floats) -> tuple[Floats, Floats, Floats]:
    """Mean squares between and within, and the number of answers that stands for unequal ones; 0 where undefined."""
    units, answers, squared, total, square, between = sums.T
    free = np.maximum(units - 1, 1)
    ms_between = np.maximum(between - total**2 / answers, 0.0) / free
    ms_within = np.maximum(square - between, 0.0) / np.maximum(answers - units, 1)
    defined = (units > 1) & (answers > units)
    return ms_between * defined, ms_within * defined, (answers - squared / answers) / free


def _icc_1_1(sums: Floats) -> tuple[Floats, Floats]:
    between, within, answers = _oneway(sums)
    return between - within, between + (answers - 1) * within


def _icc_1_k(sums: Floats) -> tuple[Floats, Floats]:
    between, within, _ = _oneway(sums)
    return between - within, between


def _twoway_sums(values: Floats) -> Floats:
    """By unit: 1, sum of squares, S^2 / k, and each rater's answer."""
    total = values.sum(axis=1)
    return np.column_stack([np.ones(len(values)), (values**2).sum(axis=1), total**2 / values.shape[1], values])


def _twoway(sums: Floats) -> tuple[Floats, Floats, Floats]:
    """Mean squares of units, of raters, and of what is left; 0 where undefined."""
    units, square, rows, columns = sums[:, 0], sums[:, 1], sums[:, 2], sums[:, 3:]
    raters = columns.shape[1]
    mean = columns.sum(axis=1) ** 2 / (units * raters)
    of_units, of_raters = rows - mean, (columns**2).sum(axis=1) / units - mean
    left = np.maximum(square - mean - of_units - of_raters, 0.0)
    free = np.maximum(units - 1, 1)
    defined = units > 1
    return of_units / free * defined, of_raters / (raters - 1) * defined, left / (free * (raters - 1)) * defined


def _icc_c_1(sums: Floats) -> tuple[Floats, Floats]:
    units, _, left = _twoway(sums)
    return units - left, units + (sums.shape[1] - 4) * left


def _icc_a_1(sums: Floats) -> tuple[Floats, Floats]:
    units, raters, left = _twoway(sums)
    count = sums.shape[1] - 3
    return units - left, units + (count - 1) * left + count / sums[:, 0] * (raters - left)


_FIGURES: Final[Mapping[Kind, OfSums]] = MappingProxyType(
    {"1,1": _icc_1_1, "1,k": _icc_1_k, "A,1": _icc_a_1, "C,1": _icc_c_1}
)
