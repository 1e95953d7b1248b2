import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import ValidationError

from adjudge.domain.interval import Interval
from adjudge.validation.check import Check, Figure, Outcome, Rule, figure, overall

PASS, FAIL, UNDECIDED = Outcome.PASS, Outcome.FAIL, Outcome.NOT_ENOUGH_DATA


def value(estimate: float, low: float | None, high: float | None, n: int = 100) -> Interval:
    return Interval(estimate=estimate, low=low, high=high, n=n, clusters=n)


@pytest.mark.parametrize(
    ("ends", "at_least", "at_most"),
    [
        ((0.85, 0.95), PASS, FAIL),
        ((0.8, 0.9), PASS, UNDECIDED),
        ((0.75, 0.9), UNDECIDED, UNDECIDED),
        ((0.7, 0.8), UNDECIDED, PASS),
        ((0.6, 0.75), FAIL, PASS),
        ((None, None), UNDECIDED, UNDECIDED),
    ],
)
def test_the_whole_interval_must_keep_the_rule(ends, at_least, at_most):
    """It passes inside, fails outside, and is not decided across; the limit itself keeps the rule."""
    estimate = 0.8 if ends[0] is None else sum(ends) / 2
    found = value(estimate, *ends)
    assert Rule(at_least=0.8).outcome(found) is at_least
    assert Rule(at_most=0.8).outcome(found) is at_most


def test_the_estimate_alone_can_be_made_to_decide():
    """Then there is no undecided, once there are values enough."""
    rule = Rule(at_least=0.8, bound="estimate", min_n=50)
    assert rule.outcome(value(0.8, 0.5, 0.9)) is PASS
    assert rule.outcome(value(0.79, 0.7, 0.9)) is FAIL
    assert rule.outcome(value(0.9, None, None)) is PASS
    assert rule.outcome(value(0.9, 0.85, 0.95, n=49)) is UNDECIDED
    assert rule.needed(value(0.9, 0.85, 0.95, n=49)) == 50


def test_a_figure_that_is_not_there_decides_nothing():
    """No rows, no outcome; how many would decide is known only where the rule asks for a number."""
    assert Rule(at_least=0.5).outcome(None) is UNDECIDED
    assert Rule(at_least=0.5).needed(None) is None
    assert Rule(at_least=0.5, min_n=30).needed(None) == 30
    assert Rule(at_least=0.5, min_n=30).needed(None) == 30


@given(st.integers(2, 400), st.floats(0.1, 0.9), st.floats(0.1, 0.9), st.floats(0.01, 0.5), st.booleans())
def test_so_many_values_would_decide(n: int, estimate: float, limit: float, half: float, least: bool):
    """With the number told, an interval shrunk by the root of n is decided; with a tenth less not yet."""
    assume(abs(estimate - limit) > 1e-3)
    rule = Rule(at_least=limit) if least else Rule(at_most=limit)
    found = value(estimate, estimate - half, estimate + half, n=n)
    needed = rule.needed(found)
    if rule.outcome(found) is not UNDECIDED:
        assert needed is None
        return
    for times, decided in ((1.0001, True), (0.9, False)):
        shrunk = half * math.sqrt(n / (times * needed))
        later = rule.outcome(value(estimate, estimate - shrunk, estimate + shrunk, n=needed))
        if decided or needed > 20:  # a few values are rounded up
            assert (later is not UNDECIDED) is decided


def test_on_the_limit_no_number_decides():
    """An estimate that is the limit stays undecided however much is asked."""
    assert Rule(at_least=0.5).needed(value(0.5, 0.4, 0.6)) is None


def test_a_quarter_of_the_gap_takes_sixteen_times_as_many():
    """Intervals shrink with the root of n: to a quarter at sixteen times."""
    assert Rule(at_least=0.7).needed(value(0.75, 0.55, 0.9, n=100)) == 1600
    assert Rule(at_least=0.8).needed(value(0.75, 0.55, 0.95, n=100)) == 1600


def test_a_rule_has_one_limit():
    """Neither limit or both is no rule; the text says which it is."""
    for limits in ({}, {"at_least": 0.1, "at_most": 0.9}):
        with pytest.raises(ValidationError, match="either"):
            Rule(**limits)
    assert (Rule(at_least=0.8).text(), Rule(at_most=0.05).text()) == (">= 0.80", "<= 0.05")


def test_checks_come_to_their_worst_figure():
    """One failure is enough, then one undecided; figures without a rule do not count."""
    rule = Rule(at_least=0.8)
    good, bad = figure("a", value(0.9, 0.85, 0.95), rule), figure("b", value(0.5, 0.4, 0.6), rule)
    open_, told = figure("c", value(0.8, 0.7, 0.9), rule), figure("d", value(0.1, 0.0, 0.2))
    assert told.outcome is None
    assert overall([good, told]) is PASS
    assert overall([good, open_, told]) is UNDECIDED
    assert overall([good, open_, bad]) is FAIL
    assert overall([told]) is UNDECIDED
    assert overall([]) is UNDECIDED


def test_a_figure_is_one_line():
    """Name, what it is about, value, rule, outcome, and how many would decide."""
    found = figure("tpr", value(0.83, 0.71, 0.91, n=44), Rule(at_least=0.8), about={"criterion": "grounded"})
    assert found.line().startswith("tpr (grounded) 0.83 [0.71, 0.91], n 44, >= 0.80: NOT ENOUGH DATA (about ")
    assert figure("tpr", None, note="no row").line() == "tpr -. no row"
    assert Figure.model_validate_json(found.model_dump_json()) == found


def test_a_check_shows_what_is_not_well():
    """Figures that pass are kept for the report; what to do is told where it fails, what is needed where it is open."""
    rule = Rule(at_least=0.8)
    good, bad = figure("fine", value(0.9, 0.85, 0.95), rule), figure("poor", value(0.5, 0.4, 0.6), rule)
    check = Check(
        name="c", title="A title", outcome=FAIL, figures=(good, bad), detail="found.", fix="Mend.", needs="More."
    )
    text = "\n".join(check.lines())
    assert "FAIL" in text
    assert "A title: found." in text
    assert "poor" in text
    assert "fine" not in text
    assert "Mend." in text
    assert "More." not in text
    undecided = "\n".join(check.model_copy(update={"outcome": UNDECIDED}).lines())
    assert "More." in undecided
    assert "Mend." not in undecided
