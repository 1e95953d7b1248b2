import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adjudge.validation.statistics.bootstrap import Draws
from adjudge.validation.statistics.reliability import (
    any_of,
    calls_needed,
    disagreement,
    icc,
    majority_error,
    noise,
    smallest_difference,
    spearman_brown,
)
from adjudge.validation.statistics.units import beside, counted, counts_of
from adjudge.validation.table import Numbers

FEW = Draws(seed=0, resamples=50)

matrices = st.integers(2, 4).flatmap(
    lambda k: st.lists(st.lists(st.integers(0, 4), min_size=k, max_size=k), min_size=2, max_size=15)
)
answers = st.lists(st.lists(st.integers(0, 2), min_size=1, max_size=6), min_size=1, max_size=8)


def numbers(rows: list[list[float | None]]) -> Numbers:
    """A matrix; None is not known, and short rows end in it."""
    width = max((len(row) for row in rows), default=0)
    full = [[*row, *[None] * (width - len(row))] for row in rows]
    known = np.array([[value is not None for value in row] for row in full], dtype=bool).reshape(len(rows), width)
    values = np.array([[value or 0.0 for value in row] for row in full], dtype=float).reshape(len(rows), width)
    return Numbers(values, known)


def counts(rows: list[list[int]], levels: int = 3) -> np.ndarray:
    return np.array([[row.count(level) for level in range(levels)] for row in rows], dtype=float).reshape(-1, levels)


@pytest.mark.filterwarnings("ignore:.*")  # the oracle's own: it uses what pandas has since deprecated
@settings(deadline=None, max_examples=60)
@given(matrices)
def test_intraclass_correlations_agree_with_pingouin(rows: list[list[int]]):
    """All four kinds are those of an independent implementation, where that gives a number."""
    pingouin, pandas = pytest.importorskip("pingouin"), pytest.importorskip("pandas")
    raters = len(rows[0])
    long = pandas.DataFrame(
        [(item, rater, float(row[rater])) for item, row in enumerate(rows) for rater in range(raters)],
        columns=["item", "rater", "score"],
    )
    if len(rows) < 3 or long.score.nunique() == 1:
        return
    with np.errstate(all="ignore"):
        told = pingouin.intraclass_corr(long, "item", "rater", "score").set_index("Type").ICC
    names = {"1,1": "ICC(1,1)", "1,k": "ICC(1,k)", "A,1": "ICC(A,1)", "C,1": "ICC(C,1)"}
    for kind, name in names.items():
        found = icc(kind, numbers(rows), range(len(rows)), FEW)
        if found is None:
            assert not math.isfinite(told[name])
        else:
            assert found.estimate == pytest.approx(told[name], abs=1e-9)


def test_unequal_repeats_follow_the_analysis_of_variance():
    """With 2, 3 and 1 answers: MSB = 6, MSW = 1 / 3, k0 = (6 - 14 / 6) / 2, worked out by hand."""
    found = icc("1,1", numbers([[1, 1], [4, 5, 4], [2]]), range(3), FEW)
    means = (1.0, 13 / 3, 2.0)
    grand = 17 / 6
    between = sum(k * (m - grand) ** 2 for k, m in zip((2, 3, 1), means, strict=True)) / 2
    within = (2 * (4 - 13 / 3) ** 2 + (5 - 13 / 3) ** 2) / 3
    k0 = (6 - 14 / 6) / 2
    assert found.estimate == pytest.approx((between - within) / (between + (k0 - 1) * within))


def test_severity_is_the_gap_between_absolute_agreement_and_consistency():
    """A rater who always gives one more is consistent and does not agree."""
    rows = [[1.0, 2.0], [2.0, 3.0], [3.0, 4.0]]
    assert icc("C,1", numbers(rows), range(3), FEW).estimate == pytest.approx(1.0)
    assert icc("A,1", numbers(rows), range(3), FEW).estimate == pytest.approx(2 / 3)


@pytest.mark.parametrize("kind", ["1,1", "1,k", "A,1", "C,1"])
def test_reliability_of_nothing_is_absent(kind):
    """No unit, one unit, one answer a unit, and equal answers everywhere have no intraclass correlation."""
    for rows in ([], [[1, 2]], [[1], [2], [3]], [[0.3, 0.3], [0.3, 0.3], [0.3, 0.3]]):
        assert icc(kind, numbers(rows), range(len(rows)), FEW) is None


def test_perfect_repeats_of_two_items_prove_little():
    """Correlation 1 on two items has an interval that reaches far down."""
    found = icc("1,1", numbers([[0, 0], [1, 1]]), range(2), FEW)
    assert found.estimate == pytest.approx(1.0)
    assert found.low < 0.0


