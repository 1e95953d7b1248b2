"""**Rubric**, **criterion**, **scale**: what a judge is asked, as pure data with a fingerprint."""

import math
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from adjudge.domain.base import Frozen, Number, Score, digest

Fold = Literal["mean", "worst", "best"]
EvidenceSource = Literal["target", "reference", "response"]


class Answer(Frozen):
    """One answer of a scale: the label the judge gives, and the anchor that says when to give it."""

    label: str = Field(min_length=1, max_length=40)
    anchor: str = ""


class Scale(Frozen):
    """Ordered answers, worst to best. Scores are evenly spaced from 0 (worst) to 1 (best)."""

    answers: tuple[Answer, ...] = Field(min_length=2)

    @field_validator("answers")
    @classmethod
    def _distinct(cls, answers: tuple[Answer, ...]) -> tuple[Answer, ...]:
        if len({answer.label.casefold() for answer in answers}) != len(answers):
            msg = "two answers of the scale have the same label"
            raise ValueError(msg)
        return answers

    @property
    def labels(self) -> tuple[str, ...]:
        """The answers' labels, worst to best."""
        return tuple(answer.label for answer in self.answers)

    @property
    def is_boolean(self) -> bool:
        """The two-answer scale no / yes."""
        return self.labels == ("no", "yes")

    def score(self, label: str) -> float:
        """The score in [0, 1] of an answer.

        Raises:
            KeyError: the label is not on the scale.
        """
        try:
            return self.labels.index(label) / (len(self.answers) - 1)
        except ValueError:
            raise KeyError(label) from None


BOOLEAN = Scale(answers=(Answer(label="no"), Answer(label="yes")))


class EvidenceRule(Frozen):
    """What must be quoted, from where, and from which score on: an answer at or above it without a real quote fails."""

    source: EvidenceSource = "target"
    required_from: Score = 1.0


class Criterion(Frozen):
    """One question. A negative weight marks a vice: its score is turned round before it is weighed."""

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    question: str = Field(min_length=1)
    scale: Scale = BOOLEAN
    weight: Number = 1.0
    evidence: EvidenceRule | None = None
    reads: tuple[str, ...] = ()
    """Names of the item's or sample's fields that decide this criterion; empty: all that the rubric shows."""

    choice_prompt: str | None = None
    """One-line wording for judges that only choose between answers (read from log-probabilities); default: question."""

    def value(self, score: float) -> float:
        """The score as it counts: as it is for a virtue, ``1 - score`` for a vice."""
        return score if self.weight >= 0 else 1.0 - score


class Passage(Frozen):
    """A field derived from an item: the place in a document where the item's quote stands, with what is around it."""

    kind: Literal["passage"] = "passage"
    quote: str
    """Key of the item that holds the quote."""

    field: str
    """Metadata field of the sample that holds the document."""

    chars: int = Field(default=400, ge=40)
    """Longest passage, in characters."""


class Line(Frozen):
    """A field derived from an item: the line of a text that starts with ``[key]`` (a guideline by its id)."""

    kind: Literal["line"] = "line"
    key: str
    """Key of the item that holds the id."""

    field: str
    """Metadata field of the sample that holds the text."""


Derived = Annotated[Passage | Line, Field(discriminator="kind")]


class Items(Frozen):
    """How a response is split into parts that are judged one by one."""

    path: str = Field(min_length=1)
    """Name of the list in the response's JSON object, for example ``comments``."""

    fold: Fold = "mean"
    """How item scores become one: their mean, the worst, or the best (the best-of-k single item view)."""

    derived: dict[str, Derived] = Field(default_factory=dict)
    """Further fields of an item, looked up in the sample by string search. Where nothing is found (a quote that is not
    there, an id that is not listed) the criteria that read the field get their lowest answer without a call."""


class Rubric(Frozen):
    """The list of criteria, and all that can change a verdict except prompt and model."""

    name: str = Field(min_length=1)
    version: str = "1"
    task: str = ""
    """One or two sentences to the judge: what was asked for."""

    fields: dict[str, str] = Field(default_factory=dict)
    """Texts of the sample shown to the judge: name of the metadata field -> heading."""

    items: Items | None = None
    criteria: tuple[Criterion, ...] = Field(min_length=1)
    edge_cases: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _can_be_weighed(self) -> "Rubric":
        if len({criterion.id for criterion in self.criteria}) != len(self.criteria):
            msg = "two criteria have the same id"
            raise ValueError(msg)
        if not any(criterion.weight for criterion in self.criteria):
            msg = "every criterion has weight 0: nothing is judged"
            raise ValueError(msg)
        if not math.isfinite(sum(abs(criterion.weight) for criterion in self.criteria)):
            msg = "the weights add up to more than a number can hold"
            raise ValueError(msg)
        return self

    @property
    def fingerprint(self) -> str:
        """Hash of everything in the rubric that can change a verdict."""
        return digest(self.model_dump(mode="json"))

    def criterion(self, criterion_id: str) -> Criterion:
        """The criterion with this id.

        Raises:
            KeyError: there is none.
        """
        for criterion in self.criteria:
            if criterion.id == criterion_id:
                return criterion
        raise KeyError(criterion_id)

    def weigh(self, scores: dict[str, float]) -> float:
        """Weighted mean in [0, 1] of one score per criterion (the only place where criteria become a number)."""
        total = sum(abs(criterion.weight) for criterion in self.criteria)
        return sum(abs(c.weight) * c.value(scores[c.id]) for c in self.criteria) / total

    def fold(self, item_scores: list[float]) -> float:
        """One score from the scores of the items.

        Raises:
            ValueError: there are no items.
        """
        how: Fold = self.items.fold if self.items else "mean"
        if how == "mean":
            return sum(item_scores) / len(item_scores) if item_scores else min(item_scores)
        return min(item_scores) if how == "worst" else max(item_scores)
