"""Replies that are not quite JSON: what may be mended, and which part of a reply is the answer and which is thought.

A repairer guesses. Its guess is taken only where nothing had to be guessed about ids and answers: each stands once, as
one plain word or text, and what comes after it ends it. Whatever else was broken (a comma, a bracket, a quote in a
reason) does not change who said what.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any, Final

_LONGEST: Final = 50_000
"""Characters of a reply that is mended: a judge's reply is shorter, and repair takes more than linear time."""

_THOUGHT: Final = re.compile(
    r"<(/?)(?:think|thinking|thought|thoughts|reasoning|reflection|scratchpad)>", re.IGNORECASE
)
_ESCAPED_LETTER: Final = re.compile(r"\\+u00[2-7]", re.IGNORECASE)
# Possessive throughout (*+): a reply of one character a million times must not cost quadratic time.
_MARK: Final = r"[\"'`\u2018-\u201d]"


def spoken(text: str, objects: Sequence[tuple[int, int]]) -> tuple[int, int]:
    """The part of `text` that is no thought: after the last closing mark, before an opening one that nothing closes.

    Args:
        text: a reply.
        objects: spans of the JSON objects in it; marks inside of them are part of a text.
    """
    start, end = 0, len(text)
    if "<" not in text:
        return start, end
    for mark in _THOUGHT.finditer(text):
        if any(begin <= mark.start() < stop for begin, stop in objects):
            continue
        if mark[1]:
            start, end = mark.end(), len(text)
        else:
            end = min(end, mark.start())
    return start, max(start, end)


def quoted_keys(text: str, names: Sequence[str]) -> Iterator[re.Match[str]]:
    """Places where one of `names` stands in quotes (straight, curly, escaped) before a colon: an object begins."""
    pattern = rf"{_MARK}\s*+(?:{'|'.join(names)})\s*+\\*+{_MARK}\s*+:"
    return re.finditer(pattern, text, re.IGNORECASE)


def mend(text: str, key: str) -> tuple[dict[str, Any], int] | None:
    """The last object of `text` that has `key`, as a repairer guesses it, and where it begins; None if there is none.

    What it says is a guess: see `is_plain`.
    """
    import json_repair  # noqa: PLC0415  (needed for few replies)

    keys = list(re.finditer(rf"""["']?{key}["']?\s*:""", text))
    start = text.rfind("{", 0, keys[-1].start()) if keys else -1
    if start < 0 or len(text) - start > _LONGEST:
        return None
    try:
        value = json_repair.loads(text[start:])
    except (ValueError, RecursionError, IndexError, TypeError, AttributeError):
        return None
    return (value, start) if isinstance(value, dict) and isinstance(value.get(key), list) else None


def is_plain(text: str, entries: Sequence[dict[str, Any]]) -> bool:
    """Whether `text` can only mean the ids and answers of `entries`: each stands in it once, in order, and is ended."""
    if _ESCAPED_LETTER.search(text):
        return False
    return all(
        len(list(mentions(text, name))) == len(entries)
        and _literals(text, name) == [str(entry.get(name)) for entry in entries]
        for name in ("id", "answer")
    )


def mentions(text: str, name: str) -> Iterator[int]:
    """Everything that could be the key `name`, however it is written, in reasons and comments too."""
    pattern = rf"\b{name}\s*+\\*+{_MARK}?+\s*+[:=]"
    return (match.start() for match in re.finditer(pattern, text, re.IGNORECASE))


def _literals(text: str, name: str) -> list[str]:
    """The values of the key `name` that are one text or word, and are followed by an end or by another key."""
    value = r"""("[^"\\\n]*"|'[^'\\\n]*'|[\w.+-]+)"""
    after = r"""(?=[}\]]|,?\s*["']?(?:id|reason|quote|answer)["']?\s*:|,\s*[}\]])"""
    pattern = rf"""["']?\b{name}["']?\s*:\s*{value}\s*{after}"""
    return [match[1].strip("\"'") for match in re.finditer(pattern, text)]
