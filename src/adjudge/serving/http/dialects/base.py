"""What dialects share: a request is read into samples and responses, and results are written as the trainer wants."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, TypeVar

from pydantic import BaseModel, ConfigDict

from adjudge.domain import RewardStatus, Sample
from adjudge.domain.base import Score
from adjudge.errors import DataError
from adjudge.serving.http.desk import Result
from adjudge.serving.http.results import Rows, row_of, sample_from
from adjudge.serving.http.settings import Labels

Req = TypeVar("Req", bound=BaseModel)
Resp = TypeVar("Resp", bound=BaseModel)


class Loose(BaseModel):
    """A trainer's request: what we do not know is let through."""

    model_config = ConfigDict(frozen=True, extra="allow", allow_inf_nan=False)


class Asked(NamedTuple):
    """One response and what it answers."""

    sample: Sample
    response: str


@dataclass(frozen=True)
class Ground:
    """What a dialect knows of the service."""

    rows: Rows
    labels: Labels
    neutral: Score


@dataclass(frozen=True)
class Dialect(Generic[Req, Resp]):
    """How one trainer asks, and what it is told.

    Attributes:
        path: where it asks.
        summary: one sentence.
        request: model of the body.
        response: model of the answer.
        read: the responses, in order; raises DataError or RefusedError.
        write: the answer, from one result a response, none of them an error.
        greets: paths that the trainer calls as well, and that need an empty object only.
    """

    path: str
    summary: str
    request: type[Req]
    response: type[Resp]
    read: Callable[[Req, Ground], list[Asked]]
    write: Callable[[Req, Sequence[Result], Ground], Resp]
    greets: tuple[str, ...] = ()


class Number(NamedTuple):
    """A reward for a trainer that takes numbers only."""

    value: float
    masked: bool
    """There is no reward; or it is the task's own neutral value. Either way the number is no evidence."""
    status: str
    why: str


def number(result: Result, neutral: float) -> Number:
    """The reward, or the neutral value, marked."""
    reward = result.reward
    if reward is None:
        return Number(neutral, masked=True, status="masked", why=f"masked: {result.late}")
    value = neutral if reward.value is None else reward.value
    masked = reward.value is None or reward.status is RewardStatus.FALLBACK
    return Number(value, masked=masked, status=reward.status.value, why=reward.explain())


def labelled(label: object, messages: Sequence[Mapping[str, Any]], ground: Ground) -> Sample:
    """The sample behind a label, as ``--labels`` says.

    Args:
        label: the trainer's; ``reference``: the reference answer, ``row``: a row's id, ``sample``: JSON of fields.
        messages: the prompt; a row has its own.
        ground: says how.

    Raises:
        DataError: the label is not that.
        RefusedError: 404, there is no such row.
    """
    if ground.labels == "reference":
        return sample_from({"messages": messages, "reference_answer": label})
    if ground.labels == "row":
        if not isinstance(label, str):
            raise _bad_label(label, "the id of a row")
        return row_of(label, ground.rows)
    try:
        fields = json.loads(label) if isinstance(label, str) else label
    except (ValueError, RecursionError) as error:
        raise _bad_label(label, "JSON of a sample's fields") from error
    if not isinstance(fields, dict):
        raise _bad_label(label, "JSON of a sample's fields")
    return sample_from({"messages": messages, **fields})


def _bad_label(label: object, wanted: str) -> DataError:
    return DataError(
        f"The label {str(label)[:80]!r} is not {wanted}.",
        "The service was started with --labels saying what labels are.",
        "Start it with another --labels: reference, row or sample; or correct the labels.",
    )
