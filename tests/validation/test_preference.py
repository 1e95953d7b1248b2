"""Self-preference, and the logistic model behind it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adjudge.validation.statistics.logit import clustered_logit
from adjudge.validation.statistics.preference import Favours

rows_of = st.lists(st.tuples(st.booleans(), st.booleans(), st.booleans()), max_size=40)


def favours(rows: list[tuple[bool, bool, bool]]) -> Favours:
    columns = np.asarray(rows, dtype=bool).reshape(-1, 3)
    return Favours(columns[:, 0], columns[:, 1], columns[:, 2], range(len(rows)))


@given(rows_of)
def test_the_gap_is_the_difference_of_two_rates(rows: list[tuple[bool, bool, bool]]):
    """Counted by hand: the judge's yes among own and among other responses that people found good."""
    own = [judge for judge, people, mine in rows if people and mine]
    other = [judge for judge, people, mine in rows if people and not mine]
    found = favours(rows).gap(seed=0, resamples=50)
    if not own or not other:
        assert found is None
    else:
        assert found is not None
        assert found.estimate == pytest.approx(sum(own) / len(own) - sum(other) / len(other))


def test_a_planted_preference_is_found():
    """Own responses get a yes 1.0 logits more often: the odds ratio is near e, its interval leaves 1 out."""
    dice = np.random.default_rng(2)
    people, own = dice.random(4000) < 0.5, dice.random(4000) < 0.5
    judge = dice.random(4000) < 1 / (1 + np.exp(-(2.0 * people - 1.0 + 1.0 * own)))
    found = Favours(judge, people, own, range(4000))
    ratio, gap = found.odds_ratio(), found.gap(seed=0, resamples=200)
    assert ratio is not None
    assert gap is not None
    assert ratio.low is not None
    assert 1.0 < ratio.low < np.e < ratio.high
    assert gap.low is not None
    assert gap.low > 0.0


@pytest.mark.parametrize("rows", [[], [(True, True, True)], [(True, True, True), (True, False, False)] * 5])
def test_rows_that_cannot_tell_give_nothing(rows: list[tuple[bool, bool, bool]]):
    """No rows, one row, one class only: None."""
    assert favours(rows).odds_ratio() is None


def test_the_logit_agrees_with_scikit_learn():
    """Coefficients of an unpenalised logistic regression."""
    linear = pytest.importorskip("sklearn.linear_model")
    dice = np.random.default_rng(0)
    x, z = dice.normal(size=(2, 500))
    y = (dice.random(500) < 1 / (1 + np.exp(-(0.3 + x - 0.5 * z)))).astype(float)
    oracle = linear.LogisticRegression(C=np.inf, tol=1e-10, max_iter=1000).fit(np.c_[x, z], y)
    found = clustered_logit(y, {"x": x, "z": z}, range(500))
    assert found is not None
    expected = [*oracle.intercept_, *oracle.coef_[0]]
    assert [one.estimate for one in found.values()] == pytest.approx(expected, abs=1e-4)
