"""What components share: their settings, and the response's JSON read once."""

import json
from typing import Any, Literal

from pydantic import Field

from adjudge.domain import ComponentRole, ComponentScore, ComponentStatus, Frozen
from adjudge.domain.base import Number

Settings = Literal["gate", "term", "metric"]


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
    """The JSON value of a response, strictly.

    Raises:
        ValueError: not JSON, or a number that JSON does not have (NaN, Infinity).
    """

    def refuse(constant: str) -> float:
        msg = f"{constant} is not JSON"
        raise ValueError(msg)

    try:
        return json.loads(text, parse_constant=refuse)
    except RecursionError:
        msg = "nested too deeply"
        raise ValueError(msg) from None


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
