"""Anthropic's Messages API (``/v1/messages``).

It has no seed and no log-probabilities, so neither is sent. A JSON schema is enforced by a tool that the model must
call: the tool's input is the answer.
"""

import os
from collections.abc import Mapping
from typing import Any, Final, Self

import orjson

from adjudge.domain.usage import Usage
from adjudge.domain.verdict import FailureKind
from adjudge.endpoints.address import checked_key, checked_url, keyed_url
from adjudge.endpoints.base import ALL, ChatRequest, Completion, EndpointFailure, Sends, Stop
from adjudge.endpoints.reading import answer_text, count_of, error_fields, json_object, kind_of_status, stopped
from adjudge.endpoints.transport import HttpCall
from adjudge.endpoints.turns import system_and_turns
from adjudge.errors import MissingError

ANTHROPIC_URL: Final = "https://api.anthropic.com"
KEY_VARIABLE: Final = "ANTHROPIC_API_KEY"
URL_VARIABLE: Final = "ANTHROPIC_BASE_URL"
VERSION: Final = "2023-06-01"
"""Of the wire format; the header ``anthropic-version`` is required."""

_STOPS: Final[dict[str, Stop]] = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "tool_use": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    # A turn that the server broke off to be continued: what is there is not all.
    "pause_turn": "length",
    "refusal": "refusal",
}

_ERRORS: Final[dict[str, FailureKind]] = {
    "invalid_request_error": FailureKind.REFUSED_REQUEST,
    "authentication_error": FailureKind.REFUSED_REQUEST,
    "billing_error": FailureKind.REFUSED_REQUEST,
    "permission_error": FailureKind.REFUSED_REQUEST,
    "not_found_error": FailureKind.REFUSED_REQUEST,
    "request_too_large": FailureKind.REFUSED_REQUEST,
    "rate_limit_error": FailureKind.RATE_LIMITED,
    "timeout_error": FailureKind.TIMEOUT,
    "api_error": FailureKind.SERVER,
    "overloaded_error": FailureKind.SERVER,
}
"""Source: Anthropic's documentation, page "Errors"."""

_NO_MONEY: Final = "credit balance is too low"
"""What an exhausted account is told, under more than one type of error; waiting does not help."""


