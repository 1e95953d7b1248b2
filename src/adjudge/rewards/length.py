"""LengthBand: full score inside a band of characters or words, falling off linearly outside it."""

from typing import Literal

from pydantic import Field, model_validator

from adjudge.domain import ComponentRole, ComponentScore, Rollout, Sample
from adjudge.rewards.base import ComponentConfig, Scorer


class LengthBandConfig(ComponentConfig):
    """``low``, ``high`` and ``soft`` in the ``unit``; the score reaches 0 at an empty response and at ``high + soft``.

    Words are what white space separates: of no use for languages that write without it.
    """

    type: Literal["length_band"] = "length_band"
    low: int = Field(default=0, ge=0)
    high: int = Field(ge=1)
    soft: int = Field(default=400, ge=1)
    unit: Literal["characters", "words"] = "characters"

    @model_validator(mode="after")
    def _is_a_band(self) -> "LengthBandConfig":
        if self.low > self.high:
            msg = f"low ({self.low}) is above high ({self.high})"
            raise ValueError(msg)
        return self


class LengthBand(Scorer):
    """A soft band, so that there is something to climb on both sides."""

    def __init__(self, config: LengthBandConfig, *, role: ComponentRole) -> None:
        super().__init__(config.name or config.type, role, config.weight)
        self._config = config

    async def score(self, sample: Sample, rollout: Rollout) -> ComponentScore:  # noqa: ARG002 (the protocol's shape)
        """Score of the length."""
        band = self._config
        size = len(rollout.response if band.unit == "characters" else rollout.response.split())
        if size < band.low:
            return self.scored(size / band.low, f"{size} {band.unit}, below {band.low}")
        if size > band.high:
            return self.scored(max(0.0, 1 - (size - band.high) / band.soft), f"{size} {band.unit}, above {band.high}")
        return self.scored(1.0)
