"""Any server that speaks OpenAI's ``/chat/completions``: OpenAI itself, vLLM, SGLang, llama.cpp, Ollama, proxies."""

import asyncio
import os
import random
import time
from collections.abc import AsyncGenerator
from typing import Any, Final, Self
from urllib.parse import urlsplit

import aiohttp
from pydantic import Field

from adjudge.domain.base import Frozen, Number
from adjudge.domain.usage import Usage
from adjudge.domain.verdict import FailureKind
from adjudge.endpoints.base import ChatRequest, Completion, EndpointFailure
from adjudge.endpoints.openai_reply import read_completion, read_error
from adjudge.endpoints.retry import RETRIED, RetryPolicy, retry_after_seconds
from adjudge.errors import ConfigError, MissingError

OPENAI_URL: Final = "https://api.openai.com/v1"
KEY_VARIABLE: Final = "OPENAI_API_KEY"
_BODY_BYTES: Final = 8 * 1024 * 1024


class Prices(Frozen):
    """US dollars per million tokens."""

    prompt_usd: Number = Field(ge=0)
    completion_usd: Number = Field(ge=0)

    def cost(self, usage: Usage) -> float:
        """Price of the tokens that the server counted."""
        return (usage.prompt_tokens * self.prompt_usd + usage.completion_tokens * self.completion_usd) / 1e6


