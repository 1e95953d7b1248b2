"""Several workers on one port: processes that share a socket; one that dies is started again."""

import contextlib
import multiprocessing
import multiprocessing.connection
import multiprocessing.process
import signal
import socket
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Final

from adjudge.errors import RunError
from adjudge.serving.http.siblings import Siblings

Work = Callable[[Siblings, socket.socket], None]
"""What a worker does, in a process of its own, until a signal; it can be pickled."""

_OWN_ERRORS: Final = range(1, 126)
"""Exit codes of a worker that said why: starting it again would say the same."""

_PAUSE_SECONDS: Final = 1.0


def run_workers(work: Work, workers: int, shared: socket.socket, died: Callable[[int], None]) -> None:
    """Run workers until SIGTERM or SIGINT, then until they are done.

    Args:
        work: of each.
        workers: how many.
        shared: the socket that they all listen on.
        died: told the process id of a worker that is gone.

    Raises:
        RunError: a worker gave up; it has said why.
    """
    with tempfile.TemporaryDirectory(prefix="adjudge-") as folder:
        crew = _Crew(work, workers, shared, Path(folder), died)
        with crew.hearing_signals():
            crew.run()


class _Crew:
    def __init__(
        self, work: Work, workers: int, shared: socket.socket, folder: Path, died: Callable[[int], None]
    ) -> None:
        self._work, self._workers, self._shared, self._folder, self._died = work, workers, shared, folder, died
        # A fresh interpreter each: a fork would copy threads and loops of whoever starts us.
        self._context = multiprocessing.get_context("spawn")
        self._processes: dict[int, multiprocessing.process.BaseProcess] = {}
        self._ending = False

    def run(self) -> None:
        for index in range(self._workers):
            self._start(index)
        gave_up: int | None = None
        while self._processes:
            sentinels = [process.sentinel for process in self._processes.values()]
            multiprocessing.connection.wait(sentinels)
            for index, process in list(self._processes.items()):
                if process.exitcode is None:
                    continue
                del self._processes[index]
                if process.pid is not None:
                    self._died(process.pid)
                if self._ending:
                    continue
                if process.exitcode in _OWN_ERRORS:
                    gave_up = process.exitcode
                    self._end(signal.SIGTERM)
                else:
                    time.sleep(_PAUSE_SECONDS)
                    if not self._ending:
                        self._start(index)
        if gave_up is not None:
            raise RunError(
                f"A worker gave up (exit code {gave_up}).",
                "It said why above; the others were ended.",
                "Mend that and start the service again.",
            )

    def _start(self, index: int) -> None:
        siblings = Siblings(index, self._workers, self._folder)
        process = self._context.Process(target=self._work, args=(siblings, self._shared), name=f"worker-{index}")
        process.start()
        self._processes[index] = process

    @contextlib.contextmanager
    def hearing_signals(self) -> Iterator[None]:
        def heard(number: int, frame: FrameType | None) -> None:  # noqa: ARG001  (a handler's signature)
            # From a terminal, workers get Ctrl-C themselves.
            self._end(signal.SIGTERM if number == signal.SIGTERM else None)

        before = {number: signal.signal(number, heard) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _end(self, number: int | None) -> None:
        self._ending = True
        if number is not None:
            for process in self._processes.values():
                if process.pid is not None and process.exitcode is None:
                    process.terminate()
