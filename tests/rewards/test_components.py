"""Each gate and term, by its promise."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from adjudge.domain import ComponentStatus, RewardStatus
from adjudge.errors import ConfigError, DataError, MissingError
from adjudge.rewards.registry import RewardConfig, build_reward
from adjudge.testing.builders import make_comment, make_review, make_rollout, make_sample

IDS = st.sets(st.sampled_from("ABCDEF"), max_size=6)


def ask(part, response, sample=None, tmp_path=None):
    """The component's score inside a reward of its own."""
    config = RewardConfig.model_validate({"terms": [part, {"type": "minimum_content", "name": "pad"}]})
    reward = build_reward(config, None, tmp_path)
    result = asyncio.run(reward.score(sample or make_sample(), make_rollout(response=response)))
    return result.component(part.get("name", part["type"]))


def test_quotes_are_looked_up_in_the_document():
    """Half the quotes invented is half the score, and the detail says which item."""
    review = make_review([make_comment(), make_comment(text_excerpt="words that stand nowhere in it")])
    found = ask({"type": "quote_in_document"}, review)
    assert (found.value, found.detail) == (0.5, "not in the document: item 2")


def test_quoting_the_reference_is_noticed():
    """A quote from the guidelines in place of the document takes the item's share."""
    sample = make_sample(reference="[PAY-1] Payment: invoices are payable within thirty days of receipt.")
    review = make_review([make_comment(text_excerpt="invoices are payable within thirty days")])
    assert ask({"type": "quote_not_from_reference"}, review, sample).value == 0.0
    assert ask({"type": "quote_not_from_reference"}, make_review([make_comment()]), sample).value == 1.0


def test_words_that_stand_in_both_are_no_fault():
    """Where document and guidelines share a sentence, quoting it is quoting the document."""
    shared = "invoices are payable within thirty days"
    sample = make_sample(document=f"The {shared}.", reference=f"[PAY-1] All {shared}.")
    found = ask({"type": "quote_not_from_reference"}, make_review([make_comment(text_excerpt=shared)]), sample)
    assert found.value == 1.0


@given(IDS, IDS)
def test_set_match_is_f1(wanted, named):
    """The closed formula of F1 over the ids; two empty sets match fully."""
    sample = make_sample(reference_answer=make_review([make_comment(i) for i in sorted(wanted)]))
    value = ask({"type": "set_match"}, make_review([make_comment(i) for i in sorted(named)]), sample).value
    both = len(wanted) + len(named)
    assert value == pytest.approx(2 * len(wanted & named) / both if both else 1.0)


def test_right_silence_may_be_worth_less_than_a_right_review():
    """`both_empty` is what two empty sets earn; silence where something was to be said stays 0."""
    config = {"type": "set_match", "both_empty": 0.8}
    silent, full = make_review([]), make_review([make_comment("A")])
    assert ask(config, silent, make_sample(reference_answer=silent)).value == 0.8
    assert ask(config, full, make_sample(reference_answer=full)).value == 1.0
    assert ask(config, silent, make_sample(reference_answer=full)).value == 0.0


def test_set_match_without_reference_answer_is_not_applicable():
    """No known answer, no score."""
    assert ask({"type": "set_match"}, make_review([])).status is ComponentStatus.NOT_APPLICABLE


def test_an_item_that_names_nothing_is_a_wrong_name():
    """Two items without the key are together one name too many; they match no reference."""
    sample = make_sample(reference_answer=make_review([make_comment("A")]))
    response = make_review([make_comment("A"), {"comment": "no id"}, {"guideline_id": None}])
    assert ask({"type": "set_match"}, response, sample).value == pytest.approx(2 / 3)
    assert ask({"type": "set_match"}, make_review([{}]), sample).value == 0.0


@pytest.mark.parametrize(
    ("part", "field"),
    [
        ({"type": "quote_in_document", "document": "dokument"}, "dokument"),
        ({"type": "quote_not_from_reference", "document": "dokument"}, "dokument"),
        ({"type": "quote_not_from_reference", "reference": "refrence"}, "refrence"),
        ({"type": "set_match", "key": "guidline"}, "guidline"),
    ],
)
@pytest.mark.parametrize("response", [make_review([make_comment()]), make_review([]), "no json"])
def test_a_field_the_data_lacks_is_told_not_scored(part, field, response):
    """A typing error in the task blames the sample by name, whatever the response; nobody gets a 0 or a 1 for it."""
    with pytest.raises(DataError, match=rf"'s1'.*{field}"):
        ask(part, response, make_sample(reference_answer=make_review([make_comment()])))


