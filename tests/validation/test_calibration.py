import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adjudge.validation.statistics.calibration import (
    MIN_ISOTONIC,
    Scored,
    brier_skill,
    calibration_error,
    calibrator,
    cross_fitted,
    fitting,
    reliability,
    weighted_brier,
)

rows_of = st.lists(st.tuples(st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.9, 1.0]), st.booleans()), min_size=2, max_size=50)


def scored(scores, labels, clusters=None, weights=None) -> Scored:
    size = len(scores)
    return Scored(
        np.asarray(scores, dtype=float),
        np.asarray(labels, dtype=float),
        range(size) if clusters is None else clusters,
        np.ones(size) if weights is None else np.asarray(weights, dtype=float),
    )


def drawn(size: int, seed: int = 0) -> Scored:
    """An over-confident judge: its scores are too far out."""
    dice = np.random.default_rng(seed)
    truth = dice.uniform(0.2, 0.8, size)
    return scored(np.clip(0.5 + 1.6 * (truth - 0.5), 0, 1), dice.uniform(size=size) < truth)


@given(rows_of)
def test_brier_is_scikit_learns(rows: list[tuple[float, bool]]):
    """Mean squared distance, weighted."""
    metrics = pytest.importorskip("sklearn.metrics")
    scores, labels = zip(*rows, strict=True)
    weights = np.arange(1, len(rows) + 1)
    expected = metrics.brier_score_loss(labels, scores, sample_weight=weights, pos_label=True)
    assert weighted_brier(scored(scores, labels, weights=weights)) == pytest.approx(expected)


@given(rows_of)
def test_the_curve_is_scikit_learns(rows: list[tuple[float, bool]]):
    """Mean score and share of each range, with Wilson's interval around the share."""
    curve = pytest.importorskip("sklearn.calibration").calibration_curve
    scores, labels = zip(*rows, strict=True)
    found = reliability(scored(scores, labels), bins=4)
    # Scikit-learn puts a score on an edge into the range below, we put it above; off the edges we agree.
    moved = np.clip(np.asarray(scores) + 1e-9, 0, 1)
    shares, means = curve(labels, moved, n_bins=4)
    assert [part.share.estimate for part in found] == pytest.approx(list(shares))
    assert [part.score for part in found] == pytest.approx(list(means), abs=1e-6)
    assert sum(part.weight for part in found) == pytest.approx(1)
    assert sum(part.share.n for part in found) == len(rows)


@given(rows_of)
def test_the_error_is_the_mean_distance_of_the_curve(rows: list[tuple[float, bool]]):
    """ECE by its definition, range by range."""
    scores, labels = (np.asarray(column, dtype=float) for column in zip(*rows, strict=True))
    places = np.minimum((scores * 10).astype(int), 9)
    expected = sum(
        abs(scores[places == place].mean() - labels[places == place].mean()) * (places == place).mean()
        for place in set(places)
    )
    assert calibration_error(scored(scores, labels)) == pytest.approx(expected)


def test_the_error_is_biased_with_few_cases():
    """A perfectly calibrated judge has an ECE far from 0 on fifty cases, and near 0 on fifty thousand."""
    dice = np.random.default_rng(0)

    def error(size: int) -> float:
        scores = dice.uniform(0, 1, size)
        found = calibration_error(scored(scores, dice.uniform(size=size) < scores))
        assert found is not None
        return found

    assert np.mean([error(50) for _ in range(20)]) > 0.08
    assert error(50_000) < 0.01


@given(rows_of)
def test_skill_compares_with_the_base_rate(rows: list[tuple[float, bool]]):
    """1 - Brier / (p (1 - p)); absent with one class."""
    scores, labels = (np.asarray(column, dtype=float) for column in zip(*rows, strict=True))
    found = brier_skill(scored(scores, labels), seed=0, resamples=50)
    if labels.min() == labels.max():
        assert found is None
        return
    assert found is not None
    expected = 1 - ((scores - labels) ** 2).mean() / (labels.mean() * (1 - labels.mean()))
    assert found.estimate == pytest.approx(expected)


