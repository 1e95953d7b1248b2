"""Paired differences, and whether they are too small to matter."""

import csv
import gzip
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adjudge.validation.check import Outcome, Rule
from adjudge.validation.statistics.equivalence import tost
from adjudge.validation.statistics.multiplicity import holm
from adjudge.validation.statistics.paired import Differences

FLAKYJUDGE = Path(__file__).parents[3] / "shared/data/judging/flakyjudge"

values_of = st.lists(st.integers(-20, 20), min_size=2, max_size=40).map(lambda v: [x / 40 for x in v])


def alone(values: list[float]) -> Differences:
    """Each case its own cluster."""
    return Differences(np.asarray(values, dtype=float), range(len(values)))


@given(values_of)
def test_one_case_a_cluster_is_the_paired_t_test(values: list[float]):
    """Interval and both p-values are those of scipy and statsmodels."""
    stats = pytest.importorskip("scipy.stats")
    weights = pytest.importorskip("statsmodels.stats.weightstats")
    found = alone(values)
    if len(set(values)) == 1:
        return
    plain = stats.ttest_1samp(values, 0.0)
    interval = plain.confidence_interval(0.9)
    result = tost(found, 0.1)
    assert result is not None
    assert found.p_value() == pytest.approx(plain.pvalue)
    assert result.difference.low == pytest.approx(max(-1.0, interval.low))
    assert result.difference.high == pytest.approx(min(1.0, interval.high))
    oracle = weights.ttost_paired(np.asarray(values), np.zeros(len(values)), -0.1, 0.1)[0]
    assert result.p_value == pytest.approx(oracle, abs=1e-9)


@given(values_of, st.lists(st.integers(0, 5), min_size=40, max_size=40))
def test_clusters_are_those_of_a_regression_on_nothing(values: list[float], groups: list[int]):
    """The error is the cluster-robust one of a constant (statsmodels, with its small-sample factor)."""
    api = pytest.importorskip("statsmodels.api")
    found = Differences(np.asarray(values), groups[: len(values)])
    if found.number < 2 or not found.error:
        return
    fitted = api.OLS(np.asarray(values), np.ones(len(values))).fit(
        cov_type="cluster", cov_kwds={"groups": np.asarray(groups[: len(values)])}
    )
    assert found.error == pytest.approx(float(fitted.bse[0]), rel=1e-6)


@given(values_of)
def test_the_test_and_the_interval_say_the_same(values: list[float]):
    """Equivalent at 5 % exactly where the 90 % interval lies within the margin; so does a rule on the distance."""
    result = tost(alone(values), 0.1)
    assert result is not None
    assert result.difference.low is not None
    assert result.difference.high is not None
    inside = result.difference.low >= -0.1 and result.difference.high <= 0.1
    assert result.p_value is not None
    if abs(result.p_value - 0.05) > 1e-9:
        assert inside is (result.p_value <= 0.05)
    assert (Rule(at_most=0.1).outcome(result.distance) is Outcome.PASS) is inside


@given(values_of)
def test_the_distance_holds_every_distance_of_the_interval(values: list[float]):
    """From 0 where the interval holds 0, else from its nearer end; up to its farther one."""
    result = tost(alone(values), 0.1)
    assert result is not None
    low, high = result.difference.low, result.difference.high
    assert low is not None
    assert high is not None
    inside = [abs(x) for x in (low, high, *([0.0] if low <= 0.0 <= high else []))]
    assert (result.distance.low, result.distance.high) == (min(inside), max(inside))
    assert result.distance.estimate == abs(result.difference.estimate)


def test_a_change_that_matters_fails_and_few_cases_decide_nothing():
    """Three outcomes: shown within, shown outside, neither."""
    dice = np.random.default_rng(0)
    rule = Rule(at_most=0.05)

    def outcome(mean: float, n: int) -> Outcome:
        result = tost(alone((mean + dice.uniform(-0.1, 0.1, n)).tolist()), 0.05)
        assert result is not None
        return rule.outcome(result.distance)

    assert outcome(0.0, 200) is Outcome.PASS
    assert outcome(0.2, 200) is Outcome.FAIL
    assert outcome(-0.2, 200) is Outcome.FAIL
    assert outcome(0.0, 5) is Outcome.NOT_ENOUGH_DATA


@pytest.mark.parametrize(("n", "shown"), [(59, True), (58, False)])
def test_cases_that_never_move_need_as_many_as_the_rule_of_three(n: int, shown: bool):
    """0 of 59 moved shows at most 5 %; without spread nothing else can be told."""
    result = tost(alone([0.0] * n), 0.05)
    assert result is not None
    assert (Rule(at_most=0.05).outcome(result.distance) is Outcome.PASS) is shown
    assert result.p_value is not None
    assert (result.p_value <= 0.05) is shown


def test_answers_that_never_move_count_each():
    """60 answers in 20 clusters show less than 0.05: one that had moved would pass, so these cannot show less."""
    result = tost(Differences(np.zeros(60), [place // 3 for place in range(60)]), 0.05)
    assert result is not None
    assert result.p_value is not None
    assert result.p_value <= 0.05
    assert Rule(at_most=0.05).outcome(result.distance) is Outcome.PASS
    assert result.distance.clusters == 20


def test_defined_for_nothing_and_for_one():
    """No cases: no figure. One cluster: an estimate without interval and p-value."""
    assert tost(alone([]), 0.1) is None
    one = tost(alone([0.3]), 0.1)
    assert one is not None
    assert (one.difference.estimate, one.difference.low, one.p_value) == (0.3, None, None)
    assert alone([0.3]).p_value() is None
    assert alone([0.0] * 5).p_value() == 1.0
    assert alone([0.2] * 5).p_value() == pytest.approx(2 / 32)


def test_what_cannot_decide_is_refused():
    """A margin of nothing, and differences that cannot be."""
    with pytest.raises(ValueError, match="margin"):
        tost(alone([0.1, 0.2]), 0.0)
    with pytest.raises(ValueError, match="within"):
        alone([1.5])


@pytest.mark.skipif(not FLAKYJUDGE.is_dir(), reason="the recorded scores of flakyjudge are not on this machine")
def test_the_drifts_of_flakyjudge_are_reproduced():
    """Six judges, padded and condensed responses: drifts, p-values of equivalence within +-0.25 of 1 to 5, and Holm."""
    published = json.loads((FLAKYJUDGE / "published_supplementary.json").read_text(encoding="utf-8"))["I_verbosity"]
    scores: dict[tuple[str, str], dict[str, float]] = {}
    with gzip.open(FLAKYJUDGE / "e4_scores.csv.gz", "rt", encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            if row["score_direct"]:
                scores.setdefault((row["judge"], row["kind"]), {})[row["item_id"]] = float(row["score_direct"])
    found = []
    for cell in published:
        plain, other = scores[cell["judge"], "original"], scores[cell["judge"], cell["kind"]]
        items = sorted(plain.keys() & other.keys())
        moved = np.asarray([other[item] - plain[item] for item in items])
        result = tost(Differences(moved, items, support=(-4.0, 4.0)), 0.25)
        assert result is not None
        assert len(items) == cell["n"]
        assert result.difference.estimate == pytest.approx(cell["mean_drift"])
        assert result.p_value == pytest.approx(cell["p_tost_equiv"])
        found.append(result.p_value)
    assert holm(found) == pytest.approx([cell["p_tost_holm"] for cell in published])
    assert sum(p is not None and p <= 0.05 for p in holm(found)) == 2
