import csv
import gzip
from pathlib import Path

import numpy as np
import pytest

from adjudge.validation.check import Check, Figure, Material, Outcome, Rule
from adjudge.validation.checks.repeats import NO_VALIDITY, RepeatsSettings, repeats
from adjudge.validation.gold import gold_of
from adjudge.validation.table import table_of

FLAKY = Path(__file__).parents[3] / "shared/data/judging/flakyjudge/e2_scores.csv.gz"


def row(item: int, repeat: int, answer: str, criterion: str = "good", **more) -> dict:
    score = {"yes": 1.0, "no": 0.0}.get(answer)
    given = {"item": f"r{item}/0", "group": f"s{item}", "judge": "j", "criterion": criterion, "repeat": repeat}
    status = "ok" if score is not None else "not_applicable"
    return given | {"answer": answer, "score": score, "status": status} | more


def checked(rows: list[dict], resamples: int = 200, **settings) -> Check:
    table = table_of(rows)
    return repeats(
        Material(table, table, gold_of([]), resamples=resamples), RepeatsSettings(**{"answers": 5} | settings)
    )


def of(check: Check, name: str, **about: str) -> Figure:
    """The one figure with this name that is about this."""
    wanted = {"criterion": None, **about}.items()
    (found,) = [f for f in check.figures if f.name == name and wanted <= {"criterion": None, **f.about}.items()]
    return found


def noisy(chance: float, items: int = 200, askings: int = 5, seed: int = 0) -> list[dict]:
    """Half of the items are good; each answer is the other one with this chance."""
    dice = np.random.default_rng(seed)
    return [
        row(item, repeat, "yes" if (item % 2 == 0) ^ (dice.random() < chance) else "no")
        for item in range(items)
        for repeat in range(askings)
    ]


def test_a_judge_that_repeats_itself_passes_and_is_told_what_that_is_worth():
    """Equal answers pass, with the sentence that this says nothing on validity."""
    check = checked(noisy(0.0))
    assert check.outcome is Outcome.PASS
    assert NO_VALIDITY in check.detail
    assert "temperature 0" in check.detail
    assert of(check, "reliability").value.estimate == pytest.approx(1.0)
    assert of(check, "calls_needed").value.estimate == 1
    assert of(check, "majority_of_3").value.estimate == 0.0


def test_a_noisy_judge_fails_and_is_told_how_many_calls_would_do():
    """A tenth of wrong answers: flips as the binomial says, and the calls that Spearman-Brown asks for."""
    check = checked(noisy(0.1))
    assert check.outcome is Outcome.FAIL
    assert of(check, "flips", answers="5").value.estimate == pytest.approx(1 - 0.9**5 - 0.1**5, abs=0.1)
    assert of(check, "disagreement").value.estimate == pytest.approx(0.18, abs=0.04)
    # Variance of the truth .16, of an answer about it .09: reliability .64, and 2.25 calls for .8.
    assert of(check, "reliability").value.estimate == pytest.approx(0.64, abs=0.07)
    assert of(check, "calls_needed", **{"for": "0.80"}).value.estimate in {2, 3}
    assert check.fix
    assert NO_VALIDITY not in check.detail


def test_the_example_is_the_question_that_came_out_most_evenly():
    """People see first what the judge could not decide, with its answers and reasons."""
    rows = [
        *(row(0, r, "yes") for r in range(4)),
        *(row(1, r, "yes" if r else "no") for r in range(4)),
        *(row(2, r, "yes" if r % 2 else "no", rationale=f"because {r}") for r in range(4)),
    ]
    first, second = checked(rows).examples
    assert first["item"] == "r2/0"
    assert first["answers"] == {"no": 2, "yes": 2}
    assert first["rationales"] == ["because 0", "because 1", "because 2", "because 3"]
    assert second["item"] == "r1/0"


def test_few_questions_do_not_decide():
    """Ten questions without a flip could still come from a judge that flips one in four: not enough data."""
    check = checked(noisy(0.0, items=10))
    assert check.outcome is Outcome.NOT_ENOUGH_DATA
    assert of(check, "flips").needed > 10


def test_flips_are_told_for_one_number_of_askings():
    """Three askings give no figure for five; they do for three, and five give it for three, too."""
    assert of(checked(noisy(0.1, askings=3)), "flips").value is None
    three = of(checked(noisy(0.1, askings=3), answers=3), "flips").value
    five = of(checked(noisy(0.1, askings=5), answers=3), "flips").value
    assert three.estimate == pytest.approx(1 - 0.9**3 - 0.1**3, abs=0.08)
    assert five.estimate == pytest.approx(three.estimate, abs=0.08)


