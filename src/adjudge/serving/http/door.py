"""A door: one path of the service as data. Routes and the OpenAPI document are both made of it."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from pydantic import BaseModel, ValidationError

from adjudge.serving.http.refused import RefusedError

Query = Mapping[str, str]

COHORT: Final = "cohort"
"""Query parameter of dialects: siblings that are judged together."""


@dataclass(frozen=True)
class Lines:
    """An answer that comes in parts, one JSON object a line."""

    parts: AsyncIterator[BaseModel]


Answer = BaseModel | Lines
Ask = Callable[[Any, Query, bool], Awaitable[Answer]]
"""Request, query and whether lines are wanted -> the answer."""
Keys = Callable[[Any, Query], frozenset[str]]
"""The cohorts that a request belongs to."""


@dataclass(frozen=True)
class Door:
    """One path that takes a JSON body.

    Attributes:
        path: where it is.
        summary: one sentence.
        request: model of the body.
        response: model of the answer.
        ask: answers.
        line: model of a line, where the answer may come in lines.
        keys: cohorts of a request, which only one worker may hold; None: any worker will do.
        has_cohort: the query may say ``cohort``.
        refuses: statuses beside those that every door has, and why.
    """

    path: str
    summary: str
    request: type[BaseModel]
    response: type[BaseModel]
    ask: Ask
    line: type[BaseModel] | None = None
    keys: Keys | None = None
    has_cohort: bool = False
    refuses: Mapping[int, str] = field(default_factory=dict)


def read(model: type[BaseModel], value: object) -> BaseModel:
    """The body as its model.

    Raises:
        RefusedError: 422; names the place.
    """
    try:
        return model.model_validate(value)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the body"
        more = f" There are {error.error_count() - 1} more." if error.error_count() > 1 else ""
        raise RefusedError(
            422,
            f"{where}: {first['msg'].removeprefix('Value error, ')}.{more}",
            "The service reads what /openapi.json describes, and nothing else.",
            "Correct the body.",
        ) from error
