import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adjudge.domain.interval import Interval, bootstrap_tail, wilson
from adjudge.evaluation.statistics import Bootstrap, benjamini_hochberg, mean_interval, paired_difference

numbers = st.floats(-10, 10, allow_nan=False).map(lambda x: round(x, 4))


@settings(deadline=None)
@given(st.lists(st.tuples(numbers, st.integers(0, 5)), min_size=1, max_size=30))
def test_interval_holds_its_estimate(rows: list[tuple[float, int]]):
    """The estimate is the plain mean and lies between the ends, which are within the data."""
    values, clusters = [value for value, _ in rows], [cluster for _, cluster in rows]
    found = mean_interval(values, clusters, seed=1, resamples=200)
    assert found.estimate == pytest.approx(sum(values) / len(values), abs=1e-9)
    assert (found.n, found.clusters) == (len(rows), len(set(clusters)))
    if found.clusters > 1:
        assert found.low is not None
        assert found.high is not None
        assert min(values) - 1e-9 <= found.low <= found.estimate <= found.high <= max(values) + 1e-9


def test_one_cluster_has_no_interval():
    """A single contract says nothing about other contracts: no ends, not ends of no width."""
    found = mean_interval([0.2, 0.9], ["a", "a"], seed=0)
    assert (found.low, found.high) == (None, None)


def test_width_agrees_with_the_closed_formula():
    """With one value a cluster the interval is that of Student's t, up to the noise of the simulation."""
    scipy_stats = pytest.importorskip("scipy.stats")
    values = np.random.default_rng(3).normal(size=60)
    found = mean_interval(list(values), list(range(60)), seed=0, resamples=20_000)
    error = values.std(ddof=1) / math.sqrt(60)
    low, high = scipy_stats.t.interval(0.95, 59, loc=values.mean(), scale=error)
    assert found.low == pytest.approx(low, abs=0.1 * error)
    assert found.high == pytest.approx(high, abs=0.1 * error)


def test_bootstrap_agrees_with_scipy():
    """The plain percentile ends of scipy, taken at our expanded tail, are ours."""
    scipy_stats = pytest.importorskip("scipy.stats")
    values = np.random.default_rng(4).exponential(size=25)
    level = 1 - 2 * bootstrap_tail(25)
    theirs = scipy_stats.bootstrap(
        (values,), np.mean, confidence_level=level, n_resamples=20_000, method="percentile", rng=1
    ).confidence_interval
    ours = mean_interval(list(values), list(range(25)), seed=0, resamples=20_000)
    assert (ours.low, ours.high) == (pytest.approx(theirs.low, abs=0.03), pytest.approx(theirs.high, abs=0.03))


@pytest.mark.parametrize("freedom", [1, 2, 3, 5, 9, 30, 141])
def test_tail_is_students(freedom: int):
    """The share cut off at each end follows Student's t, so that few clusters give wide intervals."""
    scipy_stats = pytest.importorskip("scipy.stats")
    t = scipy_stats.t.ppf(0.975, freedom)
    right = scipy_stats.norm.cdf(-math.sqrt((freedom + 1) / freedom) * t)
    assert bootstrap_tail(freedom + 1) == pytest.approx(right, rel=0.12, abs=1e-9)


@pytest.mark.parametrize("clusters", [10, 40])
def test_covers_the_truth_where_rows_cluster(clusters: int):
    """Over many simulated evaluations with strong clusters, about 95 % of the intervals hold the true mean of 0."""
    dice = np.random.default_rng(11)
    labels = np.repeat(np.arange(clusters), 4)
    hits, misses_of_rows = 0, 0
    for trial in range(300):
        values = np.repeat(dice.normal(size=clusters), 4) + 0.3 * dice.normal(size=4 * clusters)
        found = mean_interval(list(values), list(labels), seed=trial, resamples=400)
        rows = mean_interval(list(values), list(range(len(values))), seed=trial, resamples=400)
        assert found.low is not None
        assert found.high is not None
        assert rows.low is not None
        assert rows.high is not None
        hits += found.low <= 0 <= found.high
        misses_of_rows += not rows.low <= 0 <= rows.high
    assert 0.92 <= hits / 300 <= 0.985
    # The promise is not empty: drawing rows instead of contracts misses far more often than the stated 5 %.
    assert misses_of_rows / 300 > 0.2


def test_equal_seeds_give_equal_intervals():
    """The interval is a function of values, clusters and seed."""
    values, clusters = [place * place / 400 for place in range(20)], list(range(20))
    first = mean_interval(values, clusters, seed=5)
    assert first == mean_interval(values, clusters, seed=5)
    assert first != mean_interval(values, clusters, seed=6)


def test_all_equal_scores_keep_an_interval():
    """Forty perfect rows do not prove perfection: the lower end is that of Clopper and Pearson."""
    scipy_stats = pytest.importorskip("scipy.stats")
    found = mean_interval([1.0] * 40, list(range(40)), seed=0, support=(0.0, 1.0))
    exact = scipy_stats.binomtest(40, 40).proportion_ci(0.95, method="exact")
    assert found.low == pytest.approx(exact.low, abs=1e-9)
    assert found.high == 1.0


