"""Every dialect, one line each; and the door that a dialect becomes."""

import asyncio
import itertools
from collections.abc import Sequence
from typing import Any, Final

from pydantic import BaseModel

from adjudge.domain import Policy, Rollout, digest
from adjudge.serving.http.compare import Cohorts
from adjudge.serving.http.desk import Desk, Result
from adjudge.serving.http.dialects.base import Asked, Dialect, Ground, Loose
from adjudge.serving.http.dialects.nemo_gym import NEMO_GYM
from adjudge.serving.http.dialects.openrlhf import OPENRLHF
from adjudge.serving.http.dialects.slime import SLIME
from adjudge.serving.http.dialects.trl import TRL
from adjudge.serving.http.door import COHORT, Answer, Door, Query
from adjudge.serving.http.messages import MOST_SIBLINGS
from adjudge.serving.http.refused import RefusedError

DIALECTS: Final[tuple[Dialect[Any, Any], ...]] = (OPENRLHF, NEMO_GYM, SLIME, TRL)


class Greeting(Loose):
    """An object whose content is not looked at."""


def doors_of(dialect: Dialect[Any, Any], desk: Desk, cohorts: Cohorts, ground: Ground, size: int | None) -> list[Door]:
    """The dialect's door, and those that only greet.

    Args:
        dialect: one of `DIALECTS`.
        desk: scores single responses.
        cohorts: holds siblings.
        ground: what dialects know.
        size: siblings that are judged together where the query does not say ``cohort``; None: each by itself.
    """
    names = itertools.count()

    async def ask(request: BaseModel, query: Query, lines: bool) -> Answer:  # noqa: ARG001  (a door's shape)
        asked = dialect.read(request, ground)
        desk.check_size(len(asked))
        together = cohort_size(query, size)
        pairs = [(one.sample, _rollout(one, next(names))) for one in asked]
        if together is None:
            results = await desk.start(pairs).in_order()
        else:
            joined = [
                cohorts.join(_key(one), together, None, sample, [rollout], named=False)
                for one, (sample, rollout) in zip(asked, pairs, strict=True)
            ]
            results = [found[0] for found, _ in await asyncio.gather(*joined)]
        _raise_first(results)
        written: BaseModel = dialect.write(request, results, ground)
        return written

    def keys(request: BaseModel, query: Query) -> frozenset[str]:
        if cohort_size(query, size) is None:
            return frozenset()
        return frozenset(_key(one) for one in dialect.read(request, ground))

    async def greet(request: Greeting, query: Query, lines: bool) -> Answer:  # noqa: ARG001  (a door's shape)
        return Greeting()

    return [
        Door(
            path=dialect.path,
            summary=dialect.summary,
            request=dialect.request,
            response=dialect.response,
            ask=ask,
            keys=keys,
            has_cohort=True,
            refuses={404: "a row is named that the task does not have", 409: "siblings do not fit together"},
        ),
        *(
            Door(path=path, summary="A greeting; nothing is kept.", request=Greeting, response=Greeting, ask=greet)
            for path in dialect.greets
        ),
    ]


def cohort_size(query: Query, default: int | None) -> int | None:
    """Siblings that are judged together.

    Raises:
        RefusedError: 422, the query does not say a number from 2.
    """
    said = query.get(COHORT)
    if said is None:
        return default
    if not said.isascii() or not said.isdecimal() or len(said) > 9 or not 2 <= int(said) <= MOST_SIBLINGS:
        raise RefusedError(
            422,
            f"{COHORT}={said[:40]} is not a number of siblings from 2 to {MOST_SIBLINGS}.",
            "Siblings of a prompt are held until so many are here.",
            f"Write for example ?{COHORT}=8, or leave it out.",
        )
    return int(said)


def _key(asked: Asked) -> str:
    """Trainers that know no groups send the same prompt for all siblings: the prompt is the group."""
    return f"prompt:{digest(asked.sample.model_dump(mode='json'), 32)}"


def _rollout(asked: Asked, number: int) -> Rollout:
    return Rollout(id=str(number), sample_id=asked.sample.id, policy=Policy(name="served"), response=asked.response)


def _raise_first(results: Sequence[Result]) -> None:
    """A trainer that takes numbers only must not get one for what somebody has to mend.

    Raises:
        AdjudgeError: the first error.
    """
    for place, result in enumerate(results):
        if result.error is not None:
            error = result.error
            raise type(error)(f"Response {place}: {error.what}", error.why, error.fix)
