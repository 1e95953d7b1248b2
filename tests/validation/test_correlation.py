import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adjudge.validation.statistics.correlation import kendall, pearson, spearman

pairs = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=2, max_size=40)


def columns(rows: list[tuple[int, int]]) -> tuple[np.ndarray, np.ndarray]:
    return np.array([x for x, _ in rows], float), np.array([y for _, y in rows], float)


@settings(deadline=None)
@given(pairs)
def test_correlations_agree_with_scipy(rows: list[tuple[int, int]]):
    """Ties and all, the three figures are those of scipy; a constant column has none."""
    stats = pytest.importorskip("scipy.stats")
    x, y = columns(rows)
    oracles = {pearson: stats.pearsonr, spearman: stats.spearmanr, kendall: stats.kendalltau}
    for ours, theirs in oracles.items():
        found = ours(x, y, range(len(x)))
        if len(set(x)) == 1 or len(set(y)) == 1:
            assert found is None
        else:
            assert found is not None
            assert found.estimate == pytest.approx(theirs(x, y)[0], abs=1e-9)


@pytest.mark.parametrize("figure", [pearson, spearman, kendall])
def test_a_monotone_change_of_a_column_leaves_ranks_alone(figure):
    """Rank correlations and their intervals depend on order only; Pearson's does not."""
    dice = np.random.default_rng(2)
    x = dice.normal(size=60)
    y = x + dice.normal(size=60)
    straight, bent = figure(x, y, range(60)), figure(np.exp(2 * x), y, range(60))
    same = straight == bent
    assert same is (figure is not pearson)


@pytest.mark.parametrize("figure", [pearson, spearman, kendall])
def test_the_interval_is_that_of_leaving_one_out(figure):
    """The standard error is the one that leaving out each cluster in turn gives, ranking included."""
    dice = np.random.default_rng(4)
    clusters = np.repeat(np.arange(40), 5)
    shared = dice.normal(size=40)[clusters]
    x = np.round(shared + dice.normal(size=200), 1)
    y = np.round(shared + dice.normal(size=200), 1)
    found = figure(x, y, clusters)
    left = [math.atanh(figure(x[clusters != c], y[clusters != c], clusters[clusters != c]).estimate) for c in range(40)]
    jackknife = math.sqrt(39 / 40 * ((np.array(left) - np.mean(left)) ** 2).sum())
    half = (math.atanh(found.high) - math.atanh(found.low)) / 2
    student = pytest.importorskip("scipy.stats").t.ppf(0.975, 39)
    assert half / (student * jackknife) == pytest.approx(1.0, abs=0.05)


@pytest.mark.parametrize("figure", [pearson, spearman, kendall])
def test_copies_are_no_evidence(figure):
    """Ten copies of each row in its cluster leave figure and interval where they were; as clusters they narrow it."""
    dice = np.random.default_rng(5)
    x = dice.normal(size=30)
    y = x + dice.normal(size=30)
    once = figure(x, y, range(30))
    clustered = figure(np.tile(x, 10), np.tile(y, 10), list(range(30)) * 10)
    apart = figure(np.tile(x, 10), np.tile(y, 10), range(300))
    assert (clustered.low, clustered.high) == (pytest.approx(once.low), pytest.approx(once.high))
    assert apart.high - apart.low < 0.5 * (once.high - once.low)


@pytest.mark.parametrize("figure", [pearson, spearman, kendall])
def test_a_weight_of_two_is_a_row_twice(figure):
    """Weights count rows: what was drawn with half the chance stands for two."""
    dice = np.random.default_rng(6)
    x, y = dice.integers(0, 4, 20).astype(float), dice.integers(0, 4, 20).astype(float)
    weights = np.where(np.arange(20) < 7, 2.0, 1.0)
    doubled = np.r_[np.arange(20), np.arange(7)]
    weighted, repeated = figure(x, y, range(20), weights=weights), figure(x[doubled], y[doubled], doubled)
    assert weighted.estimate == pytest.approx(repeated.estimate)
    assert weighted.low == pytest.approx(repeated.low)


@pytest.mark.parametrize("figure", [pearson, spearman, kendall])
def test_few_rows_and_perfect_order(figure):
    """One row has no figure, two in perfect order prove nothing, and one cluster says nothing about others."""
    none = np.empty(0)
    assert figure(none, none, []) is None
    assert figure(none + 1, none + 1, []) is None
    assert figure(np.array([1.0]), np.array([2.0]), [0]) is None
    two = figure(np.array([1.0, 2.0]), np.array([5.0, 9.0]), [0, 1])
    assert two.estimate == pytest.approx(1.0)
    assert two.low < 0.0
    mixed = figure(np.array([1.0, 2.0, 3.0, 4.0]), np.array([2.0, 1.0, 3.0, 4.0]), [0, 0, 1, 1])
    assert mixed.low < -0.9
    alone = figure(np.array([1.0, 2.0, 3.0]), np.array([2.0, 1.0, 3.0]), ["a", "a", "a"])
    assert (alone.low, alone.high, alone.clusters, alone.n) == (None, None, 1, 3)


def test_kendall_counts_in_blocks_as_it_does_by_hand():
    """With thousands of distinct values the counting by halves finds what scipy finds."""
    stats = pytest.importorskip("scipy.stats")
    dice = np.random.default_rng(7)
    x = dice.normal(size=3000)
    y = np.round(x + dice.normal(size=3000), 1)
    found = kendall(x, y, range(3000))
    assert found.estimate == pytest.approx(stats.kendalltau(x, y)[0], abs=1e-12)
