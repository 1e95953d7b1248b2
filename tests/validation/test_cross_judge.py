import csv
import gzip
import math
from pathlib import Path

import numpy as np
import pytest

from adjudge.validation.check import Check, Figure, Material, Outcome
from adjudge.validation.checks.cross_judge import CrossJudgeSettings, cross_judge
from adjudge.validation.gold import GoldRow, gold_of
from adjudge.validation.table import table_of

FLAKY = Path(__file__).parents[3] / "shared/data/judging/flakyjudge/e1_scores.csv.gz"


def row(judge: str, item: int, answer: str, **more) -> dict:
    given = {
        "item": f"r{item}/0",
        "group": f"s{item}",
        "judge": judge,
        "judge_name": judge.upper(),
        "criterion": "good",
    }
    return given | {"answer": answer, "score": float(answer == "yes"), "status": "ok"} | more


def checked(rows: list[dict], gold: list[GoldRow] | None = None, **settings) -> Check:
    everyone = table_of(rows)
    material = Material(everyone.of(judge="a"), everyone, gold_of(gold or []), resamples=200)
    return cross_judge(material, CrossJudgeSettings(**settings))


def of(check: Check, name: str, **about: str) -> Figure:
    (found,) = [f for f in check.figures if f.name == name and f.about == about]
    return found


def judges(errors: dict[str, float], items: int = 150, criterion: str = "good") -> list[dict]:
    """Each judge gives the true answer, yes for half of the items, and with this chance the other."""
    dice = np.random.default_rng(0)
    return [
        row(judge, item, "yes" if (item % 2 == 0) ^ (dice.random() < chance) else "no", criterion=criterion)
        for item in range(items)
        for judge, chance in errors.items()
    ]


def test_judges_that_agree_pass():
    """Alpha, AC1, kappa and correlations of the pair; the note has the confusion table."""
    check = checked(judges({"a": 0.05, "b": 0.05}))
    assert check.outcome is Outcome.PASS
    for name in ("kappa", "spearman", "kendall"):
        assert of(check, name, criterion="good", judges="A / B").value.estimate == pytest.approx(0.81, abs=0.1)
    note = of(check, "kappa", criterion="good", judges="A / B").note
    cells = dict(cell.rsplit(" ", 1) for cell in note.split(", "))
    assert sum(map(int, cells.values())) == 150
    assert "no proof" in check.detail


def test_one_criterion_without_agreement_fails_the_check():
    """Judges that guess on one criterion fail it, however well they agree on another."""
    check = checked([*judges({"a": 0.02, "b": 0.02}), *judges({"a": 0.5, "b": 0.5}, criterion="vague")])
    assert check.outcome is Outcome.FAIL
    assert of(check, "alpha", criterion="vague").outcome is Outcome.FAIL
    assert of(check, "alpha", criterion="good").outcome is Outcome.PASS
    assert "vague" in check.detail


def test_items_on_which_judges_split_come_first_by_entropy():
    """Blind spots: who said what and why, and what people said; an item on which all agree is none."""
    rows = [
        *(row(judge, 0, "yes") for judge in "abcd"),
        *(row(judge, 1, "no" if judge == "d" else "yes") for judge in "abcd"),
        *(row(judge, 2, "no" if judge in "cd" else "yes", rationale=f"{judge} says so") for judge in "abcd"),
    ]
    gold = [GoldRow(item="r2/0", criterion="good", rater="ada", score=1.0)]
    first, second = checked(rows, gold).examples
    assert (first["item"], first["entropy"], first["people"]) == ("r2/0", 1.0, 1.0)
    assert first["answers"] == {"A": "yes", "B": "yes", "C": "no", "D": "no"}
    assert first["rationales"]["C"] == "c says so"
    assert second["item"] == "r1/0"
    assert second["entropy"] == pytest.approx(-0.25 * math.log2(0.25) - 0.75 * math.log2(0.75), abs=1e-3)
    assert "people" not in second
    assert len(checked(rows, gold, examples=1).examples) == 1


