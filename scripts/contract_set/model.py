"""The parts that windows are built from: topics with two opposite sides, guidelines, playbooks.

Labels are right by construction: a guideline names its topic and the side that conflicts with it; every clause is
written for one side of one topic. Two playbooks that want the opposite share a topic, so the same clause is a conflict
under one reference and fine under the other, and a model that ignores the reference cannot do well.
"""

from dataclasses import dataclass, field
from typing import Literal

Side = Literal["a", "b"]


@dataclass(frozen=True)
class Topic:
    """One contractual question and clauses that answer it in two opposite ways.

    On each side the last wording is kept for the test split and the one before it for validation.
    """

    key: str
    heading: str
    a: tuple[str, ...]
    b: tuple[str, ...]
    near: tuple[str, ...] = field(default=())
    """Topics whose clauses could be read as touching this one; never put beside it in one window."""

    def side(self, side: Side) -> tuple[str, ...]:
        """The wordings of one side."""
        return self.a if side == "a" else self.b


@dataclass(frozen=True)
class Guideline:
    """One line of a playbook."""

    id: str
    title: str
    text: str
    topic: str
    conflicts: Side
    comments: tuple[str, ...]
    actions: tuple[str, ...]


@dataclass(frozen=True)
class Playbook:
    """What one side of a kind of contract looks for."""

    key: str
    line: str
    perspective: str
    contract: str
    """Kind of contract; decides which clauses and names can stand in a window."""
    labels: tuple[str, str, str]
    """(label of a conflict, its comment type, label of text that complies)."""
    guidelines: tuple[Guideline, ...]
