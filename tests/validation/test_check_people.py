import numpy as np
import pytest

from adjudge.validation.check import Material, Outcome
from adjudge.validation.checks.people import PeopleSettings, people
from adjudge.validation.gold import GoldRow, told_gold
from adjudge.validation.table import table_of

DEFAULT = PeopleSettings()


def test_a_good_judge_passes(made):
    """Right in 97 % of the responses of many prompts: rates and order within prompts are above their limits."""
    check = people(made.material(*made.simulated(right=0.97)), DEFAULT)
    assert check.outcome is Outcome.PASS, check.lines()
    assert made.value(check, "tpr") > 0.9
    assert made.value(check, "pairwise_accuracy") > 0.9


def test_a_judge_that_guesses_fails(made):
    """A coin fails the rates, and the detail names the criterion; disagreements are shown with the judge's reason."""
    check = people(made.material(*made.simulated(right=0.5)), DEFAULT)
    assert check.outcome is Outcome.FAIL
    assert "good" in check.detail
    assert len(check.examples) == DEFAULT.examples
    worst = check.examples[0]
    assert abs(worst["judge"] - worst["people"][0]) == 1.0
    assert worst["rationale"] == f"on {worst['item']}"


def test_few_labels_decide_nothing_and_say_how_many_would(made):
    """A judge that is right on 24 items: not enough data, with about the number of labels a class that would decide."""
    check = people(made.material(*made.simulated(prompts=6, right=0.92, seed=5)), DEFAULT)
    assert check.outcome is Outcome.NOT_ENOUGH_DATA
    open_rates = [f for f in check.figures if f.name in {"tpr", "tnr"} and f.outcome is Outcome.NOT_ENOUGH_DATA]
    assert open_rates
    assert all(f.needed is not None and f.needed > f.value.n for f in open_rates)


def test_no_labels_no_data(made):
    """Without labels the check says which rows it needs."""
    check = people(made.material(made.simulated()[0], []), DEFAULT)
    assert check.outcome is Outcome.NOT_ENOUGH_DATA
    assert "gold.jsonl" in check.needs


def test_labels_of_other_items_are_told(made):
    """Labels that meet no verdict are counted aloud: else nobody would see that the files do not belong together."""
    verdicts, labels = made.simulated(right=0.97)
    strange = [GoldRow(item=f"other{n}", criterion="good", rater="a", score=1.0) for n in range(7)]
    assert "7 of 7 labels" in people(made.material(verdicts, strange), DEFAULT).detail
    check = people(made.material(verdicts, [*labels, *strange]), DEFAULT)
    assert f"7 of {len(labels) + 7} labels" in check.detail
    assert check.outcome is Outcome.PASS


def test_a_criterion_that_nobody_labelled_is_told(made):
    """One criterion with labels does not speak for another."""
    verdicts, labels = made.simulated(right=0.97)
    more, _ = made.simulated(criterion="short", seed=9)
    check = people(made.material([*verdicts, *more], labels), DEFAULT)
    assert check.outcome is Outcome.NOT_ENOUGH_DATA
    assert "no labels for short" in check.detail


def test_people_who_disagree_may_be_replaced_by_test_and_alpha(made):
    """Where people are right in nine of ten, a judge like them passes the test with alpha, and rates are told."""
    loose = PeopleSettings(alpha=0.5, rate=0.97)
    check = people(made.material(*made.simulated(right=0.95, raters=3, agree=0.92)), loose)
    (omega,) = made.figures(check, "alt_test_omega")
    (tpr,) = made.figures(check, "tpr")
    assert omega.outcome is Outcome.PASS
    assert tpr.rule is None
    assert check.outcome is Outcome.PASS, check.lines()


def test_the_rates_are_enough(made):
    """Where rates pass, an alpha under its limit is told and stops nothing."""
    check = people(made.material(*made.simulated(right=0.98, raters=3, agree=0.85)), PeopleSettings(rate=0.7))
    (alpha,) = made.figures(check, "alpha")
    assert alpha.value.estimate < 0.667
    assert alpha.rule is None
    assert check.outcome is Outcome.PASS, check.lines()


