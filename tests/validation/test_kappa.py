import csv
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adjudge.validation.statistics.bootstrap import Draws
from adjudge.validation.statistics.kappa import cohen, confusion, fleiss, gwet_ac1
from adjudge.validation.statistics.units import counts_of

FEW = Draws(seed=0, resamples=50)
HANNA = Path(__file__).parents[3] / "shared/data/judging/hanna/user_study.csv"

two = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=30)
many = st.integers(2, 5).flatmap(
    lambda r: st.lists(st.lists(st.integers(-1, 2), min_size=r, max_size=r), min_size=1, max_size=15)
)


def column(rows, place: int) -> np.ndarray:
    return np.array([row[place] for row in rows], dtype=np.int64)


@settings(deadline=None)
@given(two, st.sampled_from([None, "linear", "quadratic"]))
def test_cohen_agrees_with_scikit_learn(rows, weights):
    """Plain, linear and quadratic kappa are those of an independent implementation; where it has none, none is told."""
    metrics = pytest.importorskip("sklearn.metrics")
    first, second = column(rows, 0), column(rows, 1)
    found = cohen(first, second, np.arange(4.0), range(len(rows)), FEW, weights=weights)
    if len({*first.tolist(), *second.tolist()}) == 1:
        assert found is None
        return
    told = metrics.cohen_kappa_score(first, second, labels=range(4), weights=weights)
    assert found.estimate == pytest.approx(told)


def test_weights_go_by_what_levels_are_worth():
    """Two levels as far apart as the ends count as a whole disagreement, whatever stands between them."""
    first, second = np.array([0, 1, 2, 2]), np.array([0, 1, 2, 1])
    near = cohen(first, second, np.array([0.0, 0.9, 1.0]), range(4), FEW, weights="linear")
    far = cohen(first, second, np.array([0.0, 0.1, 1.0]), range(4), FEW, weights="linear")
    assert near.estimate > far.estimate


def test_units_that_one_left_out_do_not_count():
    """Missing answers are neither agreement nor disagreement, in kappa and in the confusion table."""
    first, second = np.array([0, 1, 1, -1, 0]), np.array([0, 1, 0, 1, -1])
    found = cohen(first, second, np.arange(2.0), range(5), FEW)
    assert found == cohen(first[:3], second[:3], np.arange(2.0), range(3), FEW)
    assert confusion(first, second, 2).tolist() == [[1, 0], [1, 1]]


@settings(deadline=None)
@given(st.integers(2, 5).flatmap(lambda r: st.lists(st.lists(st.integers(0, 2), min_size=r, max_size=r), min_size=1)))
def test_fleiss_agrees_with_statsmodels(rows):
    """With as many answers a unit Fleiss' kappa is that of an independent implementation."""
    raters = pytest.importorskip("statsmodels.stats.inter_rater")
    counts = counts_of(np.array(rows), 3)
    found = fleiss(counts, range(len(rows)), FEW)
    with np.errstate(all="ignore"):
        told = raters.fleiss_kappa(counts)
    if found is None:
        assert not math.isfinite(told)
    else:
        assert found.estimate == pytest.approx(told)


@settings(deadline=None)
@given(many)
def test_ac1_is_gwets_formula(rows):
    """Written out unit by unit as in Gwet's handbook, missing answers too."""
    found = gwet_ac1(counts_of(np.array(rows), 3), range(len(rows)), FEW)
    given_ = [[answer for answer in row if answer >= 0] for row in rows]
    shares = [
        sum(row.count(k) * (row.count(k) - 1) for k in range(3)) / (len(row) * (len(row) - 1))
        for row in given_
        if len(row) > 1
    ]
    if not shares:
        assert found is None
        return
    some = [row for row in given_ if row]
    common = [sum(row.count(k) / len(row) for row in some) / len(some) for k in range(3)]
    chance = sum(p * (1 - p) for p in common) / 2
    assert found.estimate == pytest.approx((sum(shares) / len(shares) - chance) / (1 - chance))
    assert found.n == len(shares)


def test_ac1_of_two_raters_has_gwets_published_value():
    """Gwet (2008): 118 units both positive, 5 and 2 apart, none negative: AC1 0.94 where kappa is -0.02."""
    first = np.repeat([1, 1, 0], [118, 5, 2])
    second = np.repeat([1, 0, 1], [118, 5, 2])
    ac1 = gwet_ac1(counts_of(np.stack([first, second], axis=1), 2), range(125), FEW)
    assert ac1.estimate == pytest.approx(0.9408, abs=5e-4)
    assert cohen(first, second, np.arange(2.0), range(125), FEW).estimate == pytest.approx(-0.0234, abs=5e-4)


def test_one_class_has_no_kappa_and_an_ac1():
    """Where everybody always says yes, chance explains it all for kappa; AC1 calls it agreement, on a scale of two."""
    codes = np.ones((4, 3), dtype=np.int64)
    assert fleiss(counts_of(codes, 2), range(4), FEW) is None
    assert cohen(codes[:, 0], codes[:, 1], np.arange(2.0), range(4), FEW) is None
    assert gwet_ac1(counts_of(codes, 2), range(4), FEW).estimate == 1.0
    assert gwet_ac1(np.full((4, 1), 3.0), range(4), FEW) is None


def test_a_constant_rater_has_kappa_zero():
    """Who always says the same agrees as often as chance would."""
    found = cohen(np.array([1, 1, 1, 1]), np.array([0, 1, 1, 0]), np.arange(2.0), range(4), FEW)
    assert found.estimate == pytest.approx(0.0)


@pytest.mark.parametrize("n", [0, 1, 2, 3])
def test_few_units_are_a_figure_or_none(n: int):
    """From none to three units: never an error, and an interval only from two units on."""
    codes = np.array([[0, 0], [1, 1], [0, 1]], dtype=np.int64)[:n]
    counts = counts_of(codes, 2)
    for found in (
        cohen(codes[:, 0], codes[:, 1], np.arange(2.0), range(n), FEW),
        fleiss(counts, range(n), FEW),
        gwet_ac1(counts, range(n), FEW),
    ):
        assert found is None or (found.n == n and (n >= 2 or found.low is None))
    assert fleiss(counts, range(n), FEW) is None or n > 1


@pytest.mark.skipif(not HANNA.exists(), reason="needs the HANNA user study of the shared data")
def test_hanna_raters_agree_by_ac1_and_not_by_fleiss():
    """The study's own AC1 of five yes/no questions, three raters each; where .97 agree, Fleiss' kappa is -.02."""
    with HANNA.open(encoding="utf-8", newline="") as lines:
        rows = [[row[name] == "1" for name in row if name.startswith("Answer.")] for row in csv.DictReader(lines)]
    answers = np.array(rows, dtype=np.int64).reshape(100, 3, 6)
    told = {0: 0.90, 1: 0.97, 2: 0.66, 4: 0.60, 5: 0.81}
    for question, value in told.items():
        counts = counts_of(answers[:, :, question], 2)
        assert gwet_ac1(counts, range(100), FEW).estimate == pytest.approx(value, abs=0.005)
    assert fleiss(counts_of(answers[:, :, 1], 2), range(100), FEW).estimate == pytest.approx(-0.02, abs=0.005)
