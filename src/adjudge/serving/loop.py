"""An event loop on a thread of its own: kept while a process waits for work, and left behind where it is stuck."""

import asyncio
import concurrent.futures
import threading
from collections.abc import Coroutine
from typing import Any, Final, TypeVar

T = TypeVar("T")

_LAST_SECONDS: Final = 1.0
"""For cancelled tasks to end in."""


class LoopThread:
    """Runs coroutines for callers that are not async. Connections that are opened in it stay open between calls."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        # A daemon: a component that never returns must not keep the process.
        self._thread = threading.Thread(target=self._run, name="adjudge-rewards", daemon=True)
        self._thread.start()

    def start(self, work: Coroutine[Any, Any, T]) -> concurrent.futures.Future[T]:
        """Begin a coroutine in the loop."""
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def close(self, last: Coroutine[Any, Any, object] | None = None, *, seconds: float = 5.0) -> None:
        """End the loop: cancel what runs in it, then run `last`, then stop.

        Args:
            last: closes what was opened in the loop.
            seconds: how long to wait; a loop that is stuck ends by itself when it can, or never.
        """
        if self._thread.is_alive():
            self.start(self._end(last))
            self._thread.join(seconds)
        elif last is not None:
            # Closed before: there is nothing left to run it in.
            last.close()

    async def _end(self, last: Coroutine[Any, Any, object] | None) -> None:
        try:
            others = asyncio.all_tasks() - {asyncio.current_task()}
            for task in others:
                task.cancel()
            if others:
                await asyncio.wait(others, timeout=_LAST_SECONDS)
            if last is not None:
                await last
        finally:
            self._loop.stop()

    def _run(self) -> None:
        try:
            self._loop.run_forever()
        finally:
            self._loop.close()
