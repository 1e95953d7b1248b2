import csv
import gzip
from pathlib import Path

import numpy as np
import pytest

from adjudge.judges.variants import variants
from adjudge.testing.builders import make_rubric
from adjudge.validation.check import Check, Figure, Material, Outcome
from adjudge.validation.checks.wording import UNREAD, WordingSettings, wording
from adjudge.validation.gold import gold_of
from adjudge.validation.table import table_of

FLAKY = Path(__file__).parents[3] / "shared/data/judging/flakyjudge/e3_scores.csv.gz"
OTHER = {"yes": "no", "no": "yes"}


def row(item: int, variant: str, answer: str, repeat: int = 0, **more) -> dict:
    given = {"item": f"r{item}/0", "group": f"s{item}", "judge": "j", "criterion": "good", "variant": variant}
    return given | {"repeat": repeat, "answer": answer, "score": float(answer == "yes"), "status": "ok"} | more


def checked(rows: list[dict], **settings) -> Check:
    table = table_of(rows)
    return wording(Material(table, table, gold_of([]), resamples=200), WordingSettings(**settings))


def of(check: Check, name: str, **about: str) -> Figure:
    (found,) = [f for f in check.figures if f.name == name and f.about == about]
    return found


def answers(changes: dict[str, float], items: int = 200, seed: int = 0) -> list[dict]:
    """A base answer to each item, and to each variant the other one with this chance."""
    dice = np.random.default_rng(seed)
    rows = []
    for item in range(items):
        base = "yes" if item % 2 else "no"
        rows.append(row(item, "base", base))
        rows += [row(item, name, OTHER[base] if dice.random() < p else base) for name, p in changes.items()]
    return rows


GOOD = {"reworded/1": 0.02, "reworded/2": 0.04, "criteria_order/1": 0.02, "negated": 0.95, "swapped_criterion": 0.5}


def test_a_judge_that_reads_passes():
    """It answers re-wordings as the question, and controls otherwise."""
    check = checked(answers(GOOD))
    assert check.outcome is Outcome.PASS
    assert of(check, "flips", kind="reworded").value.estimate == pytest.approx(0.03, abs=0.02)
    assert of(check, "flips", kind="reworded").value.n == 400
    assert of(check, "flips", variant="reworded/2").value.n == 200
    assert of(check, "flips", kind="negated").value.estimate == pytest.approx(0.95, abs=0.05)
    assert "times as many" in of(check, "reworded_per_control").note


def test_a_judge_that_ignores_the_question_fails_and_is_told_so():
    """It never flips under re-wordings, which looks perfect, nor when the question is turned round."""
    check = checked(answers({"reworded/1": 0.0, "negated": 0.0}))
    assert check.outcome is Outcome.FAIL
    assert of(check, "flips", kind="reworded").outcome is Outcome.PASS
    assert of(check, "flips", kind="negated").outcome is Outcome.FAIL
    assert UNREAD in check.detail
    assert of(check, "reworded_per_control").note == "no control flipped a verdict"


def test_a_judge_that_flips_at_everything_fails_by_the_ratio():
    """Controls that flip no more than re-wordings do show a judge that is moved by words, not by meaning."""
    check = checked(answers({"reworded/1": 0.6, "negated": 0.65}))
    assert of(check, "reworded_per_control").value.estimate == pytest.approx(0.92, abs=0.1)
    assert of(check, "reworded_per_control").outcome is Outcome.FAIL
    assert of(check, "flips", kind="negated").outcome is Outcome.PASS
    assert UNREAD not in check.detail


def test_each_kind_of_change_is_judged():
    """A judge that minds the order of the criteria fails, steady as it is otherwise."""
    check = checked(answers({**GOOD, "criteria_order/1": 0.3}))
    assert check.outcome is Outcome.FAIL
    assert of(check, "flips", kind="criteria_order").outcome is Outcome.FAIL
    assert of(check, "flips", kind="reworded").outcome is Outcome.PASS


def test_flips_stand_beside_the_noise_of_repeats():
    """What equal askings flip is told, and how many times that re-wordings flip."""
    rows = answers({"reworded/1": 0.2, "negated": 1.0}, items=400)
    dice = np.random.default_rng(3)
    again = [r | {"repeat": 1, "answer": OTHER[r["answer"]] if dice.random() < 0.1 else r["answer"]} for r in rows[::3]]
    again = [r | {"score": float(r["answer"] == "yes")} for r in again]
    check = checked([*rows, *again])
    assert of(check, "floor").value.estimate == pytest.approx(0.1, abs=0.04)
    assert of(check, "reworded_per_repeat").value.estimate == pytest.approx(2.0, abs=0.8)
    assert of(checked(rows), "floor").note == "no question was asked twice"
    steady = checked([*rows, *(r | {"repeat": 1} for r in rows[::3])])
    assert of(steady, "reworded_per_repeat").note == "equal askings never differed"


