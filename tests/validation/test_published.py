"""The figures that studies of judges publish: on rows small enough to count, and on the sets themselves."""

import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adjudge.validation.check import Check, Material, Outcome
from adjudge.validation.gold import GoldRow, gold_of
from adjudge.validation.published import Agreement, People
from adjudge.validation.replay import Replay, replay, rows_of
from adjudge.validation.replay_table import replay_lines
from adjudge.validation.table import table_of
from adjudge.wire.recorded.formats import read_recorded

SHARED = Path(__file__).parents[3] / "shared/data/judging"
needs_sets = pytest.mark.skipif(not SHARED.is_dir(), reason="the recorded sets are not beside the repository")

SCORES = {"first": 1.0, "second": 0.0, "tie": 0.5}
Row = dict[str, Any]


def pair(item: str, answer: str | None, order: str = "base", judge: str = "j", part: str | None = None) -> Row:
    """A verdict about a pair; None: no verdict."""
    told = {"status": "unparsable"} if answer is None else {"status": "ok", "answer": answer, "score": SCORES[answer]}
    return {"item": item, "judge": judge, "criterion": "better", "order": order, "slice": part, **told}


def label(item: str, answer: str, rater: str = "ada") -> GoldRow:
    return GoldRow(item=item, criterion="better", rater=rater, answer=answer, score=SCORES[answer])


def replayed(rows: Sequence[Row], labels: Sequence[GoldRow] = ()) -> Replay:
    return replay(table_of(rows), gold_of(list(labels)), source="here")


def only(rows: Sequence[Row], labels: Sequence[GoldRow] = ()) -> Agreement:
    (found,) = replayed(rows, labels).agreement
    return found


def test_accuracy_is_over_both_orders():
    """Right twice, and once of two orders: three verdicts of four."""
    rows = [pair("p", "first"), pair("p", "first", "swapped"), pair("q", "first"), pair("q", "second", "swapped")]
    found = only(rows, [label("p", "first"), label("q", "second")])
    assert (found.verdicts, found.unreadable) == (4, 0)
    assert found.accuracy is not None
    assert (found.accuracy.as_tie, found.accuracy.as_wrong) == (0.75, 0.75)
    assert found.swap_agreement is not None
    assert found.swap_agreement.as_tie == 0.5


def test_a_reply_without_a_verdict_is_a_tie_or_wrong():
    """Where people see a tie, the one reading of it is right and the other is not; a share of both is told."""
    found = only(
        [pair("p", None), pair("q", None), pair("r", "tie")],
        [label("p", "tie"), label("q", "first"), label("r", "tie")],
    )
    assert found.unreadable == 2
    assert found.accuracy is not None
    assert found.accuracy.as_tie == pytest.approx(2 / 3)
    assert found.accuracy.as_wrong == pytest.approx(1 / 3)


def test_two_replies_without_a_verdict_agree_only_as_ties():
    """Swap agreement has both readings, too."""
    rows = [pair("p", None), pair("p", None, "swapped"), pair("q", "first"), pair("q", "first", "swapped")]
    found = only(rows, [label("p", "first"), label("q", "first")])
    assert found.swap_agreement is not None
    assert (found.swap_agreement.as_tie, found.swap_agreement.as_wrong) == (1.0, 0.5)


def test_pairs_shown_once_have_no_swap_agreement():
    """Nothing is said of what was not asked."""
    assert only([pair("p", "first")], [label("p", "first")]).swap_agreement is None


def test_people_decide_by_majority_and_not_by_their_mean():
    """Two ties and a first are a tie, though their mean is none; two against two decide nothing."""
    people = {"p": ("tie", "tie", "first"), "q": ("first", "first", "second", "second")}
    labels = [label(item, answer, f"r{n}") for item, answers in people.items() for n, answer in enumerate(answers)]
    found = only([pair("p", "tie"), pair("q", "first")], labels)
    assert found.verdicts == 1
    assert found.accuracy is not None
    assert found.accuracy.as_wrong == 1.0


def test_changed_responses_and_other_judges_do_not_count():
    """A figure is about one judge and the responses as they are."""
    rows = [pair("p", "first"), pair("p", "second") | {"variant": "padded"}, pair("p", "second", judge="k")]
    found = replayed(rows, [label("p", "first")]).agreement
    assert [(row.judge, row.verdicts, row.accuracy and row.accuracy.as_tie) for row in found] == [
        ("j", 1, 1.0),
        ("k", 1, 0.0),
    ]


