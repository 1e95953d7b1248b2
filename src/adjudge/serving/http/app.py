"""The ASGI application: doors, health, figures, document; behind the token, the drain and the limits."""

import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any, Final

from pydantic import BaseModel

from adjudge.domain import RewardFunction
from adjudge.errors import AdjudgeError, RewardError, missing_extra
from adjudge.serving.http.access import NEEDS_NO_TOKEN, Access
from adjudge.serving.http.compare import Cohorts, compare_door
from adjudge.serving.http.desk import Desk
from adjudge.serving.http.dialects.base import Ground
from adjudge.serving.http.dialects.registry import DIALECTS, doors_of
from adjudge.serving.http.door import Door, Lines, read
from adjudge.serving.http.drain import RETRY_SECONDS, Drain
from adjudge.serving.http.limits import parse, read_body
from adjudge.serving.http.messages import Health
from adjudge.serving.http.metrics import TYPE, Metrics, States
from adjudge.serving.http.openapi import JSON, LINES, document
from adjudge.serving.http.refused import RefusedError, problem
from adjudge.serving.http.results import Rows
from adjudge.serving.http.score import score_door
from adjudge.serving.http.settings import HttpSettings
from adjudge.serving.http.siblings import Siblings

try:
    from starlette.applications import Starlette
    from starlette.exceptions import HTTPException
    from starlette.requests import ClientDisconnect, Request
    from starlette.responses import Response, StreamingResponse
    from starlette.routing import Route
    from starlette.types import ASGIApp, Receive, Scope, Send
except ImportError as error:
    raise missing_extra("starlette", "serve") from error


@dataclass(frozen=True)
class Served:
    """What is behind the service, while it is open.

    Attributes:
        reward: scores.
        rows: the task's rows, by id.
        states: the judges' circuit breakers.
    """

    reward: RewardFunction
    rows: Rows
    states: States | None = None


