import csv
import gzip
from pathlib import Path
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adjudge.domain.interval import half_width
from adjudge.validation.statistics.ppi import ppi_mean


def drawn(seed: int, labels: int, others: int, noise: float):
    """People's scores of all items, and a judge that is too kind and noisy."""
    dice = np.random.default_rng(seed)
    people = dice.uniform(0, 1, labels + others)
    judge = 0.6 * people + 0.3 + dice.normal(0, noise, labels + others)
    return people, judge


@given(st.integers(0, 10_000), st.integers(5, 80), st.integers(5, 400), st.floats(0.01, 1.0))
def test_estimate_and_interval_are_those_of_the_reference(seed: int, labels: int, others: int, noise: float):
    """The mean is that of ppi_py; the interval too, but for the widening for few clusters in the place of 1.96."""
    ppi_py = pytest.importorskip("ppi_py", reason="ppi-python is an oracle of this test only")
    people, judge = drawn(seed, labels, others, noise)
    found = ppi_mean(people[:labels], judge[:labels], judge[labels:], range(labels + others))
    given = people[:labels], judge[:labels], judge[labels:]
    assert found is not None
    # The reference cuts lambda off at 1, we do not: beyond, it is given ours.
    lam = None if found.weight <= 1 else found.weight
    assert found.mean.estimate == pytest.approx(float(ppi_py.ppi_mean_pointestimate(*given, lam=lam)[0]))
    low, high = (float(end[0]) for end in ppi_py.ppi_mean_ci(*given, alpha=0.05, lam=lam))
    factor = half_width(labels) / NormalDist().inv_cdf(0.975)
    assert (found.mean.high - found.mean.low) == pytest.approx((high - low) * factor)


def test_a_good_judge_saves_labels_and_a_blind_one_costs_none():
    """Worth near 1 / (1 - rho^2 N/(N+n)) for a good judge, 1 for one that always says the same."""
    people, judge = drawn(1, 400, 4000, 0.05)
    found = ppi_mean(people[:400], judge[:400], judge[400:], range(4400))
    rho = np.corrcoef(people, judge)[0, 1]
    assert found is not None
    assert found.worth == pytest.approx(1 / (1 - rho**2 * 4000 / 4400), rel=0.15)
    assert found.bias == pytest.approx(0.1, abs=0.02)
    blind = ppi_mean(people[:400], np.full(400, 0.5), np.full(4000, 0.5), range(4400))
    assert blind is not None
    assert blind.weight == 0.0
    assert blind.worth == pytest.approx(1.0, rel=0.01)
    assert blind.mean.estimate == pytest.approx(people[:400].mean())


@pytest.mark.parametrize("size", [0, 1])
def test_without_labels_or_items_there_is_no_figure(size: int):
    """Fewer than two labels, or nothing to predict, give nothing."""
    assert ppi_mean([0.5] * size, [0.5] * size, [0.1, 0.2], range(size + 2)) is None
    assert ppi_mean([0.5, 1.0], [0.5, 0.5], [], range(2)) is None


def test_labels_without_variance_have_no_worth():
    """Two equal labels: an estimate, and no ratio that would divide by nothing."""
    found = ppi_mean([1.0, 1.0], [1.0, 1.0], [1.0, 1.0, 1.0], range(5))
    assert found is not None
    assert (found.mean.estimate, found.worth) == (1.0, None)


def test_clusters_are_drawn_whole():
    """Copies of every item within its cluster are no evidence: the interval stays; and one cluster gives none."""
    people, judge = drawn(3, 50, 300, 0.2)
    once = ppi_mean(people[:50], judge[:50], judge[50:], range(350))
    four = ppi_mean(
        np.repeat(people[:50], 4), np.repeat(judge[:50], 4), np.repeat(judge[50:], 4), np.repeat(range(350), 4).tolist()
    )
    assert once is not None
    assert four is not None
    # Lambda's sample variance knows the number of cases, hence the hair's breadth.
    assert (four.mean.low, four.mean.high) == pytest.approx((once.mean.low, once.mean.high), abs=1e-4)
    single = ppi_mean(people[:3], judge[:3], judge[3:6], [0] * 6)
    assert single is not None
    assert single.mean.low is None


def test_weights_undo_oversampling():
    """Labels drawn four times as often from the top half, and weighted back, find the mean of all."""
    dice = np.random.default_rng(0)
    people, judge = drawn(5, 0, 4000, 0.2)
    chance = np.where(people > 0.5, 0.4, 0.1)
    labelled = dice.uniform(size=4000) < chance
    found = ppi_mean(
        people[labelled],
        judge[labelled],
        judge,
        [*np.flatnonzero(labelled).tolist(), *range(4000)],
        weights=1 / chance[labelled],
    )
    assert found is not None
    assert found.mean.low <= people.mean() <= found.mean.high
    assert found.mean.estimate == pytest.approx(people.mean(), abs=0.02)
    assert people[labelled].mean() > people.mean() + 0.1


def test_unequal_lengths_are_refused():
    """Scores that do not belong to labels are an error."""
    with pytest.raises(ValueError, match="same length"):
        ppi_mean([0.1, 0.2], [0.1], [0.3], range(3))


@pytest.mark.parametrize(("judge", "worth"), [("claude-sonnet", 1.72), ("gpt-4o", 1.50), ("llama-8b", 1.03)])
def test_recorded_judges_save_the_published_labels(judge: str, worth: float):
    """A hundred labels beside the verdicts on some nine hundred further items: what each label is worth."""
    file = Path(__file__).parents[3] / "shared/data/judging/flakyjudge/e1_scores.csv.gz"
    if not file.is_file():
        pytest.skip("the recorded judges of flakyjudge are not here")
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        rows = [row for row in csv.DictReader(lines) if row["judge"] == judge and row["prompt_mode"] == "parity"]
    scores, people = (
        np.asarray([float(row[name]) for row in rows if row["score_direct"]])
        for name in ("score_direct", "human_label")
    )
    found = []
    for seed in range(100):
        order = np.random.default_rng(seed).permutation(len(scores))
        labelled, rest = order[:100], order[100:]
        mean = ppi_mean(people[labelled], scores[labelled], scores[rest], range(len(scores)))
        assert mean is not None
        assert mean.worth is not None
        found.append(mean.worth)
    assert np.mean(found) == pytest.approx(worth, abs=0.06)
