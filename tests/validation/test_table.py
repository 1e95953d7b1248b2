import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adjudge.errors import DataError, MissingError
from adjudge.validation.table import Numbers, Texts, numbered, read_table, table_of

ROW = {"item": "r1/0", "judge": "j", "criterion": "good", "answer": "yes", "score": 1.0, "status": "ok"}


def test_what_a_row_leaves_out_has_the_usual_meaning():
    """Variant and order are 'base', the repeat is 0, everything else is not known."""
    table = table_of([ROW])
    assert (table.variant.texts(), table.order.texts(), table.repeat.tolist()) == (["base"], ["base"], [0])
    assert table.group.texts() == [None]
    assert not table.length.known.any()
    assert len(table.plain.scored) == 1


def test_failures_have_no_score_and_are_counted():
    """A failed row and an answer that does not apply are both without a score; only one of them is a failure."""
    rows = [
        ROW,
        {"judge": "j", "status": "timeout"},
        {**ROW, "score": None, "answer": "n/a", "status": "not_applicable"},
    ]
    table = table_of(rows)
    assert table.failed.tolist() == [False, True, False]
    assert len(table.scored) == 1
    assert table.score.some.tolist() == [1.0]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"judge": None}, "'judge' is missing"),
        ({"status": None}, "'status' is missing"),
        ({"answer": None}, "'answer' is missing"),
        ({"score": None}, "'score' is missing"),
        ({"score": 1.5}, "within [0, 1]"),
        ({"score": True}, "no finite number"),
        ({"score": float("nan")}, "no finite number"),
        ({"status": "timeout"}, "not 'ok' has none"),
        ({"item": 7}, "'item' is no text"),
        ({"length": "long"}, "'length' is no finite number"),
        ({"length": float("inf")}, "'length' is no finite number"),
        ({"repeat": -1}, "'repeat' is a whole number"),
        ({"repeat": True}, "'repeat' is a whole number"),
        ({"repeat": 1.0}, "'repeat' is a whole number"),
        ({"human": [0.5, 2.0]}, "'human' is a list of scores"),
        ({"human": 0.5}, "'human' is a list of scores"),
    ],
)
def test_a_row_that_says_something_else_is_an_error_with_its_line(change: dict, says: str):
    """Nothing is guessed at: the line is named, and what is wrong with it."""
    with pytest.raises(DataError) as caught:
        table_of([ROW, {**ROW, **change}], "verdicts.jsonl")
    assert "verdicts.jsonl, line 2" in str(caught.value)
    assert says in str(caught.value)


def test_files_are_read_as_written(tmp_path: Path):
    """Blank lines and checksums are passed over; a line that is no object is named by its number in the file."""
    path = tmp_path / "verdicts.jsonl"
    path.write_text(f"{json.dumps(ROW | {'_crc': 'x'})}\n\n{json.dumps(ROW | {'repeat': 1})}\n", encoding="utf-8")
    assert read_table(path).repeat.tolist() == [0, 1]
    for bad in ("{", "[1]", '{"score": NaN}'):
        path.write_text(f"{json.dumps(ROW)}\n\n{bad}\n", encoding="utf-8")
        with pytest.raises(DataError, match="line 3"):
            read_table(path)
    with pytest.raises(MissingError):
        read_table(tmp_path / "nothing.jsonl")


def test_rows_are_found_by_their_texts():
    """By one text, by several, by beginning; a row without a text is in none of them."""
    column = Texts.of(["base", None, "reworded/1", "reworded/2", "base"])
    assert column.any_of("base", "reworded/2").tolist() == [True, False, False, True, True]
    assert column.starting("reworded/").tolist() == [False, False, True, True, False]
    assert column.known.tolist() == [True, False, True, True, True]
    assert column.present() == ("base", "reworded/1", "reworded/2")
    assert Texts.of([None, None]).any_of("base").tolist() == [False, False]
    assert len(Texts.of([])) == 0


@given(st.lists(st.one_of(st.none(), st.sampled_from("abc"))))
def test_texts_come_back_as_they_went_in(values):
    """A column holds its texts, also those of chosen rows."""
    column = Texts.of(values)
    assert column.texts() == values
    some = np.arange(0, len(values), 2)
    assert column[some].texts() == values[::2]


def test_zero_is_a_number_and_none_is_not():
    """A score of 0 is known; what is not known is never read."""
    assert Numbers.of([0.0, None, 0.5]).known.tolist() == [True, False, True]
    assert Numbers.of([0.0, None, 0.5]).some.tolist() == [0.0, 0.5]


def test_repeats_of_a_question_have_its_number():
    """Item, criterion, variant and order make a question; repeat and answer do not."""
    changes = [
        {},
        {"repeat": 1, "answer": "no", "score": 0.0},
        {"variant": "negated"},
        {"order": "swapped"},
        {"item": "x"},
    ]
    numbers = table_of([ROW | change for change in changes]).question()
    assert numbers[0] == numbers[1]
    assert len(set(numbers.tolist())) == 4


def test_what_was_drawn_together_is_one_cluster():
    """Rows of a group belong together; without a group each item stands alone, and no item meets a group."""
    places = [("a", "g"), ("b", "g"), ("c", None), ("c", None), ("d", None)]
    table = table_of([ROW | {"item": item, "group": group} for item, group in places])
    clusters = table.clusters().tolist()
    assert clusters[0] == clusters[1]
    assert clusters[2] == clusters[3]
    assert len(set(clusters)) == 3
    part = table.where(np.array([1, 4]))
    assert part.drawn_with().tolist() == table.drawn_with()[[1, 4]].tolist()
    assert part.clusters().tolist() in ([0, 1], [1, 0])


def test_pairs_are_told_by_their_answers():
    """Answers about pairs are first, second and tie; a table without any answer is about nothing."""
    pair = [ROW | {"answer": answer, "score": score} for answer, score in (("first", 1.0), ("tie", 0.5))]
    assert table_of(pair).pairwise
    assert not table_of([*pair, ROW]).pairwise
    assert not table_of([]).pairwise


def test_parts_of_a_table():
    """By judge, criterion, variant, order and slice; None takes all."""
    rows = [ROW, ROW | {"judge": "k"}, ROW | {"criterion": "short"}, ROW | {"slice": "easy", "order": "swapped"}]
    table = table_of(rows)
    assert len(table.of(judge="j")) == 3
    assert len(table.of(judge="j", criterion="good")) == 2
    assert len(table.of(slice="easy", order="swapped")) == 1
    assert len(table.of()) == 4
    assert len(table.plain) == 3
    assert table.of(judge="nobody").clusters().tolist() == []


def test_combinations_are_numbered_from_zero():
    """Equal rows of columns have equal numbers."""
    assert numbered(np.array([5, 5, 7]), np.array([1, 1, 1])).tolist() == [0, 0, 1]
    assert numbered(np.empty(0), np.empty(0)).tolist() == []


@given(st.lists(st.tuples(st.integers(-2, 3), st.integers(0, 3), st.integers(0, 2)), max_size=30))
def test_numbers_of_combinations_are_in_their_order(rows):
    """As sorting whole rows would number them."""
    columns = [np.array([row[place] for row in rows], dtype=np.int64) for place in range(3)]
    order = {row: number for number, row in enumerate(sorted(set(rows)))}
    assert numbered(*columns).tolist() == [order[row] for row in rows]
