"""``POST /score``: responses, each by itself; one answer at the end, or a line each as they finish."""

from collections import Counter
from collections.abc import AsyncIterator

from adjudge.domain import Rollout, Sample
from adjudge.errors import DataError
from adjudge.serving.http.desk import Desk, Result, Run
from adjudge.serving.http.door import Answer, Door, Lines, Query
from adjudge.serving.http.messages import RolloutIn, Scored, ScoreRequest, ScoreResponse
from adjudge.serving.http.refused import RefusedError
from adjudge.serving.http.results import Rows, rollout_of, sample_of, told


def score_door(desk: Desk, rows: Rows) -> Door:
    """The native door for single responses."""

    async def ask(request: ScoreRequest, query: Query, lines: bool) -> Answer:  # noqa: ARG001  (a door's shape)
        unlike(request.items)
        work: list[tuple[Sample, Rollout]] = []
        broken: list[Result] = []
        for item in request.items:
            try:
                sample = sample_of(item.sample, rows)
            except DataError as error:
                # One bad row is its own matter.
                broken.append(Result(item.id, error=error))
            else:
                work.append((sample, rollout_of(item, sample)))
        run = desk.start(work)
        if lines:
            return Lines(_lines(broken, run))
        found = {result.id: result for result in (*broken, *await run.in_order())}
        return ScoreResponse(results=tuple(told(found[item.id]) for item in request.items))

    return Door(
        path="/score",
        summary="Score responses, each by itself. With Accept: application/x-ndjson a line each, as they finish.",
        request=ScoreRequest,
        response=ScoreResponse,
        ask=ask,
        line=Scored,
        refuses={404: "a sample names a row that the task does not have", 409: "two items have the same id"},
    )


async def _lines(broken: list[Result], run: Run) -> AsyncIterator[Scored]:
    for result in broken:
        yield told(result)
    async for result in run.results():
        yield told(result)


def unlike(rollouts: tuple[RolloutIn, ...]) -> None:
    """No two of them have the same id.

    Raises:
        RefusedError: 409.
    """
    twice = next((name for name, count in Counter(one.id for one in rollouts).items() if count > 1), None)
    if twice is not None:
        raise RefusedError(
            409,
            f"Two responses of the request have the id '{twice[:200]}'.",
            "Rewards are matched to responses by id.",
            "Give every response its own id.",
        )
