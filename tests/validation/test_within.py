from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adjudge.validation.statistics.jackknife import jackknife
from adjudge.validation.statistics.within import pairwise_accuracy, within_correlation

grades = st.sampled_from([0.0, 0.25, 0.5, 1.0])
rows_of = st.lists(st.tuples(st.integers(0, 5), grades, grades, st.integers(1, 3)), max_size=30)


@given(rows_of)
def test_pairs_are_counted_within_prompts(rows):
    """Pair by pair: right 1, a tie of the judge a half, ties of people dropped, other prompts never compared."""
    groups, scores, truth, weights = (list(column) for column in zip(*rows, strict=True)) if rows else ([],) * 4
    held = agreed = pairs = 0.0
    for a, b in combinations(range(len(rows)), 2):
        if groups[a] == groups[b] and truth[a] != truth[b]:
            weight = weights[a] * weights[b]
            order = (scores[a] - scores[b]) * (truth[a] - truth[b])
            held, pairs, agreed = held + weight, pairs + 1, agreed + weight * (0.5 + 0.5 * np.sign(order))
    found = pairwise_accuracy(scores, truth, groups, weights=weights, resamples=20)
    if not pairs:
        assert found is None
        return
    assert found is not None
    assert (found.estimate, found.n) == (pytest.approx(agreed / held), pairs)


@given(rows_of)
def test_correlation_within_prompts_is_that_of_centred_ranks(rows):
    """Pearson's correlation of ranks within each prompt, less their mean; absent where one side never differs."""
    groups, scores, truth, _ = (np.asarray(column) for column in zip(*rows, strict=True)) if rows else ([],) * 4
    stats = pytest.importorskip("scipy.stats")
    columns = [[], []]
    for group in sorted(set(groups)):
        for column, values in zip(columns, (scores, truth), strict=True):
            ranks = stats.rankdata(values[groups == group])
            column += list(ranks - ranks.mean())
    found = within_correlation(scores, truth, list(groups))
    if not rows or np.ptp(columns[0]) == 0 or np.ptp(columns[1]) == 0:
        assert found is None
        return
    assert found is not None
    assert found.estimate == pytest.approx(np.corrcoef(*columns)[0, 1])


def test_what_only_separates_prompts_is_no_order_within():
    """Scores that are the prompt's alone correlate with the metric over all, and not within."""
    groups = np.repeat(np.arange(30), 4)
    truth = groups + np.random.default_rng(0).uniform(0, 0.5, 120)
    assert within_correlation(groups, truth, groups.tolist()) is None
    assert pairwise_accuracy(groups, truth, groups.tolist()).estimate == 0.5


@pytest.mark.parametrize(("reliability", "wrong"), [(0.3, 0.32), (0.5, 0.25), (0.7, 0.19), (0.8, 0.15), (0.9, 0.10)])
def test_noise_turns_the_published_share_of_pairs_round(reliability: float, wrong: float):
    """Wrong order of a random pair within a prompt at a reliability rho: arccos(sqrt(rho)) / pi."""
    dice = np.random.default_rng(0)
    truth = dice.normal(0, 1, 8000)
    scores = truth + dice.normal(0, (1 / reliability - 1) ** 0.5, 8000)
    found = pairwise_accuracy(scores, truth, np.repeat(np.arange(1000), 8).tolist(), resamples=20)
    assert found is not None
    assert 1 - found.estimate == pytest.approx(wrong, abs=0.01)


def test_the_jackknife_of_a_mean_is_the_classical_interval():
    """One row a cluster, as many blocks: Student's interval of the mean."""
    stats = pytest.importorskip("scipy.stats")
    values = np.random.default_rng(0).normal(0, 1, 40)
    found = jackknife(lambda kept: float(values[kept].mean()), range(40), n=40)
    low, high = stats.t.interval(0.95, 39, values.mean(), values.std(ddof=1) / 40**0.5)
    assert found is not None
    assert (found.estimate, found.low, found.high) == pytest.approx((values.mean(), low, high))


def test_the_jackknife_leaves_whole_clusters_out():
    """Copies within clusters change nothing; many clusters are left out in blocks, about as wide."""
    values = np.random.default_rng(0).normal(0, 1, 1000)
    once = jackknife(lambda kept: float(values[kept].mean()), range(1000), n=1000)
    thrice = np.repeat(values, 3)
    often = jackknife(lambda kept: float(thrice[kept].mean()), np.repeat(range(1000), 3).tolist(), n=3000)
    assert (often.low, often.high) == pytest.approx((once.low, once.high))
    assert once.high - once.low == pytest.approx(2 * 1.96 / 1000**0.5, rel=0.2)


def test_the_jackknife_says_where_it_cannot_tell():
    """No ends with one cluster or where one block carries the figure; nothing where all rows cannot give it."""
    assert jackknife(lambda kept: None, range(5), n=5) is None
    assert jackknife(lambda kept: 1.0, [0, 0], n=2).low is None
    assert jackknife(lambda kept: 1.0 if kept.all() else None, range(5), n=5).low is None
    assert jackknife(lambda kept: None, [], n=0) is None


def test_two_prompts_have_a_correlation():
    """With two clusters Student's t is 12.7: an interval that says nothing, not an error."""
    found = within_correlation([0, 1, 0.5, 0, 1], [0, 1, 2, 1, 0], [0, 0, 0, 1, 1])
    assert found is not None
    assert found.low < -0.9
    assert found.high > 0.9
