"""A task's reward as an HTTP service: one worker, or several on one port."""

import asyncio
import contextlib
import functools
import os
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

from adjudge.domain import Sample
from adjudge.errors import AdjudgeError, ConfigError
from adjudge.pipeline.data import split_samples
from adjudge.pipeline.judging import open_bench
from adjudge.pipeline.responses import SPLITS
from adjudge.pipeline.taskfile import LoadedTask, load_task
from adjudge.serving.http.access import Access, token_from
from adjudge.serving.http.settings import HttpSettings
from adjudge.serving.http.siblings import Siblings
from adjudge.store.journal import Journal


@dataclass(frozen=True)
class Service:
    """What is to be served, and where; a worker is started with it.

    Attributes:
        task: the task's file.
        out: folder of the workers' journals.
        settings: limits and so on.
        host: to listen on.
        port: 0 takes a free one.
        workers: processes.
        token_variable: environment variable with the token; None: no token.
    """

    task: Path
    out: Path
    settings: HttpSettings
    host: str = "127.0.0.1"
    port: int = 8000
    workers: int = 1
    token_variable: str | None = None


def serve_task(service: Service, say: Callable[[str], None]) -> None:
    """Serve until SIGTERM or SIGINT; what is in flight then is finished.

    Args:
        service: what and where.
        say: told the address, ``http://host:port``; requests that come then are answered.

    Raises:
        MissingError: the task, a key, the token or an extra is missing.
        ConfigError: the task is wrong, the address cannot be had, or it would be open to others without a token.
        RunError: a worker gave up.
    """
    load_task(service.task)
    from adjudge.serving.http import metrics, server, workers  # noqa: PLC0415  (an extra)

    token = token_from(service.token_variable, os.environ, service.host)
    # Told now, not by each worker.
    Access(token)
    server.many_connections()
    service.out.mkdir(parents=True, exist_ok=True)
    try:
        shared = server.listening(service.host, service.port)
    except OSError as error:
        raise ConfigError(
            f"{service.host}:{service.port} cannot be listened on: {error.strerror or error}.",
            "Another process may have the port, or the host is no address of this machine.",
            "Choose another --port or --host.",
        ) from error
    with shared:
        shown = f"[{service.host}]" if ":" in service.host else service.host
        address = f"http://{shown}:{shared.getsockname()[1]}"
        if service.workers == 1:
            run_worker(service, Siblings(), shared, lambda: say(address))
            return
        say(address)
        with tempfile.TemporaryDirectory(prefix="adjudge-metrics-") as folder:
            os.environ[metrics.SHARED] = folder
            try:
                workers.run_workers(functools.partial(_worker, service), service.workers, shared, metrics.worker_died)
            finally:
                del os.environ[metrics.SHARED]


def _worker(service: Service, siblings: Siblings, shared: socket.socket) -> None:
    """A worker's process."""
    try:
        run_worker(service, siblings, shared)
    except AdjudgeError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(0)


def run_worker(
    service: Service, siblings: Siblings, shared: socket.socket, ready: Callable[[], None] | None = None
) -> None:
    """One worker, until a signal; `ready` is called when requests will be answered.

    Raises:
        AdjudgeError: the reward cannot be opened.
    """
    from adjudge.serving.http import app, server  # noqa: PLC0415  (an extra)

    task = load_task(service.task)
    token = token_from(service.token_variable, os.environ, service.host)

    @contextlib.asynccontextmanager
    async def opened() -> AsyncIterator[app.Served]:
        with Journal(service.out / f"worker-{siblings.index}.journal.jsonl") as journal:
            async with open_bench(task, journal) as bench:
                yield app.Served(bench.reward(), rows_of(task), bench.circuits)

    sockets = [shared]
    with contextlib.ExitStack() as stack:
        if siblings.workers > 1:
            path = siblings.socket_path(siblings.index)
            path.unlink(missing_ok=True)
            own = stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
            own.bind(str(path))
            own.listen(4096)
            sockets.append(own)
        asyncio.run(
            server.serve_until_signal(opened, sockets, service.settings, token=token, siblings=siblings, ready=ready)
        )


def rows_of(task: LoadedTask) -> dict[str, Sample]:
    """The task's rows by id; where two splits share an id, the row of the first of train, validation, test."""
    found: dict[str, Sample] = {}
    for split in SPLITS:
        for sample in split_samples(task, split):
            found.setdefault(sample.id, sample)
    return found
