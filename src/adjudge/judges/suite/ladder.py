"""**Ladders**: a good response made worse step by step; no rung may score above an earlier one."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import sqrt

from pydantic import Field

from adjudge.domain.base import Frozen, Score
from adjudge.judges.suite.base import NAME, Ask, Found, Kind, missing_verdicts, score_of
from adjudge.judges.suite.change import Change


class StepSpec(Change):
    """A step of one's own: what is changed on the way down."""

    name: str = Field(pattern=r"^[a-z0-9_-]+$")


class LadderSpec(Frozen):
    """A ladder as written."""

    name: str = Field(pattern=NAME)
    why: str = ""
    must_pass: bool = True
    of: str
    """Name of the case at the top."""

    steps: tuple[str | StepSpec, ...] = Field(min_length=1)
    """Built-in degradations by name, or changes of one's own; each is made on top of those before it."""

    parties: tuple[str, str] | None = None
    """For ``parties_swapped``, where the parties have other names than the usual ones."""

    fall: Score = 0.1
    """The bottom must score lower than the top by at least this."""

    slack: Score = 0.05
    """A rung that scores higher than an earlier one by no more than this is no inversion."""

    inversions: int = Field(default=0, ge=0)
    """Most inversions that are let pass."""


@dataclass(frozen=True)
class LadderTest:
    """The rungs, best first."""

    spec: LadderSpec
    rungs: tuple[Ask, ...]

    @property
    def name(self) -> str:
        """As written."""
        return self.spec.name

    @property
    def kind(self) -> Kind:
        """A ladder."""
        return "ladder"

    @property
    def must_pass(self) -> bool:
        """As written."""
        return self.spec.must_pass

    @property
    def asks(self) -> tuple[Ask, ...]:
        """The rungs."""
        return self.rungs

    def problems(self, found: Found) -> list[str]:
        """Rungs that score above an earlier one, and a bottom that is not far enough below the top."""
        if problems := missing_verdicts(self.rungs, found):
            return problems
        scores = [score_of(found, rung) for rung in self.rungs]
        risen = inversions(scores, self.spec.slack)
        if len(risen) > self.spec.inversions:
            problems = [
                f"{self.name}: {self.rungs[low].id} scores {scores[low]:.2f}, above {self.rungs[high].id} "
                f"with {scores[high]:.2f}"
                for high, low in risen
            ]
        if scores[0] - scores[-1] < self.spec.fall:
            told = " ".join(f"{score:.2f}" for score in scores)
            problems.append(f"{self.name}: the scores fall by less than {self.spec.fall:.2f}: {told}")
        return problems

    def figures(self, found: Found) -> dict[str, float]:
        """Kendall's tau-b between the order of the rungs and their scores (1: they fall at every step), inversions."""
        if missing_verdicts(self.rungs, found):
            return {}
        scores = [score_of(found, rung) for rung in self.rungs]
        return {"tau": fall_tau(scores), "inversions": float(len(inversions(scores, self.spec.slack)))}


def inversions(scores: Sequence[float], slack: float = 0.0) -> list[tuple[int, int]]:
    """Places (earlier, later) of which the later one scores higher by more than `slack`."""
    pairs = combinations(range(len(scores)), 2)
    return [(high, low) for high, low in pairs if scores[low] - scores[high] > slack]


def fall_tau(scores: Sequence[float]) -> float:
    """Kendall's tau-b of scores against a fall at every step, in [-1, 1]; 0 where all are equal.

    Places have no ties, so of the two corrections only that for equal scores is left (Kendall 1945).
    """
    pairs = list(combinations(scores, 2))
    untied = sum(high != low for high, low in pairs)
    if not untied:
        return 0.0
    return sum((high > low) - (high < low) for high, low in pairs) / sqrt(len(pairs) * untied)
