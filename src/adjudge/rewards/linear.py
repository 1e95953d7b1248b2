"""Regular expressions in linear time: google-re2, which has no backtracking and so no look-around either."""

from collections.abc import Iterator
from typing import Protocol

_MEMORY = 8 << 20
"""Bytes for one expression; past it RE2 refuses to compile."""


class Match(Protocol):
    """What a hit tells; offsets are characters."""

    def group(self, group: int = 0, /) -> str:
        """The text of a group."""
        ...

    def start(self, group: int = 0, /) -> int:
        """Where it begins."""
        ...

    def end(self, group: int = 0, /) -> int:
        """Where it ends."""
        ...


class Pattern(Protocol):
    """A compiled expression."""

    @property
    def pattern(self) -> str:
        """As written."""
        ...

    def search(self, text: str, /) -> Match | None:
        """The first hit."""
        ...

    def finditer(self, text: str, /) -> Iterator[Match]:
        """All hits, from left to right, that do not overlap."""
        ...


def compiled(pattern: str) -> Pattern:
    """The expression, ready to search.

    Raises:
        ValueError: it is none, or needs what RE2 does not have (back-references, look-around), or too much memory.
    """
    import re2  # noqa: PLC0415  (most rewards have no expression)

    options = re2.Options()
    options.log_errors = False
    options.max_mem = _MEMORY
    try:
        found: Pattern = re2.compile(pattern, options)
    except re2.error as error:
        why = (
            error.args[0].decode("utf-8", "replace") if error.args and isinstance(error.args[0], bytes) else str(error)
        )
        msg = f"'{pattern[:80]}' is no expression of RE2: {why}"
        raise ValueError(msg) from None
    return found


def plain(text: str) -> str:
    """A text that RE2 can read: half surrogate pairs, which have no UTF-8 form, become U+FFFD."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text