class Anthropic:
    """The `Dialect` of Anthropic's messages.

    Args:
        model: for example ``claude-sonnet-4-5``.
        api_key: sent in ``x-api-key``.
        base_url: up to and without ``/v1/messages``.
        sends_schema: make the model answer by a tool call that follows the request's JSON schema.
        sends_temperature: switch off for models that take none.

    Raises:
        ConfigError: address or key cannot be used.
    """

    def __init__(
        self,
        model: str,
        api_key: str,
        base_url: str = ANTHROPIC_URL,
        *,
        sends_schema: bool = True,
        sends_temperature: bool = True,
    ) -> None:
        self._base = checked_url(base_url)
        self._url = f"{self._base}/v1/messages"
        self._model = model
        self._key = checked_key(api_key, KEY_VARIABLE)
        self._sends_schema = sends_schema
        self._sends_temperature = sends_temperature
        self._headers = {
            "Content-Type": "application/json",
            "x-api-key": self._key,
            "anthropic-version": VERSION,
        }

    @classmethod
    def named(cls, model: str, *, api_key: str | None = None, sends: Sends = ALL) -> Self:
        """``anthropic:MODEL``; key and address from ANTHROPIC_API_KEY and ANTHROPIC_BASE_URL where they are not given.

        Raises:
            ConfigError: ANTHROPIC_BASE_URL cannot be used.
            MissingError: there is no key.
        """
        key = api_key or os.environ.get(KEY_VARIABLE)
        if not key:
            raise MissingError(
                f"The environment variable {KEY_VARIABLE} is not set.",
                f"The model 'anthropic:{model}' answers only to a key.",
                f"Set it: export {KEY_VARIABLE}=..., or use a local model or server: openai-compat:http://host:port/v1#model",
            )
        url = keyed_url(os.environ.get(URL_VARIABLE) or ANTHROPIC_URL, URL_VARIABLE)
        return cls(model, key, url, sends_schema=sends.json_schema, sends_temperature=sends.temperature)

    @property
    def name(self) -> str:
        """For example ``anthropic:claude-sonnet-4-5``."""
        return f"anthropic:{self._model}"

    @property
    def identity(self) -> dict[str, Any]:
        """Provider, model, URL, wire version, and whether schema and temperature are sent."""
        return {
            "provider": "anthropic",
            "model": self._model,
            "url": self._base,
            "version": VERSION,
            "sends_schema": self._sends_schema,
            "sends_temperature": self._sends_temperature,
        }

    @property
    def secrets(self) -> tuple[str, ...]:
        """The key."""
        return (self._key,)

    def ready(self) -> None:
        """A key is given once and for all."""
        return

    def call(self, request: ChatRequest) -> HttpCall:
        """The POST; `request.seed` and `request.top_logprobs` have no place in it."""
        system, turns = system_and_turns(request.messages)
        body: dict[str, Any] = {
            "model": self._model,
            "max_tokens": request.max_tokens,
            "messages": [{"role": side, "content": "\n\n".join(texts)} for side, texts in turns],
        }
        if system:
            body["system"] = "\n\n".join(system)
        if self._sends_temperature:
            body["temperature"] = request.temperature
        if request.json_schema is not None and self._sends_schema:
            name = request.json_schema_name
            body["tools"] = [{"name": name, "description": "Give your answer.", "input_schema": request.json_schema}]
            body["tool_choice"] = {"type": "tool", "name": name, "disable_parallel_tool_use": True}
        return HttpCall(self._url, self._headers, orjson.dumps(body))

    def read(self, status: int, headers: Mapping[str, str], body: bytes) -> Completion | EndpointFailure:  # noqa: ARG002
        """The text, or the input of the one tool call as JSON text."""
        if status != 200:
            return _read_error(status, body)
        data = json_object(body)
        if isinstance(data, EndpointFailure):
            return data
        if data.get("type") == "error":
            return _read_error(status, body)
        usage = data.get("usage")
        tokens = Usage(
            # What was read from a cache or written to one is not in `input_tokens`.
            prompt_tokens=count_of(usage, "input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens"),
            completion_tokens=count_of(usage, "output_tokens"),
        )
        answered_by = data.get("model")
        outcome = _read_message(data, body, answered_by if isinstance(answered_by, str) else self._model)
        return outcome.model_copy(update={"usage": tokens})


def _read_message(data: dict[str, Any], body: bytes, model: str) -> Completion | EndpointFailure:
    content = data.get("content")
    if not isinstance(content, list):
        return EndpointFailure(kind=FailureKind.UNPARSABLE, detail="the message has no list of content")
    reason = data.get("stop_reason")
    stop = _STOPS.get(reason) if isinstance(reason, str) else None
    if stop is None:
        return EndpointFailure(kind=FailureKind.SERVER, detail=f"stop_reason is {reason!r:.80}")
    blocks = [block for block in content if isinstance(block, dict)]
    calls = [block.get("input") for block in blocks if block.get("type") == "tool_use"]
    texts = [block.get("text") for block in blocks if block.get("type") == "text"]
    text = answer_text(body, texts, calls)
    return text if isinstance(text, EndpointFailure) else stopped(text, stop, model)


def _read_error(status: int, body: bytes) -> EndpointFailure:
    message, error = error_fields(body)
    told = error.get("type")
    kind = _ERRORS.get(told) if isinstance(told, str) else None
    if kind is None:
        kind = FailureKind.SERVER if status == 200 else kind_of_status(status)
    if _NO_MONEY in message.lower():
        kind = FailureKind.REFUSED_REQUEST
    return EndpointFailure(kind=kind, detail=f"HTTP {status}: {message}")
