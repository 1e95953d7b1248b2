"""A **check**: one thing that a judge must show, what was measured of it, and whether that is enough.

A figure with a rule has one of three outcomes. It passes where its whole interval keeps the rule, fails where the whole
interval breaks it, and in between there is not enough data to say; then the number that would decide is told.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import NormalDist
from typing import Any, Final, Literal

from pydantic import Field, model_validator

from adjudge.domain.base import Count, Frozen, Number
from adjudge.domain.interval import Interval
from adjudge.validation.gold import Gold
from adjudge.validation.table import VerdictTable

_Z2: Final = NormalDist().inv_cdf(0.975) ** 2

SHOWN: Final = 6
"""Figures of a check that are told on a terminal; all stand in passport.json and on its page."""


class Outcome(StrEnum):
    """What a check or figure came to."""

    PASS = "PASS"  # noqa: S105  (not a password)
    FAIL = "FAIL"
    NOT_ENOUGH_DATA = "NOT ENOUGH DATA"
    NOT_APPLICABLE = "NOT APPLICABLE"
    """The question does not arise: slots, for a judge that sees one response."""


class Rule(Frozen):
    """What a figure must reach."""

    at_least: Number | None = None
    at_most: Number | None = None
    bound: Literal["interval", "estimate"] = "interval"
    """``interval``: the whole interval must keep the rule; ``estimate``: the estimate alone decides."""
    min_n: Count = 1
    """Fewer values never decide."""

    @model_validator(mode="after")
    def _one_limit(self) -> "Rule":
        if (self.at_least is None) == (self.at_most is None):
            msg = "a rule has either at_least or at_most"
            raise ValueError(msg)
        return self

    @property
    def limit(self) -> float:
        """The number that is not to be crossed."""
        limit = self.at_least if self.at_least is not None else self.at_most
        assert limit is not None  # one of them is there
        return limit

    def text(self) -> str:
        """``>= 0.80``."""
        return f"{'>=' if self.at_least is not None else '<='} {self.limit:.2f}"

    def _keeps(self, value: float) -> bool:
        return value >= self.limit if self.at_least is not None else value <= self.limit

    def outcome(self, value: Interval | None) -> Outcome:
        """Whether `value` keeps the rule; a figure that is not there decides nothing."""
        if value is None or value.n < self.min_n:
            return Outcome.NOT_ENOUGH_DATA
        if self.bound == "estimate":
            return Outcome.PASS if self._keeps(value.estimate) else Outcome.FAIL
        if value.low is None or value.high is None:
            return Outcome.NOT_ENOUGH_DATA
        kept = (self._keeps(value.low), self._keeps(value.high))
        return Outcome.PASS if all(kept) else Outcome.NOT_ENOUGH_DATA if any(kept) else Outcome.FAIL

    def needed(self, value: Interval | None) -> int | None:
        """About how many values would decide, were the estimate to stay: intervals shrink with the root of n.

        None where the rule is decided already, or where the estimate stands on the limit itself.
        """
        if self.outcome(value) is not Outcome.NOT_ENOUGH_DATA or (value is None and self.min_n < 2):
            return None
        if value is None or value.low is None or value.high is None or value.n < self.min_n:
            return max(self.min_n, 2)
        if value.estimate in {0.0, 1.0} and value.low >= 0.0 and value.high <= 1.0:
            # A share that has never moved: Wilson's interval reaches z^2 / (n + z^2) from it.
            room = abs(self.limit - value.estimate)
            return math.ceil(_Z2 * (1 - room) / room) if room > 0 else None
        gap = abs(value.estimate - self.limit)
        half = value.estimate - value.low if self.limit < value.estimate else value.high - value.estimate
        return math.ceil(value.n * (half / gap) ** 2) if gap > 0 else None


class Figure(Frozen):
    """One measured number of a check.

    Attributes are data of ``passport.json``; ``about`` says of what the figure is: criterion, slice, variant ...
    """

    name: str
    about: dict[str, str] = Field(default_factory=dict)
    value: Interval | None
    """None where the rows cannot give it."""
    rule: Rule | None = None
    """None: told, not judged."""
    outcome: Outcome | None = None
    needed: Count | None = None
    """About how many values would decide, where there is not enough data."""
    note: str = ""

    def line(self) -> str:
        """For the terminal: ``tpr (grounded) 0.83 [0.71, 0.91], n 44, >= 0.80: NOT ENOUGH DATA (about 160)``."""
        about = f" ({', '.join(self.about.values())})" if self.about else ""
        value = f"{self.value.text()}, n {self.value.n}" if self.value else "-"
        rule = f", {self.rule.text()}: {self.outcome}" if self.rule else ""
        needed = f" (about {self.needed} would decide)" if self.needed else ""
        return f"{self.name}{about} {value}{rule}{needed}{f'. {self.note}' if self.note else ''}"


def figure(
    name: str, value: Interval | None, rule: Rule | None = None, *, about: dict[str, str] | None = None, note: str = ""
) -> Figure:
    """A figure with the outcome that its rule gives."""
    return Figure(
        name=name,
        about=about or {},
        value=value,
        rule=rule,
        outcome=rule.outcome(value) if rule else None,
        needed=rule.needed(value) if rule else None,
        note=note,
    )


class Check(Frozen):
    """One thing that a judge must show."""

    name: str
    title: str
    """A few words for people."""
    outcome: Outcome
    figures: tuple[Figure, ...] = ()
    examples: tuple[dict[str, Any], ...] = ()
    """What people should look at, worst first: items, answers, rationales."""
    curves: dict[str, tuple[dict[str, float], ...]] = Field(default_factory=dict)
    """Points of pictures: a reliability curve, score against length."""
    detail: str = ""
    """What was found, in a sentence."""
    fix: str = ""
    """What to do where it fails."""
    needs: str = ""
    """What rows would be needed, where there is not enough data."""

    def lines(self) -> list[str]:
        """For the terminal: the outcome, then the figures that are judged."""
        # What has nothing to decide is told all the same: the cost.
        word = "" if self.outcome is Outcome.NOT_APPLICABLE and self.figures else self.outcome
        lines = [f"{word:<15}  {self.title}: {self.detail}".rstrip(": ")]
        telling = [found for found in self.figures if found.outcome not in {None, Outcome.PASS}]
        telling.sort(key=lambda found: found.outcome is not Outcome.FAIL)
        lines += [f"{'':17}{found.line()}" for found in telling[:SHOWN]]
        lines += [f"{'':17}and {len(telling) - SHOWN} figures more"] if len(telling) > SHOWN else []
        if self.outcome is Outcome.FAIL and self.fix:
            lines.append(f"{'':17}{self.fix}")
        if self.outcome is Outcome.NOT_ENOUGH_DATA and self.needs:
            lines.append(f"{'':17}Needed: {self.needs}")
        return lines


def overall(figures: Iterable[Figure]) -> Outcome:
    """What figures come to together: one that fails is enough, and so is one that is not decided.

    Figures without a rule do not count; without any that has one there is not enough data.
    """
    outcomes = {found.outcome for found in figures if found.outcome is not None}
    for outcome in (Outcome.FAIL, Outcome.NOT_ENOUGH_DATA):
        if outcome in outcomes:
            return outcome
    return Outcome.PASS if Outcome.PASS in outcomes else Outcome.NOT_ENOUGH_DATA


@dataclass(frozen=True)
class Material:
    """What checks are made from.

    Attributes:
        table: rows of the judge that is validated.
        everyone: rows of all judges, this one's too.
        gold: people's labels.
        seed: of every bootstrap.
        resamples: bootstrap draws behind an interval.
    """

    table: VerdictTable
    everyone: VerdictTable
    gold: Gold
    seed: int = 0
    resamples: int = 2000

    def criteria(self) -> Sequence[str]:
        """The criteria that this judge answered."""
        return self.table.criterion.present()