def test_slices_stand_beside_the_whole():
    """One line for all, one for each slice; a single slice is the whole."""
    rows = [pair("p", "first", part="a"), pair("q", "second", part="b")]
    found = replayed(rows, [label("p", "first"), label("q", "first")]).agreement
    assert [(row.slice, row.accuracy and row.accuracy.as_tie) for row in found] == [(None, 0.5), ("a", 1.0), ("b", 0.0)]
    assert [row.slice for row in replayed(rows[:1], [label("p", "first")]).agreement] == [None]


def test_scores_on_a_scale_are_ranked_beside_the_mean_of_people():
    """Ranks 1 2 3 4 beside 1 3 2 4: 1 - 6 x 2 / 60 = 0.8; what has no score is counted and left out."""
    scores = {"a": 0.1, "b": 0.2, "c": 0.3, "d": 0.9}
    people = {"a": (0.0, 0.2), "b": (0.7, 0.7), "c": (0.5, 0.7), "d": (0.9, 0.9), "e": (0.3, 0.3)}
    rows = [
        {"item": item, "judge": "j", "criterion": "c", "status": "ok", "answer": str(score), "score": score}
        for item, score in scores.items()
    ]
    rows.append({"item": "e", "judge": "j", "criterion": "c", "status": "unparsable"})
    labels = [
        GoldRow(item=item, criterion="c", rater=f"r{number}", score=score)
        for item, given in people.items()
        for number, score in enumerate(given)
    ]
    found = only(rows, labels)
    assert (found.verdicts, found.unreadable, found.accuracy) == (5, 1, None)
    assert found.spearman is not None
    assert found.spearman.estimate == pytest.approx(0.8)
    assert found.spearman.n == 4


def test_labels_in_the_rows_serve_where_none_are_given():
    """The column `human` is people's labels, unless others are named."""
    rows = [pair("p", "first") | {"human": [1.0, None]}]
    assert replayed(rows).labels == 1
    assert replayed(rows, [label("p", "second"), label("q", "second")]).labels == 2


def test_people_are_compared_where_two_labelled_an_item():
    """Three of four labelled alike, chance one half: kappa .5; a fifth that ada alone labelled does not count."""
    answers = {"ada": ("first", "first", "second", "second", "first"), "bo": ("first", "first", "second", "first")}
    labels = [label(str(item), a, rater) for rater, given in answers.items() for item, a in enumerate(given)]
    (found,) = replayed([], labels).people
    assert (found.items, found.raters) == (4, 2)
    assert {pair: kappa.estimate for pair, kappa in found.kappas.items()} == {"ada, bo": 0.5}


def test_items_of_a_group_are_one_draw_to_people_too():
    """Intervals go by what the labels say was drawn together, else by item."""
    labels = [label(str(item), answer, rater) for item, answer in enumerate(SCORES) for rater in ("ada", "bo")]
    grouped = [row.model_copy(update={"group": "one" if row.item in "01" else None}) for row in labels]
    clusters = [
        found.alpha.clusters for rows in (labels, grouped) for found in replayed([], rows).people if found.alpha
    ]
    assert clusters == [3, 2]


def test_labels_in_rows_keep_the_group_of_their_rows():
    """A row says what it was drawn with, and its people's scores inherit it."""
    rows = [pair(item, "first") | {"human": [score, score], "group": "g"} for item, score in (("p", 1.0), ("q", 0.0))]
    (found,) = replayed(rows).people
    assert found.alpha is not None
    assert found.alpha.clusters == 1


def test_failures_that_name_no_item_are_told():
    """No figure can count them, so they are not silent either."""
    (judge,) = replayed([pair("p", "first"), {"judge": "j", "status": "timeout"}], [label("p", "first")]).judges
    assert (judge.rows, judge.without_verdict, judge.unplaced) == (2, {"timeout": 1}, 1)


def test_every_judge_has_its_own_checks():
    """A check sees one judge's rows beside everybody's; judges that are not asked for have none, and are still seen."""

    def counting(material: Material) -> tuple[Check, ...]:
        detail = f"{len(material.table)} of {len(material.everyone)} rows, {len(material.gold)} labels"
        return (Check(name="count", title="Rows", outcome=Outcome.PASS, detail=detail),)

    rows = [pair("p", "first"), pair("q", "first"), pair("p", "second", judge="k")]
    labels = gold_of([label("p", "first")])
    found = replay(table_of(rows), labels, source="here", judges=["k"], checks=counting)
    assert [(judge.judge, judge.checks[0].detail) for judge in found.judges] == [("k", "1 of 3 rows, 1 labels")]
    assert "  PASS             Rows: 1 of 3 rows, 1 labels" in replay_lines(found)