def test_without_controls_there_is_not_enough_data():
    """Re-wordings alone cannot tell a steady judge from one that does not read."""
    check = checked(answers({"reworded/1": 0.0}))
    assert check.outcome is Outcome.NOT_ENOUGH_DATA
    assert "negated" in check.needs
    nothing = checked(answers({}))
    assert (nothing.outcome, nothing.figures) == (Outcome.NOT_ENOUGH_DATA, ())


def test_what_was_not_asked_or_does_not_apply_says_nothing():
    """Answers that string search gave, failures, and 'not applicable' under a negated question are left out."""
    rows = answers(GOOD)
    silent = [
        *(
            row(i, v, "no", rationale="No call: passage not found.")
            for i in range(500, 600)
            for v in ("base", "negated")
        ),
        *(
            row(i, v, "n/a") | {"score": None, "status": "not_applicable"}
            for i in range(600, 700)
            for v in ("base", "negated")
        ),
        {"judge": "j", "status": "timeout", "variant": "reworded/1", "group": "s1"},
    ]
    assert of(checked([*rows, *silent]), "flips", kind="negated").value.n == 200


def test_a_reversed_scale_is_compared_by_score():
    """On a scale that was turned round 1 is what 5 was: labels differ, verdicts do not."""
    rows = []
    for item in range(60):
        rows += [row(item, "base", "yes") | {"answer": "5"}, row(item, "scale_reversed", "yes") | {"answer": "1"}]
    assert of(checked(rows), "flips", kind="scale_reversed").value.estimate == 0.0


def test_examples_show_what_did_not_move_and_what_did():
    """First negated questions that got the same answer, then re-wordings that got another, both with reasons."""
    rows = answers({"reworded/1": 0.1, "negated": 0.9}, items=100)
    examples = checked([r | {"rationale": f"{r['variant']}!"} for r in rows], examples=4).examples
    assert [e["variant"] for e in examples] == ["negated", "negated", "reworded/1", "reworded/1"]
    assert all(e["before"] == e["after"] for e in examples[:2])
    assert all(e["before"] != e["after"] for e in examples[2:])
    assert examples[0]["rationale"] == "negated!"


def test_items_of_a_group_are_one_cluster():
    """Ten items of each prompt widen the interval to what the prompts can tell."""
    rows = answers({"reworded/1": 0.1, "negated": 0.9})
    alone = of(checked(rows), "flips", kind="reworded").value
    copies = [r | {"item": f"{r['item']}{copy}"} for copy in range(5) for r in rows]
    together = of(checked(copies), "flips", kind="reworded").value
    assert (together.n, together.clusters) == (1000, 200)
    # A case is worth a hair less among few: n - 1 of n.
    assert together.high - together.low == pytest.approx(alone.high - alone.low, rel=0.02)


def test_names_of_variants_are_those_that_the_check_reads():
    """Rows of every variant that a rubric allows have a figure."""
    names = list(variants(make_rubric()))
    check = checked(answers(dict.fromkeys(names, 0.5)))
    told = {f.about.get("kind", f.about.get("variant", "").partition("/")[0]) for f in check.figures}
    assert {name.partition("/")[0] for name in names} <= told


@pytest.mark.skipif(not FLAKY.exists(), reason="needs the flakyjudge records of the shared data")
@pytest.mark.parametrize(
    ("judge", "times"),
    [
        *(("gpt-4o", 3.8), ("gpt-4o-mini", 3.6), ("claude-sonnet", 4.2), ("claude-haiku", 6.4)),
        *(("gemini-flash", 3.6), ("llama-8b", 1.1)),
    ],
)
def test_recorded_judges_that_read_are_told_from_one_that_does_not(judge, times):
    """How many times more often controls flip than re-wordings, as published; the one that does not read fails."""
    with gzip.open(FLAKY, "rt", encoding="utf-8") as lines:
        answered = [line for line in csv.DictReader(lines) if line["judge"] == judge and line["score_direct"]]
    names = {"original": "base", "control_negated": "negated", "control_swapped": "swapped_criterion"}
    rows = [
        row(0, names.get(line["variant_type"], f"reworded/{line['variant_type']}"), line["score_direct"])
        | {"item": line["item_id"], "group": line["item_id"], "score": (float(line["score_direct"]) - 1) / 4}
        for line in answered
    ]
    check = checked(rows, passes_from=0.4)
    # The study takes the mean over wordings of each wording's rate; here all answers count alike.
    assert 1 / of(check, "reworded_per_control").value.estimate == pytest.approx(times, abs=0.15)
    assert (UNREAD in check.detail) is (judge == "llama-8b")
    assert (of(check, "reworded_per_control").outcome is Outcome.FAIL) is (judge == "llama-8b")
