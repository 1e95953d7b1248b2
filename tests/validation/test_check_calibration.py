import numpy as np
import pytest

from adjudge.validation.check import Outcome
from adjudge.validation.checks.calibration import CalibrationSettings, calibration
from adjudge.validation.gold import GoldRow

DEFAULT = CalibrationSettings()


def probabilities(made, items: int, far: float, labelled: int | None = None):
    """A judge that says how sure it is: 1 tells its chances rightly, more is too sure, 0 knows nothing."""
    dice = np.random.default_rng(0)
    truth = dice.uniform(0.05, 0.95, items)
    said = np.clip(0.5 + far * (truth - 0.5), 0, 1)
    yes = dice.uniform(size=items) < truth
    verdicts = [
        made.verdict(f"i{n}/0", float(said[n])) | {"answer": "yes" if said[n] > 0.5 else "no"} for n in range(items)
    ]
    labels = [
        GoldRow(item=f"i{n}/0", criterion="good", rater="a", score=float(yes[n])) for n in range(labelled or items)
    ]
    return made.material(verdicts, labels)


def test_chances_that_are_right_pass(made):
    """A calibrated judge beats the base rate; its curve is on the diagonal within the intervals."""
    check = calibration(probabilities(made, 800, 1.0), DEFAULT)
    assert check.outcome is Outcome.PASS
    points = check.curves["reliability"]
    assert len(points) == 10
    inside = [point["low"] <= point["score"] <= point["high"] for point in points]
    assert sum(inside) >= 8
    assert points == check.curves["reliability/good"]
    assert "biased" in made.figures(check, "ece")[0].note


def test_scores_without_knowledge_fail(made):
    """Sure of everything at random: worse than always saying the base rate."""
    dice = np.random.default_rng(1)
    verdicts = [made.verdict(f"i{n}/0", float(dice.integers(0, 2))) for n in range(300)]
    labels = [GoldRow(item=f"i{n}/0", criterion="good", rater="a", score=float(n % 2)) for n in range(300)]
    check = calibration(made.material(verdicts, labels), DEFAULT)
    assert check.outcome is Outcome.FAIL
    assert "good" in check.detail


@pytest.mark.parametrize(("items", "method"), [(150, "platt"), (900, "isotonic")])
def test_it_tells_what_a_calibration_would_give(made, items: int, method: str):
    """Platt on few labels, isotonic on many; the Brier score of a judge that is too sure falls."""
    check = calibration(probabilities(made, items, 3.0), DEFAULT)
    assert made.value(check, f"brier_{method}") < made.value(check, "brier")
    assert made.value(check, f"ece_{method}") < made.value(check, "ece")


def test_few_labels_and_many_verdicts_give_a_mean(made):
    """People's mean over all items: the labels, helped by the judge, are worth more than alone."""
    check = calibration(probabilities(made, 2000, 1.0, labelled=200), DEFAULT)
    assert made.value(check, "label_worth") > 1.1
    (mean,) = made.figures(check, "people_mean")
    assert mean.value.low < 0.5 < mean.value.high


def test_grades_are_judged_after_calibration(made):
    """A grade is no chance: a judge a whole step too low is judged by what its calibration gives."""
    verdicts, labels = made.graded(0.1, 0.1)
    low = [{**row, "score": row["score"] * 0.5, "answer": f"grade {row['score'] * 0.5}"} for row in verdicts]
    check = calibration(made.material(low, labels), DEFAULT)
    (skill,) = made.figures(check, "brier_skill")
    assert skill.outcome is Outcome.PASS
    assert "after" in skill.note


def test_single_grades_have_honest_ranges(made):
    """Conformal ranges of a noisy judge cover nine in ten and are wide; those of a sharp one are narrow."""
    widths = []
    for noise in (0.05, 0.5):
        check = calibration(made.material(*made.graded(noise, 0.05, raters=1, items=600)), DEFAULT)
        assert made.value(check, "conformal_coverage") >= 0.86
        widths.append(made.value(check, "conformal_width"))
    # A whole grade narrower.
    assert widths[0] + 0.25 < widths[1]


def test_oversampled_labels_are_weighted(made):
    """Base rate and Brier score are those of all items where bad ones were drawn five times as often."""
    verdicts = [made.verdict(f"i{n}/0", 1.0) for n in range(100)]
    labels = [
        GoldRow(item=f"i{n}/0", criterion="good", rater="a", score=float(n >= 50), weight=0.2 if n < 50 else 1.0)
        for n in range(100)
    ]
    check = calibration(made.material(verdicts, labels), DEFAULT)
    assert made.value(check, "brier") == pytest.approx(10 / 60)


def test_several_criteria_have_a_curve_each_and_one_together(made):
    """What is pooled is every criterion's items; clusters stay the prompts of the whole table."""
    first, second = made.simulated(right=0.9), made.simulated(right=0.8, criterion="short", seed=3)
    check = calibration(made.material([*first[0], *second[0]], [*first[1], *second[1]]), DEFAULT)
    assert set(check.curves) == {"reliability", "reliability/good", "reliability/short"}
    assert sum(point["n"] for point in check.curves["reliability"]) == 480


@pytest.mark.parametrize("labelled", [0, 1, 2, 3])
def test_hardly_any_labels_are_no_error(made, labelled: int):
    """Not enough data, and what is needed."""
    verdicts, labels = made.simulated(prompts=3)
    check = calibration(made.material(verdicts, labels[:labelled]), DEFAULT)
    assert check.outcome is Outcome.NOT_ENOUGH_DATA
    assert "abels" in check.needs
