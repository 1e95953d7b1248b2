import json
from pathlib import Path

import numpy as np
import pytest

from adjudge.errors import DataError, MissingError
from adjudge.validation.gold import GoldRow, gold_of, paired, read_gold, told_gold
from adjudge.validation.table import table_of


def label(item: str, rater: str, score: float, **more) -> GoldRow:
    return GoldRow(item=item, criterion="good", rater=rater, score=score, **more)


def verdict(item: str, score: float | None, **more) -> dict:
    row = {"item": item, "judge": "j", "criterion": "good", "answer": "a", "score": score, "status": "ok"}
    return row | more


LABELS = [
    label("a", "ada", 1.0),
    label("a", "bob", 0.5),
    label("b", "bob", 0.0, weight=2.5),
    label("c", "ada", 0.0),
    GoldRow(item="a", criterion="short", rater="eve", score=0.25),
]


def test_labels_stand_by_item_and_rater():
    """Items in the order asked for, raters in order of appearance; nobody's label is not known."""
    matrix = gold_of(LABELS).matrix("good", ["b", "a", "nobody"])
    assert matrix.known.tolist() == [[False, True], [True, True], [False, False]]
    assert matrix.values[1].tolist() == [1.0, 0.5]
    assert gold_of(LABELS).matrix("unheard", ["a"]).values.shape == (1, 0)


def test_a_raters_last_answer_counts():
    """Who labels an item again has changed their mind."""
    matrix = gold_of([label("a", "ada", 1.0), label("a", "ada", 0.0)]).matrix("good", ["a"])
    assert (matrix.values.tolist(), matrix.known.tolist()) == ([[0.0]], [[True]])


def test_means_are_over_those_who_answered():
    """Two labels give their mean, one itself, none nothing."""
    means = gold_of(LABELS).means("good", ["a", "b", "nobody"])
    assert means.known.tolist() == [True, True, False]
    assert means.some.tolist() == [0.75, 0.0]


def test_weights_of_items_that_nobody_labelled_are_one():
    """The weight is the label's; without a label there is nothing to correct."""
    assert gold_of(LABELS).weights("good", ["a", "b", "nobody"]).tolist() == [1.0, 2.5, 1.0]


def test_labels_are_read_from_a_file(tmp_path: Path):
    """Checksums are passed over; a label that is not one is named, with what is wrong."""
    path = tmp_path / "gold.jsonl"
    good = {"item": "a", "criterion": "good", "rater": "ada", "score": 1, "answer": "yes", "_crc": "x"}
    path.write_text(f"{json.dumps(good)}\n", encoding="utf-8")
    assert read_gold(path).score.tolist() == [1.0]
    for change in ({"score": 2}, {"rater": ""}, {"colour": "red"}, {"weight": 0}, {"score": True}):
        path.write_text(f"{json.dumps(good)}\n{json.dumps(good | change)}\n", encoding="utf-8")
        with pytest.raises(DataError) as caught:
            read_gold(path)
        assert "label 2" in str(caught.value)
        assert next(iter(change)) in str(caught.value)
    with pytest.raises(MissingError):
        read_gold(tmp_path / "nothing.jsonl")


def test_labels_that_the_verdicts_bring():
    """The column 'human' has a score for each rater, by number, and null where one gave none; repeats say it once."""
    rows = [verdict("a", 1.0, human=[1.0, None, 0.5]), verdict("a", 0.0, human=[1.0, None, 0.5], repeat=1)]
    gold = told_gold(table_of([*rows, verdict("b", 1.0)]))
    assert gold.rater.texts() == ["rater 1", "rater 3"]
    assert gold.score.tolist() == [1.0, 0.5]


def test_a_judge_stands_beside_people():
    """Its plain verdict at the first asking, on the items that both answered, each once."""
    rows = [
        verdict("a", 0.75, group="g", length=100),
        verdict("a", 0.0, repeat=1),
        verdict("a", 0.0, variant="negated"),
        verdict("b", 0.25, group="g"),
        verdict("d", 1.0),
        {"judge": "j", "item": "c", "criterion": "good", "status": "timeout"},
    ]
    both = paired(table_of(rows), gold_of(LABELS), "good")
    assert both.items == ("a", "b")
    assert both.judge.tolist() == [0.75, 0.25]
    assert both.consensus.tolist() == [0.75, 0.0]
    assert both.clusters[0] == both.clusters[1]
    assert both.weights.tolist() == [1.0, 2.5]
    assert both.lengths.known.tolist() == [True, False]


def test_nobody_in_common_is_an_empty_pairing():
    """Without labels there is nothing beside the judge, and no error."""
    both = paired(table_of([verdict("x", 1.0)]), gold_of([]), "good")
    assert both.items == ()
    assert both.judge.shape == (0,)
    assert np.asarray(both.consensus).shape == (0,)
