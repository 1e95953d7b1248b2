"""Find a quotation in a document: exact after normalising, and with the place in the original text.

Reward terms, the judges' evidence check and the hard metrics must agree on what "the quote is there" means, so they
all ask `locate`. Fuzzy search is a judge's business and lives there.
"""

import re
from bisect import bisect_right
from dataclasses import dataclass
from itertools import accumulate, islice
from string import ascii_uppercase, whitespace
from typing import Final

_PLAIN: Final = {"\u201c": '"', "\u201d": '"', "\u2018": "'", "\u2019": "'", "\u2013": "-", "\u2014": "-"}
_LOWER: Final = {ord(char): char.lower() for char in ascii_uppercase}
_ASCII_LOWER: Final = bytes(range(256)).lower()
_ASCII_SPACE: Final = bytes(code for code in range(128) if chr(code).isspace())
_WORD: Final = re.compile(r"\S+")
_TRIM: Final = '".\u2026'
_AROUND: Final = _TRIM + "\u201c\u201d" + whitespace

MIN_QUOTE_CHARS: Final = 12
"""Shortest quotation that counts, in characters without white space: "the Supplier" would be found everywhere."""


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A half-open range of character offsets into a text."""

    start: int
    end: int

    def __len__(self) -> int:
        return self.end - self.start

    def overlap(self, other: "Span") -> int:
        """Characters that both spans cover; 0 when they are apart."""
        return max(0, min(self.end, other.end) - max(self.start, other.start))

    def of(self, text: str) -> str:
        """The piece of ``text`` that this span covers."""
        return text[self.start : self.end]


def _plain(char: str) -> str:
    """One character as compared; a lower case of another length is not taken, or offsets would shift."""
    lower = char.lower()
    return _PLAIN.get(char, lower if len(lower) == 1 else char)


def squash(text: str) -> str:
    """``text`` as `locate` compares it: no white space, plain quotes and dashes, lower case."""
    if text.isascii():
        # Bytes are several times as fast, and this runs over whole documents for every judgement.
        return text.encode().translate(_ASCII_LOWER, _ASCII_SPACE).decode()
    solid = "".join(text.split())
    # Per different character, not per character.
    return solid.translate({**_LOWER, **{ord(char): _plain(char) for char in set(solid) if char > "\x7f"}})


def squash_quote(excerpt: str) -> str:
    """A quotation as `locate` looks for it: squashed, without the quotes, dots and ellipses that writers put around."""
    return squash(excerpt).strip(_TRIM)


def locate(excerpt: str, text: str, *, min_chars: int = MIN_QUOTE_CHARS) -> tuple[Span, ...]:
    """All places where ``text`` has ``excerpt``, in order, as spans of the original text; they may overlap.

    White space, letter case and the shape of quotes and dashes do not matter. An excerpt with fewer than
    ``min_chars`` characters that are not white space is nowhere: it proves nothing.
    """
    wanted = squash_quote(excerpt)
    if len(wanted) < max(min_chars, 1):
        return ()
    squashed = squash(text)
    at = squashed.find(wanted)
    if at < 0:
        return ()
    if squashed.find(wanted, at + 1) < 0 and (as_written := _as_written(excerpt, text, wanted)) is not None:
        return (as_written,)
    starts: list[int] = []
    while at >= 0:
        starts.append(at)
        at = squashed.find(wanted, at + 1)
    ends = [start + len(wanted) - 1 for start in starts]
    places = _places(text, {*starts, *ends})
    return tuple(Span(places[start], places[end] + 1) for start, end in zip(starts, ends, strict=True))


def _as_written(excerpt: str, text: str, wanted: str) -> Span | None:
    """Where the excerpt stands letter for letter; None where it does not. The usual case, and cheap."""
    bare = excerpt.strip(_AROUND).strip()
    at = text.find(bare)
    return Span(at, at + len(bare)) if at >= 0 and squash(bare) == wanted else None


def _places(text: str, numbers: set[int]) -> dict[int, int]:
    """Where in `text` its characters with these numbers stand, counted from 0 without white space."""
    before = [0, *accumulate(map(len, text.split()))]
    words, place = _WORD.finditer(text), -1
    found = {}
    for number in sorted(numbers):
        word = bisect_right(before, number) - 1
        if word > place:
            start = next(islice(words, word - place - 1, None)).start()
            place = word
        found[number] = start + number - before[word]
    return found
