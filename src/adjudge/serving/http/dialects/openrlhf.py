"""OpenRLHF's ``--reward.remote_url`` (once ``--remote_rm_url``), read from the source of openrlhf 0.11.2.

It sends ``{query: [prompt + response], prompts: [...], labels: [...]}``, mostly one of each, and reads
``{rewards: [number], scores?, extra_logs?}``. Null would break its trainer, and after five errors it goes on without a
reward and breaks later: a masked response gets the neutral number and ``extra_logs.adjudge_unscored`` 1.
"""

from collections.abc import Sequence
from typing import Final

from pydantic import Field

from adjudge.domain.base import Frozen
from adjudge.errors import DataError
from adjudge.serving.http.desk import Result
from adjudge.serving.http.dialects.base import Asked, Dialect, Ground, Loose, labelled, number
from adjudge.wire.openrlhf import response_in


class OpenRlhfRequest(Loose):
    """Lists of equal length."""

    query: tuple[str, ...] = Field(min_length=1)
    """Prompt and response as one text, special tokens among it."""
    prompts: tuple[str, ...] = Field(min_length=1)
    labels: tuple[str | None, ...] = Field(min_length=1)


class OpenRlhfResponse(Frozen):
    """One number a query, in order."""

    rewards: tuple[float, ...]
    scores: tuple[float, ...]
    extra_logs: dict[str, tuple[float, ...]]
    """``adjudge_unscored``: 1 where the number is the neutral value and no evidence."""


def _read(request: OpenRlhfRequest, ground: Ground) -> list[Asked]:
    sizes = {len(request.query), len(request.prompts), len(request.labels)}
    if len(sizes) > 1:
        raise DataError(
            f"{len(request.query)} queries, {len(request.prompts)} prompts, {len(request.labels)} labels.",
            "There must be one of each for every response.",
            "Use OpenRLHF 0.6 or later, which sends all three.",
        )
    return [
        Asked(labelled(label, [{"role": "user", "content": prompt}], ground), response_in(query, prompt))
        for query, prompt, label in zip(request.query, request.prompts, request.labels, strict=True)
    ]


def _write(request: OpenRlhfRequest, results: Sequence[Result], ground: Ground) -> OpenRlhfResponse:  # noqa: ARG001
    numbers = [number(result, ground.neutral) for result in results]
    values = tuple(one.value for one in numbers)
    return OpenRlhfResponse(
        rewards=values, scores=values, extra_logs={"adjudge_unscored": tuple(float(one.masked) for one in numbers)}
    )


OPENRLHF: Final = Dialect(
    path="/openrlhf",
    summary="OpenRLHF's remote reward model.",
    request=OpenRlhfRequest,
    response=OpenRlhfResponse,
    read=_read,
    write=_write,
)
