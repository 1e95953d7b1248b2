"""The native requests and answers, as data; the OpenAPI document is made of these."""

from typing import Annotated, Any, Final, Literal

from pydantic import Field

from adjudge.domain import ComponentRole, ComponentStatus, Message, Policy, Usage
from adjudge.domain.base import Frozen, Number, Score
from adjudge.domain.rollout import StopReason

MOST_SIBLINGS: Final = 128
"""Most rollouts of a group."""

Status = Literal["scored", "gated", "masked", "fallback", "error"]


class SampleIn(Frozen):
    """A sample in the request: as a row of a data file."""

    id: str | None = Field(default=None, min_length=1, max_length=400)
    """None: made of its content."""
    messages: tuple[Message, ...] = Field(min_length=1)
    """What was asked; the last message is not the assistant's."""
    reference_answer: str | dict[str, Any] | list[Any] | None = None
    tools: tuple[dict[str, Any], ...] = ()
    metadata: dict[str, Any] = Field(default_factory=dict)


class RolloutIn(Frozen):
    """A response to be scored."""

    id: str = Field(min_length=1, max_length=400)
    """Yours; the answer carries it. No two of one request are equal."""
    response: str
    stop: StopReason = "stop"
    """``length`` says that the response was cut."""
    policy: Policy = Policy(name="served")


class ScoreItem(RolloutIn):
    """A response and what it answers."""

    sample: SampleIn | str
    """The sample itself, or the id of one of the task's rows."""


class ScoreRequest(Frozen):
    """Responses to score, each by itself."""

    items: tuple[ScoreItem, ...] = Field(min_length=1)


class CompareRequest(Frozen):
    """Some of the siblings of a group: held until all are here, or the deadline."""

    group: str = Field(min_length=1, max_length=400)
    """Yours, one a group and training step."""
    size: int = Field(ge=2, le=MOST_SIBLINGS, strict=True)
    """Siblings of the group, those of other requests among them."""
    sample: SampleIn | str
    """The same in all requests of a group: the sample itself, or the id of one of the task's rows."""
    rollouts: tuple[RolloutIn, ...] = Field(min_length=1)
    deadline_seconds: Annotated[Number, Field(gt=0.0)] | None = None
    """Longest wait for siblings, from the first one, which decides; at most the service's own, which is the default."""


class ComponentOut(Frozen):
    """What one component said."""

    name: str
    role: ComponentRole
    status: ComponentStatus
    value: Score | None
    weight: Number
    detail: str


class Scored(Frozen):
    """The reward of one response. ``reward`` is null when it is masked or in error: there is no number then."""

    id: str
    reward: Score | None
    status: Status
    """``fallback``: the task's neutral value, no evidence. ``masked``: leave it out. ``error``: mend the request."""
    explanation: str
    """One line: the number as the sum it is, or why there is none."""
    components: tuple[ComponentOut, ...] = ()
    usage: Usage = Usage()


class ScoreResponse(Frozen):
    """One result an item, in the order of the request."""

    results: tuple[Scored, ...]


class CompareResponse(Frozen):
    """One result a rollout of this request, in its order, judged beside all siblings that came."""

    group: str
    siblings: int
    """How many were judged together; less than ``size`` after a deadline."""
    results: tuple[Scored, ...]


class Health(Frozen):
    """Whether the service takes requests."""

    status: Literal["ok", "draining"]
