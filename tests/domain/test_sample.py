import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from adjudge.domain import Message, Sample, load_samples, samples_from
from adjudge.errors import DataError, MissingError
from adjudge.testing.builders import make_sample

ROW = {"messages": [{"role": "user", "content": "Review this."}]}


def test_a_sample_cannot_change():
    """A sample is a value: assigning to a field is refused."""
    with pytest.raises(ValidationError, match="frozen"):
        make_sample().id = "other"


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"id": ""}, "id"),
        ({"messages": []}, "messages"),
        ({"surprise": 1}, "surprise"),
        ({"messages": [{"role": "robot", "content": "x"}]}, "role"),
        ({"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]}, "reference_answer"),
    ],
)
def test_a_bad_row_is_refused_by_name(change, problem):
    """No id, no messages, an unknown field, an unknown role, an answered question: each is refused by name."""
    with pytest.raises(ValidationError, match=problem):
        Sample.model_validate({"id": "s", **ROW, **change})


@given(st.lists(st.sampled_from("abcdef"), min_size=2, max_size=8))
def test_an_id_used_twice_names_both_lines(ids):
    """The error tells the line of the repeat and the line of the first use; without a repeat all rows are given."""
    rows = [(number, {"id": name, **ROW}) for number, name in enumerate(ids, 1)]
    if len(set(ids)) == len(ids):
        assert [sample.id for sample in samples_from(rows, "f")] == ids
        return
    repeat = next(place for place, name in enumerate(ids) if name in ids[:place])
    with pytest.raises(DataError, match=f"line {repeat + 1}: .*used on line {ids.index(ids[repeat]) + 1}"):
        list(samples_from(rows, "f"))


def test_a_row_without_id_is_named_by_its_line():
    """Ids may be left out; the line number stands in."""
    assert [sample.id for sample in samples_from([(3, ROW), (7, ROW)], "f")] == ["row-3", "row-7"]


@pytest.mark.parametrize("line", ["not json", "[1]", "3", '{"messages": []}', '{"messages": NaN}'])
def test_a_bad_line_is_named_by_its_number(tmp_path, line):
    """Blank lines count, so that the number is the editor's."""
    path = tmp_path / "train.jsonl"
    path.write_text(f"{json.dumps(ROW)}\n\n{line}\n")
    with pytest.raises(DataError, match=r"train\.jsonl, line 3: "):
        load_samples(path)


def test_samples_survive_the_file(tmp_path):
    """What is written as JSON lines is read back equal."""
    samples = (make_sample("a"), make_sample("b", reference_answer={"comments": []}))
    path = tmp_path / "data.jsonl"
    path.write_text("".join(sample.model_dump_json() + "\n" for sample in samples))
    assert load_samples(path) == samples


def test_a_missing_file_is_something_missing(tmp_path):
    """No file is exit code 3, and the path is told."""
    with pytest.raises(MissingError, match=r"gone\.jsonl") as caught:
        load_samples(tmp_path / "gone.jsonl")
    assert caught.value.exit_code == 3


def test_a_field_is_text_or_absent():
    """A text is given as it is, an absent one is None, anything else is refused with sample and field."""
    sample = Sample(id="s7", messages=(Message(role="user", content="q"),), metadata={"doc": "text", "pages": 3})
    assert (sample.text("doc"), sample.text("other")) == ("text", None)
    with pytest.raises(DataError, match=r"'s7': metadata\.pages is int"):
        sample.text("pages")
