import re
from importlib import resources

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adjudge.pictures.page import plain


@settings(deadline=None)
@given(st.text())
def test_plain_text_keeps_its_length_and_hides_nothing(text: str):
    """Every character stays or becomes visible; the result has a UTF-8 form and is stable."""
    found = plain(text)
    assert len(found) == len(text)
    assert not set(found) & {chr(code) for code in (0, 8, 0x200B, 0x202E, 0x2066, 0xFEFF, 0xD800)}
    found.encode()
    assert plain(found) == found


@pytest.mark.parametrize("char", [*"\u3164\u115f\u034f\u2800\ufe00\u200b\u00ad\u202e", "\U000e0041", "\U000e0101"])
def test_letters_that_show_nothing_are_made_visible(char: str):
    """Text cannot be hidden in fillers, blank letters, tags and variation selectors either."""
    assert plain(f"a{char}b") == "a\ufffdb"


@pytest.mark.parametrize("text", ["\u2764\ufe0f", "e\u0301", "\u09a8\u09cd", "\u05e9\u05c1", "a\u00a0b", "a\n\tb"])
def test_readable_text_stays(text: str):
    """Accents, vowel signs, emoji and blanks are not touched."""
    assert plain(text) == text


def _light(colour: str) -> float:
    """Relative luminance after WCAG."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("theme", [0, 1])
def test_text_can_be_read_in_light_and_dark(theme: int):
    """Every colour that text has stands out 4.5 to 1 from what is behind it; marks of charts 3 to 1."""
    style = (resources.files("adjudge.pictures") / "templates" / "page.html.j2").read_text()
    colours = [dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", part)) for part in re.findall(r":root \{[^}]+\}", style)]
    values = colours[theme]

    def contrast(front: str, back: str) -> float:
        high, low = sorted((_light(values[front]), _light(values[back])), reverse=True)
        return (high + 0.05) / (low + 0.05)

    texts = ("ink", "soft", "better", "worse", "unclear", "c2", "c3", "c4", "c5", "c1")
    assert not [(f, b) for f in texts for b in ("paper", "card") if contrast(f, b) < 4.5]
    assert not [b for b in ("warn", "m0", "m1", "m2", "m3", "m4", "m5") if contrast("ink", b) < 4.5]
    # The grey of the first model is only ever a bar, a border or a mark.
    assert contrast("c0", "paper") >= 3
