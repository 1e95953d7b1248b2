"""OpenAI's ``/chat/completions``: OpenAI itself, vLLM, SGLang, llama.cpp, Ollama, Bedrock's OpenAI route, proxies."""

import os
from collections.abc import Mapping
from typing import Any, Final, Literal, Self

import orjson

from adjudge.endpoints.address import checked_key, checked_url, keyed_url
from adjudge.endpoints.base import ALL, ChatRequest, Completion, EndpointFailure, Sends
from adjudge.endpoints.openai_reply import read_completion, read_error
from adjudge.endpoints.transport import HttpCall
from adjudge.errors import ConfigError, MissingError

OPENAI_URL: Final = "https://api.openai.com/v1"
KEY_VARIABLE: Final = "OPENAI_API_KEY"
URL_VARIABLE: Final = "OPENAI_BASE_URL"


class OpenAIChat:
    """The `Dialect` of chat completions.

    Args:
        model: as the server knows it.
        base_url: up to and without ``/chat/completions``.
        provider: ``openai`` (its newer parameter names) or ``openai-compat``.
        api_key: sent as bearer token; None sends none.
        sends_schema: ask the server to follow the request's JSON schema; switch off for servers that reject it.
        sends_temperature: switch off for models that take none (OpenAI's reasoning models).

    Raises:
        ConfigError: address or key cannot be used.
    """

    def __init__(
        self,
        model: str,
        base_url: str,
        *,
        provider: Literal["openai", "openai-compat"] = "openai-compat",
        api_key: str | None = None,
        sends_schema: bool = True,
        sends_temperature: bool = True,
    ) -> None:
        self._base = checked_url(base_url)
        self._url = f"{self._base}/chat/completions"
        self._model = model
        self._provider = provider
        self._key = None if api_key is None else checked_key(api_key, KEY_VARIABLE)
        self._sends_schema = sends_schema
        self._sends_temperature = sends_temperature
        self._headers = {"Content-Type": "application/json"}
        if self._key is not None:
            self._headers["Authorization"] = f"Bearer {self._key}"

    @classmethod
    def openai(cls, model: str, *, api_key: str | None = None, sends: Sends = ALL) -> Self:
        """``openai:MODEL``; key and address from OPENAI_API_KEY and OPENAI_BASE_URL where they are not given.

        Raises:
            ConfigError: OPENAI_BASE_URL cannot be used.
            MissingError: there is no key.
        """
        key = api_key or os.environ.get(KEY_VARIABLE)
        if not key:
            raise MissingError(
                f"The environment variable {KEY_VARIABLE} is not set.",
                f"The model 'openai:{model}' answers only to a key.",
                f"Set it: export {KEY_VARIABLE}=..., or use a local model or server: openai-compat:http://host:port/v1#model",
            )
        url = keyed_url(os.environ.get(URL_VARIABLE) or OPENAI_URL, URL_VARIABLE)
        return cls(
            model,
            url,
            provider="openai",
            api_key=key,
            sends_schema=sends.json_schema,
            sends_temperature=sends.temperature,
        )

    @classmethod
    def compat(cls, reference: str, *, sends: Sends = ALL) -> Self:
        """``http://host:port/v1#model``; the key from the environment is sent when there is one and the link is TLS.

        Raises:
            ConfigError: the reference has another form.
        """
        url, _, model = reference.partition("#")
        if not model:
            raise ConfigError(
                f"'openai-compat:{reference}' does not name a model.",
                "One server may hold many models, so the name stands behind a '#'.",
                "Write openai-compat:http://host:port/v1#model",
            )
        # Over plain HTTP a key could be read on the way; local servers that need none get none.
        key = os.environ.get(KEY_VARIABLE) if url.startswith("https://") else None
        return cls(model, url, api_key=key or None, sends_schema=sends.json_schema, sends_temperature=sends.temperature)

    @property
    def name(self) -> str:
        """For example ``openai:gpt-5-mini``."""
        if self._provider == "openai":
            return f"openai:{self._model}"
        return f"{self._provider}:{self._base}#{self._model}"

    @property
    def identity(self) -> dict[str, Any]:
        """Provider, model, URL, and whether schema and temperature are sent (they change answers)."""
        identity: dict[str, Any] = {
            "provider": self._provider,
            "model": self._model,
            "url": self._base,
            "sends_schema": self._sends_schema,
        }
        # Only where it is off: what was journaled before this could be switched off stays valid.
        return identity if self._sends_temperature else {**identity, "sends_temperature": False}

    @property
    def secrets(self) -> tuple[str, ...]:
        """The key."""
        return () if self._key is None else (self._key,)

    def ready(self) -> None:
        """A key is given once and for all."""
        return

    def call(self, request: ChatRequest) -> HttpCall:
        """The POST; `request.repeat` is not sent."""
        limit = "max_completion_tokens" if self._provider == "openai" else "max_tokens"
        body: dict[str, Any] = {
            "model": self._model,
            "messages": [{"role": message.role, "content": message.content} for message in request.messages],
            limit: request.max_tokens,
        }
        if self._sends_temperature:
            body["temperature"] = request.temperature
        if request.seed is not None:
            body["seed"] = request.seed
        if request.json_schema is not None and self._sends_schema:
            schema = {"name": request.json_schema_name, "strict": True, "schema": request.json_schema}
            body["response_format"] = {"type": "json_schema", "json_schema": schema}
        if request.top_logprobs:
            body["logprobs"] = True
            body["top_logprobs"] = request.top_logprobs
        return HttpCall(self._url, self._headers, orjson.dumps(body))

    def read(self, status: int, headers: Mapping[str, str], body: bytes) -> Completion | EndpointFailure:  # noqa: ARG002
        """The first choice, or why there is none."""
        return read_completion(body, self._model) if status == 200 else read_error(status, body)
