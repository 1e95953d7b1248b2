"""NumericMatch: the final answer is the reference answer's number, within a tolerance, in whichever unit."""

import math
import re
from typing import Literal

from pydantic import Field, model_validator

from adjudge.domain import ComponentRole, ComponentScore, Rollout, Sample
from adjudge.domain.base import Number
from adjudge.errors import DataError
from adjudge.rewards.base import Scorer
from adjudge.rewards.final_answer import FinalAnswerConfig, expected, given
from adjudge.rewards.linear import compiled, plain


class NumericMatchConfig(FinalAnswerConfig):
    """Right within ``tolerance`` (in the unit of factor 1) or ``relative`` (share of the right number).

    ``units`` are the known ones with their factors, ``{km: 1000, m: 1}``; a bare number has the factor 1. ``take`` says
    whether the answer is a number as a whole, or its last number counts. ``thousands`` groups digits by three.
    """

    type: Literal["numeric_match"] = "numeric_match"
    tolerance: Number = Field(default=0.0, ge=0.0)
    relative: Number = Field(default=1e-9, ge=0.0)
    units: dict[str, Number] = Field(default_factory=dict)
    take: Literal["whole", "last"] = "whole"
    thousands: Literal[",", ".", " ", "'", ""] = ","
    decimal: Literal[".", ","] = "."

    @model_validator(mode="after")
    def _can_be_told_apart(self) -> "NumericMatchConfig":
        if self.thousands == self.decimal:
            msg = "thousands and decimal are the same sign"
            raise ValueError(msg)
        if any(not unit.strip() or not factor for unit, factor in self.units.items()):
            msg = "a unit has a name and a factor other than 0"
            raise ValueError(msg)
        return self


class NumericMatch(Scorer):
    """1 when the numbers are the same, else 0."""

    def __init__(self, config: NumericMatchConfig, *, role: ComponentRole) -> None:
        super().__init__(config.name or config.type, role, config.weight)
        self._config = config
        group = re.escape(config.thousands)
        whole = rf"[0-9]{{1,3}}(?:{group}[0-9]{{3}})+\b|[0-9]+" if group else "[0-9]+"
        point = re.escape(config.decimal)
        self._number = compiled(rf"[+\-\x{{2212}}]?(?:(?:{whole})(?:{point}[0-9]+)?|{point}[0-9]+)(?:[eE][+-]?[0-9]+)?")
        # Longest first, so that "m" does not stand for "mm".
        self._units = sorted(config.units.items(), key=lambda unit: -len(unit[0]))

    async def score(self, sample: Sample, rollout: Rollout) -> ComponentScore:
        """The same or not; not applicable to a sample without reference answer.

        Raises:
            DataError: the reference answer is no number, or has no such field.
        """
        reference = expected(sample, self._config, self.name)
        if reference is None:
            return self.not_applicable("the sample has no reference answer")
        wanted = self._read(reference)
        if wanted is None:
            raise DataError(
                f"Sample '{sample.id}': the reference answer is no number: {str(reference)[:80]!r}.",
                f"The reward's component '{self.name}' compares numbers.",
                "Correct the reference answer, or say where its number stands (`field`, `after`, `boxed`, `units`).",
            )
        found = self._read(given(rollout, self._config))
        if found is None:
            return self.scored(0.0, "no number where it must stand")
        near = max(self._config.tolerance, self._config.relative * abs(wanted))
        same = abs(found - wanted) <= near
        return self.scored(float(same), "" if same else f"{found:g}, not {wanted:g}")

    def _read(self, answer: object) -> float | None:
        """The number that an answer is, in the unit of factor 1; None where it is none."""
        if isinstance(answer, int | float) and not isinstance(answer, bool):
            return _finite(answer)
        if not isinstance(answer, str):
            return None
        text = plain(answer).strip().rstrip(".")
        hits = list(self._number.finditer(text))
        if not hits:
            return None
        before, after = text[: hits[-1].start()].rstrip(), text[hits[-1].end() :].lstrip()
        factor, before, after = self._unit(before, after)
        if self._config.take == "whole" and (before or after):
            return None
        digits = hits[-1].group()
        if self._config.thousands:
            digits = digits.replace(self._config.thousands, "")
        number = _finite(float(digits.replace(self._config.decimal, ".").replace("\u2212", "-")))
        return None if number is None else _finite(number * factor)

    def _unit(self, before: str, after: str) -> tuple[float, str, str]:
        """The factor of the unit beside a number, and what else stands there."""
        for unit, factor in self._units:
            if after.startswith(unit) and not after[len(unit) : len(unit) + 1].isalnum():
                return factor, before, after[len(unit) :].strip()
            if before.endswith(unit) and not before[: -len(unit)][-1:].isalnum():
                return factor, before[: -len(unit)].strip(), after
        return 1.0, before, after


def _finite(value: float) -> float | None:
    # A whole number too large for a float is none that could be compared.
    return float(value) if abs(value) < 1e300 and math.isfinite(value) else None
