"""Changes of a response or its sample, written in the file: texts replaced, fields set."""

import copy
from collections.abc import Callable, Mapping
from typing import Any

from pydantic import Field

from adjudge.domain.base import Frozen
from adjudge.judges.suite.base import Given, Response

RESPONSE = "response"


class UnfitError(ValueError):
    """A change that cannot be made of this response, or that changes nothing; says why."""


class Change(Frozen):
    """What is changed, in this order. At least one thing.

    A text to replace must be there, everywhere it is looked for; a path to set must lead to something.
    """

    replace: dict[str, str] = Field(default_factory=dict)
    """Old text -> new text."""

    within: tuple[str, ...] = (RESPONSE,)
    """Where texts are replaced: ``response``, names of the metadata."""

    set: dict[str, Any] = Field(default_factory=dict)
    """Path in the response (``comments.0.comment``) -> new value."""

    metadata: dict[str, str] = Field(default_factory=dict)
    """Named texts of the sample that are replaced as a whole."""

    def of(self, given: Given) -> Given:
        """The changed sample and response.

        Raises:
            UnfitError: a text or a path is not there, or nothing is changed.
        """
        metadata, response = dict(given.metadata), copy.deepcopy(given.response)
        for old, new in self.replace.items():
            for place in self.within:
                if place == RESPONSE:
                    response = _replaced(response, old, new)
                elif old in metadata.get(place, ""):
                    metadata[place] = metadata[place].replace(old, new)
                else:
                    msg = f"'{old}' does not stand in metadata.{place}"
                    raise UnfitError(msg)
        for path, value in self.set.items():
            _set(response, path.split("."), value)
        unknown = [name for name in self.metadata if name not in metadata]
        if unknown:
            msg = f"there is no metadata.{unknown[0]} to replace"
            raise UnfitError(msg)
        changed = Given(metadata | self.metadata, response)
        if changed == given:
            msg = "it changes nothing"
            raise UnfitError(msg)
        return changed


def texts_changed(value: Response, change: Callable[[str, str], str], key: str = "") -> Any:  # noqa: ANN401  (JSON)
    """A copy of JSON data with every text in it changed; `change` gets the key that the text stands under, and it."""
    if isinstance(value, str):
        return change(key, value)
    if isinstance(value, Mapping):
        return {name: texts_changed(part, change, name) for name, part in value.items()}
    if isinstance(value, list):
        return [texts_changed(part, change, key) for part in value]
    return value


def _replaced(response: Response, old: str, new: str) -> Response:
    changed: Response = texts_changed(response, lambda _, text: text.replace(old, new))
    if changed == response:
        msg = f"'{old}' does not stand in the response"
        raise UnfitError(msg)
    return changed


def _set(value: Any, path: list[str], new: object) -> None:  # noqa: ANN401  (JSON)
    *before, last = path
    for step in before:
        value = value[_key(value, step, path)]
    value[_key(value, last, path)] = new


def _key(value: object, step: str, path: list[str]) -> Any:  # noqa: ANN401  (a name or a number)
    if isinstance(value, dict) and step in value:
        return step
    if isinstance(value, list) and step.isdecimal() and int(step) < len(value):
        return int(step)
    msg = f"the response has no {'.'.join(path)}"
    raise UnfitError(msg)