class OpenAICompatEndpoint:
    """Chat completions over HTTP, with retries inside the deadline and a bound on calls under way.

    Args:
        model: as the server knows it.
        base_url: up to and without ``/chat/completions``.
        provider: ``openai`` (its newer parameter names) or ``openai-compat``.
        api_key: sent as bearer token; None sends none.
        concurrency: most calls under way; a call holds its place while it waits to try again, which is what a server
            that says 429 needs.
        sends_schema: ask the server to follow the request's JSON schema; switch off for servers that reject it.
        prices: for ``usage.cost_usd``; without them the cost is unknown (None), not 0.
    """

    def __init__(
        self,
        model: str,
        base_url: str,
        *,
        provider: str = "openai-compat",
        api_key: str | None = None,
        concurrency: int = 16,
        retry: RetryPolicy | None = None,
        sends_schema: bool = True,
        prices: Prices | None = None,
    ) -> None:
        self._url = checked_url(base_url)
        self._model = model
        self._provider = provider
        self._key = api_key
        self._concurrency = concurrency
        self._retry = retry or RetryPolicy()
        self._sends_schema = sends_schema
        self._prices = prices
        # Jitter shall differ between processes: it is there to keep them from coming back together.
        self._rng = random.Random()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._session: aiohttp.ClientSession | None = None
        self._lifetime: AsyncGenerator[None, None] | None = None
        self._places = asyncio.Semaphore(concurrency)

    @classmethod
    def openai(cls, model: str) -> Self:
        """``openai:model``, with the key from the environment.

        Raises:
            MissingError: there is no key.
        """
        key = os.environ.get(KEY_VARIABLE)
        if not key:
            raise MissingError(
                f"The environment variable {KEY_VARIABLE} is not set.",
                f"The model 'openai:{model}' answers only to a key.",
                f"Set it: export {KEY_VARIABLE}=..., or use a local model or server: openai-compat:http://host:port/v1#model",
            )
        return cls(model, OPENAI_URL, provider="openai", api_key=key)

    @classmethod
    def compat(cls, reference: str) -> Self:
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
        return cls(model, url, api_key=key or None)

    @property
    def name(self) -> str:
        """For example ``openai:gpt-5-mini``."""
        if self._provider == "openai":
            return f"openai:{self._model}"
        return f"{self._provider}:{self._url}#{self._model}"

    @property
    def identity(self) -> dict[str, Any]:
        """Provider, model, URL, and whether the schema is sent (it changes answers)."""
        return {
            "provider": self._provider,
            "model": self._model,
            "url": self._url,
            "sends_schema": self._sends_schema,
        }

    async def complete(self, request: ChatRequest, deadline_seconds: float) -> Completion | EndpointFailure:
        """One answer; `deadline_seconds` (retries included) run from when a place is free."""
        self._enter_loop()
        async with self._places:
            start = time.monotonic()
            ends = start + deadline_seconds
            tried = 0
            tokens = Usage()
            while True:
                tried += 1
                left = ends - time.monotonic()
                outcome = await self._attempt(request, min(left, self._retry.attempt_seconds))
                tokens += outcome.usage
                if isinstance(outcome, Completion) or outcome.kind not in RETRIED or tried >= self._retry.attempts:
                    break
                wait = self._retry.wait_seconds(tried, outcome.retry_after_seconds, self._rng)
                if time.monotonic() + wait >= ends:
                    break
                await asyncio.sleep(wait)
        return outcome.model_copy(update={"usage": self._total(tokens, tried, time.monotonic() - start)})

    def _total(self, tokens: Usage, calls: int, seconds: float) -> Usage:
        cost = self._prices.cost(tokens) if self._prices else None
        return tokens.model_copy(update={"calls": calls, "seconds": seconds, "cost_usd": cost})

    async def _attempt(self, request: ChatRequest, seconds: float) -> Completion | EndpointFailure:
        try:
            session = await self._connected()
            url = f"{self._url}/chat/completions"
            async with (
                asyncio.timeout(seconds),
                session.post(url, json=self._body(request), allow_redirects=False) as response,
            ):
                body = await response.content.read(_BODY_BYTES + 1)
                while len(body) <= _BODY_BYTES and not response.content.at_eof():
                    body += await response.content.read(_BODY_BYTES + 1 - len(body))
        except TimeoutError:
            return EndpointFailure(kind=FailureKind.TIMEOUT, detail=f"no answer within {seconds:.1f} s")
        except (aiohttp.ClientError, OSError) as error:
            detail = self._without_key(f"{type(error).__name__}: {error}")
            return EndpointFailure(kind=FailureKind.UNREACHABLE, detail=detail)
        if len(body) > _BODY_BYTES:
            return EndpointFailure(kind=FailureKind.UNPARSABLE, detail="the body is larger than 8 MiB")
        if response.status == 200:
            return read_completion(body, self._model)
        asked = retry_after_seconds(response.headers.get("Retry-After"), response.headers.get("retry-after-ms"))
        failure = read_error(response.status, body, asked)
        return failure.model_copy(update={"detail": self._without_key(failure.detail)})

    def _body(self, request: ChatRequest) -> dict[str, Any]:
        limit = "max_completion_tokens" if self._provider == "openai" else "max_tokens"
        body: dict[str, Any] = {
            "model": self._model,
            "messages": [message.model_dump() for message in request.messages],
            "temperature": request.temperature,
            limit: request.max_tokens,
        }
        if request.seed is not None:
            body["seed"] = request.seed
        if request.json_schema is not None and self._sends_schema:
            schema = {"name": request.json_schema_name, "strict": True, "schema": request.json_schema}
            body["response_format"] = {"type": "json_schema", "json_schema": schema}
        return body

    def _without_key(self, text: str) -> str:
        """Some servers repeat the key in their error; it must not come into a journal or report."""
        return text.replace(self._key, "***") if self._key else text

    def _enter_loop(self) -> None:
        """Sessions and semaphores belong to one event loop; a command may run several, one after the other."""
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._loop, self._session, self._places = loop, None, asyncio.Semaphore(self._concurrency)

    async def _connected(self) -> aiohttp.ClientSession:
        if self._session is None:
            headers = {"Authorization": f"Bearer {self._key}"} if self._key else {}
            # No proxies or netrc from the environment: netrc would put a password of its own in place of the key.
            self._session = aiohttp.ClientSession(
                headers=headers,
                connector=aiohttp.TCPConnector(limit=self._concurrency),
                timeout=aiohttp.ClientTimeout(total=None),
            )
            # An event loop that ends closes the generators that were begun in it, and so this session, in time.
            self._lifetime = _lifetime(self._session)
            await anext(self._lifetime)
        return self._session

    async def aclose(self) -> None:
        """Close the connections."""
        if self._session is not None:
            session, self._session = self._session, None
            await session.close()


async def _lifetime(session: aiohttp.ClientSession) -> AsyncGenerator[None, None]:
    try:
        yield
    finally:
        await session.close()


def checked_url(url: str) -> str:
    """`url` without the slash at its end.

    Raises:
        ConfigError: not plain http(s), or with a password, query or fragment (they would come into reports).
    """
    try:
        parts = urlsplit(url)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        usable = False
    if not usable or parts.username or parts.password or parts.query or parts.fragment:
        raise ConfigError(
            f"'{url.rpartition('@')[2]}' is not a usable server address.",
            "It must be http:// or https:// with host, optional port and path; no password, no query.",
            f"Write it like http://127.0.0.1:8000/v1; a key goes into the environment variable {KEY_VARIABLE}.",
        )
    return url.rstrip("/")
