"""An event loop on a thread of its own: kept while a process waits for work, and left behind where it is stuck."""

import asyncio
import concurrent.futures
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class LoopThread:
    """Runs coroutines for callers that are not async. Connections that are opened in it stay open between calls."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        # A daemon: a component that never returns must not keep the process.
        self._thread = threading.Thread(target=self._loop.run_forever, name="adjudge-rewards", daemon=True)
        self._thread.start()

    def start(self, work: Coroutine[Any, Any, T]) -> concurrent.futures.Future[T]:
        """Begin a coroutine in the loop."""
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def close(self, seconds: float = 5.0) -> bool:
        """End the loop; whether it ended within so many seconds. One that is stuck is left to itself."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(seconds)
        if self._thread.is_alive():
            return False
        self._loop.close()
        return True
