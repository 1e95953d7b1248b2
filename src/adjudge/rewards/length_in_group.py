"""LengthInGroup: is a response long beside its siblings? What a fixed band cannot say where questions differ in size.

The group's median moves with the policy, so this alone does not hold a length: it takes off what sticks out. It is
known before any judge is asked, so a failed judgement of a sibling changes nothing.
"""

import statistics
from typing import Literal

from pydantic import Field, model_validator

from adjudge.domain import ComponentRole, ComponentScore, Group, Rollout, Sample
from adjudge.domain.base import Number
from adjudge.rewards.base import Scorer
from adjudge.rewards.length import in_band
from adjudge.rewards.sizes import Measure, SizeConfig


class LengthInGroupConfig(SizeConfig):
    """``low``, ``high`` and ``soft`` as shares of the group's median size."""

    type: Literal["length_in_group"] = "length_in_group"
    low: Number = Field(default=0.0, ge=0.0, le=1.0)
    high: Number = Field(default=1.25, ge=1.0)
    soft: Number = Field(default=0.75, gt=0.0)

    @model_validator(mode="after")
    def _no_wider_than_floats(self) -> "LengthInGroupConfig":
        if self.high + self.soft > 1e6:
            msg = "high and soft are shares of the median, for example 1.25"
            raise ValueError(msg)
        return self


class LengthInGroup(Scorer):
    """1 in the band around the group's median, falling off linearly; alone, it has nothing to compare with."""

    def __init__(
        self, config: LengthInGroupConfig, measure: Measure, *, role: ComponentRole, median: float | None = None
    ) -> None:
        super().__init__(config.name or config.type, role, config.weight)
        self._config, self._measure, self._median = config, measure, median

    def within(self, group: Group) -> "LengthInGroup":
        """The same, with the median of this group."""
        sizes = [size for rollout in group.rollouts if (size := self._measure(rollout)) is not None]
        median = statistics.median(sizes) if len(sizes) > 1 else None
        return LengthInGroup(self._config, self._measure, role=self.role, median=median)

    async def score(self, sample: Sample, rollout: Rollout) -> ComponentScore:  # noqa: ARG002 (the protocol's shape)
        """Score of the size beside the median."""
        size = self._measure(rollout)
        if size is None:
            return self.not_applicable(f"no {self._config.unit} to count")
        if self._median is None:
            return self.not_applicable("no group to compare with")
        if not self._median:
            return self.scored(1.0 if not size else 0.0, f"{size} {self._config.unit}, the group's median is 0")
        share = size / self._median
        value = in_band(share, self._config.low, self._config.high, self._config.soft)
        return self.scored(value, "" if value == 1.0 else f"{share:.2f} of the group's median of {self._median:g}")
