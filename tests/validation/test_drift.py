"""Control charts: run lengths as published, limits that account for the base, and tests of paired changes."""

import math

import numpy as np
import pytest

from adjudge.validation.statistics.drift import Cusum, Ewma, cusum_limit, ewma_limit, innovations, sign_test

RUNS = 4000


def lengths(alarms):
    """First alarm of each run, from 1; all runs must have one."""
    assert alarms.any(axis=1).all()
    return alarms.argmax(axis=1) + 1


def noise(length, seed=0, shift=0.0):
    return np.random.default_rng(seed).normal(shift, 1.0, (RUNS, length))


def cusum_alarms(values, rule):
    up, down = rule.paths(values)
    return np.maximum(up, down) > rule.limit


def markov_run_length(limits, weight, cells=301):
    """Average run length of an EWMA, exact up to the grid: the state as a Markov chain between its limits.

    Brook and Evans, Biometrika 59 (1972), with limits that change until the last, which then stays.
    """
    edges = np.linspace(-limits[-1], limits[-1], cells + 1)
    middles = (edges[1:] + edges[:-1]) / 2
    half = limits[-1] / cells
    cdf = np.vectorize(lambda z: 0.5 * math.erfc(-z / math.sqrt(2)))
    places = (middles[None, :] - (1 - weight) * middles[:, None]) / weight
    move = cdf(places + half / weight) - cdf(places - half / weight)
    state = np.zeros(cells)
    state[cells // 2] = 1.0
    total = 0.0
    for limit in limits[:-1]:
        total += state.sum()
        state = (state @ move) * (np.abs(middles) <= limit)
    return total + state @ np.linalg.solve(np.eye(cells) - move, np.ones(cells))


def test_cusum_run_lengths():
    """Allowance 0.5, limit 5, two sides: 465 without change and 10.4 at one standard deviation (Montgomery, 9.1.2)."""
    quiet = lengths(cusum_alarms(noise(8000), Cusum()))
    assert abs(quiet.mean() - 465) < 4 * quiet.std() / math.sqrt(RUNS)
    moved = lengths(cusum_alarms(noise(200, shift=1.0), Cusum()))
    assert abs(moved.mean() - 10.4) < 4 * moved.std() / math.sqrt(RUNS) + 0.05


def test_ewma_run_length():
    """Weight 0.2 and limit 3: 560 at full width; with the exact limits what a Markov chain says."""
    rule = Ewma()
    full = rule.limits(400)[-1]
    assert markov_run_length(np.full(2, full), 0.2) == pytest.approx(560, abs=2)
    exact = markov_run_length(rule.limits(60), 0.2)
    values = noise(9000, seed=1)
    quiet = lengths(np.abs(rule.path(values)) > rule.limits(9000))
    assert abs(quiet.mean() - exact) < 4 * quiet.std() / math.sqrt(RUNS)


def test_ewma_limits_are_exact():
    """At every time the average has the variance that the limits say, with a base that was measured too."""
    dice = np.random.default_rng(3)
    values = noise(30, seed=2) + dice.normal(0, math.sqrt(1 / 4), (RUNS, 1))
    rule = Ewma(base=4.0)
    spread = rule.path(values).std(axis=0)
    # Four standard errors of a standard deviation.
    assert np.abs(spread / (rule.limits(30) / rule.limit) - 1).max() < 4 / math.sqrt(2 * RUNS)
    assert rule.limits(1)[0] == pytest.approx(3 * math.sqrt(0.2**2 * (1 + 1 / 4)))


def test_innovations_are_independent_and_standard():
    """With the shared error of the base in them, values become independent ones of variance 1."""
    dice = np.random.default_rng(4)
    values = noise(6, seed=5) + dice.normal(0, math.sqrt(1 / 3), (RUNS, 1))
    found = innovations(values, 3.0)
    covariance = np.cov(found.T)
    assert np.abs(covariance - np.eye(6)).max() < 4 * math.sqrt(2 / RUNS)


def test_limits_hold_the_chance_of_a_false_alarm():
    """A series of 40 unchanged values alarms with the chance asked for, or less."""
    values, chance = noise(40, seed=6), 0.05
    rule = Ewma(limit=ewma_limit(40, chance))
    ewma = (np.abs(rule.path(values)) > rule.limits(40)).any(axis=1).mean()
    cusum = cusum_alarms(values, Cusum(limit=cusum_limit(40, chance))).any(axis=1).mean()
    error = 4 * math.sqrt(chance * (1 - chance) / RUNS)
    assert 0.005 < ewma < chance + error
    assert 0.005 < cusum < chance + error


def test_siegmund_is_near_the_published_run_length():
    """The limit for a run length of 465 on two sides is the 5 of the table."""
    assert cusum_limit(465, 1.0) == pytest.approx(5.0, abs=0.02)


def test_paired_changes_are_mcnemars():
    """The split of changes is tested as statsmodels' exact McNemar test does; no change proves nothing."""
    tables = pytest.importorskip("statsmodels.stats.contingency_tables")
    for up, down in ((0, 5), (3, 9), (7, 7), (1, 0)):
        expected = tables.mcnemar([[10, up], [down, 10]], exact=True).pvalue
        assert sign_test(up, down) == pytest.approx(expected)
    assert sign_test(0, 0) == 1.0
