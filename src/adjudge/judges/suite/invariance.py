"""**Invariances**: changes that mean nothing, after which a judge must answer as before."""

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import Field

from adjudge.domain.base import Frozen, Score
from adjudge.domain.verdict import Verdict
from adjudge.judges.suite.alike import ALIKE
from adjudge.judges.suite.base import Ask, Found, Kind, missing_verdicts, score_of


class InvarianceSpec(Frozen):
    """Invariances as written: every change of every case."""

    of: tuple[str, ...] = Field(min_length=1)
    """Names of cases."""

    changes: tuple[str, ...] = tuple(ALIKE)
    """Built-in changes; a case in which one changes nothing is left out, but one that changes none is an error."""

    must_pass: bool = True
    slack: Score = 0.1
    """Largest difference of the scores; answers must be the same."""


@dataclass(frozen=True)
class InvarianceTest:
    """One change of one case."""

    spec: InvarianceSpec
    change: str
    plain: Ask
    other: Ask

    @property
    def name(self) -> str:
        """Case and change."""
        return self.other.id

    @property
    def kind(self) -> Kind:
        """An invariance."""
        return "invariance"

    @property
    def must_pass(self) -> bool:
        """As written."""
        return self.spec.must_pass

    @property
    def asks(self) -> tuple[Ask, ...]:
        """The response before and after."""
        return (self.plain, self.other)

    def problems(self, found: Found) -> list[str]:
        """Answers that changed, and a score that moved too far."""
        if problems := missing_verdicts(self.asks, found):
            return problems
        before, after = answers(found, self.plain), answers(found, self.other)
        problems = [
            f"{self.name}: {place} was '{before.get(place)}' and is '{after.get(place)}' after {self.change}"
            for place in sorted(before.keys() | after.keys())
            if before.get(place) != after.get(place)
        ]
        moved = score_of(found, self.other) - score_of(found, self.plain)
        if abs(moved) > self.spec.slack:
            problems.append(f"{self.name}: the score moves by {moved:+.2f} after {self.change}")
        return problems

    def figures(self, found: Found) -> dict[str, float]:
        """How far the score moved."""
        if missing_verdicts(self.asks, found):
            return {}
        return {"moved": score_of(found, self.other) - score_of(found, self.plain)}


def answers(found: Found, ask: Ask) -> Mapping[str, str]:
    """The answers about a response that has a verdict, by ``item N: criterion``."""
    judgement = found[ask.id]
    assert isinstance(judgement, Verdict)  # `missing_verdicts` came first
    return {f"item {item.item}: {part.criterion}": part.answer for item in judgement.items for part in item.criteria}
