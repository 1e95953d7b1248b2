"""Append-only JSONL: what was written is read back, a torn end is forgiven, damage is not."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adjudge.errors import MissingError, RunError
from adjudge.store.jsonl import JsonlFile, read_jsonl, seal, unseal

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**80), 2**80)
    | st.floats(allow_nan=False, allow_infinity=False)
    # Surrogates too: they come out of escapes in models' JSON.
    | st.text(st.characters(exclude_categories=[])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
ROWS = st.dictionaries(st.text(max_size=8).filter(lambda key: key != "_crc"), VALUES, max_size=5)


@given(ROWS)
def test_a_sealed_row_comes_back_as_it_was(row: dict[str, object]):
    """Any JSON row survives sealing, on one line, and stays plain JSON with the checksum last."""
    line = seal(row)
    assert line.count(b"\n") == 1
    assert line.endswith(b"\n")
    assert unseal(line[:-1]) == row
    assert list(json.loads(line))[-1] == "_crc"


@given(ROWS, st.data())
def test_any_changed_byte_is_noticed(row: dict[str, object], data: st.DataObject):
    """A line with one byte changed is not taken for a row."""
    line = seal(row)[:-1]
    at = data.draw(st.integers(0, len(line) - 1))
    value = data.draw(st.integers(0, 255).filter(lambda byte: byte != line[at]))
    assert unseal(line[:at] + bytes([value]) + line[at + 1 :]) is None


@settings(max_examples=30)
@given(st.lists(ROWS, min_size=1, max_size=4), st.data())
def test_a_file_cut_anywhere_in_its_last_line_reads_as_without_it(
    tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, object]], data: st.DataObject
):
    """A kill during the last write loses that row only, and the next writer goes on behind the rest."""
    path = tmp_path_factory.mktemp("torn") / "rows.jsonl"
    with JsonlFile(path) as file:
        for row in rows:
            file.append(row)
    whole = path.read_bytes()
    last = len(seal(rows[-1]))
    path.write_bytes(whole[: len(whole) - data.draw(st.integers(1, last))])
    assert read_jsonl(path) == rows[:-1]
    with JsonlFile(path) as file:
        assert list(file.rows_at_open) == rows[:-1]
        file.append({"after": 1})
    assert read_jsonl(path) == [*rows[:-1], {"after": 1}]


def test_damage_before_the_end_is_an_error_that_names_the_line(tmp_path: Path):
    """A line that does not match its checksum is never skipped."""
    path = tmp_path / "rows.jsonl"
    path.write_bytes(seal({"a": 1}) + seal({"a": 2}).replace(b"2", b"3", 1) + seal({"a": 4}))
    with pytest.raises(RunError, match="line 2"):
        read_jsonl(path)
    with pytest.raises(RunError, match="line 2"):
        JsonlFile(path)


def test_rows_that_cannot_be_told_from_failures_are_refused(tmp_path: Path):
    """NaN and infinity do not enter the store, nor does a row that fakes a checksum."""
    with JsonlFile(tmp_path / "rows.jsonl") as file:
        for bad in ({"x": float("nan")}, {"x": [float("inf")]}, {"_crc": "0"}):
            with pytest.raises(ValueError):
                file.append(bad)
    assert read_jsonl(tmp_path / "rows.jsonl") == []


def test_a_file_that_is_not_there_is_missing_and_not_empty(tmp_path: Path):
    """Nothing recorded is not the same as nothing to record."""
    with pytest.raises(MissingError):
        read_jsonl(tmp_path / "none.jsonl")
