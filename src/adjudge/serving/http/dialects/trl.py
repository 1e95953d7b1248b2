"""TRL's reward function, over HTTP: its arguments as JSON, its list of rewards back, null for a masked completion.

TRL has no wire format of its own; docs/serve-http.md has the function of ten lines that speaks this one. In TRL 1.x a
None of the only reward function leaves the completion out of the group's mean and spread, and out of the loss.
"""

from collections.abc import Sequence
from typing import Any, Final

from pydantic import Field

from adjudge.domain import Message, Sample
from adjudge.domain.base import Frozen, Score
from adjudge.errors import DataError
from adjudge.serving.http.desk import Result
from adjudge.serving.http.dialects.base import Asked, Dialect, Ground, Loose
from adjudge.serving.http.results import row_of, sample_from

Text = str | tuple[Message, ...]


class TrlRequest(Loose):
    """Lists of equal length; columns that are not named here are let through and not read."""

    prompts: tuple[Text, ...] = Field(min_length=1)
    completions: tuple[Text, ...] = Field(min_length=1)
    sample_id: tuple[str, ...] | None = None
    """Rows of the task; else prompts, reference_answer and metadata make the sample."""
    reference_answer: tuple[str | dict[str, Any] | list[Any] | None, ...] | None = None
    metadata: tuple[dict[str, Any] | None, ...] | None = None


class TrlResponse(Frozen):
    """One reward a completion, in order; null is masked."""

    rewards: tuple[Score | None, ...]
    statuses: tuple[str, ...]


def _read(request: TrlRequest, ground: Ground) -> list[Asked]:
    size = len(request.completions)
    for name in ("prompts", "sample_id", "reference_answer", "metadata"):
        column = getattr(request, name)
        if column is not None and len(column) != size:
            raise DataError(
                f"{len(column)} {name} for {size} completions.",
                "TRL's columns have one entry a completion.",
                "Send the columns as the reward function gets them.",
            )
    return [
        Asked(_sample(request, place, ground), _text(completion))
        for place, completion in enumerate(request.completions)
    ]


def _sample(request: TrlRequest, place: int, ground: Ground) -> Sample:
    if request.sample_id is not None:
        return row_of(request.sample_id[place], ground.rows)
    prompt = request.prompts[place]
    messages = (
        [{"role": "user", "content": prompt}] if isinstance(prompt, str) else [one.model_dump() for one in prompt]
    )
    return sample_from(
        {
            "messages": messages,
            "reference_answer": request.reference_answer[place] if request.reference_answer else None,
            "metadata": (request.metadata[place] if request.metadata else None) or {},
        }
    )


def _text(completion: Text) -> str:
    """What the policy said: the text, or the last message where it is a conversation."""
    if isinstance(completion, str):
        return completion
    return completion[-1].content if completion else ""


def _write(request: TrlRequest, results: Sequence[Result], ground: Ground) -> TrlResponse:  # noqa: ARG001
    rewards = [result.reward for result in results]
    return TrlResponse(
        rewards=tuple(None if reward is None else reward.value for reward in rewards),
        statuses=tuple("masked" if reward is None else reward.status.value for reward in rewards),
    )


TRL: Final = Dialect(
    path="/trl",
    summary="TRL's reward function over HTTP.",
    request=TrlRequest,
    response=TrlResponse,
    read=_read,
    write=_write,
)