@given(rows_of.filter(lambda rows: len({label for _, label in rows}) == 2))
def test_platt_is_scikit_learns(rows: list[tuple[float, bool]]):
    """The same line as the fit behind scikit-learn's calibrated classifiers, separable classes included."""
    classifier = pytest.importorskip("sklearn.calibration")._SigmoidCalibration
    scores, labels = (np.asarray(column, dtype=float) for column in zip(*rows, strict=True))
    expected = classifier().fit(scores, labels).predict(scores)
    assert calibrator(scores, labels, "platt")(scores) == pytest.approx(expected, abs=2e-3)


@given(rows_of)
def test_isotonic_pools_adjacent_violators(rows: list[tuple[float, bool]]):
    """Rising, with the mean of the labels, and no rising function is nearer than that by max-min averages."""
    scores, labels = (np.asarray(column, dtype=float) for column in zip(*rows, strict=True))
    found = calibrator(scores, labels, "isotonic")(scores)
    levels = np.unique(scores)

    def average(low: float, high: float) -> float:
        return float(labels[(scores >= low) & (scores <= high)].mean())

    for level in levels:
        expected = max(min(average(low, high) for high in levels if high >= level) for low in levels if low <= level)
        assert found[scores == level] == pytest.approx(expected, abs=1e-6)


def test_calibration_mends_an_over_confident_judge():
    """Out of fold, Platt on few and isotonic on many labels lower the Brier score of a judge that is too sure."""
    for size in (150, 3000):
        cases = drawn(size)
        method = fitting(size)
        assert method == ("platt" if size < MIN_ISOTONIC else "isotonic")
        better = cross_fitted(cases, method)
        assert better is not None
        assert weighted_brier(scored(better, cases.labels)) < weighted_brier(cases)


def test_what_is_drawn_together_is_fitted_together():
    """A label that is known for one copy of a cluster must not calibrate the other copy."""
    dice = np.random.default_rng(0)
    labels = dice.integers(0, 2, 120)
    # Each cluster has its own score: a fit that saw the cluster could read the label off it.
    scores = dice.permutation(120) / 119
    cases = scored(np.repeat(scores, 3), np.repeat(labels, 3), np.repeat(np.arange(120), 3).tolist())
    found = cross_fitted(cases, "isotonic")
    assert found is not None
    assert weighted_brier(scored(found, cases.labels)) > 0.2


def test_a_straight_line_for_scores():
    """The least-squares line, kept within [0, 1]."""
    predict = calibrator([0.0, 0.5, 1.0], [0.2, 0.6, 1.0], "linear")
    assert predict(np.array([0.25, 2.0])) == pytest.approx([0.4, 1.0])


@pytest.mark.parametrize("method", ["platt", "isotonic", "linear"])
@pytest.mark.parametrize("size", [1, 2, 3])
def test_few_cases_and_one_class_are_fitted(method, size: int):
    """A fit on one, two or three cases of one class is finite and within [0, 1]."""
    found = calibrator([0.5] * size, [1.0] * size, method)(np.array([0.0, 0.5, 1.0]))
    assert np.isfinite(found).all()
    assert (found >= 0).all()
    assert (found <= 1).all()


def test_nothing_comes_of_nothing():
    """No cases, no figures; one cluster, no fit on others."""
    none = scored([], [])
    assert reliability(none) == ()
    assert (calibration_error(none), weighted_brier(none), cross_fitted(none, "platt")) == (None, None, None)
    assert brier_skill(none, seed=0) is None
    assert cross_fitted(scored([0.1, 0.9], [0, 1], ["a", "a"]), "platt") is None


def test_unequal_lengths_are_refused():
    """Scores without labels are an error."""
    with pytest.raises(ValueError, match="same length"):
        scored([0.5, 0.6], [1])
