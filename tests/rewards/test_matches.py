"""Answers that can be checked: the same text or value, the same number."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from adjudge.domain import ComponentStatus
from adjudge.errors import DataError
from adjudge.rewards.registry import RewardConfig
from adjudge.testing.builders import make_sample

EXACT = {"type": "exact_match"}
NUMBER = {"type": "numeric_match"}
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)
FINITE = st.floats(-1e12, 1e12, allow_nan=False)


def right(answer):
    return make_sample(reference_answer=answer)


@pytest.mark.parametrize(
    ("response", "value"),
    [("Paris", 1.0), (" paris\n", 1.0), ("PARIS", 1.0), ("Paris.", 0.0), ("Paris, France", 0.0), ("", 0.0)],
)
def test_texts_are_the_same_but_for_case_and_space(ask, response, value):
    """A longer answer that has the right one in it is another answer."""
    assert ask(EXACT, response, right("Paris")).value == value


def test_what_is_no_difference_is_the_tasks_to_say(ask):
    """Each of the three may be ignored or not."""
    assert ask({**EXACT, "ignore": []}, "paris", right("Paris")).value == 0.0
    assert ask({**EXACT, "ignore": ["punctuation"]}, "Paris.", right("Paris")).value == 1.0
    assert ask({**EXACT, "ignore": ["space"]}, "the  city", right("the city")).value == 1.0
    assert ask({**EXACT, "ignore": ["case"]}, "the  city", right("the city")).value == 0.0


@pytest.mark.parametrize(
    ("place", "response", "value"),
    [
        ({"after": "####"}, "6 * 7\n#### 42", 1.0),
        ({"after": "####"}, "#### 41\nno:\n#### 42\nDone.", 1.0),
        ({"after": "####"}, "#### 42\nno:\n#### 41", 0.0),
        ({"after": "####"}, "42", 0.0),
        ({"boxed": True}, r"so \boxed{42}.", 1.0),
        ({"boxed": True}, r"\boxed{41} or \boxed{42}", 1.0),
        ({"boxed": True}, r"\boxed{42", 0.0),
        ({"boxed": True}, "42", 0.0),
        ({"field": "answer.value"}, '{"answer": {"value": "42"}}', 1.0),
        ({"field": "answer.value"}, '{"answer": "42"}', 0.0),
        ({"field": "answer"}, "42", 0.0),
    ],
)
def test_the_final_answer_has_one_place(ask, place, response, value):
    """What stands elsewhere does not count, and of several places the last one does."""
    assert ask({**EXACT, **place}, response, right("42")).value == value


def test_a_box_ends_at_its_own_brace(ask):
    """Braces inside belong to the answer."""
    assert ask({**EXACT, "boxed": True}, r"\boxed{\frac{1}{2}} is it", right(r"\frac{1}{2}")).value == 1.0


def test_the_reference_answer_is_read_from_the_same_place(ask):
    """A reference in the layout of the response is taken apart like it."""
    assert ask({**EXACT, "after": "####"}, "#### 42", right("6 * 7 = 42\n#### 42")).value == 1.0
    assert ask({**EXACT, "field": "a"}, '{"a": 1, "b": 2}', right({"a": 1, "b": 3})).value == 1.0
    assert ask({**EXACT, "field": "a"}, '{"a": 1, "b": 2}', right('{"a": 1}')).value == 1.0


@given(VALUES, VALUES)
def test_json_answers_are_compared_as_values(ask, given_value, wanted):
    """Equal values match in whatever order and spacing; true is not 1, and 1 is 1.0."""
    sample = right({"answer": [wanted]})
    same = ask({**EXACT, "ignore": []}, json.dumps({"answer": [given_value]}, indent=2), sample).value
    assert same == float(json.dumps(given_value, sort_keys=True) == json.dumps(wanted, sort_keys=True))


@pytest.mark.parametrize(("response", "value"), [('{"a": 1.0}', 1.0), ('{"a": true}', 0.0), ('{"a": "1"}', 0.0)])
def test_a_value_has_its_kind(ask, response, value):
    """Numbers are numbers, however they are written."""
    assert ask({**EXACT, "field": "a"}, response, right({"a": 1})).value == value


@pytest.mark.parametrize("part", [EXACT, NUMBER])
def test_without_a_reference_answer_there_is_nothing_to_match(ask, part):
    """No known answer, no score; a reference without the field is told."""
    assert ask(part, "42").status is ComponentStatus.NOT_APPLICABLE
    with pytest.raises(DataError, match="'s1'"):
        ask({**part, "field": "total"}, "{}", right({"sum": 3}))


@pytest.mark.parametrize(
    ("response", "value"),
    [
        ("1250", 1.0),
        ("1,250.00", 1.0),
        ("+1.25e3", 1.0),
        (" 1250. ", 1.0),
        ("12,50", 0.0),
        ("1,2500", 0.0),
        ("1250 or 1300", 0.0),
        ("1250 apples", 0.0),
        ("about 1250", 0.0),
        ("-1250", 0.0),
        ("NaN", 0.0),
        ("1e999", 0.0),
        ("", 0.0),
    ],
)
def test_a_number_is_the_whole_answer(ask, response, value):
    """In any usual writing, alone, with its sign."""
    assert ask(NUMBER, response, right("1250")).value == value


def test_the_last_number_counts_where_asked(ask):
    """And only the last one: a list of guesses earns nothing."""
    part = {**NUMBER, "take": "last"}
    assert ask(part, "first 7, then 42 apples.", right("42")).value == 1.0
    assert ask(part, "42, or else 7", right("42")).value == 0.0


@pytest.mark.parametrize(
    ("response", "value"),
    [("1.25 km", 1.0), ("1250m", 1.0), ("1250", 1.0), ("1.25 mm", 0.0), ("1250 mi", 0.0), ("1,250,000 mm", 1.0)],
)
def test_units_have_factors(ask, response, value):
    """The longest unit that stands there, before or behind; an unknown one is no answer."""
    part = {**NUMBER, "units": {"m": 1, "km": 1000, "mm": 0.001}}
    assert ask(part, response, right("1250 m")).value == value


@pytest.mark.parametrize(("response", "value"), [("36 km/h", 1.0), ("10 m/s", 1.0), ("10 m", 0.0), ("10 m/h", 0.0)])
def test_the_longest_unit_is_the_one_meant(ask, response, value):
    """A unit that begins like another one is not that one."""
    part = {**NUMBER, "units": {"m": 7, "km": 7000, "m/s": 1, "km/h": 1 / 3.6}}
    assert ask(part, response, right("10 m/s")).value == value


def test_a_currency_may_stand_before(ask):
    """As people write it."""
    assert ask({**NUMBER, "units": {"$": 1, "EUR": 1.1}}, "$1,100", right("1000 EUR")).value == 1.0


def test_digits_are_grouped_as_the_task_says(ask):
    """Commas and points change places between countries."""
    german = {**NUMBER, "thousands": ".", "decimal": ","}
    assert ask(german, "1.250,5", right("1250,5")).value == 1.0
    assert ask({**NUMBER, "thousands": ""}, "1,250", right("1250")).value == 0.0


@given(FINITE, FINITE, st.floats(0, 1e6), st.floats(0, 1))
def test_the_tolerance_is_its_formula(ask, found, wanted, tolerance, relative):
    """|found - wanted| <= max(tolerance, relative |wanted|), for numbers as JSON writes them."""
    part = {**NUMBER, "field": "n", "tolerance": tolerance, "relative": relative}
    value = ask(part, json.dumps({"n": found}), right({"n": wanted})).value
    assert value == float(abs(found - wanted) <= max(tolerance, relative * abs(wanted)))


@given(st.integers(-(10**12), 10**12), st.integers(0, 2))
def test_every_writing_of_a_number_is_read_back(ask, number, places):
    """Thousands and decimals, written by Python's own formatter."""
    assert ask(NUMBER, f"{number:,.{places}f}", right(f"{number}")).value == 1.0


