import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adjudge.errors import DataError
from adjudge.wire.nova_rft import Case, EventRow, read_event, unwrapped

USER = {"role": "user", "content": "What is 2 + 2?"}


def row(**more: object) -> dict[str, Any]:
    return {"id": "123", "messages": [USER, {"role": "assistant", "content": "4"}], **more}


def only(event: list[Any]) -> EventRow:
    (found,) = read_event(event)
    return found


def case(given: dict[str, Any]) -> Case:
    found = only([given]).case
    assert found is not None
    return found


def test_a_row_is_a_sample_and_its_rollout():
    """The generated turn is the response, and the turns before it are the prompt."""
    found = case(row())
    assert [(m.role, m.content) for m in found.sample.messages] == [("user", "What is 2 + 2?")]
    assert found.rollout.response == "4"
    assert found.rollout.sample_id == found.sample.id
    assert found.is_answered


@pytest.mark.parametrize("role", ["assistant", "nova_assistant", "bot", "Assistant"])
def test_all_names_of_the_generated_turn_are_known(role: str):
    """Trainers differ in what they call the model."""
    assert case(row(messages=[USER, {"role": role, "content": "4"}])).rollout.response == "4"


def test_content_may_be_a_list_of_text_blocks():
    """Text blocks, with and without a type, are joined as they stand."""
    blocks = [{"type": "text", "text": "What is "}, {"text": "2"}, " + 2?"]
    found = case(row(messages=[{"role": "user", "content": blocks}, {"role": "assistant", "content": [{"text": "4"}]}]))
    assert found.sample.messages[0].content == "What is 2 + 2?"
    assert found.rollout.response == "4"


@pytest.mark.parametrize(
    ("more", "reference"),
    [
        ({}, None),
        ({"reference_answer": "top"}, "top"),
        ({"metadata": {"reference_answer": {"in": 1}}}, {"in": 1}),
        ({"reference_answer": "top", "metadata": {"reference_answer": "inside"}}, "inside"),
        ({"reference_answer": "top", "metadata": {"reference_answer": None}}, "top"),
        ({"reference_answer": "top", "metadata": None}, "top"),
        ({"reference_answer": 42}, "42"),
    ],
)
def test_the_reference_is_read_at_both_places(more: dict[str, Any], reference: object):
    """Under metadata it counts before the one at the top; null is no reference."""
    assert case(row(**more)).sample.reference_answer == reference


def test_custom_keys_are_found_wherever_the_trainer_put_them():
    """At the top, under metadata, and in a metadata inside it; the innermost of ours counts least but for the top."""
    found = case(row(a=1, b=1, c=1, metadata={"c": 3, "metadata": {"b": 2, "c": 2, "d": 2}, "reference_answer": "x"}))
    assert found.sample.metadata == {"a": 1, "b": 2, "c": 3, "d": 2}


def test_a_dataset_row_before_the_job_is_an_empty_response():
    """A preflight row has no generated turn, and maybe no id: it gets an id by its place and is scored as empty."""
    found = only([{"messages": [USER], "reference_answer": "4"}])
    assert found.id == "row-1"
    assert found.case is not None
    assert not found.case.is_answered
    assert found.case.rollout.response == ""


@pytest.mark.parametrize(
    ("text", "inside", "is_cut"),
    [
        ("4", "4", False),
        ("<|begin_of_thought|>hm<|end_of_thought|><|begin_of_solution|>\n4\n<|end_of_solution|>", "4", False),
        ("<|begin_of_solution|>3<|end_of_solution|> no: <|begin_of_solution|>4<|end_of_solution|>", "4", False),
        ("<|begin_of_solution|>{", "{", True),
        ('```json\n{"a": 1}\n```', '{"a": 1}', False),
        ('<|begin_of_solution|>\n```json\n{"a": 1}\n```\n<|end_of_solution|>', '{"a": 1}', False),
        ('Here:\n```json\n{"a": 1}\n```', 'Here:\n```json\n{"a": 1}\n```', False),
        ("```\n1\n```\nand\n```\n2\n```", "```\n1\n```\nand\n```\n2\n```", False),
        ("", "", False),
    ],
)
def test_wrapped_solutions_are_unwrapped(text: str, inside: str, is_cut: bool):
    """Solution marks and a fence around it all are no part of the answer; without its end mark it was cut."""
    assert unwrapped(text) == (inside, is_cut)
    assert case(row(messages=[USER, {"role": "assistant", "content": text}])).rollout.truncated is is_cut


def test_a_turn_that_only_calls_tools_is_its_calls():
    """Such a turn has no content; what the model wrote is the calls."""
    calls = [{"type": "function", "function": {"name": "add", "arguments": "{}"}}]
    found = case(row(messages=[USER, {"role": "assistant", "content": None, "tool_calls": calls}]))
    assert json.loads(found.rollout.response) == calls


@pytest.mark.parametrize(
    "bad",
    [
        None,
        "x",
        [],
        {},
        {"messages": []},
        {"messages": "x"},
        {"messages": ["x"]},
        {"messages": [{"role": "wizard", "content": "x"}]},
        {"messages": [{"role": "user", "content": 4}]},
        {"messages": [{"role": "user", "content": [{"type": "image", "text": "x"}]}]},
        {"messages": [{"role": "assistant", "content": "x"}]},
        {"messages": [USER, {"role": "assistant", "content": "a"}, {"role": "assistant", "content": "b"}]},
        {"messages": [USER], "metadata": "x"},
        {"messages": [USER], "tools": 4},
    ],
)
def test_a_bad_row_is_its_own_failure(bad: object):
    """What is wrong is said at the row, and its neighbours are read."""
    before, found, after = read_event([row(), bad, row()])
    assert found.problem
    assert found.case is None
    assert found.id == "row-2"
    assert before.case is not None
    assert after.case is not None


@pytest.mark.parametrize("given", [7, 1.5, "é", "a b"])
def test_ids_go_back_as_they_came(given: object):
    """Texts and numbers are ids, and equal ids stay two rows."""
    rows = read_event([row(id=given), row(id=given)])
    assert [(one.place, one.id) for one in rows] == [(0, given), (1, given)]
    assert len({one.case.rollout.id for one in rows if one.case}) == 2


@pytest.mark.parametrize("given", [None, "", True, [], {}, float("inf"), "half \ud83d"])
def test_what_cannot_be_an_id_is_named_by_its_place(given: object):
    """An id that JSON cannot hold would cost the whole answer."""
    assert only([row(id=given)]).id == "row-1"


@pytest.mark.parametrize("event", [None, {}, "x", 4, {"messages": [USER]}])
def test_only_a_list_is_an_event(event: object):
    """Anything else is refused with the form that is wanted."""
    with pytest.raises(DataError, match="not a list"):
        read_event(event)


@given(text=st.text(st.characters(), max_size=200))
def test_nothing_that_the_policy_writes_makes_a_bad_row(text: str):
    """A policy must not earn the neutral value by what it writes."""
    assert only([row(messages=[USER, {"role": "assistant", "content": text}])]).problem == ""