@pytest.mark.parametrize("quote", [None, 123456789012, ["The Customer shall pay"], {"a": "b"}])
def test_only_text_quotes(quote):
    """A quote that is a number or a list stands nowhere, also where its digits do."""
    sample = make_sample(document=f"Number 123456789012. {quote}")
    assert ask({"type": "quote_in_document"}, make_review([make_comment(text_excerpt=quote)]), sample).value == 0.0


def test_repeats_cost_their_share():
    """Two equal comments are one new and one repeat, white space and case aside."""
    shouted = make_comment(text_excerpt=make_comment()["text_excerpt"].upper())
    assert ask({"type": "duplicates"}, make_review([make_comment(), shouted])).value == 0.5


@pytest.mark.parametrize(("size", "value"), [(5, 0.5), (10, 1.0), (20, 1.0), (25, 0.5), (30, 0.0), (99, 0.0)])
def test_the_length_band_falls_off_linearly(size, value):
    """Below, inside, above, far above."""
    part = {"type": "length_band", "low": 10, "high": 20, "soft": 10}
    assert ask(part, "x" * size).value == pytest.approx(value)


@pytest.mark.parametrize(("words", "value"), [(1, 0.5), (2, 1.0), (4, 1.0), (5, 0.5), (6, 0.0)])
def test_the_length_band_counts_words_where_asked(words, value):
    """The same band, with everything in words."""
    part = {"type": "length_band", "low": 2, "high": 4, "soft": 2, "unit": "words"}
    assert ask(part, " incomprehensible \n" * words).value == pytest.approx(value)


@pytest.mark.parametrize(("language", "status"), [("en", RewardStatus.SCORED), ("de", RewardStatus.GATED)])
@pytest.mark.parametrize("comment", [make_comment(), {"comment": "The payment term is longer than in the guideline."}])
def test_language_as_a_gate_opens_to_the_most_probable_one(language, status, comment):
    """English text passes the English gate and not the German one, although no probability is quite 1."""
    config = {"gates": [{"type": "same_language", "language": language}], "terms": [{"type": "minimum_content"}]}
    reward = build_reward(RewardConfig.model_validate(config), None, None)
    assert asyncio.run(reward.score(make_sample(), make_rollout(response=make_review([comment])))).status is status


def test_language_is_told_from_the_words_not_the_braces():
    """German comments are not English; too little text says nothing."""
    german = make_comment(comment="Die Zahlungsfrist von neunzig Tagen ist länger als in der Richtlinie vorgesehen.")
    part = {"type": "same_language", "among": ["en", "de"]}
    only = make_review([{"comment": german["comment"]}])
    assert ask(part, only).value < 0.1
    assert ask(part, make_review([make_comment()])).value > 0.9
    assert ask(part, make_review([])).status is ComponentStatus.NOT_APPLICABLE


@pytest.mark.parametrize(("response", "value"), [("four", 1.0), (" four\n", 1.0), ("  3ch  ", 0.0), ("", 0.0)])
def test_minimum_content_counts_what_is_between_the_margins(response, value):
    """As many characters as asked are enough; white space around them is none."""
    assert ask({"type": "minimum_content", "min_chars": 4}, response).value == value


def test_minimum_content_names_the_empty_field():
    """An item with an empty field is shut out, with its number."""
    part = {"type": "minimum_content", "fields": ["comment"]}
    found = ask(part, make_review([make_comment(), make_comment(comment=" ")]))
    assert (found.value, found.detail) == (0.0, "item 2: 'comment' is empty")


def test_an_unknown_type_suggests_the_nearest():
    """A typo in a component's type is answered with the right word."""
    with pytest.raises(ValidationError, match="did you mean 'json_schema'"):
        RewardConfig.model_validate({"terms": [{"type": "json_shema"}]})


def test_a_judged_component_needs_a_judge(tmp_path):
    """Without a judge the reward cannot be built."""
    with pytest.raises(ConfigError, match="judge"):
        build_reward(RewardConfig.model_validate({"terms": [{"type": "judged"}]}), None, tmp_path)


def test_a_missing_schema_file_is_named(tmp_path):
    """The error says which file."""
    config = RewardConfig.model_validate({"terms": [{"type": "json_schema", "file": "gone.json"}]})
    with pytest.raises(MissingError, match=r"gone\.json"):
        build_reward(config, None, tmp_path)