class Application:
    """An ASGI application; make it inside the event loop that runs it.

    Attributes:
        drain: ends the taking of requests.
    """

    def __init__(
        self,
        served: Served,
        settings: HttpSettings,
        *,
        token: str | None = None,
        siblings: Siblings | None = None,
    ) -> None:
        self.drain = Drain()
        self._settings = settings
        self._access = Access(token)
        self._siblings = siblings or Siblings()
        self._metrics = Metrics(served.states)
        desk = Desk(served.reward, settings, self._metrics)
        cohorts = Cohorts(desk, settings, self._metrics)
        self.drain.at_end(cohorts.close)
        ground = Ground(served.rows, settings.labels, settings.neutral)
        doors = [
            score_door(desk, served.rows),
            compare_door(cohorts, served.rows),
            *(door for dialect in DIALECTS for door in doors_of(dialect, desk, cohorts, ground, settings.cohort)),
        ]
        told = _json(document(doors, has_token=self._access.has_token))
        self._inner = Starlette(
            routes=[
                *(Route(door.path, self._behind(door), methods=["POST"]) for door in doors),
                Route(NEEDS_NO_TOKEN, self._health, methods=["GET"]),
                Route("/metrics", self._figures, methods=["GET"]),
                Route("/openapi.json", _constant(told), methods=["GET"]),
            ],
            exception_handlers={HTTPException: _elsewhere, Exception: _broken},
        )

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        """Answer one request."""
        if scope["type"] != "http":
            # No web sockets; and nothing to start or end: that is the caller's.
            return
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        answer: ASGIApp = self._inner
        try:
            self._access.check(scope["path"], headers, sibling=_from_sibling(scope))
            if scope["method"] != "POST":
                await answer(scope, receive, send)
                return
            with self.drain.request():
                await answer(scope, receive, send)
        except RefusedError as error:
            # The body was not read: the connection cannot be used again.
            await self._refusal(error, close=True)(scope, receive, send)

    def _behind(self, door: Door) -> Callable[[Request], Any]:
        async def endpoint(request: Request) -> Response:
            try:
                return await self._answered(door, request)
            except RefusedError as error:
                return self._refusal(error)
            except RewardError as error:
                return self._refusal(RefusedError(500, error.what, error.why, error.fix))
            except AdjudgeError as error:
                return self._refusal(RefusedError(422, error.what, error.why, error.fix))

        return endpoint

    async def _answered(self, door: Door, request: Request) -> Response:
        try:
            body = await read_body(request.headers, request.stream(), self._settings)
        except ClientDisconnect:
            return Response(status_code=400)
        asked = read(door.request, parse(body, self._settings))
        query = dict(request.query_params)
        if door.keys is not None and self._siblings.workers > 1 and not _from_sibling(request.scope):
            owner = self._siblings.owner(door.keys(asked, query))
            if owner is not None and owner != self._siblings.index:
                target = f"{request.url.path}?{request.url.query}"
                status, headers, whole = await self._siblings.hand_over(owner, target, request.headers, body)
                return Response(whole, status, headers)
        lines = door.line is not None and LINES in request.headers.get("accept", "")
        answer = await door.ask(asked, query, lines)
        if isinstance(answer, Lines):
            return StreamingResponse(_lines(answer.parts), media_type=LINES)
        return Response(_json(answer.model_dump(mode="json")), media_type=JSON)

    def _refusal(self, error: RefusedError, *, close: bool = False) -> Response:
        self._metrics.refused(error.status)
        headers = {"Connection": "close"} if close or error.status in _UNREAD else {}
        if error.retry_seconds is not None:
            headers["Retry-After"] = str(error.retry_seconds)
        if error.status == 401:
            headers["WWW-Authenticate"] = "Bearer"
        return Response(_json(problem(error).model_dump()), error.status, headers, media_type=JSON)

    async def _health(self, request: Request) -> Response:  # noqa: ARG002  (a route's signature)
        draining = self.drain.draining
        health = Health(status="draining" if draining else "ok")
        headers = {"Retry-After": str(RETRY_SECONDS)} if draining else {}
        return Response(_json(health.model_dump()), 503 if draining else 200, headers, media_type=JSON)

    async def _figures(self, request: Request) -> Response:  # noqa: ARG002  (a route's signature)
        return Response(self._metrics.text(), media_type=TYPE)


_UNREAD: Final = frozenset({408, 413, 415})
"""Statuses that are given before the body was read to its end."""


async def _lines(parts: AsyncIterator[BaseModel]) -> AsyncIterator[bytes]:
    async for part in parts:
        yield _json(part.model_dump(mode="json")) + b"\n"


def _from_sibling(scope: "Scope") -> bool:
    """The request came over a socket of the file system: those have no port."""
    server = scope.get("server")
    return server is not None and server[1] is None


def _constant(body: bytes) -> Callable[[Request], Any]:
    async def endpoint(request: Request) -> Response:  # noqa: ARG001  (a route's signature)
        return Response(body, media_type=JSON)

    return endpoint


async def _elsewhere(request: Request, error: Exception) -> Response:  # noqa: ARG001  (a handler's signature)
    """No such path, or another method: in the form of all refusals."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    headers = dict(error.headers or {}) if isinstance(error, HTTPException) else {}
    what = "This method is not for this path." if status == 405 else "There is no such path."
    told = {"what": what, "why": "The service has the paths of /openapi.json.", "fix": "Correct the request."}
    return Response(_json(told), status, headers, media_type=JSON)


async def _broken(request: Request, error: Exception) -> Response:  # noqa: ARG001  (a handler's signature)
    """A fault of ours; Starlette logs it."""
    told = {"what": "The service broke on this request.", "why": type(error).__name__, "fix": "See its log; report it."}
    return Response(_json(told), 500, media_type=JSON)


def _json(value: object) -> bytes:
    # Escaped: half a surrogate pair (from a model's reply) has no UTF-8 form.
    return json.dumps(value, allow_nan=False, separators=(",", ":")).encode()