def test_checks_of_many_judges_are_not_made():
    """Nine judges are shown without, and told how to have them."""

    def never(material: Material) -> tuple[Check, ...]:
        raise AssertionError

    rows = [pair("p", "first", judge=f"judge {number}") for number in range(9)]
    found = replay(table_of(rows), gold_of([label("p", "first")]), source="here", checks=never)
    assert len(found.judges) == 9
    assert "name some with --judge" in found.notes[-1]


@given(st.lists(st.tuples(st.sampled_from(["first", "second", "tie", None]), st.sampled_from(sorted(SCORES)))))
def test_a_reply_read_as_a_tie_never_does_worse_than_as_wrong(answers: list[tuple[str | None, str]]):
    """Whatever the verdicts and labels, and both are equal where every reply has a verdict."""
    rows = [pair(str(place), answer) for place, (answer, _) in enumerate(answers)]
    found = replayed(rows, [label(str(place), truth) for place, (_, truth) in enumerate(answers)]).agreement
    for row in found:
        assert row.accuracy is not None
        assert row.accuracy.as_tie >= row.accuracy.as_wrong
        assert row.unreadable or row.accuracy.as_tie == row.accuracy.as_wrong


@cache
def of_set(name: str, folder: str) -> Replay:
    """A recorded set's figures; few draws, as no interval is looked at."""
    recorded = read_recorded(name, SHARED / folder)
    table, gold = rows_of(recorded, name)
    return replay(table, gold, source=name, recorded=recorded, resamples=20)


def shares(found: Replay) -> dict[tuple[str, str | None], Agreement]:
    return {(row.name, row.slice): row for row in found.agreement}


def people(found: Replay) -> dict[str, People]:
    return {row.criterion: row for row in found.people}


PAPER = ("Natural", "Neighbor", "GPTInst", "GPTOut", "Manual")
LLMBAR = {
    "GPT-4/Vanilla_NoRules": ("93.5/97.0", "64.2/89.6", "76.6/90.2", "76.6/87.2", "75.0/89.1"),
    "GPT-4/Metrics_Reference": ("96.0", "85.4", "89.7", "72.3", "83.7"),
    "ChatGPT/Vanilla_NoRules": ("79.0", "17.9", "29.3", "43.6", "37.0"),
}


@needs_sets
@pytest.mark.parametrize("judge", LLMBAR)
def test_llmbars_accuracy_and_swap_agreement(judge: str):
    """As in the paper's tables, subset by subset, to the digits given."""
    found = shares(of_set("llmbar", "llmbar"))
    for part, published in zip(PAPER, LLMBAR[judge], strict=True):
        row = found[judge, part]
        assert row.accuracy is not None
        assert row.swap_agreement is not None
        ours = (f"{100 * row.accuracy.as_wrong:.1f}", f"{100 * row.swap_agreement.as_tie:.1f}")
        assert ours[: published.count("/") + 1] == tuple(published.split("/"))


@needs_sets
def test_all_of_llmbars_own_statistics():
    """All 499 files of the authors: every judge, prompt and subset; they read no verdict as wrong, and two as equal."""
    found = shares(of_set("llmbar", "llmbar"))
    published = json.loads((SHARED / "llmbar/published_statistics.json").read_text())
    assert len(published) == 499
    for line in published:
        part = line["subset"].removeprefix("LLMBar/").removeprefix("Adversarial/").removeprefix("Processed/")
        row = found[f"{line['judge']}/{line['prompt']}", part]
        assert row.accuracy is not None
        assert row.swap_agreement is not None
        assert 100 * row.accuracy.as_wrong == pytest.approx(float(line["correct_average"].rstrip("%")))
        assert 100 * row.swap_agreement.as_tie == pytest.approx(float(line["equal"].split("= ")[1].rstrip("%")))
        assert row.verdicts == 2 * line["n"]


@needs_sets
def test_pandalms_annotators_and_both_readings_of_garbage():
    """Kappas .85, .88, .86; GPT-3.5 .7107 with unparsable verdicts as ties, .6977 with them as wrong."""
    found = of_set("pandalm", "pandalm")
    assert [f"{kappa.estimate:.2f}" for kappa in people(found)["better"].kappas.values()] == ["0.85", "0.88", "0.86"]
    row = shares(found)["gpt-3.5-turbo", None]
    assert row.accuracy is not None
    assert (f"{row.accuracy.as_tie:.4f}", f"{row.accuracy.as_wrong:.4f}") == ("0.7107", "0.6977")
    assert (row.verdicts, row.unreadable) == (999, 25)


