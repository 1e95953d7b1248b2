"""slime's ``--rm-type remote_rm``, read from its source (0b420f1, 2026).

It sends ``{prompt, response, label}`` for one sample, tries ten times, and takes whatever JSON comes back as the
reward; with ``--reward-key reward`` that is an object, which alone can say that a sample is masked.
"""

from collections.abc import Sequence
from typing import Any, Final

from adjudge.domain import Message
from adjudge.domain.base import Frozen
from adjudge.serving.http.desk import Result
from adjudge.serving.http.dialects.base import Asked, Dialect, Ground, Loose, labelled, number


class SlimeRequest(Loose):
    """One sample."""

    prompt: str | tuple[Message, ...]
    """A text, or messages."""
    response: str
    label: str | dict[str, Any] | None = None


class SlimeResponse(Frozen):
    """An object, for ``--reward-key reward``."""

    reward: float
    masked: bool
    """The reward is the neutral value and no evidence."""
    status: str
    explanation: str


def _read(request: SlimeRequest, ground: Ground) -> list[Asked]:
    prompt = request.prompt
    messages = (
        [{"role": "user", "content": prompt}] if isinstance(prompt, str) else [one.model_dump() for one in prompt]
    )
    return [Asked(labelled(request.label, messages, ground), request.response)]


def _write(request: SlimeRequest, results: Sequence[Result], ground: Ground) -> SlimeResponse:  # noqa: ARG001
    found = number(results[0], ground.neutral)
    return SlimeResponse(reward=found.value, masked=found.masked, status=found.status, explanation=found.why)


SLIME: Final = Dialect(
    path="/slime",
    summary="slime's remote_rm, with --reward-key reward.",
    request=SlimeRequest,
    response=SlimeResponse,
    read=_read,
    write=_write,
)
