"""LengthBand: full score inside a band of sizes, falling off linearly outside it."""

from pathlib import Path as File
from typing import Literal

from pydantic import Field, model_validator

from adjudge.domain import ComponentRole, ComponentScore, Rollout, Sample
from adjudge.rewards.base import Scorer
from adjudge.rewards.sizes import SizeConfig, measure_of


class LengthBandConfig(SizeConfig):
    """``low``, ``high`` and ``soft`` in the ``unit``; the score reaches 0 at size 0 and at ``high + soft``."""

    type: Literal["length_band"] = "length_band"
    low: int = Field(default=0, ge=0)
    high: int = Field(ge=1)
    soft: int = Field(default=400, ge=1)

    @model_validator(mode="after")
    def _is_a_band(self) -> "LengthBandConfig":
        if self.low > self.high:
            msg = f"low ({self.low}) is above high ({self.high})"
            raise ValueError(msg)
        return self


class LengthBand(Scorer):
    """A soft band, so that there is something to climb on both sides.

    ``base`` is the folder that a tokenizer's name is relative to; default: the current one.
    """

    def __init__(self, config: LengthBandConfig, *, role: ComponentRole, base: File | None = None) -> None:
        super().__init__(config.name or config.type, role, config.weight)
        self._config, self._measure = config, measure_of(config, base or File())

    async def score(self, sample: Sample, rollout: Rollout) -> ComponentScore:  # noqa: ARG002 (the protocol's shape)
        """Score of the size; not applicable where the response has no such size."""
        size = self._measure(rollout)
        if size is None:
            return self.not_applicable(f"no {self._config.unit} to count")
        value = in_band(size, self._config.low, self._config.high, self._config.soft)
        if value == 1.0:
            return self.scored(1.0)
        side, edge = ("below", self._config.low) if size < self._config.low else ("above", self._config.high)
        about = "about " if self._config.unit == "tokens" and self._config.tokenizer == "approximate" else ""
        return self.scored(value, f"{about}{size} {self._config.unit}, {side} {edge}")


def in_band(size: float, low: float, high: float, soft: float) -> float:
    """1 from `low` to `high`; down to 0 at 0 below, and at ``high + soft`` above."""
    if size < low:
        return size / low
    return max(0.0, 1 - (size - high) / soft) if size > high else 1.0