def test_graded_answers_go_by_their_order():
    """A weighted kappa on a scale of more than two; labels are ordered by their score, not by their name."""
    labels = {"poor": 0.0, "fair": 0.5, "excellent": 1.0}
    dice = np.random.default_rng(1)
    rows = []
    for item in range(100):
        true = int(dice.integers(3))
        near = min(2, true + int(dice.random() < 0.3))
        for judge, place in (("a", true), ("b", near)):
            label = list(labels)[place]
            rows.append(row(judge, item, label, score=labels[label]))
    check = checked(rows)
    about = {"criterion": "good", "judges": "A / B"}
    assert of(check, "weighted_kappa", **about).value.estimate > of(check, "kappa", **about).value.estimate
    assert of(check, "alpha", criterion="good").value.estimate > 0.7


def test_missing_answers_and_answers_that_do_not_apply():
    """Alpha is of answers with a score, AC1 of all; a judge that failed on an item leaves the others there."""
    rows = [r for r in judges({"a": 0.0, "b": 0.0, "c": 0.0}) if not (r["judge"] == "c" and r["item"] < "r2")]
    rows += [row(j, 900 + i, "n/a") | {"score": None, "status": "not_applicable"} for i in range(50) for j in "ab"]
    check = checked(rows)
    assert of(check, "alpha", criterion="good").value.n == 150
    assert of(check, "ac1", criterion="good").value.n == 200
    assert of(check, "kappa", criterion="good", judges="A / B").value.n == 200
    assert "n/a/n/a 50" in of(check, "kappa", criterion="good", judges="A / B").note


def test_only_the_plain_first_asking_counts():
    """Repeats, variants and answers that string search gave are no other judge's opinion."""
    rows = judges({"a": 0.1, "b": 0.1})
    more = [
        *(r | {"repeat": 1, "answer": "no", "score": 0.0} for r in rows),
        *(r | {"variant": "negated", "answer": "no", "score": 0.0} for r in rows),
        *(row(j, 900 + i, "no", rationale="No call: passage not found.") for i in range(50) for j in "ab"),
    ]
    assert checked([*rows, *more]) == checked(rows)


def test_judges_that_only_say_yes_show_nothing():
    """One answer throughout is no agreement beyond chance: not enough data, and why."""
    check = checked([row(judge, item, "yes") for judge in "ab" for item in range(40)])
    assert check.outcome is Outcome.NOT_ENOUGH_DATA
    assert "one and the same answer" in of(check, "alpha", criterion="good").note
    assert of(check, "spearman", criterion="good", judges="A / B").value is None


def test_one_judge_alone_is_not_enough():
    """Without another judge, or without common items, the check says what it needs."""
    alone = checked(judges({"a": 0.1}))
    assert (alone.outcome, alone.detail) == (Outcome.NOT_ENOUGH_DATA, "only one judge was asked")
    assert "another judge" in alone.needs
    apart = checked([*(row("a", i, "yes") for i in range(5)), *(row("b", i, "yes") for i in range(5, 9))])
    assert apart.detail == "no two judges were asked about the same item"
    assert checked([]).outcome is Outcome.NOT_ENOUGH_DATA


def test_judges_of_one_name_are_told_apart():
    """Two fingerprints of one model are two judges."""
    rows = [r | {"judge_name": "m"} for r in judges({"a": 0.1, "b" * 16: 0.1})]
    assert of(checked(rows), "kappa", criterion="good", judges="m a / m bbbbbbbb").value is not None


@pytest.mark.skipif(not FLAKY.exists(), reason="needs the flakyjudge records of the shared data")
def test_six_recorded_judges_have_the_published_alpha():
    """flakyjudge: ordinal alpha .50 over six judges with rubric and reference."""
    with gzip.open(FLAKY, "rt", encoding="utf-8") as lines:
        answers = [r for r in csv.DictReader(lines) if r["prompt_mode"] == "parity" and r["score_direct"]]
    rows = [
        row(line["judge"], 0, line["score_direct"])
        | {"item": line["item_id"], "group": line["item_id"], "score": (float(line["score_direct"]) - 1) / 4}
        for line in answers
    ]
    check = checked(rows)
    assert of(check, "alpha", criterion="good").value.estimate == pytest.approx(0.50, abs=0.005)
