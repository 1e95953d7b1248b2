"""What degradations and harmless changes do to a response, and that they do nothing else."""

import json
from dataclasses import replace

import pytest

from adjudge.domain import Rubric
from adjudge.domain.text import locate
from adjudge.judges.suite.alike import changed_alike
from adjudge.judges.suite.base import Ask, Given
from adjudge.judges.suite.change import Change, UnfitError
from adjudge.judges.suite.degrade import DEGRADATIONS, INVENTED_CLAUSE, Around, degraded
from adjudge.testing.builders import DOCUMENT, REFERENCE, make_comment, make_rubric

RUBRIC = make_rubric()
COMMENT = make_comment(comment="The Customer's term is longer than the guideline favours.")
GIVEN = Given({"target_document": DOCUMENT, "reference": REFERENCE}, {"comments": [COMMENT]})
AROUND = Around(RUBRIC)


def first(given: Given) -> dict[str, str]:
    assert isinstance(given.response, dict)
    return dict(given.response["comments"][0])


@pytest.mark.parametrize("name", DEGRADATIONS)
def test_a_degradation_leaves_the_good_response_and_the_document_alone(name: str):
    """It gives a new response about the same sample."""
    before = json.dumps(GIVEN.response)
    made = degraded(name, GIVEN, AROUND)
    assert json.dumps(GIVEN.response) == before
    assert made.metadata == GIVEN.metadata
    assert made.response != GIVEN.response


def test_an_altered_quote_differs_in_one_word_and_is_not_there():
    """So string search, or a careful reader, can tell."""
    quote = first(degraded("quote_altered", GIVEN, AROUND))["text_excerpt"]
    assert not locate(quote, DOCUMENT)
    words = zip(quote.split(), COMMENT["text_excerpt"].split(), strict=True)
    assert sum(one != other for one, other in words) == 1


def test_a_quote_from_the_reference_is_the_cited_line():
    """Word for word what the guideline says, and not what the document says."""
    quote = first(degraded("quote_from_reference", GIVEN, AROUND))["text_excerpt"]
    assert f"[PAY-1] {quote}" == REFERENCE.splitlines()[0]


def test_an_invented_clause_is_one_item_more():
    """The first item stays; the new one quotes and speaks of what is not there."""
    made = degraded("invented_clause", GIVEN, AROUND).response
    assert isinstance(made, dict)
    kept, new = made["comments"]
    assert kept == COMMENT
    assert new["text_excerpt"] == INVENTED_CLAUSE
    assert new["guideline_id"] == COMMENT["guideline_id"]


def test_swapped_parties_change_what_is_told_and_not_the_quote():
    """Usual names are found; others are given."""
    made = first(degraded("parties_swapped", GIVEN, AROUND))
    assert made["comment"] == COMMENT["comment"].replace("Customer", "Supplier")
    assert made["text_excerpt"] == COMMENT["text_excerpt"]
    named = first(degraded("parties_swapped", GIVEN, Around(RUBRIC, ("guideline", "term"))))
    assert named["comment"] == "The Customer's guideline is longer than the term favours."


def test_degradations_need_to_know_what_is_a_quote():
    """A rubric without items has none: only steps of one's own fit."""
    around = Around(make_rubric(items=False))
    for name in DEGRADATIONS:
        with pytest.raises(UnfitError):
            degraded(name, replace(GIVEN, response="No JSON."), around)


ASK = Ask("case", GIVEN)


def alike(name: str, rubric: Rubric = RUBRIC, ask: Ask = ASK) -> str:
    return changed_alike(name, ask, rubric).rollout().response


def test_harmless_changes_say_the_same():
    """Layout, order of keys, emphasis, spelling and id: read as JSON, the quote and the ids are as they were."""
    plain = ASK.rollout().response
    for name in ("whitespace", "key_order", "markdown", "spelling"):
        item = json.loads(alike(name))["comments"][0]
        assert alike(name) != plain
        assert item["text_excerpt"] == COMMENT["text_excerpt"]
        assert item["guideline_id"] == COMMENT["guideline_id"]
    assert list(json.loads(alike("key_order"))["comments"][0]) == list(reversed(COMMENT))
    assert "**guideline**" in alike("markdown")
    assert changed_alike("rollout_id", ASK, RUBRIC).rollout().id == "case/rollout_id"
    assert alike("rollout_id") == plain


def test_spelling_goes_both_ways_and_keeps_capitals():
    """Whole words only."""
    ask = Ask("t", Given({}, "Favor the Licence; the flavour stays."))
    assert alike("spelling", make_rubric(items=False), ask) == "Favour the License; the flavour stays."


def test_a_change_of_ones_own_replaces_sets_and_swaps_documents():
    """In this order, and only where it says."""
    change = Change.model_validate(
        {
            "replace": {"ninety (90)": "thirty (30)"},
            "within": ["response", "target_document"],
            "set": {"comments.0.comment": "None."},
            "metadata": {"reference": "[PAY-1] Nothing."},
        }
    )
    made = change.of(GIVEN)
    assert "thirty (30)" in made.metadata["target_document"]
    assert first(made)["text_excerpt"] == COMMENT["text_excerpt"].replace("ninety (90)", "thirty (30)")
    assert (first(made)["comment"], made.metadata["reference"]) == ("None.", "[PAY-1] Nothing.")
