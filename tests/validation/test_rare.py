import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adjudge.validation.statistics.exact import clopper_pearson
from adjudge.validation.statistics.rare import rare_share


@given(st.integers(0, 20), st.integers(0, 40))
def test_independent_cases_have_nearly_the_exact_interval(met: int, missed: int):
    """One case a cluster: Clopper and Pearson's interval, a little wider as Student's t is."""
    n = met + missed
    found = rare_share(np.repeat([1.0, 0.0], [met, missed]), range(n))
    if n < 2:
        assert found is None or found.low is None
        return
    exact = clopper_pearson(met, n)
    assert found.estimate == pytest.approx(met / n)
    assert found.low <= exact.low + 1e-9
    assert found.high >= exact.high - 1e-9
    if n >= 30:
        assert found.high - found.low <= 1.1 * (exact.high - exact.low)


def test_cases_that_happen_together_count_as_one():
    """Ten cases that all happen or all do not are one case, whether something happened or nothing did."""
    happened = np.repeat([1.0, 0.0], [4, 36])
    once = rare_share(happened, range(40))
    together = rare_share(np.repeat(happened, 10), np.repeat(np.arange(40), 10))
    assert (together.low, together.high) == (pytest.approx(once.low), pytest.approx(once.high))
    assert (together.n, together.clusters) == (400, 40)
    never = rare_share(np.zeros(400), np.repeat(np.arange(40), 10))
    assert never.high == pytest.approx(clopper_pearson(0, 40).high)
    always = rare_share(np.ones(400), np.repeat(np.arange(40), 10))
    assert always.low == pytest.approx(1 - never.high)


def test_parts_of_cases_have_the_interval_of_their_mean():
    """Shares that hardly differ tell their mean closely: about 1.96 standard errors to each side."""
    found = rare_share(np.tile([0.4, 0.6], 100), range(200))
    assert found.estimate == pytest.approx(0.5)
    assert (found.high - found.low) / 2 == pytest.approx(1.96 * 0.1 / 200**0.5, rel=0.05)


def test_few_cases():
    """None, one, and one cluster."""
    assert rare_share(np.empty(0), []) is None
    assert rare_share(np.ones(1), ["a"]).low is None
    assert rare_share(np.ones(3), ["a", "a", "a"]).low is None
    assert rare_share(np.ones(2), ["a", "b"]).low < 0.2