def test_grades_are_measured_against_the_ceiling(made):
    """A judge as good as a person passes; one that is good in itself but far below people does not."""
    good = people(made.material(*made.graded(0.1, 0.15)), DEFAULT)
    assert good.outcome is Outcome.PASS, good.lines()
    worse = people(made.material(*made.graded(0.35, 0.05, items=600)), PeopleSettings(correlation=0.4))
    (spearman,) = made.figures(worse, "spearman")
    (gap,) = made.figures(worse, "spearman_above_ceiling")
    assert spearman.outcome is Outcome.PASS
    assert gap.outcome is Outcome.FAIL
    assert worse.outcome is Outcome.FAIL


def test_one_response_a_prompt_cannot_show_the_order(made):
    """Training in groups needs the order within prompts; without it the check is open, unless that is waived."""
    material = made.material(*made.simulated(prompts=300, per_prompt=1, right=0.97))
    assert people(material, DEFAULT).outcome is Outcome.NOT_ENOUGH_DATA
    assert people(material, PeopleSettings(within_prompts=False)).outcome is Outcome.PASS


def test_weights_of_oversampled_items_count(made):
    """Errors among items that were drawn ten times as often count a tenth."""
    verdicts = [made.verdict(f"i{n}/0", 1.0) for n in range(100)]
    labels = [
        GoldRow(item=f"i{n}/0", criterion="good", rater="a", score=float(n >= 50), weight=0.1 if n < 50 else 1.0)
        for n in range(100)
    ]
    check = people(made.material(verdicts, labels), DEFAULT)
    assert made.value(check, "accuracy") == pytest.approx(50 / 55)


def test_split_people_decide_nothing(made):
    """Items on which people are split are in no rate."""
    verdicts = [made.verdict(f"i{n}/0", float(n % 2)) for n in range(40)]
    labels = [
        GoldRow(item=f"i{n}/0", criterion="good", rater=rater, score=float(n % 2) if n < 30 else float(rater == "a"))
        for n in range(40)
        for rater in "ab"
    ]
    check = people(made.material(verdicts, labels), DEFAULT)
    assert [f.value.n for f in check.figures if f.name in {"tpr", "tnr"}] == [15, 15]


@pytest.mark.parametrize(("kept", "rater"), [(slice(0, 1), "a"), (slice(0, 2), "a"), (slice(0, 3), "a")])
def test_one_two_or_three_labels_are_no_error(made, kept: slice, rater: str):
    """Hardly any labels: an outcome, and no figure that is not finite."""
    for score in (0.0, 1.0, 0.4):
        verdicts = [made.verdict(f"i{n}/0", score) for n in range(3)]
        labels = [GoldRow(item=f"i{n}/0", criterion="good", rater=rater, score=score) for n in range(3)][kept]
        check = people(made.material(verdicts, labels), DEFAULT)
        assert check.outcome is Outcome.NOT_ENOUGH_DATA


@pytest.mark.parametrize(
    ("judge", "spearman"),
    [
        ("claude-sonnet", 0.693),
        ("gemini-flash", 0.664),
        ("claude-haiku", 0.634),
        ("gpt-4o", 0.619),
        ("llama-8b", 0.133),
    ],
)
def test_recorded_judges_have_their_published_correlations(made, judge: str, spearman: float):
    """FLASK, three people: the correlations of the study, and the human ceiling of .56."""
    table = table_of(made.flask(judge))
    material = Material(table=table, everyone=table, gold=told_gold(table), resamples=200)
    check = people(material, DEFAULT)
    assert made.value(check, "spearman") == pytest.approx(spearman, abs=0.002)
    if len(table) == 499:
        # Sonnet left 32 items without a score; the ceiling is of the items that both have.
        assert made.value(check, "spearman_ceiling") == pytest.approx(0.56, abs=0.005)
    assert check.outcome is (Outcome.FAIL if judge == "llama-8b" else Outcome.NOT_ENOUGH_DATA)
    assert np.isfinite([f.value.estimate for f in check.figures if f.value is not None]).all()