FLAKY = {
    "claude-sonnet/bare": "0.693",
    "gemini-flash/bare": "0.664",
    "claude-haiku/bare": "0.634",
    "gpt-4o/bare": "0.619",
    "gpt-4o-mini/bare": "0.607",
    "llama-8b/bare": "0.133",
    "llama-8b/bare/logprob": "0.423",
}


@needs_sets
@pytest.mark.parametrize("judge", FLAKY)
def test_flakyjudges_correlation_with_people(judge: str):
    """Spearman on FLASK; weighting by probabilities lifts the small judge from .133 to .423."""
    row = shares(of_set("flakyjudge", "flakyjudge"))[judge, "flask"]
    assert row.spearman is not None
    assert f"{row.spearman.estimate:.3f}" == FLAKY[judge]


@needs_sets
def test_hannas_user_study():
    """Gwet's AC1 of five faults, as in the authors' notebook; the sixth nobody ever found."""
    found = people(of_set("hanna", "hanna"))
    names = ("guidelines", "syntax", "superfluous", "unsubstantiated", "incoherence")
    rows = [found[f"explanation/{name}"].ac1 for name in names]
    assert [f"{row.estimate:.2f}" for row in rows if row] == ["0.90", "0.97", "0.66", "0.60", "0.81"]


@needs_sets
def test_summevals_experts():
    """Krippendorff's alpha, ordinal, of three experts on four criteria."""
    found = people(of_set("summeval", "summeval"))
    rows = [found[name].alpha for name in ("coherence", "consistency", "fluency", "relevance")]
    assert [f"{row.estimate:.2f}" for row in rows if row] == ["0.55", "0.80", "0.59", "0.40"]


@needs_sets
def test_paperbenchs_roots_and_f1():
    """Five roots exactly; four F1s, recomputed from accuracy and recall, to every digit of the authors' tables."""
    found = of_set("paperbench", "paperbench-judgeeval")
    assert [f"{tree.root:.4f}" for tree in found.trees] == ["0.7139", "0.8342", "0.1857", "0.9100", "0.4815"]
    assert [(tree.root, tree.off) for tree in found.trees] == [(tree.recorded, 0) for tree in found.trees]
    assert sum(tree.leaves for tree in found.trees) == 2693
    rows = {row.judge: row for row in found.published if row.category == "Overall"}
    recomputed = {name: row for name, row in rows.items() if row.confusion}
    assert {name: f"{row.f1:.3f}" for name, row in recomputed.items()} == {
        "gpt-4o-2024-08-06": "0.728",
        "gpt-4o-mini-2024-07-18": "0.590",
        "o1-2024-12-17_high": "0.842",
        "o3-mini-2025-01-31_high": "0.827",
    }
    assert all(row.f1 == pytest.approx(row.published, abs=1e-12) for row in recomputed.values())


@needs_sets
def test_paperbenchs_random_baseline_is_a_coin():
    """F1 recomputed is the mean of 1,000 throws of a coin, and the published .504 is well within them."""
    rows = of_set("paperbench", "paperbench-judgeeval").published
    found = next(row for row in rows if row.judge == "Random Baseline" and row.category == "Overall")
    met = sum(tree.met for tree in of_set("paperbench", "paperbench-judgeeval").trees)
    dice = np.random.default_rng(0)
    hits, passes = dice.binomial(met, 0.5, 1000), dice.binomial(found.leaves - met, 0.5, 1000)
    wrong = found.leaves - hits - passes
    throws = (2 * hits / (2 * hits + wrong) + 2 * passes / (2 * passes + wrong)) / 2
    assert f"{found.published:.3f}" == "0.504"
    assert found.f1 == pytest.approx(throws.mean(), abs=4 * throws.std() / 1000**0.5)
    assert np.quantile(throws, 0.025) < found.published < np.quantile(throws, 0.975)


@needs_sets
def test_judgekeepers_known_answers():
    """The full rubric is right 177 times of 180, the quick one 154 times; elsewhere both always are."""
    found = shares(of_set("judgekeeper", "judgekeeper-fields"))
    for rubric, right in (("full", 177), ("quick", 154)):
        row = found[f"claude-haiku-4-5-20251001/{rubric}", "coding"]
        assert row.accuracy is not None
        assert (row.verdicts, row.accuracy.as_wrong) == (180, pytest.approx(right / 180))
        for field in ("health", "support"):
            other = found[f"claude-haiku-4-5-20251001/{rubric}", field]
            assert other.accuracy is not None
            assert other.accuracy.as_wrong == 1.0
