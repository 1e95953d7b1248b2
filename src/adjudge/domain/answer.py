"""The **answer**: a response's JSON, read strictly, and once for everybody who scores it."""

import json
import math
from dataclasses import dataclass
from typing import Any, Final

DEEPEST: Final = 100
"""Levels of a JSON response; a deeper one is no answer to anything."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a response says as JSON. ``value`` is shared by all who read it, so nobody may change it."""

    value: Any
    text: str
    """The JSON as written; a part of the response where something stands around it."""
    rest: str = ""
    """What stands around it."""
    problem: str = ""
    """Why there is no answer; empty where there is one."""


def strict_answer(response: str) -> Answer:
    """The response as one JSON value, or the reason why it is none."""
    try:
        return Answer(parsed(response), response)
    except ValueError as error:
        return Answer(None, "", response, str(error) or "not JSON")


def parsed(text: str) -> Any:  # noqa: ANN401 (any JSON value)
    """The JSON value of a text, strictly: what every reader after us can hold and write.

    Raises:
        ValueError: not JSON; a key twice in one object; a number that is not finite (NaN, Infinity, 1e999); half a
            surrogate pair; nested deeper than `DEEPEST`.
    """
    # Raises UnicodeEncodeError, a ValueError: such a text would break whoever sends it on, a judge first.
    text.encode()
    try:
        value = _STRICT.decode(text)
    except RecursionError:
        msg = "nested too deeply"
        raise ValueError(msg) from None
    # Most responses can be neither too deep nor hold half a pair, and a look at the text shows it.
    if "\\u" in text or text.count("[") + text.count("{") > DEEPEST:
        _refuse_unusable(value)
    return value


def _refuse_constant(constant: str) -> float:
    msg = f"{constant} is not JSON"
    raise ValueError(msg)


def _finite(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        msg = "a number is too large"
        raise ValueError(msg)
    return value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        # Readers differ in which of the two they take: one could be shown to the judge, the other be counted.
        msg = "a key stands twice in one object"
        raise ValueError(msg)
    return found


_STRICT: Final = json.JSONDecoder(object_pairs_hook=_once, parse_constant=_refuse_constant, parse_float=_finite)


def _refuse_unusable(value: object) -> None:
    """Level by level, not by recursion: the response decides how deep it is."""
    level: list[object] = [value]
    for _ in range(DEEPEST):
        deeper: list[object] = []
        for part in level:
            if isinstance(part, dict):
                deeper += [*part, *part.values()]
            elif isinstance(part, list):
                deeper += part
            elif isinstance(part, str):
                part.encode()
        if not deeper:
            return
        level = deeper
    msg = "nested too deeply"
    raise ValueError(msg)
