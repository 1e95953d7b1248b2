"""NeMo-Gym's resources server: ``POST /verify``, read from the source of nemo-gym 0.4.0 and its main branch of 2026.

It sends ``{responses_create_params, response, ...}`` (objects of OpenAI's Responses API and the row's own fields) and
reads them back with ``reward``, a number. A masked response gets the neutral number, ``mask_sample`` true, and the
marks by which Gym puts the row aside and tries it again: ``failure_kind`` and ``_ng_failure_class`` "judge_failed".
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from pydantic import Field

from adjudge.serving.http.desk import Result
from adjudge.serving.http.dialects.base import Asked, Dialect, Ground, Loose, number
from adjudge.serving.http.results import row_of, sample_from

_KIND: Final = "judge_failed"
_ROLES: Final = {"developer": "system"}


class CreateParams(Loose):
    """What was asked of the policy."""

    input: str | tuple[dict[str, Any], ...]
    instructions: str | None = None


class PolicyResponse(Loose):
    """What it said: the last message of the assistant is judged."""

    output: tuple[dict[str, Any], ...]


class VerifyRequest(Loose):
    """One rollout. ``sample_id``, ``reference_answer`` and ``metadata`` are fields of the row."""

    responses_create_params: CreateParams
    response: PolicyResponse
    sample_id: str | None = None
    """A row of the task; else input, reference_answer and metadata make the sample."""
    reference_answer: str | dict[str, Any] | list[Any] | None = None
    metadata: dict[str, Any] | None = None


class VerifyResponse(Loose):
    """The request, with its reward."""

    responses_create_params: dict[str, Any]
    response: dict[str, Any]
    reward: float
    mask_sample: bool = Field(default=False)
    """The reward is the neutral value and no evidence."""
    failure_kind: str | None = None
    failure_reason: str | None = None
    adjudge_status: str
    adjudge_explanation: str


def _read(request: VerifyRequest, ground: Ground) -> list[Asked]:
    response = _last_text(request.response.output)
    if request.sample_id is not None:
        return [Asked(row_of(request.sample_id, ground.rows), response)]
    fields = {
        "messages": _messages(request.responses_create_params),
        "reference_answer": request.reference_answer,
        "metadata": request.metadata or {},
    }
    return [Asked(sample_from(fields), response)]


def _messages(params: CreateParams) -> list[dict[str, str]]:
    asked = [{"role": "user", "content": params.input}] if isinstance(params.input, str) else params.input
    first = [] if params.instructions is None else [{"role": "system", "content": params.instructions}]
    # Calls of tools and their results have no role of their own.
    turns = [item for item in asked if isinstance(item.get("role"), str)]
    return first + [{"role": _ROLES.get(turn["role"], turn["role"]), "content": _content(turn)} for turn in turns]


def _last_text(output: Sequence[Mapping[str, Any]]) -> str:
    """The last message's text; empty where there is none, which is the policy's doing."""
    said = [item for item in output if item.get("type", "message") == "message" and item.get("role") == "assistant"]
    return _content(said[-1]) if said else ""


def _content(item: Mapping[str, Any]) -> str:
    content = item.get("content")
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list | tuple) else ()
    texts = [part.get("text") for part in parts if isinstance(part, dict)]
    return "".join(text for text in texts if isinstance(text, str))


def _write(request: VerifyRequest, results: Sequence[Result], ground: Ground) -> VerifyResponse:
    found = number(results[0], ground.neutral)
    marks: dict[str, Any] = {"mask_sample": found.masked, "failure_kind": None, "failure_reason": None}
    if found.masked:
        marks |= {"failure_kind": _KIND, "failure_reason": found.why}
        marks |= {"_ng_failure_class": _KIND, "_ng_failure_judge_error": found.why}
    return VerifyResponse.model_validate(
        request.model_dump(exclude_unset=True)
        | marks
        | {"reward": found.value, "adjudge_status": found.status, "adjudge_explanation": found.why}
    )


NEMO_GYM: Final = Dialect(
    path="/verify",
    summary="NeMo-Gym's resources server.",
    request=VerifyRequest,
    response=VerifyResponse,
    read=_read,
    write=_write,
    greets=("/seed_session",),
)
