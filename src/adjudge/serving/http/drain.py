"""Graceful end: what is in flight is finished, what is new is refused."""

import asyncio
import contextlib
from collections.abc import Callable, Iterator

from adjudge.serving.http.refused import RefusedError

RETRY_SECONDS = 5


class Drain:
    """Counts the requests in flight."""

    def __init__(self) -> None:
        self._under_way = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self._ending: list[Callable[[], None]] = []
        self.draining = False

    def at_end(self, call: Callable[[], None]) -> None:
        """`call` once when draining begins."""
        self._ending.append(call)

    def begin(self) -> None:
        """Take no more requests."""
        if not self.draining:
            self.draining = True
            for call in self._ending:
                call()

    @contextlib.contextmanager
    def request(self) -> Iterator[None]:
        """A request, from its head to the last byte of its answer.

        Raises:
            RefusedError: 503, the service is ending.
        """
        if self.draining:
            raise RefusedError(
                503,
                "The service is ending.",
                "It finishes what is in flight and takes nothing new.",
                "Send the request again, to the service that follows.",
                retry_seconds=RETRY_SECONDS,
            )
        self._under_way += 1
        self._idle.clear()
        try:
            yield
        finally:
            self._under_way -= 1
            if not self._under_way:
                self._idle.set()

    async def idle(self, seconds: float) -> bool:
        """Wait until nothing is in flight, at most `seconds`; whether that came."""
        try:
            await asyncio.wait_for(self._idle.wait(), seconds)
        except TimeoutError:
            return False
        return True