@pytest.mark.parametrize("reference", ["forty-two", "", "1 or 2", ["1"], {"a": 1}])
def test_a_reference_that_is_no_number_is_told(ask, reference):
    """The data is wrong, not the policy."""
    with pytest.raises(DataError, match="no number"):
        ask(NUMBER, "42", right(reference))


@pytest.mark.parametrize(
    "part",
    [
        {**EXACT, "field": "a", "boxed": True},
        {**NUMBER, "decimal": ",", "thousands": ","},
        {**NUMBER, "units": {" ": 1}},
        {**NUMBER, "units": {"m": 0}},
        {**NUMBER, "tolerance": -1},
        {**NUMBER, "tolerance": math.inf},
    ],
)
def test_wrong_settings_are_refused(part):
    """One place for an answer; signs that can be told apart; units that are some."""
    with pytest.raises(ValidationError):
        RewardConfig.model_validate({"terms": [part]})


PLACES = [{}, {"boxed": True}, {"after": "#"}, {"field": "a"}, {"field": "a[*].b"}]


@given(st.text() | st.text('0123456789.,eE+-#\\boxed{}"a: \ud800', max_size=300) | VALUES.map(json.dumps))
def test_no_response_breaks_a_match(ask, response):
    """Whatever is written is right or wrong."""
    for place in PLACES:
        for kind in (EXACT, {**NUMBER, "take": "last", "units": {"e": 2}}):
            assert ask({**kind, **place}, response, right("42")).value in {0.0, 1.0}
