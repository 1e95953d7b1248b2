import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adjudge.validation.statistics.prevalence import Rate, corrected_prevalence, prevalence_variance

whole = st.integers(0, 40)


def test_a_known_prevalence():
    """40 % yes by a judge with TPR .9 and TNR .8: (0.4 + 0.8 - 1) / 0.7."""
    found = corrected_prevalence(400, 1000, Rate(right=90, of=100), Rate(right=80, of=100))
    assert found is not None
    assert found.estimate == pytest.approx(0.2 / 0.7)
    assert found.n == 1000


@given(st.floats(0.0, 1.0), st.floats(0.55, 1.0), st.floats(0.55, 1.0))
def test_the_correction_undoes_the_errors(theta: float, tpr: float, tnr: float):
    """The share of yes that a judge with known rates gives leads back to the share it came from."""
    many = 10_000_000
    share = theta * tpr + (1 - theta) * (1 - tnr)
    rates = Rate(right=round(tpr * many), of=many), Rate(right=round(tnr * many), of=many)
    found = corrected_prevalence(round(share * many), many, *rates)
    assert found is not None
    assert found.estimate == pytest.approx(theta, abs=1e-5)
    assert found.low is not None
    assert found.high is not None
    assert found.high - found.low < 0.02


def test_the_variance_is_that_of_the_delta_method():
    """The derivatives of theta by its three shares, taken numerically, give the same variance."""
    share, hit, spared, judged, good, bad = 0.45, 0.85, 0.75, 300, 60, 40

    def theta(p: float, a: float, b: float) -> float:
        return (p + b - 1) / (a + b - 1)

    step, at = 1e-6, np.array([share, hit, spared])
    slopes = [(theta(*(at + step * unit)) - theta(*(at - step * unit))) / (2 * step) for unit in np.eye(3)]
    variances = [share * (1 - share) / judged, hit * (1 - hit) / good, spared * (1 - spared) / bad]
    found = prevalence_variance(theta(share, hit, spared), share, judged, (hit, good), (spared, bad))
    assert found == pytest.approx(sum(s * s * v for s, v in zip(slopes, variances, strict=True)), rel=1e-6)


@given(*[st.tuples(whole, whole).map(sorted)] * 3)
def test_always_finite_or_absent(verdicts, tpr, tnr):
    """Within [0, 1] with the estimate inside; absent without cases and where the judge is not better than chance."""
    (met, judged), (hits, good), (spared, bad) = verdicts, tpr, tnr
    found = corrected_prevalence(met, judged, Rate(right=hits, of=good), Rate(right=spared, of=bad))
    if not judged or not good or not bad or hits / good + spared / bad <= 1:
        assert found is None
        return
    assert found is not None
    assert found.low is not None
    assert found.high is not None
    assert 0 <= found.low <= found.estimate <= found.high <= 1


def test_perfect_rates_on_few_cases_are_not_certain():
    """With rates of 1 measured on ten cases each the interval is wider than that of the verdicts alone."""
    found = corrected_prevalence(5000, 10_000, Rate(right=10, of=10), Rate(right=10, of=10))
    assert found is not None
    assert found.low is not None
    assert found.high is not None
    assert found.high - found.low > 0.1


def test_more_right_cases_than_cases_are_refused():
    """Counts that cannot be are an error, not a figure."""
    with pytest.raises(ValueError, match="more right cases"):
        corrected_prevalence(5, 4, Rate(right=1, of=1), Rate(right=1, of=1))


def test_the_interval_covers():
    """In 300 repetitions about 95 % of the intervals hold the truth (binomial error 1.3 points)."""
    dice, theta, tpr, tnr = np.random.default_rng(0), 0.3, 0.9, 0.85
    inside = 0
    for _ in range(300):
        met = dice.binomial(500, theta * tpr + (1 - theta) * (1 - tnr))
        rates = Rate(right=int(dice.binomial(60, tpr)), of=60), Rate(right=int(dice.binomial(60, tnr)), of=60)
        found = corrected_prevalence(int(met), 500, *rates)
        assert found is not None
        inside += found.low <= theta <= found.high
    assert 0.92 <= inside / 300 <= 0.995
