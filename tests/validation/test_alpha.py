import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from adjudge.validation.statistics import alpha as module
from adjudge.validation.statistics.alpha import alpha
from adjudge.validation.statistics.bootstrap import Draws
from adjudge.validation.table import Numbers

FEW = Draws(seed=0, resamples=50)
METRICS = ("nominal", "ordinal", "interval", "ratio")

ratings = st.integers(2, 5).flatmap(
    lambda r: st.lists(
        st.lists(st.one_of(st.none(), st.integers(0, 4)), min_size=r, max_size=r), min_size=1, max_size=15
    )
)


def numbers(rows) -> Numbers:
    known = np.array([[value is not None for value in row] for row in rows], dtype=bool)
    return Numbers(np.array([[value or 0.0 for value in row] for row in rows], dtype=float), known)


@settings(deadline=None)
@given(ratings, st.sampled_from(METRICS))
def test_alpha_agrees_with_its_oracle(rows, metric):
    """Missing answers and all, alpha is that of an independent implementation."""
    oracle = pytest.importorskip("krippendorff")
    found = alpha(numbers(rows), metric, range(len(rows)), FEW)
    pairable = [[v for v in row if v is not None] for row in rows if sum(v is not None for v in row) >= 2]
    if len({v for row in pairable for v in row}) < 2:
        assert found is None
        return
    matrix = np.array([[np.nan if v is None else v for v in row] for row in rows], dtype=float).T
    told = oracle.alpha(reliability_data=matrix, level_of_measurement=metric)
    assert found.estimate == pytest.approx(told)
    assert found.n == len(pairable)


def test_krippendorffs_own_example():
    """Four observers, twelve units, missing values (Krippendorff 2018): nominal .743, ordinal .815, interval .849."""
    none = None
    observers = [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, none, none, none],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, none, 3],
        [none, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, none],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, none],
    ]
    answers = numbers([list(unit) for unit in zip(*observers, strict=True)])
    told = {"nominal": 0.743, "ordinal": 0.815, "interval": 0.849, "ratio": 0.797}
    for metric, value in told.items():
        assert alpha(answers, metric, range(12), FEW).estimate == pytest.approx(value, abs=5e-4)


@settings(deadline=None, max_examples=20)
@given(ratings)
def test_many_levels_take_another_way_to_the_same_figure(rows):
    """Ordinal alpha by coincidences and by ranks of all rows is one number."""
    answers = numbers(rows)
    by_coincidences = alpha(answers, "ordinal", range(len(rows)), FEW)
    assume(by_coincidences is not None)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "RANKED", 0)
        by_ranks = alpha(answers, "ordinal", range(len(rows)), FEW)
    assert by_ranks.estimate == pytest.approx(by_coincidences.estimate)


@pytest.mark.parametrize("metric", METRICS)
def test_alpha_of_nothing_is_absent(metric):
    """No unit, units with one answer, and one answer everywhere have no alpha; a single unit has no interval."""
    for rows in ([[None, None]], [[1, None], [None, 2]], [[3, 3], [3, 3]]):
        assert alpha(numbers(rows), metric, range(len(rows)), FEW) is None
    assert alpha(Numbers(np.empty((0, 2)), np.empty((0, 2), dtype=bool)), metric, [], FEW) is None
    alone = alpha(numbers([[1, 2]]), metric, [0], FEW)
    assert (alone.estimate, alone.low) == (pytest.approx(0.0), None)


@pytest.mark.parametrize("metric", METRICS)
def test_perfect_agreement_of_few_units_does_not_prove_itself(metric):
    """Three units on which all agree have alpha 1 and an interval that reaches far down."""
    found = alpha(numbers([[1, 1], [2, 2], [3, 3]]), metric, range(3), FEW)
    assert found.estimate == pytest.approx(1.0)
    assert found.low < 0.5


def test_what_cannot_be_computed_is_refused():
    """Ratios of negative numbers, and a thousand names, are errors and no figures."""
    with pytest.raises(ValueError, match="from 0"):
        alpha(numbers([[-1, 1], [1, 2]]), "ratio", range(2), FEW)
    continuous = np.random.default_rng(0).random((100, 2))
    everything = Numbers(continuous, np.ones((100, 2), dtype=bool))
    with pytest.raises(ValueError, match="too many"):
        alpha(everything, "nominal", range(100), FEW)
    assert alpha(everything, "interval", range(100), FEW).estimate == pytest.approx(0.0, abs=0.3)
