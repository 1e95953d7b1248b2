"""Amazon Bedrock's Converse over HTTPS, signed by botocore (extra ``[aws]``) or with a Bedrock API key.

It has no seed and no log-probabilities, so neither is sent. A JSON schema is enforced by a tool that the model must
call: the tool's input is the answer.
"""

from collections.abc import Awaitable, Mapping
from typing import Any, Final, Protocol, Self
from urllib.parse import quote

import orjson

from adjudge.domain.usage import Usage
from adjudge.domain.verdict import FailureKind
from adjudge.endpoints.address import checked_url
from adjudge.endpoints.base import ALL, ChatRequest, Completion, EndpointFailure, Sends, Stop
from adjudge.endpoints.bedrock_access import bearer_key, endpoint_url, region_name, signer
from adjudge.endpoints.reading import (
    DETAIL_CHARS,
    answer_text,
    count_of,
    error_fields,
    json_object,
    kind_of_status,
    stopped,
)
from adjudge.endpoints.transport import HttpCall
from adjudge.endpoints.turns import system_and_turns

_STOPS: Final[dict[str, Stop]] = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "tool_use": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "guardrail_intervened": "refusal",
    "content_filtered": "refusal",
}

_MALFORMED: Final = frozenset({"malformed_model_output", "malformed_tool_use"})

_ERRORS: Final[dict[str, FailureKind]] = {
    "AccessDeniedException": FailureKind.REFUSED_REQUEST,
    "ResourceNotFoundException": FailureKind.REFUSED_REQUEST,
    "ServiceQuotaExceededException": FailureKind.REFUSED_REQUEST,
    "ValidationException": FailureKind.REFUSED_REQUEST,
    "ThrottlingException": FailureKind.RATE_LIMITED,
    "ModelTimeoutException": FailureKind.TIMEOUT,
    "InternalServerException": FailureKind.SERVER,
    "ModelErrorException": FailureKind.SERVER,
    "ModelNotReadyException": FailureKind.SERVER,
    "ServiceUnavailableException": FailureKind.SERVER,
}
"""Errors of the operation Converse. Source: the service model in botocore, ``bedrock-runtime``."""

_PER_DAY: Final = "per day"
"""Bedrock throttles with "Too many tokens per day" too, which no retry outlives."""


class Access(Protocol):
    """What lets a call in."""

    @property
    def secrets(self) -> tuple[str, ...]:
        """Keys and tokens."""
        ...

    def ready(self) -> Awaitable[EndpointFailure | None] | None:
        """Renew what has expired; why that failed. None: nothing expires."""
        ...

    def headers(self, url: str, body: bytes) -> dict[str, str]:
        """The headers of a POST, signature or key among them."""
        ...


