"""Prohibited phrases, however they are dressed up."""

import asyncio
import json
import subprocess
import sys
import time
from pathlib import Path

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


@pytest.mark.parametrize(
    "text",
    [
        "tr\u0430de secret",
        "trade \u0455\u0435\u0441r\u0435t",
        "\u03a4RADE SECRET",
        "tr4d3 s3cr3t",
        "tr@de $ecret",
        "trade 5ecret",
        "t\u0336r\u0336a\u0336d\u0336e\u0336 secret",
        "tra\U000e0064de secret",
        "\u202dtrade\u202c secret",
        "trad\u212e secret",
    ],
)
def test_a_disguised_phrase_is_found(text):
    """Look-alike letters, struck-out ones, tags, text direction and digits for letters hide nothing."""
    assert value(text, ["trade secret"]) == 0.0
    assert value(json.dumps({"comment": text}), ["trade secret"]) == 0.0


@pytest.mark.parametrize("text", ["1nsider", "ins1der", "ins!der", "lnsider"])
def test_one_stands_for_two_letters(text):
    """A 1 may be meant as i or as l, and so may what looks like it."""
    assert value(text, ["insider"]) == 0.0


def test_disguises_may_be_left_alone():
    """Where asked for, only what is written counts, and the detail tells the two apart."""
    config = ProhibitedContentConfig(phrases=("trade secret",), disguises=False)
    part = ProhibitedContent(config, role="gate")
    assert asyncio.run(part.score(make_sample(), make_rollout(response="tr4de secret"))).value == 1.0
    part = ProhibitedContent(ProhibitedContentConfig(phrases=("Trade secret",)), role="gate")
    details = [
        asyncio.run(part.score(make_sample(), make_rollout(response=text))).detail
        for text in ("a TRADE secret", "a tr4de secret")
    ]
    assert details == ["has 'trade secret'", "has 'trade secret' in disguise"]


@pytest.mark.parametrize(
    "text", ["10 of x1y", "within 90 days", "PAY-1 and LIA-1", "$100 a day!", "5 at 10", "no. 1 of 3"]
)
def test_numbers_are_not_words(text):
    """A digit stands for a letter inside a word only."""
    assert value(text, ["go days", "pay-i", "s", "at io", "l of e", "lo of"]) == 1.0


@given(st.lists(WORDS, min_size=1, max_size=30), st.text(max_size=40))
def test_many_phrases_are_searched_as_one_would_be(phrases, text):
    """One pass over the text finds what a search for each phrase alone finds."""
    try:
        alone = [value(text, [phrase]) for phrase in phrases]
    except ValueError:
        return
    assert value(text, phrases) == min(alone)


@given(st.text(), st.text("\u0336\u200b\ud800a1@\\u", max_size=20))
def test_no_text_and_no_phrase_breaks_the_search(text, phrase):
    """Whatever is searched for whatever; a phrase with nothing in it is refused."""
    try:
        found = value(text + phrase, [phrase])
    except ValueError:
        return
    assert found in {0.0, 1.0}


def test_the_look_alikes_are_those_of_unicode():
    """The shipped table is what its script writes from Unicode's confusables."""
    script = Path(__file__).parents[2] / "scripts" / "lookalikes.py"
    done = subprocess.run([sys.executable, script, "--check"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