def test_noise_is_the_mean_variance_within():
    """With equal repeats sigma_e^2 is the mean of the items' own variances; items asked once say nothing."""
    rows = [[0.0, 1.0, 0.5], [0.2, 0.2, 0.8], [0.9]]
    found = noise(numbers(rows), range(3), FEW)
    assert found.estimate == pytest.approx(np.mean([np.var(row, ddof=1) for row in rows[:2]]))
    assert found.n == 2
    assert noise(numbers([[0.1], [0.4]]), range(2), FEW) is None


def test_calls_needed_reach_the_target_and_one_less_does_not():
    """Spearman-Brown forwards and backwards."""
    for reliability in (0.05, 0.3, 0.5, 0.79, 0.8, 0.95):
        calls = calls_needed(reliability, 0.8)
        assert spearman_brown(reliability, calls) >= 0.8 - 1e-9
        assert calls == 1 or spearman_brown(reliability, calls - 1) < 0.8
    assert calls_needed(0.5, 0.75) == 3
    assert calls_needed(0.0, 0.8) is None
    assert calls_needed(1.0, 0.8) == 1
    with pytest.raises(ValueError):
        calls_needed(0.5, 1.0)


def test_means_of_noise_stay_within_the_smallest_difference():
    """About 95 % of differences of two means of pure noise are smaller."""
    dice = np.random.default_rng(1)
    means = dice.normal(0, 0.3, (4000, 2, 25, 3)).mean(axis=(2, 3))
    inside = np.abs(means[:, 0] - means[:, 1]) < smallest_difference(0.09, 25, 3)
    assert inside.mean() == pytest.approx(0.95, abs=0.012)


@settings(deadline=None)
@given(answers, st.integers(2, 4))
def test_the_flip_rate_is_the_mean_over_all_subsets(rows: list[list[int]], k: int):
    """Every subset of k answers of every item that has so many, by brute force."""
    found = any_of(k, counts(rows), range(len(rows)))
    shares = [np.mean([len(set(some)) > 1 for some in itertools.combinations(row, k)]) for row in rows if len(row) >= k]
    if not shares:
        assert found is None
    else:
        assert found.estimate == pytest.approx(np.mean(shares))
        assert found.n == len(shares)


def test_disagreement_does_not_grow_with_repeats_and_flips_do():
    """An answer that comes out one way in ten: two answers differ in 18 %, any of ten in 65 %."""
    dice = np.random.default_rng(3)
    codes = (dice.random((20_000, 10)) < 0.1).astype(int)
    of_three, of_ten = counts_of(codes[:, :3], 2), counts_of(codes, 2)
    assert disagreement(of_three, range(20_000)).estimate == pytest.approx(0.18, abs=0.01)
    assert disagreement(of_ten, range(20_000)).estimate == pytest.approx(0.18, abs=0.01)
    assert any_of(10, of_ten, range(20_000)).estimate == pytest.approx(1 - 0.9**10 - 0.1**10, abs=0.02)


def test_a_majority_errs_as_the_binomial_says():
    """Items whose answers split 4 to 1: one call errs in 20 %, three in 10.4 %, two in 4 % and half of 32 %."""
    split = counts([[0, 0, 0, 0, 1]] * 6)
    for calls, error in ((1, 0.2), (3, 3 * 0.8 * 0.04 + 0.008), (2, 0.04 + 0.5 * 0.32)):
        assert majority_error(calls, split, range(6)).estimate == pytest.approx(error)
    assert majority_error(3, counts([[0], [1]]), range(2)) is None


def test_repeats_of_a_group_are_one_cluster():
    """Ten items that always behave alike are as much evidence as one of them."""
    dice = np.random.default_rng(9)
    rows = dice.integers(0, 2, (40, 3))
    once = any_of(3, counts_of(rows, 2), range(40))
    copied = any_of(3, counts_of(np.repeat(rows, 10, axis=0), 2), np.repeat(np.arange(40), 10))
    # A case is worth a hair less among few: n - 1 of n.
    assert copied.high - copied.low == pytest.approx(once.high - once.low, rel=0.05)
    assert (copied.n, copied.clusters) == (400, 40)


def test_rows_come_beside_one_another_by_unit():
    """Values of a unit stand in a row in the order in which they came; rows without an answer are not counted."""
    matrix, first = beside(np.array([1, 0, 1, 1]), np.array([5.0, 6.0, 7.0, 8.0]))
    assert matrix.known.tolist() == [[True, False, False], [True, True, True]]
    assert matrix.some.tolist() == [6.0, 5.0, 7.0, 8.0]
    assert first.tolist() == [1, 0]
    found, first = counted(np.array([4, 2, 4, 2, 9]), np.array([0, 1, 0, 1, -1]), 2)
    assert found.tolist() == [[0.0, 2.0], [2.0, 0.0]]
    assert first.tolist() == [1, 0]
    assert beside(np.empty(0, dtype=np.int64), np.empty(0))[0].values.shape == (0, 0)
