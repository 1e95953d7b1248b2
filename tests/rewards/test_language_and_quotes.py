"""The prompt's language, and quotes with slips of the pen or from the wrong text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adjudge.domain import ComponentStatus, Message
from adjudge.errors import DataError
from adjudge.rewards.quotes import FUZZY_QUOTES
from adjudge.testing.builders import DOCUMENT, REFERENCE, make_comment, make_review, make_sample

GERMAN = "Bitte prüfen Sie den folgenden Vertrag und nennen Sie alle Klauseln, die von der Richtlinie abweichen."
ENGLISH = "Please review the following contract and name all clauses that deviate from the guideline."
PROMPT = {"type": "same_language", "language": "prompt", "among": ["en", "de", "fr"]}
QUOTE = {"type": "quote_in_document"}
CHECKED = {**QUOTE, "fuzzy": 0.5, "reference": "reference"}


def asked(text):
    return make_sample().model_copy(update={"messages": (Message(role="user", content=text),)})


@pytest.mark.parametrize(
    ("prompt", "response", "same"),
    [
        (GERMAN, GERMAN, True),
        (GERMAN, ENGLISH, False),
        (ENGLISH, ENGLISH, True),
        (ENGLISH, GERMAN, False),
    ],
)
def test_the_prompt_says_which_language_is_wanted(ask, prompt, response, same):
    """The likeliest language of what the user wrote, with the answer in JSON or not."""
    for text in (response, make_review([{"comment": response}])):
        assert (ask(PROMPT, text, asked(prompt)).value > 0.9) is same


def test_the_detail_names_both_languages(ask):
    """What it reads as, and what was wanted."""
    assert ask(PROMPT, ENGLISH, asked(GERMAN)).detail == "reads as 'en', not 'de'"


@pytest.mark.parametrize(("prompt", "response"), [("Hallo!", ENGLISH), (GERMAN, "ja"), (GERMAN, "{}"), (GERMAN, "")])
def test_short_texts_say_nothing(ask, prompt, response):
    """Too few letters on either side is nothing to score."""
    assert ask(PROMPT, response, asked(prompt)).status is ComponentStatus.NOT_APPLICABLE


def test_words_of_others_may_be_left_out(ask):
    """A quote is in the document's language, not in the policy's."""
    review = make_review([{"comment": GERMAN, "text_excerpt": f"{ENGLISH} {ENGLISH} {ENGLISH}"}])
    assert ask(PROMPT, review, asked(GERMAN)).value < 0.5
    assert ask({**PROMPT, "leave_out": ["text_excerpt"]}, review, asked(GERMAN)).value > 0.9


def test_prose_around_the_json_has_a_language_too(ask):
    """What stands around counts as what it is."""
    review = make_review([{"comment": GERMAN}])
    around = f"{ENGLISH} {ENGLISH} {ENGLISH} {review} {ENGLISH}"
    assert ask({**PROMPT, "read": "anywhere"}, around, asked(GERMAN)).value < 0.5


@given(st.text(), st.text())
def test_no_text_breaks_the_language(ask_language, response, prompt):
    """Any pair of texts has a probability or a reason for none."""
    ask_language(response, asked(prompt))


@pytest.fixture(scope="session")
def ask_language(holds):
    return holds({**PROMPT, "min_letters": 1})


@pytest.mark.parametrize(
    ("quote", "value", "told"),
    [
        ("The Customer shall pay each invoice within ninety (90) days", 1.0, ""),
        ("the customer   shall pay each invoice within NINETY (90) days", 1.0, ""),
        (
            "The Custommer shall pay each invoice within ninety (90) days of",
            0.5,
            "nearly in the document: item 1 (at 9-",
        ),
        ("The Customer shall pay each invoice within ninety (30) days of", 0.0, "not in the document: item 1"),
        ("Invoices are due within 30 days", 0.0, "from the reference instead: item 1"),
        ("The parties shall meet every month", 0.0, "not in the document: item 1"),
        ("Payment.", 0.0, "not in the document: item 1"),
    ],
)
def test_each_outcome_of_a_quote_is_told(ask, quote, value, told):
    """There, nearly there with the place, from the wrong text, nowhere; a changed number is no slip of the pen."""
    found = ask(CHECKED, make_review([make_comment(text_excerpt=quote)]))
    assert found.value == value
    assert found.detail.startswith(told)
    assert bool(found.detail) == bool(told)


def test_outcomes_are_told_by_item(ask):
    """Three items, three outcomes, one third each."""
    quotes = [DOCUMENT[9:60], REFERENCE[24:60], "words that stand nowhere at all"]
    found = ask(CHECKED, make_review([make_comment(text_excerpt=quote) for quote in quotes]))
    assert found.value == pytest.approx(1 / 3)
    assert found.detail == "from the reference instead: item 2; not in the document: item 3"


def test_without_a_worth_a_slip_is_no_quote(ask):
    """The default is exact: what a fuzzy search would find is not in the document."""
    typo = "The Custommer shall pay each invoice within ninety (90) days of"
    assert ask(QUOTE, make_review([make_comment(text_excerpt=typo)])).value == 0.0


def test_a_reference_that_is_named_must_be_there(ask):
    """A typing error is told, not scored."""
    with pytest.raises(DataError, match="refrence"):
        ask({**QUOTE, "reference": "refrence"}, make_review([make_comment()]))


@given(st.integers(0, len(DOCUMENT) - 40), st.integers(30, 100))
def test_every_piece_of_the_document_is_a_quote(ask, start, size):
    """Exact pieces score fully, whatever a slip is worth."""
    quote = DOCUMENT[start : start + size]
    assert ask(CHECKED, make_review([make_comment(text_excerpt=quote)])).value == 1.0


@given(st.text(max_size=80) | st.text("The Customer shall pay 90", min_size=12, max_size=80))
def test_no_quote_breaks_the_search(ask, quote):
    """Any text is one of the outcomes."""
    assert ask(CHECKED, make_review([make_comment(text_excerpt=quote)])).value in {0.0, 0.5, 1.0, None}


def test_slips_of_the_pen_are_looked_for_in_a_stated_number_of_quotes(ask):
    """A response cannot buy time with thousands of quotes that are nearly there; exact ones count, wherever."""
    typo = "The Custommer shall pay each invoice within ninety (90) days of"
    comments = [make_comment(text_excerpt=typo)] * (FUZZY_QUOTES + 10) + [make_comment()]
    found = ask(CHECKED, make_review(comments))
    assert found.value == pytest.approx((0.5 * FUZZY_QUOTES + 1) / (FUZZY_QUOTES + 11))