@pytest.mark.parametrize(
    ("values", "clusters"),
    [([], []), ([0.1], []), ([math.nan], ["a"]), ([math.inf, 0.0], ["a", "b"])],
)
def test_refuses_what_is_no_sample(values: list[float], clusters: list[str]):
    """No values, values without cluster and values that are not finite are errors, not numbers."""
    with pytest.raises(ValueError, match="finite"):
        mean_interval(values, clusters, seed=0)


def test_pairs_by_id_and_counts_what_it_drops():
    """Order does not matter, ids do; a sample without value on one side is left out and counted."""
    a: dict[str, float | None] = {"x": 0.2, "y": 0.5, "z": None, "w": 0.4}
    b: dict[str, float | None] = {"w": 0.4, "z": 0.9, "y": 0.4, "x": 0.6}
    found = paired_difference(a, b, {key: key for key in a}, seed=0)
    assert found is not None
    assert found.estimate == pytest.approx((0.4 - 0.1 + 0.0) / 3)
    assert (found.dropped, found.wins, found.ties, found.losses) == (1, 1, 1, 1)


def test_pairing_beats_two_separate_intervals():
    """A small gain on every sample is seen although samples differ far more than the gain."""
    dice = np.random.default_rng(2)
    a: dict[str, float | None] = {str(place): float(dice.normal()) for place in range(50)}
    b = {key: (value or 0.0) + 0.1 + 0.02 * float(dice.normal()) for key, value in a.items()}
    found = paired_difference(a, b, {key: key for key in a}, seed=0)
    assert found is not None
    assert found.low is not None
    assert 0.08 < found.low < found.estimate < 0.12
    assert found.p is not None
    assert found.p < 0.01


def test_p_value_agrees_with_the_t_test():
    """With independent samples the p value is about that of the paired t test."""
    scipy_stats = pytest.importorskip("scipy.stats")
    dice = np.random.default_rng(6)
    a: dict[str, float | None] = {str(place): float(dice.normal()) for place in range(80)}
    b = {key: (value or 0.0) + 0.2 + float(dice.normal()) for key, value in a.items()}
    found = paired_difference(a, b, {key: key for key in a}, seed=0, resamples=20_000)
    theirs = scipy_stats.ttest_rel([*b.values()], [*a.values()]).pvalue
    assert 0.02 < theirs < 0.5
    assert found is not None
    assert found.p == pytest.approx(theirs, rel=0.15)


def test_other_samples_are_an_error():
    """A difference between models that answered different rows is refused."""
    with pytest.raises(ValueError, match="same samples"):
        paired_difference({"x": 1.0}, {"y": 1.0}, {"x": "x", "y": "y"}, seed=0)
    assert paired_difference({"x": None}, {"x": 1.0}, {"x": "x"}, seed=0) is None


def test_swapping_sides_mirrors_the_difference():
    """The difference with swapped sides is the negative one, wins become losses."""
    dice = np.random.default_rng(8)
    a: dict[str, float | None] = {str(place): float(dice.random()) for place in range(20)}
    b: dict[str, float | None] = {str(place): float(dice.random()) for place in range(20)}
    bootstrap, clusters = Bootstrap(seed=1), {key: key for key in a}
    there, back = bootstrap.difference(a, b, clusters), bootstrap.difference(b, a, clusters)
    assert there is not None
    assert back is not None
    assert there.low is not None
    assert there.estimate == pytest.approx(-back.estimate)
    assert there.low == pytest.approx(-(back.high or 0.0))
    assert (there.wins, there.losses, there.p) == (back.losses, back.wins, back.p)


@settings(deadline=None)
@given(st.lists(st.floats(0, 1), max_size=20))
def test_multiplicity_agrees_with_scipy(p_values: list[float]):
    """The adjusted p values are those of scipy's false discovery control."""
    scipy_stats = pytest.importorskip("scipy.stats")
    ours = benjamini_hochberg(p_values)
    theirs = scipy_stats.false_discovery_control(p_values) if p_values else []
    assert ours == pytest.approx(list(theirs))


@settings(deadline=None)
@given(st.integers(0, 60), st.integers(0, 60))
def test_wilson_agrees_with_scipy(first: int, second: int):
    """Shares have Wilson's interval; without trials there is none."""
    scipy_stats = pytest.importorskip("scipy.stats")
    found = wilson(first, first + second)
    if not first + second:
        assert found is None
        return
    exact = scipy_stats.binomtest(first, first + second).proportion_ci(0.95, method="wilson")
    assert found is not None
    assert (found.low, found.high) == (pytest.approx(exact.low, abs=1e-9), pytest.approx(exact.high, abs=1e-9))


@pytest.mark.parametrize("ends", [(0.5, None), (0.9, 0.1)])
def test_interval_refuses_half_and_crossed_ends(ends: tuple[Any, Any]):
    """An interval has two ends in order, or none."""
    with pytest.raises(ValueError, match="ends"):
        Interval(estimate=0.5, low=ends[0], high=ends[1], n=3, clusters=3)
