"""Prohibited phrases, however they are dressed up."""

import asyncio
import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adjudge.rewards.safety import ProhibitedContent, ProhibitedContentConfig
from adjudge.testing.builders import make_comment, make_review, make_rollout, make_sample

WORDS = st.text(st.characters(categories=("Lu", "Ll", "Nd"), max_codepoint=0x17F), min_size=1, max_size=8)


def value(response, phrases, *, inside_words=False):
    part = ProhibitedContent(ProhibitedContentConfig(phrases=tuple(phrases), inside_words=inside_words), role="gate")
    return asyncio.run(part.score(make_sample(), make_rollout(response=response))).value


@pytest.mark.parametrize(
    "text",
    [
        "trade secret",
        "a TRADE   Secret.",
        "trade\n\tsecret",
        "tr\u200bade sec\u00adret",
        "\uff54\uff52\uff41\uff44\uff45 secret",
        "trade\u00a0secret",
        "(trade secret)",
        "\u202etrade secret",
        "\U0001d413rade secret",
    ],
)
def test_a_phrase_is_found_in_any_dress(text):
    """Case, spacing, unseen marks and compatible letter forms hide nothing, in plain text and in JSON."""
    assert value(text, ["trade secret"]) == 0.0
    assert value(make_review([make_comment(comment=text)]), ["Trade  secret"]) == 0.0


@pytest.mark.parametrize(
    "response", ['{"a": "tr\\u0061de secret"}', '{"tr\\u0061de secret": 1}', '[["tr\\u0061de secret"]]']
)
def test_json_escapes_hide_nothing(response):
    """A letter written as an escape is read as the letter, in values and in keys."""
    assert value(response, ["trade secret"]) == 0.0


@pytest.mark.parametrize(
    "text", ["trade secrets", "a nontrade secret", "trades secret", "trade a secret", "", "{}", "trade_secret"]
)
def test_other_words_are_left_alone(text):
    """A phrase is whole words; what only contains or resembles it passes."""
    assert value(text, ["trade secret"]) == 1.0


def test_inside_words_looks_there_too():
    """Where asked for, a phrase counts within a longer word as well."""
    assert value("trademarks", ["mark"]) == 1.0
    assert value("trademarks", ["mark"], inside_words=True) == 0.0


@given(st.lists(WORDS, min_size=1, max_size=6), st.data())
def test_a_phrase_of_the_text_is_always_found(words, data):
    """Any run of the text's own words, as a phrase, shuts the gate."""
    start = data.draw(st.integers(0, len(words) - 1))
    end = data.draw(st.integers(start + 1, len(words)))
    phrase = " ".join(words[start:end])
    assert value(" ".join(words), [phrase]) == 0.0
    assert value(json.dumps({"text": " ".join(words)}), [phrase.swapcase() if phrase.isascii() else phrase]) == 0.0


def test_signs_in_a_phrase_are_letters_not_a_pattern():
    """A phrase is literal: dots and stars match themselves, and no phrase makes the search slow."""
    assert value("abc", ["a.c"]) == 1.0
    assert value("so (a+)+$ it is", ["(a+)+$"]) == 0.0
    start = time.perf_counter()
    assert value("a" * 20_000 + "!", ["(a+)+$", "a*a*a*b"]) == 1.0
    assert time.perf_counter() - start < 2.0
