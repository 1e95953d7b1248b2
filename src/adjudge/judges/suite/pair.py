"""**Pairs**: minimal pairs, a good response and its bad twin that differs in the one thing that matters."""

from dataclasses import dataclass

from pydantic import Field, model_validator

from adjudge.domain.base import Frozen, Score
from adjudge.judges.suite.base import NAME, Ask, Expected, Found, Kind, missing_verdicts, score_of
from adjudge.judges.suite.change import Change


class PairSpec(Frozen):
    """A pair as written: each twin is a case of the file, or made of the other twin by a change."""

    name: str = Field(pattern=NAME)
    why: str = ""
    must_pass: bool = True
    good: str | Change
    """Name of a case, or what makes the good twin of the bad one."""

    bad: str | Change
    margin: Score = 0.0
    """The good twin's score must be higher by more than this."""

    good_answers: dict[str, str] = Field(default_factory=dict)
    """Criterion -> what it must answer for the good twin; for a twin that is a case, that case says it."""

    bad_answers: dict[str, str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _one_is_there(self) -> "PairSpec":
        if not isinstance(self.good, str) and not isinstance(self.bad, str):
            msg = "one of good and bad must name a case, of which the other one is made"
            raise ValueError(msg)  # noqa: TRY004  (pydantic turns ValueError into a validation error)
        return self


@dataclass(frozen=True)
class PairTest:
    """A good response, and a bad one that must score lower."""

    spec: PairSpec
    good: Ask
    bad: Ask

    @property
    def name(self) -> str:
        """As written."""
        return self.spec.name

    @property
    def kind(self) -> Kind:
        """A pair."""
        return "pair"

    @property
    def must_pass(self) -> bool:
        """As written."""
        return self.spec.must_pass

    @property
    def asks(self) -> tuple[Ask, ...]:
        """The twins."""
        return (self.good, self.bad)

    def problems(self, found: Found) -> list[str]:
        """Wrong answers about a twin, and a bad one that is not worse."""
        if problems := missing_verdicts(self.asks, found):
            return problems
        for ask, answers in ((self.good, self.spec.good_answers), (self.bad, self.spec.bad_answers)):
            problems += Expected(answers=answers).wrong(ask.id, found[ask.id])
        good, bad = score_of(found, self.good), score_of(found, self.bad)
        if good - bad <= self.spec.margin:
            problems.append(f"{self.name}: the good twin scores {good:.2f}, the bad one {bad:.2f}")
        return problems

    def figures(self, found: Found) -> dict[str, float]:
        """The difference of the scores, good minus bad."""
        if missing_verdicts(self.asks, found):
            return {}
        return {"difference": score_of(found, self.good) - score_of(found, self.bad)}
