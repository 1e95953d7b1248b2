"""Text made plain before it is searched: what hides a word from a search is taken off, step by step."""

import re
import unicodedata
from pathlib import Path
from typing import Final

_UNSEEN: Final = frozenset(("Cf", "Co", "Cs"))
"""Unicode categories without a glyph of their own: zero-width marks, text direction, tags, private use, half
surrogates."""

_MARKS: Final = frozenset(("Mn", "Me"))
_LEET: Final = str.maketrans("0134578@$!|", "oleastbasll")
_LEET_ANY: Final = re.compile(r"[0134578@$!|]")
_LEET_SIGN: Final = re.compile(r"(?<=\w)[@$!|](?=\w)|(?:(?<=\s)|^)[@$](?=[^\W\d_])")
_WORD: Final = re.compile(r"\w+")


def folded(text: str) -> str:
    """``text`` for comparing: compatible forms made one, unseen characters out, one case, single spaces."""
    if text.isascii():
        return " ".join(text.lower().split())
    return " ".join(unicodedata.normalize("NFKC", visible(text).casefold()).split())


def visible(text: str) -> str:
    """``text`` as the eye has it: compatible forms made one, unseen characters out."""
    if text.isascii():
        return text
    plain = unicodedata.normalize("NFKC", text)
    return "".join(char for char in plain if unicodedata.category(char) not in _UNSEEN)


class Disguises:
    """What stays hidden from `folded`: look-alikes of other alphabets, struck-out letters, digits that stand for some.

    `taken_off` is for comparing with what it made of another text, and for nothing else: "i" and "l" become one, and
    so do words of two alphabets that look the same.
    """

    def __init__(self) -> None:
        rows = Path(__file__).with_name("lookalikes.txt").read_text(encoding="utf-8").splitlines()
        self._alike = {ord(char): row[0] for row in rows if not row.startswith("#") for char in row[2:]}

    def taken_off(self, text: str) -> str:
        """``text`` with disguises folded away, on top of all that `folded` does."""
        if not text.isascii():
            # Composed first: the accent of é is a letter's own, a stroke laid over a letter is not.
            text = "".join(char for char in visible(text) if unicodedata.category(char) not in _MARKS)
            # Before the case is folded: a Cyrillic capital looks like B, and its small letter like nothing.
            text = text.translate(self._alike)
        plain = folded(text)
        if any(_beside_a_letter(plain, sign.start()) for sign in _LEET_ANY.finditer(plain)):
            plain = _LEET_SIGN.sub(lambda sign: sign.group().translate(_LEET), plain)
            plain = _WORD.sub(lambda word: _without_digits(word.group()), plain)
        return plain.replace("i", "l")


def _beside_a_letter(text: str, place: int) -> bool:
    return text[place - 1 : place].isalpha() or text[place + 1 : place + 2].isalpha()


def _without_digits(word: str) -> str:
    """Digits as the letters they stand for; a number is no word."""
    return word if word.isdigit() else word.translate(_LEET)
