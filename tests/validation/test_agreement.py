import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adjudge.domain.interval import Interval
from adjudge.validation.agreement import Labelled, accuracy, auc, brier, kappa, true_rate

cases_of = st.lists(st.tuples(st.booleans(), st.sampled_from([0.0, 0.2, 0.5, 0.8, 1.0])), min_size=1, max_size=40)


def labelled(rows: list[tuple[bool, float]]) -> Labelled:
    """Each case its own cluster."""
    return Labelled([label for label, _ in rows], [p for _, p in rows], list(range(len(rows))))


@settings(deadline=None)
@given(cases_of)
def test_auc_is_the_share_of_pairs_in_order(rows: list[tuple[bool, float]]):
    """AUC counts good-bad pairs in the right order, ties as half; without both kinds it is absent."""
    good, bad = [p for label, p in rows if label], [p for label, p in rows if not label]
    found = auc(labelled(rows), seed=0, resamples=50)
    if not good or not bad:
        assert found is None
        return
    pairs = [1.0 if g > b else 0.5 if g == b else 0.0 for g in good for b in bad]
    assert found is not None
    assert found.estimate == pytest.approx(sum(pairs) / len(pairs))


@settings(deadline=None)
@given(cases_of)
def test_figures_agree_with_scikit_learn(rows: list[tuple[bool, float]]):
    """Kappa, accuracy and Brier score are those of an independent implementation."""
    metrics = pytest.importorskip("sklearn.metrics")
    cases = labelled(rows)
    found, right = kappa(cases, seed=0, resamples=50), accuracy(cases)
    assert right is not None
    assert right.estimate == pytest.approx(metrics.accuracy_score(cases.labels, cases.answers))
    assert brier(cases) == pytest.approx(np.mean([(p - label) ** 2 for label, p in rows]))
    if len({*cases.labels, *cases.answers}) == 1:
        assert found is None
    else:
        assert found is not None
        assert found.estimate == pytest.approx(metrics.cohen_kappa_score(cases.labels, cases.answers))


def test_rates_are_of_their_own_class():
    """TPR is the share of good cases called good, TNR of bad cases called bad, each with Wilson's interval."""
    cases = labelled([(True, 0.9), (True, 0.8), (True, 0.1), (False, 0.6), (False, 0.2)])
    tpr, tnr = true_rate(cases, of=True), true_rate(cases, of=False)
    assert tpr is not None
    assert tnr is not None
    assert (tpr.estimate, tpr.n, tnr.estimate, tnr.n) == (pytest.approx(2 / 3), 3, 0.5, 2)
    assert true_rate(labelled([(True, 0.9)]), of=False) is None


def test_auc_width_agrees_with_hanley_and_mcneil():
    """With independent cases the interval is about as wide as the classical formula says."""
    dice = np.random.default_rng(1)
    n = 150
    scores = 1 / (1 + np.exp(-np.r_[dice.normal(1, 1, n), dice.normal(0, 1, n)]))
    found = auc(labelled([(place < n, float(p)) for place, p in enumerate(scores)]), seed=0)
    assert found is not None
    assert found.low is not None
    assert found.high is not None
    a = found.estimate
    q1, q2 = a / (2 - a), 2 * a * a / (1 + a)
    error = math.sqrt((a * (1 - a) + (n - 1) * (q1 - a * a) + (n - 1) * (q2 - a * a)) / n**2)
    assert (found.high - found.low) / (2 * 1.96 * error) == pytest.approx(1.0, abs=0.15)


@pytest.mark.parametrize("figure", [auc, kappa])
def test_clusters_widen_the_interval(figure: Callable[..., Interval | None]):
    """Ten copies of each case are no more evidence than one: the interval of the clusters stays as it was."""
    dice = np.random.default_rng(5)
    labels = [bool(place % 2) for place in range(60)]
    scores = [float(np.clip(0.5 + 0.25 * (label - 0.5) + 0.3 * dice.normal(), 0, 1)) for label in labels]
    alone = figure(Labelled(labels, scores, list(range(60))), seed=0)
    copies = figure(Labelled(labels * 10, scores * 10, list(range(60)) * 10), seed=0)
    naive = figure(Labelled(labels * 10, scores * 10, list(range(600))), seed=0)
    widths = []
    for found in (alone, copies, naive):
        assert found is not None
        assert found.low is not None
        assert found.high is not None
        widths.append(found.high - found.low)
    assert widths[1] == pytest.approx(widths[0], rel=1e-6)
    assert widths[2] < 0.5 * widths[0]


@pytest.mark.parametrize("figure", [auc, kappa])
def test_perfect_agreement_keeps_an_interval(figure: Callable[..., Interval | None]):
    """Twenty cases without error do not prove a perfect judge."""
    rows = [(bool(place % 2), 0.9 if place % 2 else 0.1) for place in range(20)]
    found = figure(labelled(rows), seed=0, resamples=500)
    assert found is not None
    assert found.low is not None
    assert found.estimate == 1.0
    assert 0.5 < found.low < 0.9
    assert found.high == 1.0


def test_one_cluster_has_no_interval():
    """Cases of a single contract give a figure without ends."""
    found = auc(Labelled([True, False], [0.9, 0.1], ["c", "c"]), seed=0)
    assert found is not None
    assert (found.estimate, found.low, found.high, found.clusters) == (1.0, None, None, 1)


@pytest.mark.parametrize("p", [math.nan, 1.2, -0.1])
def test_refuses_what_is_no_probability(p: float):
    """A probability that is not in [0, 1] is an error."""
    with pytest.raises(ValueError, match="within"):
        Labelled([True], [p], ["a"])
    with pytest.raises(ValueError, match="same length"):
        Labelled([True, False], [0.5], ["a"])
