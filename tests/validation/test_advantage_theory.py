"""What noise does to advantages: closed forms against a simulation and against the published table."""

import math

import numpy as np
import pytest

from adjudge.validation.statistics import advantage

TABLE = {0.3: (0.52, 0.32, 0.72, 0.80), 0.5: (0.68, 0.25, 0.85, 0.90), 0.7: (0.82, 0.19, 0.93, 0.95),
         0.8: (0.88, 0.15, 0.95, 0.97), 0.9: (0.94, 0.10, 0.98, 0.99)}  # fmt: skip
"""rho_g: correlation at G = 8, pairs in the wrong order, correlation with 3 and with 5 calls; simulated, two digits."""

GROUPS = 20_000


def groups(rho, size=8, seed=0):
    """True and judged scores of many groups, shape (GROUPS, size)."""
    dice = np.random.default_rng(seed)
    true = dice.normal(0, math.sqrt(rho), (GROUPS, size))
    return true, true + dice.normal(0, math.sqrt(1 - rho), (GROUPS, size))


def correlations(true, seen):
    """Correlation within each group."""
    true, seen = true - true.mean(axis=1, keepdims=True), seen - seen.mean(axis=1, keepdims=True)
    return (true * seen).sum(axis=1) / np.sqrt((true**2).sum(axis=1) * (seen**2).sum(axis=1))


@pytest.mark.parametrize("rho", TABLE)
def test_the_table_is_reproduced(rho):
    """Every number of the table to its two digits (it was simulated: one unit of the last digit is allowed)."""
    pytest.importorskip("scipy")
    kept, wrong, three, five = TABLE[rho]
    assert advantage.expected_correlation(rho, 8) == pytest.approx(kept, abs=0.0075)
    assert advantage.wrong_order(rho) == pytest.approx(wrong, abs=0.0075)
    for calls, told in ((3, three), (5, five)):
        found = advantage.expected_correlation(advantage.reliability(rho, calls), 8)
        assert found == pytest.approx(told, abs=0.0075)


@pytest.mark.parametrize(("rho", "size"), [(0.2, 4), (0.5, 8), (0.9, 16)])
def test_the_expected_correlation_is_that_of_simulated_groups(rho, size):
    """Within four standard errors of the mean over 20,000 groups."""
    pytest.importorskip("scipy")
    found = correlations(*groups(rho, size))
    error = found.std() / math.sqrt(GROUPS)
    assert abs(found.mean() - advantage.expected_correlation(rho, size)) < 4 * error
    assert abs(advantage.expected_correlation(rho, 10_000) - math.sqrt(rho)) < 1e-4


@pytest.mark.parametrize("rho", [0.3, 0.8])
def test_wrong_order_is_that_of_simulated_pairs(rho):
    """Within four standard errors of the share over 20,000 pairs."""
    true, seen = groups(rho, 2, seed=1)
    wrong = (np.diff(true, axis=1) * np.diff(seen, axis=1) < 0).mean()
    expected = advantage.wrong_order(rho)
    assert abs(wrong - expected) < 4 * math.sqrt(expected * (1 - expected) / GROUPS)


def test_the_ends():
    """No signal: no correlation, half of the pairs wrong; no noise: all kept, none wrong."""
    assert (advantage.expected_correlation(0.0, 8), advantage.wrong_order(0.0)) == (0.0, 0.5)
    assert (advantage.expected_correlation(1.0, 8), advantage.wrong_order(1.0)) == (1.0, 0.0)
    assert advantage.calls_for(0.0, 0.8) is None


def test_calls_for_undoes_reliability():
    """The mean of as many calls as are needed for 0.8 has the reliability 0.8."""
    needed = advantage.calls_for(0.35, 0.8)
    assert needed is not None
    assert advantage.reliability(0.35, needed) == pytest.approx(0.8)


@pytest.mark.parametrize(("rate", "told"), [(0.5, 0.80), (0.2, 0.73), (0.8, 0.73)])
def test_boolean_judges(rate, told):
    """TPR = TNR = 0.9: the reference numbers, and the phi coefficient of the table of four cells."""
    found = advantage.boolean_correlation(0.9, 0.9, rate)
    assert found == pytest.approx(told, abs=0.005)
    cells = np.array([[0.9 * rate, 0.1 * rate], [0.1 * (1 - rate), 0.9 * (1 - rate)]])
    phi = np.linalg.det(cells) / math.sqrt(np.prod([*cells.sum(axis=0), *cells.sum(axis=1)]))
    assert found == pytest.approx(phi)


def test_a_judge_that_calls_all_alike_has_no_correlation():
    """Yes to everything: there is nothing to correlate."""
    assert advantage.boolean_correlation(1.0, 0.0, 0.5) is None
    assert advantage.boolean_correlation(0.5, 0.5, 0.3) == pytest.approx(0.0)


@pytest.mark.parametrize(
    ("criteria", "rates"),
    [(1, {0.8: 0.17, 0.9: 0.43, 0.95: 0.66}), (5, {0.8: 0.001, 0.9: 0.015, 0.95: 0.127}),
     (10, {0.8: 0.0, 0.9: 0.001, 0.95: 0.015})],
)  # fmt: skip
def test_dead_groups_of_equal_criteria(criteria, rates):
    """The reference numbers at G = 8 (some simulated, hence 0.002)."""
    for rate, told in rates.items():
        assert advantage.dead_groups([rate] * criteria, 8) == pytest.approx(
            told, abs=0.0055 if criteria == 1 else 0.002
        )


def test_dead_groups_are_those_of_simulated_groups():
    """Criteria of different rates and weights: within four standard errors over 20,000 groups."""
    rates, weights = [0.95, 0.9, 0.97], [1.0, 2.0, 1.0]
    dice = np.random.default_rng(2)
    sums = (dice.random((GROUPS, 4, 3)) < rates) @ np.array(weights)
    expected = advantage.dead_groups(rates, 4, weights)
    assert abs(np.mean(np.ptp(sums, axis=1) == 0) - expected) < 4 * math.sqrt(expected * (1 - expected) / GROUPS)


@pytest.mark.parametrize(("error", "told"), [(0.1, 0.57), (0.05, 0.34)])
def test_noise_brings_dead_groups_to_life(error, told):
    """The reference numbers at G = 8."""
    assert advantage.spurious_groups(error, 8) == pytest.approx(told, abs=0.005)


def test_paying_calls_are_the_cheapest():
    """No other number of calls gives a smaller variance of the mean for the same budget."""
    best = advantage.paying_calls(0.3, 8.0, 1.0)
    assert best == pytest.approx(math.sqrt(0.7 / 0.3 * 8.0))

    def variance(calls):
        # Rollouts that a budget of 1 buys, and the variance of their mean score.
        return (0.3 + 0.7 / calls) * (8.0 + calls)

    assert variance(best) < min(variance(best * 1.1), variance(best / 1.1))
    assert advantage.paying_calls(0.3, 8.0, 0.0) is None
