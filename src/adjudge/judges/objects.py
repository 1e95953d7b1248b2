"""The JSON objects in a text, and what strict JSON readers hide of them: keys that stand twice, numbers without end."""

import json
import math
from typing import Any, Final, NamedTuple

_STARTS: Final = 256
"""Braces tried as the start of an object: text that opens more of them is no answer, and costs quadratic time."""


class Found(NamedTuple):
    """A JSON object, where it stands, and what strict JSON readers would have hidden."""

    value: dict[str, Any]
    text: str
    at: int
    repeated_keys: tuple[str, ...] = ()
    not_finite: bool = False
    repaired: bool = False

    @property
    def span(self) -> tuple[int, int]:
        """Where it stands in the reply."""
        return self.at, self.at + len(self.text)


class _OddError(Exception):
    """There is something in an object that strict JSON readers would have hidden."""


def _plain_pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
    # "answer" and "Answer" are two keys to a machine, and to a person the same one twice.
    if len({name.strip().casefold() for name, _ in items}) != len(items):
        raise _OddError
    return dict(items)


def _odd(_: str) -> float:
    raise _OddError


def _plain_number(digits: str) -> float:
    value = float(digits)
    return value if math.isfinite(value) else _odd(digits)


_PLAIN: Final = json.JSONDecoder(object_pairs_hook=_plain_pairs, parse_constant=_odd, parse_float=_plain_number)


def _read_at(text: str, at: int) -> Found:
    """The JSON object that begins at `at`.

    Raises:
        ValueError, RecursionError: there is none.
    """
    try:
        value, end = _PLAIN.raw_decode(text, at)
        return Found(value, text[at:end], at)
    except _OddError:
        return _read_odd_at(text, at)


def _read_odd_at(text: str, at: int) -> Found:
    """As `_read_at`, and what is odd about it."""
    repeated: list[str] = []
    constants: list[str] = []

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        names = [name.strip().casefold() for name, _ in items]
        repeated.extend(name for name in names if names.count(name) > 1)
        return dict(items)

    def constant(name: str) -> float:
        constants.append(name)
        return 0.0

    def number(digits: str) -> float:
        value = float(digits)
        return value if math.isfinite(value) else constant(digits)

    decoder = json.JSONDecoder(object_pairs_hook=pairs, parse_constant=constant, parse_float=number)
    value, end = decoder.raw_decode(text, at)
    return Found(value, text[at:end], at, tuple(repeated), bool(constants))


def objects_in(text: str) -> list[Found]:
    """All outermost JSON objects in `text`, in order."""
    found: list[Found] = []
    at = text.find("{")
    for _ in range(_STARTS):
        if at < 0:
            break
        try:
            found.append(_read_at(text, at))
        except (ValueError, RecursionError):
            at = text.find("{", at + 1)
        else:
            at = text.find("{", found[-1].span[1])
    return found
