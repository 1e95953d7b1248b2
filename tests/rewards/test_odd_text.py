"""Odd characters and repetition: what a lost policy writes."""

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from adjudge.domain import ComponentStatus
from adjudge.rewards.registry import RewardConfig
from adjudge.rewards.repetition import compression_ratio, rep_n
from adjudge.testing.builders import make_comment, make_review

ODD = {"type": "odd_unicode", "zero_at": 1.0}
REPEATS = {"type": "repetition"}
SENTENCE = "the supplier shall deliver the goods to the customer within ten days of the order and bear the cost "
WORDS = st.lists(st.sampled_from("abcdef"), max_size=60)


@pytest.mark.parametrize(
    "odd",
    ["\u200b", "\u202e", "\U000e0041", "\ue000", "\U000e0fff", "\ufffd", "\x07", "\x7f", "\u3164", "\ufe01", "\u0378"],
)
def test_an_odd_character_counts_by_its_share(ask, odd):
    """One of ten characters takes a tenth, as it is and in JSON's escapes, and the detail names it."""
    found = ask(ODD, "a" * 9 + odd)
    assert found.value == pytest.approx(0.9)
    assert f"U+{ord(odd):04X}" in found.detail
    assert ask(ODD, json.dumps({"x": odd * 200})).value < 0.2


@pytest.mark.parametrize(
    "text",
    [
        "plain text\n\twith lines\r\n",
        "Übergröße, naïve façade, Ørsted",
        "Договор поставки и 합의 と 契約 و عقد",
        "\U0001f468\u200d\U0001f469\u200d\U0001f467 and \u2764\ufe0f",
        "the Δt of 5 μm",
        "§ 4 \u2013 “quoted” … €5",
    ],
)
def test_what_people_write_is_not_odd(ask, text):
    """Other scripts, each in its own words; emoji; signs; units."""
    assert ask(ODD, text).value == 1.0


@pytest.mark.parametrize("word", ["p\u0430yment", "\u0440\u0430ym\u0435nt", "pa\u03c5ment"])
def test_a_word_of_two_alphabets_is_odd_as_a_whole(ask, word):
    """Seven letters of fourteen characters."""
    found = ask(ODD, f"{word} xxxxxx")
    assert found.value == pytest.approx(0.5)
    assert word in found.detail


def test_a_long_word_is_shown_by_its_beginning(ask):
    """A detail does not grow with the response."""
    assert len(ask(ODD, "a\u0430" * 5000).detail) < 100


def test_a_task_may_permit_characters_and_a_share(ask):
    """Joiners of a script that needs them; a share that is normal there."""
    assert ask({**ODD, "permit": "\u200c"}, "ab\u200ccd").value == 1.0
    assert ask({**ODD, "allowed": 0.2}, "abcd\u200c").value == 1.0
    assert ask({"type": "odd_unicode", "zero_at": 0.1}, "abcd\u200c").value == 0.0


@given(st.text(min_size=1))
def test_the_share_is_that_of_the_categories(ask, text):
    """Never fewer odd characters than the categories say (emoji's joiners aside), and always a score."""
    text = text.replace("\u200d", "").replace("\\", "")
    if not text:
        return
    odd = sum(unicodedata.category(c) in {"Cc", "Cf", "Co", "Cn", "Cs"} and c not in "\t\n\r" for c in text)
    assert 0.0 <= ask(ODD, text).value <= 1 - odd / len(text) + 1e-9


def test_an_empty_text_has_nothing_odd_or_otherwise(ask):
    """No share of nothing."""
    assert ask(ODD, "").status is ComponentStatus.NOT_APPLICABLE


def test_a_slope_must_fall():
    """`allowed` at or above `zero_at` is refused."""
    with pytest.raises(ValidationError, match="zero_at"):
        RewardConfig.model_validate({"terms": [{"type": "odd_unicode", "allowed": 0.05}]})


@given(WORDS, st.integers(1, 5))
def test_rep_n_is_its_definition(words, n):
    """1 - distinct / all, over every window of n words."""
    grams = [tuple(words[at : at + n]) for at in range(len(words) - n + 1)]
    assert rep_n([words], n) == (1 - len(set(grams)) / len(grams) if grams else 0.0)


def test_rep_n_does_not_run_across_texts():
    """The end of one text and the start of the next are no n-gram."""
    assert rep_n([["a", "b"], ["a", "b"], ["b", "a"]], 2) == pytest.approx(1 / 3)


@pytest.mark.parametrize(("times", "value"), [(1, 1.0), (2, 1 - (16 / 35 - 0.1) / 0.9)])
def test_known_repetition(ask, times, value):
    """19 words twice are 35 windows of four, 19 of them new."""
    assert len(SENTENCE.split()) == 19
    part = {**REPEATS, "least_ratio": 0.0, "min_words": 10}
    assert ask(part, SENTENCE * times).value == pytest.approx(value)


def test_a_loop_is_worth_nothing(ask):
    """A policy that says one thing for ever, in words and inside of JSON."""
    assert ask(REPEATS, SENTENCE * 200).value < 0.05
    assert ask(REPEATS, make_review([make_comment(comment=SENTENCE * 200)])).value < 0.05


def test_what_windows_do_not_see_compression_does(ask):
    """A loop without spaces is one word; it has no windows, and zlib makes it small."""
    text = " ".join(f"{n}{'la' * 400}" for n in range(20))
    found = ask(REPEATS, text)
    assert found.value < 0.2
    assert "compresses" in found.detail


def test_keys_of_json_are_no_repetition(ask):
    """Ten items have the same keys, and say different things."""
    items = [make_comment(f"G-{n}", comment=" ".join(f"word{n}{m}" for m in range(12))) for n in range(10)]
    plain = [{"comment": item["comment"]} for item in items]
    assert ask({**REPEATS, "least_ratio": 0.0}, make_review(plain)).value == 1.0


def test_a_short_text_says_nothing(ask):
    """Fewer words than stated, no score; fewer bytes than stated, no ratio."""
    assert ask(REPEATS, "the the the the").status is ComponentStatus.NOT_APPLICABLE
    assert compression_ratio("a" * 199) is None


@pytest.fixture(scope="session")
def all_hold(holds):
    parts = [ODD, {"type": "odd_unicode"}, {**REPEATS, "min_words": 1}, {**REPEATS, "unit": "characters", "n": 3}]
    return [holds(part) for part in parts]


@given(st.text() | st.text('ab \ud800\u200b\\u{}"', max_size=400))
def test_no_text_breaks_them(all_hold, response):
    """Any text has a score in [0, 1] or a reason for none."""
    for hold in all_hold:
        hold(response)
