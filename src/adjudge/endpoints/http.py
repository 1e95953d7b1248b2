"""An endpoint that is a server: how it is asked and its answer read is a `Dialect`, the rest is the same for all.

One call to `complete` is one attempt. Retries, limits, caches and budgets are decorators around it.
"""

import asyncio
import time
from collections.abc import Awaitable, Mapping
from typing import Any, Final, Protocol

from adjudge.domain.verdict import FailureKind
from adjudge.endpoints.base import ChatRequest, Completion, EndpointFailure
from adjudge.endpoints.prices import Prices
from adjudge.endpoints.retry_after import http_time, retry_after_seconds
from adjudge.endpoints.transport import HttpCall, HttpReply, Transport

_SHORTEST: Final = 8
"""Shortest key that is a secret, in characters; ``x`` and ``none`` are not."""


class Dialect(Protocol):
    """A wire format: requests to bytes, bytes to completions. Reading is a pure function of what came."""

    @property
    def name(self) -> str:
        """What people call the model behind it, for example ``openai:gpt-5-mini``."""
        ...

    @property
    def identity(self) -> dict[str, Any]:
        """All that can change an answer: provider, model, host, what is sent. JSON data; never a key."""
        ...

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must never come back out: keys and tokens that a server could repeat."""
        ...

    def ready(self) -> Awaitable[EndpointFailure | None] | None:
        """Renew what a call needs and what may expire (credentials); why that failed. None: nothing to renew, ever."""
        ...

    def call(self, request: ChatRequest) -> HttpCall:
        """The POST that asks for this."""
        ...

    def read(self, status: int, headers: Mapping[str, str], body: bytes) -> Completion | EndpointFailure:
        """What the answer says; ``usage`` holds the tokens only."""
        ...


class HttpEndpoint:
    """An `Endpoint` over HTTP: one attempt a call.

    Args:
        dialect: the wire format, with model, address and key.
        transport: connections to share with other endpoints, whose owner closes them; None makes some of its own.
        prices: for ``usage.cost_usd``; without them the cost is unknown (None), not 0.
    """

    def __init__(self, dialect: Dialect, transport: Transport | None = None, *, prices: Prices | None = None) -> None:
        self._dialect = dialect
        self._own = transport is None
        self._transport = transport or Transport()
        self._prices = prices

    @property
    def name(self) -> str:
        """The dialect's name for the model."""
        return self._dialect.name

    @property
    def identity(self) -> dict[str, Any]:
        """The dialect's: connections and prices change no answer."""
        return self._dialect.identity

    async def complete(self, request: ChatRequest, deadline_seconds: float) -> Completion | EndpointFailure:
        """One attempt of at most `deadline_seconds`; a failure keeps how long the server asked to wait.

        ``usage.calls`` is 1, or 0 where there was no time left to call.
        """
        if deadline_seconds <= 0:
            return EndpointFailure(kind=FailureKind.TIMEOUT, detail="no time left")
        start = time.monotonic()
        outcome = await self._attempt(request, deadline_seconds)
        usage = outcome.usage
        # The tokens were checked when they were read, and the rest is ours.
        counted = {
            "calls": 1,
            "seconds": time.monotonic() - start,
            "cost_usd": self._prices.cost(usage) if self._prices else None,
        }
        return outcome.model_copy(update={"usage": usage.model_copy(update=counted)})

    async def _attempt(self, request: ChatRequest, seconds: float) -> Completion | EndpointFailure:
        renewing = self._dialect.ready()
        if renewing is not None:
            ends = time.monotonic() + seconds
            try:
                async with asyncio.timeout(seconds):
                    hindrance = await renewing
            except TimeoutError:
                return EndpointFailure(kind=FailureKind.TIMEOUT, detail=f"no credentials within {seconds:.1f} s")
            if hindrance is not None:
                return hindrance
            seconds = ends - time.monotonic()
        reply = await self._transport.post(self._dialect.call(request), seconds)
        secrets = self._dialect.secrets
        if isinstance(reply, EndpointFailure):
            return reply.model_copy(update={"detail": _without(secrets, reply.detail)})
        # Before anything is read, so that no excerpt can end in the middle of a key.
        body = _masked(secrets, reply.body, told=reply.status != 200)
        outcome = self._dialect.read(reply.status, reply.headers, body)
        if isinstance(outcome, EndpointFailure):
            # Escaped in JSON, a key has another look.
            cleaned = {"detail": _without(secrets, outcome.detail), "retry_after_seconds": _asked(reply)}
            return outcome.model_copy(update=cleaned)
        return outcome

    async def aclose(self) -> None:
        """Close the connections, unless they are shared."""
        if self._own:
            await self._transport.aclose()


def _asked(reply: HttpReply) -> float | None:
    headers = reply.headers
    milliseconds = headers.get("retry-after-ms") or headers.get("x-amz-retry-after")
    # By the server's own clock where it tells it: ours may be wrong by hours.
    told = http_time(headers.get("Date"))
    return retry_after_seconds(headers.get("Retry-After"), milliseconds, now=time.time() if told is None else told)


def _masked(secrets: tuple[str, ...], body: bytes, *, told: bool) -> bytes:
    """The body without keys; a body with a completion keeps what may be a word (`told` is False)."""
    for secret in secrets:
        sent = secret.encode()
        # With slashes escaped, as some JSON writers do.
        for look in {sent, sent.replace(b"/", rb"\/")}:
            if look in body and (len(secret) >= _SHORTEST if told else _is_no_word(secret)):
                body = body.replace(look, b"***")
    return body


def _without(secrets: tuple[str, ...], text: str) -> str:
    for secret in secrets:
        if len(secret) >= _SHORTEST:
            text = text.replace(secret, "***")
    return text


def _is_no_word(secret: str) -> bool:
    """Whether it may be cut out of a completion.

    Servers that want no key get one all the same (``EMPTY``, ``placeholder``), and a judge may quote such a word.
    """
    return len(secret) >= 2 * _SHORTEST and (secret.startswith("sk-") or any(char.isdigit() for char in secret))
