"""One worker: the application on sockets, until a signal; what is in flight then is finished."""

import asyncio
import contextlib
import logging
import resource
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from types import FrameType
from typing import Any, Final

from adjudge.errors import missing_extra
from adjudge.serving.http.app import Application, Served
from adjudge.serving.http.settings import HttpSettings
from adjudge.serving.http.siblings import Siblings

try:
    import uvicorn
    from uvicorn.protocols.http.h11_impl import H11Protocol
except ImportError as error:
    raise missing_extra("uvicorn", "serve") from error

_log = logging.getLogger(__name__)

BACKLOG: Final = 4096
"""Connections that may wait to be accepted; the system's own limit may be lower."""

_IDLE_SECONDS: Final = 75
"""Until an idle connection is closed: longer than clients keep theirs, so that none sends into one that ends."""

_FILES: Final = 65_536

OpenServed = Callable[[], AbstractAsyncContextManager[Served]]
"""Opens the judge's connections and gives what is behind the service, for as long as the block lasts."""


class DrainingServer(uvicorn.Server):
    """The server, whose end is a drain: new requests are told 503 until those in flight have their answers."""

    def __init__(self, application: Application, settings: HttpSettings, *, hears_signals: bool) -> None:
        config = uvicorn.Config(
            application,
            http=head_limited(settings.head_seconds),
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=5,
            timeout_keep_alive=_IDLE_SECONDS,
            backlog=BACKLOG,
        )
        super().__init__(config)
        self._application, self._drain_seconds = application, settings.drain_seconds
        self._hears_signals = hears_signals
        self._draining: asyncio.Task[None] | None = None

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """As uvicorn's, where the process is ours."""
        if not self._hears_signals:
            yield
            return
        with super().capture_signals():
            yield

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002  (uvicorn's signature)
        """The first signal drains; the second one ends at once."""
        loop = asyncio.get_running_loop() if _in_loop() else None
        if loop is None or self._draining is not None:
            self.should_exit = self.force_exit = True
            return
        self._draining = loop.create_task(self.drain())

    async def drain(self) -> None:
        """Finish what is in flight, then end."""
        drain = self._application.drain
        drain.begin()
        if not await drain.idle(self._drain_seconds):
            _log.warning("ended with requests in flight, after %g s", self._drain_seconds)
            self.force_exit = True
        self.should_exit = True


def _in_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def head_limited(seconds: float) -> type[asyncio.Protocol]:
    """The HTTP protocol of uvicorn, for connections that say within `seconds` what they want."""

    class HeadLimited(H11Protocol):
        """Closes a connection that has begun no request in time; a body has a limit of its own."""

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            """Start the clock."""
            super().connection_made(transport)
            self._wait_for(None)

        def data_received(self, data: bytes) -> None:
            """Start it again where these are the first words of another request."""
            if self.cycle is None or self.cycle.response_complete:
                self._wait_for(self.cycle)
            super().data_received(data)

        def _wait_for(self, cycle: Any) -> None:  # noqa: ANN401  (uvicorn's request, which has no public type)
            def over() -> None:
                if self.cycle is cycle and not self.transport.is_closing():
                    self.transport.close()

            self.loop.call_later(seconds, over)

    return HeadLimited


async def serve_until_signal(
    open_served: OpenServed,
    sockets: list[socket.socket],
    settings: HttpSettings,
    *,
    token: str | None = None,
    siblings: Siblings | None = None,
    ready: Callable[[], None] | None = None,
) -> None:
    """Answer on `sockets` until SIGTERM or SIGINT, then finish what is in flight.

    Args:
        open_served: what is behind the service.
        sockets: bound.
        settings: of the service.
        token: asked of clients.
        siblings: the other workers.
        ready: called when the reward is open and requests will be answered.

    Raises:
        AdjudgeError: the reward cannot be opened.
    """
    others = siblings or Siblings()
    async with contextlib.AsyncExitStack() as stack:
        served = await stack.enter_async_context(open_served())
        stack.push_async_callback(others.aclose)
        application = Application(served, settings, token=token, siblings=others)
        server = DrainingServer(application, settings, hears_signals=True)
        if ready is not None:
            ready()
        await server.serve(sockets=sockets)


@contextlib.asynccontextmanager
async def serving(
    served: Served,
    settings: HttpSettings | None = None,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    token: str | None = None,
) -> AsyncIterator[str]:
    """The service in this event loop, for as long as the block lasts; gives its address. Signals are not touched.

    Raises:
        OSError: the address cannot be had.
    """
    chosen = settings or HttpSettings()
    server = DrainingServer(Application(served, chosen, token=token), chosen, hears_signals=False)
    shared = listening(host, port)
    address = f"http://{host}:{shared.getsockname()[1]}"
    running = asyncio.create_task(server.serve(sockets=[shared]))
    try:
        yield address
    finally:
        await server.drain()
        await running


def many_connections() -> None:
    """Let this process and its children have as many open files as the system lets them: one for each connection."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    wanted = _FILES if most == resource.RLIM_INFINITY else min(most, _FILES)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(wanted, resource.getrlimit(resource.RLIMIT_NOFILE)[0]), most))


def listening(host: str, port: int) -> socket.socket:
    """A bound socket; `port` 0 takes a free one.

    Raises:
        OSError: the address cannot be had.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    found = socket.socket(family, socket.SOCK_STREAM)
    try:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.bind((host, port))
        found.listen(BACKLOG)
        found.set_inheritable(True)
    except OSError:
        found.close()
        raise
    return found
