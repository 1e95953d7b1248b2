"""Exact counts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adjudge.validation.statistics.exact import binomial_p, clopper_pearson, mcnemar_p, upper_bound

counts = st.integers(0, 80).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@pytest.mark.parametrize(("trials", "bound"), [(300, 0.01), (59, 0.05), (29, 0.1)])
def test_no_failure_in_n_bounds_the_rate(trials: int, bound: float):
    """0 of 300 shows at most 1.0 %, 0 of 59 at most 5 %; one trial fewer does not (1 - 0.05 ** (1 / n))."""
    shown = upper_bound(0, trials)
    assert shown is not None
    assert shown == pytest.approx(1 - 0.05 ** (1 / trials))
    assert shown <= bound
    assert upper_bound(0, 299) <= 0.01 < upper_bound(0, 298)
    assert upper_bound(0, 59) <= 0.05 < upper_bound(0, 58)


@given(counts)
def test_the_interval_is_that_of_statsmodels(drawn: tuple[int, int]):
    """Clopper and Pearson's as another implementation has it; none without trials."""
    proportion = pytest.importorskip("statsmodels.stats.proportion")
    found = clopper_pearson(*drawn)
    if not drawn[1]:
        assert found is None
        return
    low, high = proportion.proportion_confint(*drawn, method="beta")
    assert found is not None
    # The oracle has NaN where the end is the edge.
    assert found.low == pytest.approx(low if drawn[0] else 0.0)
    assert found.high == pytest.approx(high if drawn[0] < drawn[1] else 1.0)
    assert found.low <= found.estimate <= found.high


@given(counts)
def test_each_end_alone_is_narrower_than_both(drawn: tuple[int, int]):
    """One-sided ends are those of the two-sided interval at 90 %."""
    found, wide = clopper_pearson(*drawn, 0.95, sided="each"), clopper_pearson(*drawn, 0.9)
    if found is None or wide is None:
        assert found is wide
        return
    assert (found.low, found.high) == (pytest.approx(wide.low), pytest.approx(wide.high))


@given(st.integers(0, 60), st.integers(0, 60))
def test_mcnemar_is_that_of_statsmodels(first: int, second: int):
    """The exact test; None where nothing differs."""
    tables = pytest.importorskip("statsmodels.stats.contingency_tables")
    found = mcnemar_p(first, second)
    if first + second == 0:
        assert found is None
    else:
        oracle = tables.mcnemar([[5, first], [second, 9]], exact=True).pvalue
        assert found == pytest.approx(min(1.0, oracle))


def test_a_fair_coin_is_no_surprise():
    """Known answers: 5 of 10 has p 1, 10 of 10 has 2 / 1024."""
    assert binomial_p(5, 10) == pytest.approx(1.0)
    assert binomial_p(10, 10) == pytest.approx(2 / 1024)
    assert binomial_p(0, 0) is None


@pytest.mark.parametrize(("successes", "trials"), [(-1, 3), (4, 3)])
def test_impossible_counts_are_refused(successes: int, trials: int):
    """More successes than trials is a mistake of the caller."""
    with pytest.raises(ValueError, match="successes"):
        clopper_pearson(successes, trials)
