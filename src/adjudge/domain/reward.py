"""**Component** scores and the **reward**: the one number that the trainer gets, and how it came about."""

from enum import StrEnum
from typing import Final, Literal

from pydantic import Field, model_validator

from adjudge.domain.base import Frozen, Number, Score
from adjudge.domain.usage import Usage
from adjudge.domain.verdict import JudgeFailure, Verdict

ComponentRole = Literal["gate", "term", "metric"]

Combine = Literal["sum", "product"]
"""How terms become one number: their weighted mean, or their weighted geometric mean."""

_WORDS: Final = 100
"""Characters of one reason in an explanation."""

_REASONS: Final = 3
"""Most answers of a judge that an explanation quotes for one component; the lowest ones."""


class ComponentStatus(StrEnum):
    """What became of a component."""

    SCORED = "scored"
    NOT_APPLICABLE = "not_applicable"
    """Nothing to score here (no quote in an empty review): left out, other weights share the whole."""
    FAILED = "failed"
    """The judge failed: no score. The failure policy decides what the reward becomes."""


class ComponentScore(Frozen):
    """What one component said about one rollout. Gates give 0 or 1; terms a score; metrics are logged, never summed."""

    name: str = Field(min_length=1)
    role: ComponentRole = "term"
    status: ComponentStatus = ComponentStatus.SCORED
    value: Score | None = None
    weight: Number = Field(default=1.0, ge=0.0)
    detail: str = ""
    judgement: Verdict | JudgeFailure | None = None

    @model_validator(mode="after")
    def _value_fits_status(self) -> "ComponentScore":
        if (self.status is ComponentStatus.SCORED) != (self.value is not None):
            msg = "a component has a value exactly when its status is 'scored'"
            raise ValueError(msg)
        if isinstance(self.judgement, JudgeFailure) and self.value is not None:
            msg = "a failed judge never scores the policy"
            raise ValueError(msg)
        return self


class RewardStatus(StrEnum):
    """How the number came about."""

    SCORED = "scored"
    GATED = "gated"
    """A gate stopped the response: it has the floor, and no judge was called."""
    MASKED = "masked"
    """The judge failed: no number; the rollout is left out of the group's mean, spread and loss."""
    FALLBACK = "fallback"
    """The judge failed and the task declared a neutral value: that number is no evidence."""


class Reward(Frozen):
    """The reward of one rollout. ``value`` is None exactly when the status is ``masked``."""

    rollout_id: str = Field(min_length=1)
    value: Score | None
    status: RewardStatus
    components: tuple[ComponentScore, ...] = ()
    combine: Combine = "sum"
    usage: Usage = Usage()

    @model_validator(mode="after")
    def _value_fits_status(self) -> "Reward":
        if (self.status is RewardStatus.MASKED) != (self.value is None):
            msg = "a reward has no value exactly when it is masked"
            raise ValueError(msg)
        return self

    @property
    def is_evidence(self) -> bool:
        """The number says something about the response (scored or gated)."""
        return self.status in {RewardStatus.SCORED, RewardStatus.GATED}

    def component(self, name: str) -> ComponentScore | None:
        """The component with this name, or None."""
        return next((part for part in self.components if part.name == name), None)

    def explain(self) -> str:
        """One line: the number as the sum (or product) it is, each part with its reason."""
        if self.status in {RewardStatus.MASKED, RewardStatus.FALLBACK} or self.value is None:
            failed = next((p for p in self.components if p.status is ComponentStatus.FAILED), None)
            number = "masked" if self.value is None else f"{self.value:.2f} (fallback)"
            return f"{number}: {failed.name}: {_line(failed.detail)}" if failed else number
        if self.status is RewardStatus.GATED:
            gate = next(p for p in self.components if p.role == "gate" and p.value == 0.0)
            return f"{self.value:.2f} = floor, stopped by {gate.name}: {_line(gate.detail)}"
        terms = [p for p in self.components if p.role == "term" and p.value is not None]
        total = sum(p.weight for p in terms) or 1.0
        if self.combine == "product":
            parts = " x ".join(f"{p.name} {p.value:.2f}^{p.weight / total:.2f}{_reason(p)}" for p in terms)
        else:
            parts = " + ".join(f"{p.weight / total:.2f} x {p.name} {p.value:.2f}{_reason(p)}" for p in terms)
        return f"{self.value:.2f} = {parts}"


def _reason(part: ComponentScore) -> str:
    """Why a component says what it says, in brackets: a verdict's lowest answers with their reasons, or the detail."""
    if not isinstance(part.judgement, Verdict):
        return f" ({_line(part.detail)})" if part.detail else ""
    answers = [
        (answer.score, f"{answer.criterion} {answer.answer}: {_line(answer.rationale)}")
        for item in part.judgement.items
        for answer in item.criteria
        if answer.score is not None and answer.rationale
    ]
    # Stable: among equals, the first of the response.
    lowest = [text for _, text in sorted(answers, key=lambda found: found[0])[:_REASONS]]
    more = [f"{len(answers) - _REASONS} more"] if len(answers) > _REASONS else []
    return f" ({'; '.join([*lowest, *more])})" if lowest else ""


def _line(text: str) -> str:
    """The text as part of one line, without what steers a terminal: a judge may have been talked into writing it."""
    words = " ".join("".join(mark if mark.isprintable() else " " for mark in text).split())
    return words if len(words) <= _WORDS else f"{words[: _WORDS - 3]}..."
