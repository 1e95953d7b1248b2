"""Adjusted p-values."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adjudge.validation.statistics.multiplicity import benjamini_hochberg, holm

p_values = st.lists(st.floats(0, 1), min_size=1, max_size=30)


@pytest.mark.parametrize(("adjust", "method"), [(holm, "holm"), (benjamini_hochberg, "fdr_bh")])
@given(p_values)
def test_adjusted_as_statsmodels_does(adjust, method: str, values: list[float]):
    """In the order given, at most 1."""
    multitest = pytest.importorskip("statsmodels.stats.multitest")
    assert adjust(values) == pytest.approx(multitest.multipletests(values, method=method)[1].tolist())


@pytest.mark.parametrize("adjust", [holm, benjamini_hochberg])
def test_unknown_values_stay_unknown_and_count_for_nothing(adjust):
    """Two known among four are adjusted as two."""
    assert adjust([0.01, None, 0.04, None]) == [0.02, None, 0.04, None]
    assert adjust([]) == []
    assert adjust([None]) == [None]


def test_a_p_value_outside_its_range_is_refused():
    """A statistic in place of a p-value would pass unseen otherwise."""
    with pytest.raises(ValueError, match="within"):
        holm([1.2])
