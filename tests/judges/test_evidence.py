"""Quotes are checked against the text, and one that is not there cannot pass."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adjudge.domain import Criterion, EvidenceRule
from adjudge.judges.evidence import check_quote, settle
from adjudge.judges.reply import ReplyAnswer
from adjudge.testing.builders import DOCUMENT

GROUNDED = Criterion(id="grounded", question="?", evidence=EvidenceRule())


@given(st.integers(0, len(DOCUMENT) - 40), st.integers(30, 80))
def test_a_literal_quote_is_found_at_its_place(start: int, length: int):
    """The span of an exact match holds what was quoted."""
    quote = DOCUMENT[start : start + length]
    evidence = check_quote(quote, [DOCUMENT])
    assert (evidence.found, evidence.match) == (True, "exact")
    assert evidence.start is not None
    found = DOCUMENT[evidence.start : evidence.end]
    assert found.strip(" .") == quote.strip(" .")


def test_a_slip_of_the_pen_is_found_and_called_fuzzy():
    """One mistyped letter does not make a quote invented."""
    evidence = check_quote("The Customer shall pay each invoce within ninety (90) days", [DOCUMENT])
    assert (evidence.found, evidence.match) == (True, "fuzzy")
    assert evidence.start is not None
    assert DOCUMENT[evidence.start : evidence.end].startswith("The Customer shall pay")


@pytest.mark.parametrize(
    "quote",
    [
        "The Customer shall pay each invoice within ninety (30) days of receipt",
        "The Customer shall not pay each invoice within ninety (90) days of receipt",
        "The Supplier shall deliver the goods without delay",
        "the Supplier",
        "",
        "x" * 5000,
        DOCUMENT + " and much more that is nowhere in the document",
    ],
    ids=["another number", "a negation", "invented", "too short", "empty", "too long", "more than the document"],
)
def test_what_is_not_in_the_text_is_not_found(quote: str):
    """Another number, another sense, too little or too much: none of it is evidence."""
    assert not check_quote(quote, [DOCUMENT]).found


def test_an_answer_without_a_real_quote_is_lowered_and_says_why():
    """A quote that is not there cannot pass, and stays in sight."""
    answer = ReplyAnswer("grounded", "yes", "Because.", ("The Supplier shall deliver the goods without delay",))
    verdict = settle(answer, GROUNDED, [DOCUMENT])
    assert (verdict.answer, verdict.score) == ("no", 0.0)
    assert "not in the target text" in verdict.rationale
    assert verdict.evidence[0].found is False


def test_one_real_quote_is_enough():
    """A judge that quotes twice and slips once has still shown it."""
    real = DOCUMENT[9:60]
    verdict = settle(
        ReplyAnswer("grounded", "yes", "", ("nowhere in this contract at all", real)), GROUNDED, [DOCUMENT]
    )
    assert verdict.score == 1.0


def test_an_answer_below_the_threshold_needs_no_quote():
    """Saying no needs no evidence."""
    assert settle(ReplyAnswer("grounded", "no", "", ()), GROUNDED, [DOCUMENT]).answer == "no"
