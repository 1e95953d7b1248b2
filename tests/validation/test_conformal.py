import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adjudge.validation.statistics.conformal import conformal_half, conformal_trial, grade_range, least_items

FIVE = (0.0, 0.25, 0.5, 0.75, 1.0)


@given(st.lists(st.floats(-1, 1), max_size=60), st.sampled_from([0.05, 0.1, 0.2, 0.5]))
def test_the_quantile_is_the_published_one(residuals: list[float], miss: float):
    """The ceil((n+1)(1-a))/n quantile of the distances, by numpy's own rule; absent where it is over 1."""
    size = len(residuals)
    place = math.ceil(round((size + 1) * (1 - miss), 9))
    found = conformal_half(residuals, miss)
    if not size or place > size:
        assert found is None
        assert size < least_items(miss)
        return
    assert size >= least_items(miss)
    expected = np.quantile(np.abs(residuals), place / size, method="inverted_cdf")
    assert found == pytest.approx(float(expected))


@pytest.mark.parametrize(("miss", "items"), [(0.1, 9), (0.05, 19), (0.5, 1)])
def test_the_fewest_items(miss: float, items: int):
    """Nine for a range that misses one in ten."""
    assert least_items(miss) == items


@given(st.floats(0, 1), st.floats(0, 1))
def test_ranges_are_rounded_outward(prediction: float, half: float):
    """The range between grades holds the unrounded one, as far as there are grades, and is no wider than needed."""
    low, high = grade_range(prediction, half, FIVE)
    assert low in FIVE
    assert high in FIVE
    assert low <= max(0.0, prediction - half) + 1e-6
    assert high >= min(1.0, prediction + half) - 1e-6
    assert low > max(0.0, prediction - half) - 0.25 - 1e-6
    assert high < min(1.0, prediction + half) + 0.25 + 1e-6


def test_new_items_are_covered():
    """Over many draws a new item is within the range at least as often as promised, and hardly more often."""
    dice, inside, times = np.random.default_rng(0), 0, 2000
    for _ in range(times):
        residuals = dice.normal(0, 1, 40)
        half = conformal_half(residuals[:39], 0.1)
        assert half is not None
        inside += abs(residuals[39]) <= half
    # 36 of 40 equally likely places: exactly 0.9, give or take three binomial errors.
    assert inside / times == pytest.approx(0.9, abs=0.021)


@pytest.mark.parametrize("size", [90, 900])
def test_the_trial_covers_and_a_better_judge_has_narrower_ranges(size: int):
    """Coverage near 90 % on items that had no part, for a good and a bad judge; the good one's ranges are narrower."""
    dice = np.random.default_rng(1)
    people = dice.choice(FIVE, size)
    good = np.clip(people + dice.normal(0, 0.1, size), 0, 1)
    bad = dice.uniform(0, 1, size)
    found = [conformal_trial(judge, people, range(size), grades=FIVE, seed=2) for judge in (good, bad)]
    assert all(trial is not None and trial.coverage.estimate >= 0.85 for trial in found)
    assert found[0].width < found[1].width
    assert found[1].width > 0.7


def test_clusters_stay_on_one_side():
    """With too few clusters for three parts there is no trial, however many items they have."""
    assert conformal_trial([0.5] * 100, [0.5] * 100, [0] * 100) is None
    assert conformal_trial([0.5] * 26, [0.5] * 26, range(26)) is None
    assert conformal_trial([], [], []) is None


@pytest.mark.parametrize("miss", [0.0, 1.0])
def test_certainty_is_refused(miss: float):
    """No range is never wrong."""
    with pytest.raises(ValueError, match="chance of a miss"):
        conformal_half([0.1], miss)
