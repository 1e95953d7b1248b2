"""What all kinds of judge tests share: what is asked, what a right judge answers, and what came of it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from pydantic import Field

from adjudge.domain.base import Frozen, Number, Score
from adjudge.domain.rollout import Policy, Rollout
from adjudge.domain.sample import Message, Sample
from adjudge.domain.verdict import Judgement, Verdict

Kind = Literal["case", "pair", "ladder", "invariance", "attacks", "repeats"]

Response = str | dict[str, Any] | list[Any]
"""What the policy wrote; an object or list is sent as JSON."""

NAME = r"^[a-z0-9-]+$"


@dataclass(frozen=True)
class Given:
    """What a judge is shown: the named texts of a sample, and a response."""

    metadata: Mapping[str, str]
    response: Response

    @property
    def text(self) -> str:
        """The response as text."""
        return as_text(self.response)


def as_text(response: Response) -> str:
    """The response as a policy writes it."""
    return response if isinstance(response, str) else json.dumps(response, ensure_ascii=False)


@dataclass(frozen=True)
class Ask:
    """One response for the judge.

    Attributes:
        id: of the rollout; the same id is the same response throughout the suite, and is asked about once.
        given: sample and response.
        right: what a right judge answers, by criterion; criteria that are not named may get any answer.
        changed: made out of another one of the suite. Those are asked later: a judge with a journal is then not asked
            again what the change left as it was.
        written: the response as it is sent, where the layout of its JSON is what was changed.
    """

    id: str
    given: Given
    right: Mapping[str, str] = field(default_factory=dict)
    changed: bool = False
    written: str | None = None

    def sample(self) -> Sample:
        """The sample to judge against."""
        question = Message(role="user", content="\n\n".join(self.given.metadata.values()) or self.id)
        return Sample(id=self.id, messages=(question,), metadata=dict(self.given.metadata))

    def rollout(self) -> Rollout:
        """The response as a rollout."""
        text = self.given.text if self.written is None else self.written
        return Rollout(id=self.id, sample_id=self.id, policy=Policy(name="judge-test"), response=text)


Found = Mapping[str, Judgement]
"""Judgements of one asking, by id."""


class JudgeTest(Protocol):
    """One test: it says what is asked, and judges the answers. Nothing wrong means passed."""

    @property
    def name(self) -> str:
        """Unique in its suite."""
        ...

    @property
    def kind(self) -> Kind:
        """Which kind of test it is."""
        ...

    @property
    def must_pass(self) -> bool:
        """Whether the suite fails where it fails."""
        ...

    @property
    def asks(self) -> tuple[Ask, ...]:
        """What the judge is asked."""
        ...

    def problems(self, found: Found) -> list[str]:
        """What is wrong, a sentence each."""
        ...

    def figures(self, found: Found) -> dict[str, float]:
        """What is measured beside; empty where a judgement is missing."""
        ...


class Expected(Frozen):
    """What a judgement must say: answers by criterion for every item, and bounds of the score."""

    answers: dict[str, str] = Field(default_factory=dict)
    """Criterion -> the answer expected for every item."""

    at_least: Score | None = None
    at_most: Score | None = None

    @property
    def nothing(self) -> bool:
        """No expectation: it could never fail."""
        return not self.answers and self.at_least is None and self.at_most is None

    def wrong(self, name: str, judgement: Judgement) -> list[str]:
        """What is wrong with `judgement`, a sentence each. A failed judge never passes."""
        if not isinstance(judgement, Verdict):
            return [no_verdict(name, judgement)]
        problems = [
            f"{name}: item {item.item}: {found.criterion} is '{found.answer}', "
            f"expected '{self.answers[found.criterion]}'"
            for item in judgement.items
            for found in item.criteria
            if self.answers.get(found.criterion, found.answer) != found.answer
        ]
        if self.at_least is not None and judgement.score < self.at_least:
            problems.append(f"{name}: score {judgement.score:.2f}, expected at least {self.at_least:.2f}")
        if self.at_most is not None and judgement.score > self.at_most:
            problems.append(f"{name}: score {judgement.score:.2f}, expected at most {self.at_most:.2f}")
        return problems


def no_verdict(name: str, judgement: Judgement) -> str:
    """The sentence for a judgement that is none."""
    assert not isinstance(judgement, Verdict)  # the caller has looked
    return f"{name}: no verdict: {judgement.kind.value}: {judgement.detail}"


def missing_verdicts(asks: tuple[Ask, ...], found: Found) -> list[str]:
    """A sentence for each response without a verdict."""
    return [no_verdict(ask.id, found[ask.id]) for ask in asks if not isinstance(found[ask.id], Verdict)]


def score_of(found: Found, ask: Ask) -> Number:
    """The score of a response that has a verdict."""
    judgement = found[ask.id]
    assert isinstance(judgement, Verdict)  # `missing_verdicts` came first
    return judgement.score