class Bedrock:
    """The `Dialect` of Converse.

    Args:
        model: id, inference profile or ARN.
        region: of the model, for example ``eu-central-1``.
        access: how calls are let in.
        base_url: None is the region's public address.
        sends_schema: make the model answer by a tool call that follows the request's JSON schema; switch off for models
            that cannot be made to call a tool.
        sends_temperature: switch off for models that take none.

    Raises:
        ConfigError: the address cannot be used.
    """

    def __init__(
        self,
        model: str,
        region: str,
        access: Access,
        base_url: str | None = None,
        *,
        sends_schema: bool = True,
        sends_temperature: bool = True,
    ) -> None:
        self._model = model
        self._region = region
        self._base = checked_url(base_url or f"https://bedrock-runtime.{region}.amazonaws.com")
        self._url = f"{self._base}/model/{quote(model, safe='')}/converse"
        self._access = access
        self._sends_schema = sends_schema
        self._sends_temperature = sends_temperature

    @classmethod
    def named(cls, model: str, *, api_key: str | None = None, sends: Sends = ALL) -> Self:
        """``bedrock:MODEL``: key from AWS_BEARER_TOKEN_BEDROCK, else credentials as botocore finds them.

        The region comes from AWS_REGION, AWS_DEFAULT_REGION or the AWS configuration, the address from
        AWS_ENDPOINT_URL_BEDROCK_RUNTIME or the region.

        Raises:
            ConfigError: there is no region, or key or address cannot be used.
            MissingError: there are neither key nor credentials, or botocore is not installed.
        """
        region = region_name(model)
        access: Access | None = bearer_key(api_key)
        return cls(
            model,
            region,
            access or signer(model, region),
            endpoint_url(),
            sends_schema=sends.json_schema,
            sends_temperature=sends.temperature,
        )

    @property
    def name(self) -> str:
        """For example ``bedrock:amazon.nova-pro-v1:0``."""
        return f"bedrock:{self._model}"

    @property
    def identity(self) -> dict[str, Any]:
        """Provider, model, region, URL, and whether schema and temperature are sent; not who pays."""
        return {
            "provider": "bedrock",
            "model": self._model,
            "region": self._region,
            "url": self._base,
            "sends_schema": self._sends_schema,
            "sends_temperature": self._sends_temperature,
        }

    @property
    def secrets(self) -> tuple[str, ...]:
        """Of the access."""
        return self._access.secrets

    def ready(self) -> Awaitable[EndpointFailure | None] | None:
        """Credentials that are about to expire are renewed."""
        return self._access.ready()

    def call(self, request: ChatRequest) -> HttpCall:
        """The signed POST; `request.seed` and `request.top_logprobs` have no place in it."""
        system, turns = system_and_turns(request.messages)
        limits: dict[str, Any] = {"maxTokens": request.max_tokens}
        if self._sends_temperature:
            limits["temperature"] = request.temperature
        content: dict[str, Any] = {
            "messages": [{"role": side, "content": [{"text": text} for text in texts]} for side, texts in turns],
            "inferenceConfig": limits,
        }
        if system:
            content["system"] = [{"text": text} for text in system]
        if request.json_schema is not None and self._sends_schema:
            name = request.json_schema_name
            tool = {"name": name, "description": "Give your answer.", "inputSchema": {"json": request.json_schema}}
            content["toolConfig"] = {"tools": [{"toolSpec": tool}], "toolChoice": {"tool": {"name": name}}}
        body = orjson.dumps(content)
        return HttpCall(self._url, self._access.headers(self._url, body), body)

    def read(self, status: int, headers: Mapping[str, str], body: bytes) -> Completion | EndpointFailure:
        """The text, or the input of the one tool call as JSON text."""
        if status != 200:
            return _read_error(status, headers.get("x-amzn-ErrorType"), body)
        data = json_object(body)
        if isinstance(data, EndpointFailure):
            return data
        if "__type" in data:
            # Proxies that have begun to answer with 200 put a later error into the body.
            return _read_error(status, headers.get("x-amzn-ErrorType"), body)
        usage = data.get("usage")
        tokens = Usage(
            # What was read from a cache or written to one is not in `inputTokens`.
            prompt_tokens=count_of(usage, "inputTokens", "cacheReadInputTokens", "cacheWriteInputTokens"),
            completion_tokens=count_of(usage, "outputTokens"),
        )
        return _read_message(data, body, self._model).model_copy(update={"usage": tokens})


def _read_message(data: dict[str, Any], body: bytes, model: str) -> Completion | EndpointFailure:
    reason = data.get("stopReason")
    if reason in _MALFORMED:
        return EndpointFailure(kind=FailureKind.UNPARSABLE, detail=f"stopReason is {reason}")
    output = data.get("output")
    message = output.get("message") if isinstance(output, dict) else None
    content = message.get("content") if isinstance(message, dict) else None
    if not isinstance(content, list):
        return EndpointFailure(kind=FailureKind.UNPARSABLE, detail="the output has no message with a list of content")
    stop = _STOPS.get(reason) if isinstance(reason, str) else None
    if stop is None:
        return EndpointFailure(kind=FailureKind.SERVER, detail=f"stopReason is {reason!r:.80}")
    blocks = [block for block in content if isinstance(block, dict)]
    calls = [block["toolUse"] for block in blocks if "toolUse" in block]
    inputs = [call.get("input") if isinstance(call, dict) else None for call in calls]
    text = answer_text(body, [block.get("text") for block in blocks], inputs)
    return text if isinstance(text, EndpointFailure) else stopped(text, stop, model)


def _read_error(status: int, told: str | None, body: bytes) -> EndpointFailure:
    """A failure by the error's type: from the header ``x-amzn-ErrorType`` or, where a proxy drops it, the body."""
    message, error = error_fields(body)
    # ``ThrottlingException:http://...`` in the header, ``namespace#ThrottlingException`` in the body.
    name = told or error.get("__type") or error.get("code")
    name = name.partition(":")[0].rpartition("#")[2] if isinstance(name, str) else ""
    kind = _ERRORS.get(name, FailureKind.SERVER if status == 200 else kind_of_status(status))
    if kind is FailureKind.RATE_LIMITED and _PER_DAY in message.lower():
        kind = FailureKind.REFUSED_REQUEST
    detail = f"HTTP {status} {name}: {message}" if name else f"HTTP {status}: {message}"
    return EndpointFailure(kind=kind, detail=detail[:DETAIL_CHARS])
