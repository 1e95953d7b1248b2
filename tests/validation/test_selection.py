from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adjudge.validation.statistics.selection import best_of, expected_pick, incremental_r2

grades = st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0])


@given(st.lists(st.tuples(grades, st.floats(-5, 5)), min_size=1, max_size=7), st.integers(1, 7))
def test_the_pick_is_the_mean_over_all_subsets(rows: list[tuple[float, float]], count: int):
    """Subset by subset, with ties of the judge broken by chance."""
    scores, metric = (np.asarray(column) for column in zip(*rows, strict=True))
    if count > len(rows):
        with pytest.raises(ValueError, match="cannot be drawn"):
            expected_pick(scores, metric, count)
        return
    picks = []
    for subset in combinations(range(len(rows)), count):
        chosen = list(subset)
        best = scores[chosen] == scores[chosen].max()
        picks.append(metric[chosen][best].mean())
    assert expected_pick(scores, metric, count) == pytest.approx(np.mean(picks))


def drawn(groups: int, size: int, noise: float, seed: int = 0):
    dice = np.random.default_rng(seed)
    metric = dice.normal(0, 1, groups * size)
    return metric + dice.normal(0, noise, groups * size), metric, np.repeat(np.arange(groups), size).tolist()


def test_a_good_judge_rises_and_a_blind_one_stays():
    """The pick of more responses is better with a good judge, near the oracle; with noise alone there is no gain."""
    points = best_of(*drawn(100, 8, 0.1))
    assert [point.count for point in points] == [1, 2, 4, 8]
    means = [point.judge.estimate for point in points]
    assert means == sorted(means)
    assert points[-1].gain.low > 1.0
    assert points[-1].judge.estimate <= points[-1].oracle
    scores, metric, groups = drawn(100, 8, 0.1)
    blind = best_of(np.random.default_rng(9).uniform(size=len(scores)), metric, groups)[-1]
    assert blind.gain.low < 0 < blind.gain.high


def test_one_response_is_the_mean():
    """The pick of one is a random response: no gain."""
    point = best_of(*drawn(10, 4, 1.0))[0]
    assert point.count == 1
    assert (point.gain.estimate, point.oracle) == pytest.approx((0.0, point.judge.estimate), abs=1e-12)


def test_all_points_are_of_the_same_groups():
    """Groups smaller than the largest n are left out; an n that few groups have is left out instead."""
    scores, metric, groups = drawn(10, 4, 1.0)
    extra = [*groups, "pair", "pair"]
    points = best_of([*scores, 0.0, 1.0], [*metric, 50.0, 50.0], extra)
    assert [point.count for point in points] == [1, 2, 4]
    assert {point.judge.n for point in points} == {10}


@pytest.mark.parametrize("groups", [[], ["a"], ["a", "b"], ["a", "b", "c"]])
def test_without_two_responses_to_a_prompt_there_is_no_curve(groups: list[str]):
    """Nothing to choose from gives no points."""
    assert best_of([0.5] * len(groups), [1.0] * len(groups), groups) == ()


@settings(max_examples=30)
@given(st.integers(0, 1000), st.integers(8, 60), st.booleans())
def test_the_increment_is_that_of_two_regressions(seed: int, size: int, copied: bool):
    """R^2 with the score less R^2 without, by statsmodels, collinear columns included."""
    api = pytest.importorskip("statsmodels.api")
    dice = np.random.default_rng(seed)
    length, score = dice.normal(1000, 300, size), dice.uniform(0, 1, size)
    metric = 1e4 + 2 * length / 300 + 3 * score + dice.normal(0, 1, size)
    features = np.column_stack([length, 2 * length] if copied else [length, dice.normal(0, 1, size)])
    found = incremental_r2(metric, score, features, range(size), resamples=20)
    # One of two equal columns is enough, and the reference warns of both.
    features = features[:, :1] if copied else features
    full = api.OLS(metric, api.add_constant(np.column_stack([features, score]))).fit().rsquared
    less = api.OLS(metric, api.add_constant(features)).fit().rsquared
    assert found is not None
    assert found.estimate == pytest.approx(full - less, abs=1e-8)


def test_a_score_that_is_the_length_adds_nothing():
    """A judge that only counts characters has no value over length; one that knows the metric has much."""
    dice = np.random.default_rng(0)
    length, quality = dice.normal(0, 1, 200), dice.normal(0, 1, 200)
    metric = length + quality
    copy = incremental_r2(metric, length, length[:, None], range(200))
    real = incremental_r2(metric, quality, length[:, None], range(200))
    assert copy is not None
    assert copy.estimate == pytest.approx(0.0, abs=1e-9)
    assert real is not None
    assert real.low > 0.3


@pytest.mark.parametrize("size", [0, 1, 2, 3])
def test_few_cases_give_no_increment(size: int):
    """No more cases than coefficients explain anything; a constant metric has nothing to explain."""
    assert incremental_r2(np.arange(size), np.ones(size), np.ones((size, 1)), range(size)) is None
    assert incremental_r2(np.ones(20), np.arange(20), np.ones((20, 1)), range(20)) is None
