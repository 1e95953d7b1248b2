"""Fields that must be filled in, and expressions that must match."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from adjudge.domain import ComponentStatus
from adjudge.rewards.registry import RewardConfig
from adjudge.rewards.required_fields import filled

ITEMS = {"type": "required_fields", "items": "comments", "fields": ["id", "risk.level"]}
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=12,
)


def review(*comments: object):
    return json.dumps({"comments": comments})


@pytest.mark.parametrize(
    ("comments", "value"),
    [
        ([{"id": "A", "risk": {"level": 2}}], 1.0),
        ([{"id": "A", "risk": {"level": 0}}], 1.0),
        ([{"id": "A", "risk": {"level": False}}], 1.0),
        ([{"id": "A", "risk": {"level": " "}}], 0.5),
        ([{"id": "A", "risk": 2}], 0.5),
        ([{"id": [], "risk": {}}], 0.0),
        ([{"id": "A", "risk": {"level": 1}}, {"id": None}], 0.5),
        ([{"id": "A", "risk.level": 2}], 0.5),
    ],
)
def test_required_fields_is_the_share_that_is_filled_in(ask, comments, value):
    """Per item and field; zero and false are something, blank and empty are not."""
    assert ask(ITEMS, review(*comments)).value == value


def test_required_fields_names_what_is_empty(ask):
    """The item's number and the path."""
    found = ask(ITEMS, review({"id": "A", "risk": {"level": 1}}, {"id": "B"}))
    assert found.detail == "item 2: 'risk.level' is empty"


def test_required_fields_may_be_those_of_the_answer_itself(ask):
    """Without items, and through lists."""
    part = {"type": "required_fields", "fields": ["summary", "points[*].text"]}
    assert ask(part, '{"summary": "x", "points": [{"text": "a"}, {"text": "b"}]}').value == 1.0
    assert ask(part, '{"summary": "x", "points": [{"text": "a"}, {"text": ""}]}').value == 0.5
    assert ask(part, '{"summary": "x", "points": []}').value == 0.5
    assert ask({**part, "fields": ["tags"]}, '{"tags": ["a", ""]}').value == 1.0
    assert ask({**part, "fields": ["tags[*]"]}, '{"tags": ["a", ""]}').value == 0.0


@pytest.mark.parametrize(("response", "value"), [("no json", 0.0), ("{}", 0.0), ('{"comments": [1]}', 0.0)])
def test_an_answer_without_the_list_has_none_of_its_fields(ask, response, value):
    """0, and not a mean over nothing."""
    assert ask(ITEMS, response).value == value


def test_an_empty_list_has_no_fields_to_fill(ask):
    """Silence is not this component's matter."""
    assert ask(ITEMS, review()).status is ComponentStatus.NOT_APPLICABLE


@given(VALUES, st.sampled_from(["a", "a.b", "a[*]", "a[*].b", "a[0]", "[*]", "['a']"]))
def test_any_json_is_filled_or_not(value, path):
    """Whatever stands where a path goes, there is a yes or a no."""
    assert filled(value, path) in {True, False}


@given(VALUES)
def test_required_fields_stay_in_range(holds_fields, value):
    """Any JSON has a share."""
    holds_fields(json.dumps(value))
    holds_fields(json.dumps({"comments": [value, {"id": value}]}))


@pytest.fixture(scope="session")
def holds_fields(holds):
    return holds(ITEMS)


@pytest.mark.parametrize(
    ("response", "value"),
    [("Clause 4 applies", 1.0), ("Clause four applies", 0.5), ("Clause 4, TODO", 0.5), ("TODO", 0.0)],
)
def test_patterns_must_or_must_not_match(ask, response, value):
    """Share of the rules that hold."""
    assert ask({"type": "pattern", "must": [r"[Cc]lause \d"], "must_not": ["TODO"]}, response).value == value


def test_patterns_may_look_at_the_texts_alone(ask):
    """Keys and braces of JSON, and its escapes, are not the texts."""
    part = {"type": "pattern", "must_not": ["comments", "{"], "must": ["^clause$"]}
    assert ask({**part, "on": "strings"}, '{"comments": ["cl\\u0061use"]}').value == 1.0
    assert ask(part, '{"comments": ["cl\\u0061use"]}').value == 0.0


def test_the_detail_says_which_expression(ask):
    """And whether it was to match."""
    found = ask({"type": "pattern", "must": ["a", "b"], "must_not": ["c"]}, "a c")
    assert found.detail == "'b' does not match; 'c' matches"


@pytest.mark.parametrize("pattern", ["(a", r"(a)\1", "(?=a)", "a{2000}", "x" * 10_001])
def test_what_is_not_linear_is_refused(pattern):
    """Back-references and look-around have no linear time; they are refused when the task is read, by name."""
    with pytest.raises(ValidationError, match="expression"):
        RewardConfig.model_validate({"terms": [{"type": "pattern", "must": [pattern]}]})


def test_a_pattern_that_asks_nothing_is_refused():
    """There is nothing to be right."""
    with pytest.raises(ValidationError, match="must_not"):
        RewardConfig.model_validate({"terms": [{"type": "pattern"}]})


@pytest.fixture(scope="session")
def holds_pattern(holds):
    return holds({"type": "pattern", "must": ["(a+)+$", r"\pL"], "must_not": ["\x00"], "on": "strings"})


@given(st.text() | st.text('a\\u{}"d8') | st.integers(0, 50_000).map(lambda size: "a" * size + "!"))
def test_no_text_breaks_a_pattern(holds_pattern, response):
    """Half surrogates, which RE2 cannot read, included."""
    assert holds_pattern(response).status is ComponentStatus.SCORED
