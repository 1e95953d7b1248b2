"""What an OpenAI-compatible server answers, read without guessing: a completion or a typed failure. Pure functions."""

from typing import Any, Final

import orjson

from adjudge.domain.usage import Usage
from adjudge.domain.verdict import FailureKind
from adjudge.endpoints.base import Completion, EndpointFailure
from adjudge.endpoints.retry import kind_of_status

_DETAIL_CHARS: Final = 300


def read_completion(body: bytes, model: str) -> Completion | EndpointFailure:
    """The first choice of a body with status 200.

    Cut replies come back as ``length``, declined or filtered ones as ``refusal``; a reply without text, of another
    shape or with an unknown finish reason is a failure. ``usage`` holds the tokens only; calls and seconds are the
    caller's.
    """
    try:
        data = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        return EndpointFailure(kind=FailureKind.UNPARSABLE, detail=f"the body is not JSON: {error}")
    if not isinstance(data, dict):
        return EndpointFailure(kind=FailureKind.UNPARSABLE, detail=f"the body is {type(data).__name__}, not an object")
    answered_by = data.get("model")
    model = answered_by if isinstance(answered_by, str) else model
    outcome = _first_choice(data.get("choices"), model)
    return outcome.model_copy(update={"usage": _tokens(data.get("usage"))})


def _first_choice(choices: object, model: str) -> Completion | EndpointFailure:  # noqa: PLR0911  (a table of cases)
    if not isinstance(choices, list) or not choices:
        return EndpointFailure(kind=FailureKind.EMPTY, detail="the body has no choices")
    message = choices[0].get("message") if isinstance(choices[0], dict) else None
    if not isinstance(message, dict):
        return EndpointFailure(kind=FailureKind.UNPARSABLE, detail="the choice has no message")
    finish = choices[0].get("finish_reason")
    text = _text(message.get("content")) or ""
    refusal = message.get("refusal")
    if isinstance(refusal, str) and refusal:
        return Completion(text=refusal, stop="refusal", model=model)
    if finish == "content_filter":
        return Completion(text=text, stop="refusal", model=model)
    if finish == "length":
        return Completion(text=text, stop="length", model=model)
    if finish != "stop":
        return EndpointFailure(kind=FailureKind.SERVER, detail=f"finish_reason is {finish!r:.80}")
    if not text.strip():
        return EndpointFailure(kind=FailureKind.EMPTY, detail="the message has no text")
    return Completion(text=text, model=model)


def read_error(status: int, body: bytes, asked_seconds: float | None) -> EndpointFailure:
    """A failure from a status other than 200. An exhausted account (429) is no rate limit: waiting does not help."""
    message, code = _error_fields(body)
    kind = kind_of_status(status)
    if code == "insufficient_quota":
        kind = FailureKind.REFUSED_REQUEST
    return EndpointFailure(kind=kind, detail=f"HTTP {status}: {message}", retry_after_seconds=asked_seconds)


def _error_fields(body: bytes) -> tuple[str, str | None]:
    """What the server says about its error, and its code; the body's first words where it is not JSON."""
    try:
        data = orjson.loads(body)
    except orjson.JSONDecodeError:
        return body.decode("utf-8", "replace")[:_DETAIL_CHARS], None
    error: Any = data.get("error", data) if isinstance(data, dict) else data
    if isinstance(error, dict):
        code = error.get("code")
        return str(error.get("message", error))[:_DETAIL_CHARS], code if isinstance(code, str) else None
    return str(error)[:_DETAIL_CHARS], None


def _text(content: object) -> str | None:
    """The text of a message: a string, or the text parts of a list."""
    if isinstance(content, list):
        parts = [part.get("text") for part in content if isinstance(part, dict) and part.get("type") == "text"]
        return "".join(part for part in parts if isinstance(part, str))
    return content if isinstance(content, str) else None


def _tokens(usage: object) -> Usage:
    if not isinstance(usage, dict):
        return Usage()

    def count(key: str) -> int:
        value = usage.get(key)
        return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else 0

    return Usage(prompt_tokens=count("prompt_tokens"), completion_tokens=count("completion_tokens"))
