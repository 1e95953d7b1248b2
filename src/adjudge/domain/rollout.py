"""**Policy**, **rollout** and **group**: who answered what, and which answers are compared."""

from functools import cached_property
from typing import Literal

from pydantic import Field, model_validator

from adjudge.domain.answer import Answer, strict_answer
from adjudge.domain.base import Count, Frozen, Number, Remembering
from adjudge.domain.sample import Sample

StopReason = Literal["stop", "length"]


class Policy(Frozen):
    """The model being trained: its name and how many times its weights were published."""

    name: str = Field(min_length=1)
    version: Count = 0


class Rollout(Remembering):
    """One response of one policy version to one sample.

    ``tokens`` and ``logprobs`` (natural logarithm, of the distribution the token was drawn from) are there when the
    sampler gives them; training needs both. ``stop == "length"`` means that the response was cut.
    """

    id: str = Field(min_length=1)
    sample_id: str = Field(min_length=1)
    policy: Policy
    response: str
    stop: StopReason = "stop"
    tokens: tuple[int, ...] | None = None
    logprobs: tuple[Number, ...] | None = None

    @model_validator(mode="after")
    def _lengths_agree(self) -> "Rollout":
        if self.logprobs is not None and (self.tokens is None or len(self.tokens) != len(self.logprobs)):
            msg = "one log-probability a token is needed"
            raise ValueError(msg)
        return self

    @cached_property
    def answer(self) -> Answer:
        """The whole response as JSON: read when first asked for, and once."""
        return strict_answer(self.response)

    @property
    def truncated(self) -> bool:
        """The response was cut at the token limit."""
        return self.stop == "length"


class Group(Frozen):
    """The rollouts of one sample: the unit of the baseline."""

    sample: Sample
    rollouts: tuple[Rollout, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _belongs_together(self) -> "Group":
        if any(rollout.sample_id != self.sample.id for rollout in self.rollouts):
            msg = f"a rollout of another sample is in the group of '{self.sample.id}'"
            raise ValueError(msg)
        if len({rollout.id for rollout in self.rollouts}) != len(self.rollouts):
            msg = "two rollouts of the group have the same id"
            raise ValueError(msg)
        return self

    def staleness(self, now: int) -> int:
        """Optimizer versions between the oldest rollout's policy and version `now`."""
        return now - min(rollout.policy.version for rollout in self.rollouts)
