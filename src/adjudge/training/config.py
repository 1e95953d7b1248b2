"""The knobs of training: the source article's override names as they are, each with one meaning on every engine.

What the local engine cannot honour is refused, never dropped.
"""

from typing import Literal

from pydantic import Field, model_validator

from adjudge.domain import Frozen


class LoraSettings(Frozen):
    """Size of the adapter: rank r and alpha (the update is scaled by alpha / r), on all linear layers."""

    rank: int = Field(default=16, ge=1, le=512)
    alpha: int = Field(default=32, ge=1)


class SamplingSettings(Frozen):
    """How rollouts are drawn."""

    max_new_tokens: int = Field(default=200, ge=1)
    temperature: float = Field(default=1.0, ge=0.0, le=2.0)
    top_k: int = Field(default=0, ge=0)


class SftConfig(Frozen):
    """The warm start: supervised steps on the reference answers. ``max_steps: 0`` means no warm start is trained."""

    max_steps: int = Field(default=0, ge=0)
    batch_size: int = Field(default=16, ge=1)
    """Samples an optimizer step."""
    learning_rate: float = Field(default=1e-3, gt=0.0)
    warmup_steps: int = Field(default=3, ge=0)
    save_steps: int = Field(default=10, ge=1)


class TrainConfig(Frozen):
    """Knobs of the GRPO stage."""

    type: Literal["synchronous"] = "synchronous"
    """``off_policy_async`` needs an engine that samples while it trains; this one is refused here, not imitated."""

    max_steps: int = Field(default=60, ge=1)
    global_batch_size: int = Field(default=32, ge=2)
    """Rollouts an optimizer step: a multiple of number_generation."""
    number_generation: int = Field(default=8, ge=2)
    """G: rollouts of one sample."""
    max_length: int = Field(default=2048, ge=16)
    """Most tokens of prompt and response together; a longer prompt is an error, not a cut."""
    max_new_tokens: int = Field(default=200, ge=1)
    temperature: float = Field(default=1.0, gt=0.0, le=2.0)
    top_k: int = Field(default=0, ge=0)
    shuffle: bool = True
    set_random_seed: int = 0
    learning_rate: float = Field(default=2e-4, gt=0.0)
    warmup_steps: int = Field(default=3, ge=0)
    clip_ratio_low: float = Field(default=0.2, gt=0.0, lt=1.0)
    clip_ratio_high: float = Field(default=0.28, gt=0.0)
    advantage_spread: Literal["none", "group", "components"] = "none"
    loss_scale: float = Field(default=1.0, gt=0.0)
    ent_coeff: Literal[0] = 0
    """Only 0 on this engine: entropy is measured, not paid."""
    reasoning_effort: Literal["none"] | None = None
    """The local policies do not reason in a separate channel."""
    age_tolerance: int = Field(default=0, ge=0)
    """Optimizer steps a rollout may be old; the synchronous engine always has 0, so any value is kept."""
    refit_freq: Literal[1] = 1
    """Optimizer steps between publishes; publishing is cheap here, so always 1."""
    lambda_concurrency_limit: int = Field(default=16, ge=1)
    """Most judge calls at once."""
    save_steps: int = Field(default=5, ge=1)
    save_top_k: int = Field(default=2, ge=1)
    """Checkpoints kept: those with the highest held-out reward; the newest is never deleted."""
    refill: int = Field(default=2, ge=0)
    """How many times a step may sample more groups when some teach nothing (all rewards equal)."""
    validation_steps: int = Field(default=10, ge=1)
    """Steps between looks at the validation rows; each look is a checkpoint, and the best of them is exported."""
    validation_samples: int = Field(default=16, ge=0)

    @model_validator(mode="after")
    def _fits(self) -> "TrainConfig":
        if self.global_batch_size % self.number_generation:
            msg = (
                f"global_batch_size ({self.global_batch_size}) counts rollouts and must be a multiple of "
                f"number_generation ({self.number_generation})"
            )
            raise ValueError(msg)
        if self.age_tolerance < self.refit_freq - 1:
            msg = "age_tolerance must be at least refit_freq - 1, or no rollout is ever admissible"
            raise ValueError(msg)
        return self

    @property
    def groups_per_step(self) -> int:
        """Samples whose groups make one optimizer step."""
        return self.global_batch_size // self.number_generation
