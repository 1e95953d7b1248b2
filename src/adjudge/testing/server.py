"""A real loopback server that speaks OpenAI's chat completions and fails on request: nothing about HTTP is mocked."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web


@dataclass(frozen=True)
class Answer:
    """How the server treats one request. The default is a good answer with the text ``hello``.

    Attributes:
        text: the message's content; None sends null.
        finish: the finish reason.
        status: another status than 200 sends an error body.
        headers: further headers, for example Retry-After.
        body: sent as it is instead of a completion.
        delay_seconds: before anything is sent.
        reset: cut the connection without an answer.
        truncate: cut the connection in the middle of the body.
    """

    text: str | None = "hello"
    finish: str | None = "stop"
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None
    delay_seconds: float = 0.0
    reset: bool = False
    truncate: bool = False
    message: dict[str, Any] = field(default_factory=dict)

    def payload(self, model: str) -> bytes:
        """The bytes of the body."""
        if self.body is not None:
            return self.body
        if self.status != 200:
            return json.dumps({"error": {"message": f"injected {self.status}", "code": None}}).encode()
        message = {"role": "assistant", "content": self.text, **self.message}
        choice = {"index": 0, "message": message, "finish_reason": self.finish}
        usage = {"prompt_tokens": 10, "completion_tokens": 5}
        return json.dumps({"model": model, "choices": [choice], "usage": usage}).encode()


Plan = Callable[[int, dict[str, Any]], Answer]
"""Request number (from 0) and its JSON body -> how to treat it."""


@dataclass
class FaultServer:
    """What a test sees of the running server.

    Attributes:
        url: base URL for ``openai-compat``, with ``/v1``.
        requests: bodies received, in order.
        headers: their headers.
        most_at_once: most requests under way at the same time.
    """

    url: str
    requests: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    most_at_once: int = 0
    _now: int = 0

    @property
    def calls(self) -> int:
        """Requests received so far."""
        return len(self.requests)

    async def handle(self, request: web.Request, plan: Plan) -> web.StreamResponse:
        """Note the request and treat it as planned."""
        body = await request.json()
        number = len(self.requests)
        self.requests.append(body)
        self.headers.append(dict(request.headers))
        self._now += 1
        self.most_at_once = max(self.most_at_once, self._now)
        try:
            return await self._answer(request, plan(number, body), body)
        finally:
            self._now -= 1

    async def _answer(self, request: web.Request, answer: Answer, body: dict[str, Any]) -> web.StreamResponse:
        await asyncio.sleep(answer.delay_seconds)
        transport = request.transport
        if answer.reset and transport is not None:
            transport.abort()
            return web.Response(status=500)
        payload = answer.payload(str(body.get("model", "")))
        if answer.truncate and transport is not None:
            response = web.StreamResponse(status=answer.status, headers={"Content-Length": str(len(payload))})
            await response.prepare(request)
            await response.write(payload[: len(payload) // 2])
            transport.abort()
            return response
        return web.Response(
            status=answer.status, body=payload, headers={"Content-Type": "application/json", **answer.headers}
        )


@contextlib.asynccontextmanager
async def fault_server(plan: Plan | list[Answer]) -> AsyncIterator[FaultServer]:
    """Run the server while in the block, on a free port of the loopback interface.

    Args:
        plan: a function, or a list of answers of which the last one repeats.
    """
    if isinstance(plan, list):
        answers = plan

        def chosen(number: int, _: dict[str, Any]) -> Answer:
            return answers[min(number, len(answers) - 1)]

        plan = chosen
    decided: Plan = plan
    server = FaultServer(url="")

    async def handle(request: web.Request) -> web.StreamResponse:
        return await server.handle(request, decided)

    app = web.Application()
    app.router.add_post("/v1/chat/completions", handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        server.url = f"http://{host}:{port}/v1"
        yield server
    finally:
        await runner.cleanup()
