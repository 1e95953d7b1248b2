"""What components share: their settings, and the response's JSON read once."""

import json
import math
from typing import Any

from pydantic import Field

from adjudge.domain import ComponentRole, ComponentScore, ComponentStatus, Frozen, Sample
from adjudge.domain.base import Number
from adjudge.errors import DataError

DEEPEST = 100
"""Levels of a JSON response; a deeper one is no answer to anything."""


class ComponentConfig(Frozen):
    """Settings every component has; subclasses add a ``type`` and their own."""

    name: str | None = None
    """Its name in the reward; default: its type."""

    weight: Number = Field(default=1.0, ge=0.0)


class Scorer:
    """Base of components: name, role, weight, cost, and how to say what was found.

    Args:
        name: unique in one reward.
        role: gate, term or metric.
        weight: share in the weighted mean (terms).
        cost: order of gates: 0 string work, 1 a small model, 2 a language model.
    """

    def __init__(self, name: str, role: ComponentRole, weight: float = 1.0, cost: int = 0) -> None:
        self._name, self._role, self._weight, self._cost = name, role, weight, cost

    @property
    def name(self) -> str:
        """Its name in ``Reward.components``."""
        return self._name

    @property
    def role(self) -> ComponentRole:
        """gate, term or metric."""
        return self._role

    @property
    def weight(self) -> float:
        """Its share in the weighted mean."""
        return self._weight

    @property
    def cost(self) -> int:
        """0 string work, 1 a small model, 2 a language model."""
        return self._cost

    def scored(self, value: float, detail: str = "") -> ComponentScore:
        """A score in [0, 1]."""
        return ComponentScore(name=self._name, role=self._role, value=value, weight=self._weight, detail=detail)

    def not_applicable(self, detail: str) -> ComponentScore:
        """Nothing to score in this response."""
        return ComponentScore(
            name=self._name,
            role=self._role,
            status=ComponentStatus.NOT_APPLICABLE,
            weight=self._weight,
            detail=detail,
        )


def parsed(text: str) -> Any:  # noqa: ANN401 (any JSON value)
    """The JSON value of a response, strictly: what every reader after us can hold and write.

    Raises:
        ValueError: not JSON; a key twice in one object; a number that is not finite (NaN, Infinity, 1e999); half a
            surrogate pair; nested deeper than `DEEPEST`.
    """

    def refuse(constant: str) -> float:
        msg = f"{constant} is not JSON"
        raise ValueError(msg)

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            # Readers differ in which of the two they take: one could be shown to the judge, the other be counted.
            msg = "a key stands twice in one object"
            raise ValueError(msg)
        return found

    try:
        value = json.loads(text, parse_constant=refuse, object_pairs_hook=once)
    except RecursionError:
        msg = "nested too deeply"
        raise ValueError(msg) from None
    _refuse_unusable(value)
    return value


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
                # Raises UnicodeEncodeError, a ValueError: such a text would break whoever sends it on, a judge first.
                part.encode()
            elif isinstance(part, float) and not math.isfinite(part):
                msg = "a number is too large"
                raise ValueError(msg)
        if not deeper:
            return
        level = deeper
    msg = "nested too deeply"
    raise ValueError(msg)


def items_of(answer: object, path: str) -> list[dict[str, Any]] | None:
    """The list of objects at `path` of a JSON answer (text or value); None when there is no such list."""
    try:
        value = parsed(answer) if isinstance(answer, str) else answer
    except ValueError:
        return None
    found = value.get(path) if isinstance(value, dict) else None
    if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
        return None
    return found


def strings_of(value: object, *, keys: bool = False) -> list[str]:
    """All strings in a JSON value that `parsed` let through, in order; with `keys` those of objects too."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        value = [part for key, inner in value.items() for part in ((key, inner) if keys else (inner,))]
    return [text for part in value for text in strings_of(part, keys=keys)] if isinstance(value, list) else []


def document_of(sample: Sample, field: str, component: str) -> str:
    """The text that a component compares with.

    Raises:
        DataError: the sample has no such text. To score against nothing would blame the policy for a typing error.
    """
    text = sample.text(field)
    if text is None:
        raise DataError(
            f"Sample '{sample.id}': there is no metadata.{field}.",
            f"The reward's component '{component}' compares responses with it.",
            f"Add metadata.{field} to the sample, or name another field in the component.",
        )
    return text
