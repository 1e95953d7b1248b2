"""Quotations of answers, found and marked in a text."""

import json
import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from adjudge.domain.base import Frozen
from adjudge.domain.text import Span, locate

_STRING: Final = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)


class Piece(Frozen):
    """A stretch of a text, and which answers (by place) quote it."""

    text: str
    quoted_by: tuple[int, ...] = ()


def quotations(response: str, document: str) -> tuple[str, ...]:
    """The strings of a JSON answer (also of a broken or cut one) that stand in the document, without repeats."""
    found = []
    for match in _STRING.finditer(response):
        try:
            text = json.loads(match[0], strict=False)
        except ValueError:
            continue
        if locate(text, document):
            found.append(text)
    return tuple(dict.fromkeys(found))


def pieces(text: str, quotes: Sequence[Sequence[str]]) -> tuple[Piece, ...]:
    """The text cut at the ends of quotations; joined again the pieces give the text.

    Args:
        text: where to mark.
        quotes: for each answer, what it quotes. Each quotation is marked at its first place.
    """
    spans: list[tuple[int, Span]] = []
    for place, answer in enumerate(quotes):
        spans += [(place, found[0]) for quote in answer if (found := locate(quote, text))]
    edges = sorted({0, len(text), *(end for _, span in spans for end in (span.start, span.end))})
    return tuple(
        Piece(
            text=text[start:end],
            quoted_by=tuple(sorted({place for place, span in spans if span.start <= start and end <= span.end})),
        )
        for start, end in pairwise(edges)
        if end > start
    )
