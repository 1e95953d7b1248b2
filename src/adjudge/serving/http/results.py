"""From results to what clients are told, and from what they send to samples."""

from collections.abc import Mapping

from pydantic import ValidationError

from adjudge.domain import Rollout, Sample, digest
from adjudge.errors import DataError
from adjudge.serving.http.desk import Result
from adjudge.serving.http.messages import ComponentOut, RolloutIn, SampleIn, Scored
from adjudge.serving.http.refused import RefusedError

Rows = Mapping[str, Sample]
"""The task's rows, by id."""


def told(result: Result) -> Scored:
    """A result as clients see it. What the judge wrote stays here."""
    if result.error is not None:
        error = result.error
        return Scored(id=result.id, reward=None, status="error", explanation=f"{error.what} {error.why} {error.fix}")
    reward = result.reward
    if reward is None:
        return Scored(id=result.id, reward=None, status="masked", explanation=f"masked: {result.late}")
    return Scored(
        id=result.id,
        reward=reward.value,
        status=reward.status.value,
        explanation=reward.explain(),
        components=tuple(
            ComponentOut(
                name=part.name,
                role=part.role,
                status=part.status,
                value=part.value,
                weight=part.weight,
                detail=part.detail,
            )
            for part in reward.components
        ),
        usage=reward.usage,
    )


def row_of(name: str, rows: Rows) -> Sample:
    """The task's row.

    Raises:
        RefusedError: 404, there is none.
    """
    found = rows.get(name)
    if found is None:
        known = f"It has {len(rows)}, for example '{next(iter(rows))}'." if rows else "It was started without rows."
        raise RefusedError(
            404,
            f"The task has no row '{name[:200]}'.",
            f"A sample that is text is the id of one of the task's rows. {known}",
            "Correct the id, or send the sample itself.",
        )
    return found


def sample_of(given: SampleIn | str, rows: Rows) -> Sample:
    """The sample that a request means.

    Raises:
        RefusedError: 404, there is no such row.
        DataError: it is no sample.
    """
    return row_of(given, rows) if isinstance(given, str) else sample_from(given.model_dump())


def sample_from(fields: Mapping[str, object]) -> Sample:
    """A sample from its fields; without an id it gets one, made of its content.

    Raises:
        DataError: it is no sample.
    """
    content = dict(fields)
    if content.get("id") is None:
        content["id"] = f"sample-{digest({**content, 'id': None})}"
    try:
        return Sample.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the sample"
        raise DataError(
            f"{where}: {first['msg'].removeprefix('Value error, ')}.",
            "A sample is {id?, messages, reference_answer?, tools?, metadata?}.",
            "Correct the sample.",
        ) from error


def rollout_of(given: RolloutIn, sample: Sample) -> Rollout:
    """The rollout to score."""
    return Rollout(id=given.id, sample_id=sample.id, policy=given.policy, response=given.response, stop=given.stop)