def test_a_graded_answer_flips_where_it_crosses_the_line():
    """From .5 to .75 is no other verdict, from .25 to .5 is one; either counts as noise."""

    def graded(scores):
        return [row(i, r, "yes") | {"answer": f"{s}", "score": s} for i in range(30) for r, s in enumerate(scores)]

    assert of(checked(graded((0.5, 0.75)), answers=2), "flips").value.estimate == 0.0
    assert of(checked(graded((0.25, 0.5)), answers=2), "flips").value.estimate == 1.0
    assert of(checked(graded((0.5, 0.75)), answers=2), "noise").value.estimate == pytest.approx(0.03125)


def test_each_criterion_is_judged_by_itself():
    """A criterion that flips is found among nine steady ones, and an easy one beside a hard one is no reliability."""
    steady = [r | {"criterion": f"c{number}"} for number in range(9) for r in noisy(0.0, items=100)]
    check = checked([*steady, *(r | {"criterion": "shaky"} for r in noisy(0.2, items=100))])
    assert check.outcome is Outcome.FAIL
    failed = {f.about.get("criterion") for f in check.figures if f.name == "flips" and f.outcome is Outcome.FAIL}
    assert "shaky" in failed
    assert not failed & {f"c{number}" for number in range(9)}
    dice = np.random.default_rng(1)
    levels = {"easy": 0.9, "hard": 0.1}
    rows = [
        row(item, r, "yes" if dice.random() < chance else "no", name)
        for name, chance in levels.items()
        for item in range(200)
        for r in range(3)
    ]
    assert of(checked(rows), "reliability").value.estimate == pytest.approx(0.0, abs=0.1)


def test_failures_and_questions_decided_without_a_call_do_not_count():
    """Only what the judge answered twice is compared."""
    rows = [
        row(0, 0, "yes"),
        {"judge": "j", "status": "timeout", "repeat": 1, "group": "s0"},
        *(row(1, r, "no", rationale="No call: passage not found for this item.") for r in range(5)),
    ]
    check = checked(rows)
    assert check.outcome is Outcome.NOT_ENOUGH_DATA
    assert "repeat 1 to 4" in check.needs
    assert check.figures == ()


def test_changed_questions_are_no_repeats():
    """Rows of a variant say nothing on repeats, and 'not applicable' is a verdict as others are."""
    rows = [row(i, r, "yes", variant="reworded/1") for i in range(5) for r in range(3)]
    assert checked(rows).detail == "no question was asked twice"
    split = [row(i, r, "yes" if r else "not applicable") for i in range(30) for r in range(2)]
    assert of(checked(split, answers=2), "flips").value.estimate == 1.0


def test_a_judge_that_always_says_yes_has_no_reliability_to_show():
    """Nothing differs, so nothing is reliable: it does not pass by never flipping."""
    check = checked([row(i, r, "yes") for i in range(200) for r in range(5)])
    assert check.outcome is Outcome.NOT_ENOUGH_DATA
    assert of(check, "flips").outcome is Outcome.PASS
    assert "all answers are the same" in of(check, "reliability").note


def test_a_rule_of_ones_own():
    """Thresholds are the user's to set."""
    rule = Rule(at_most=0.6)
    assert of(checked(noisy(0.1), flips=rule), "flips").outcome is Outcome.PASS


@pytest.mark.skipif(not FLAKY.exists(), reason="needs the flakyjudge records of the shared data")
@pytest.mark.parametrize(
    ("judge", "flips_cold", "flips_hot"),
    [("gpt-4o", 0.04, 0.19), ("gpt-4o-mini", 0.02, 0.10), ("claude-haiku", 0.01, 0.155), ("llama-8b", 0.01, 0.24)],
)
def test_recorded_judges_flip_as_often_as_was_published(judge, flips_cold, flips_hot):
    """Any-of-5 verdict flips (pass above 2.5 of 1 to 5) at temperature 0 and 1; ICC(1,1) at 1 as published."""
    with gzip.open(FLAKY, "rt", encoding="utf-8") as lines:
        answers = [line for line in csv.DictReader(lines) if line["judge"] == judge and line["score_direct"]]
    reliabilities = {"gpt-4o": 0.93, "claude-haiku": 0.88, "llama-8b": 0.16}
    for condition, flips in (("repeat_t0", flips_cold), ("repeat_t1", flips_hot)):
        rows = [
            row(0, int(line["repeat_idx"]), line["score_direct"])
            | {"item": line["item_id"], "group": line["item_id"], "status": "ok"}
            | {"score": (float(line["score_direct"]) - 1) / 4}
            for line in answers
            if line["condition"] == condition
        ]
        check = checked(rows, passes_from=0.4)
        assert of(check, "flips").value.estimate == pytest.approx(flips, abs=0.006)
        if condition == "repeat_t1" and judge in reliabilities:
            assert of(check, "reliability").value.estimate == pytest.approx(reliabilities[judge], abs=0.01)
