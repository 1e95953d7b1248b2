"""AWS Lambda's Runtime API on the loopback interface, so that a function runs in the loop that AWS runs it in.

`LambdaRuntime` speaks the three paths that a runtime needs: the next invocation, its response, its error (AWS Lambda
developer guide, "Using the Lambda runtime API"). `lambda_process` starts ``python -m awslambdaric`` against it, with
the folders that the function may see and no others.
"""

import contextlib
import importlib.util
import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final, Self

from adjudge.errors import MissingError, RunError

PAYLOAD_BYTES: Final = 6 * 1024 * 1024
"""Largest event of a synchronous invocation."""

ANSWER_BYTES: Final = PAYLOAD_BYTES + 100
"""Largest answer."""

_CLIENT: Final = ("awslambdaric", "runtime_client", "simplejson", "snapshot_restore_py")
"""Modules of the runtime client, which AWS has on the function's path too."""

_ARN: Final = "arn:aws:lambda:us-east-1:123456789012:function:RewardSageMaker"
_PATH: Final = "/2018-06-01/runtime/"


@dataclass(frozen=True)
class Answered:
    """What an invocation came to.

    Attributes:
        is_error: the function raised, or Lambda did not take what it answered.
        payload: the answer, or ``{errorType, errorMessage, ...}``.
        size: of the answer, in bytes.
        seconds: from the invocation to the answer.
    """

    is_error: bool
    payload: Any
    size: int
    seconds: float


@dataclass
class _Invocation:
    body: bytes
    deadline: float
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    answer: queue.SimpleQueue[tuple[bool, bytes]] = field(default_factory=queue.SimpleQueue)


class LambdaRuntime:
    """One execution environment: invocations one after the other. Use it as a context manager."""

    def __init__(self) -> None:
        self._waiting: queue.Queue[_Invocation] = queue.Queue()
        self._running: dict[str, _Invocation] = {}
        self._ready = threading.Event()
        self._failed: dict[str, Any] | None = None
        self._ends = threading.Event()
        self._server = _Server(("127.0.0.1", 0), _handler_for(self))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    @property
    def address(self) -> str:
        """What ``AWS_LAMBDA_RUNTIME_API`` is set to."""
        host, port = self._server.server_address[:2]
        return f"{host!s}:{port}"

    def wait_ready(self, seconds: float = 30.0) -> None:
        """Wait until the function was imported and asks for its first invocation.

        Raises:
            RunError: it failed to start, or takes longer.
        """
        if self._ready.wait(seconds) and self._failed is None:
            return
        told = self._failed or {"errorMessage": f"nothing asked for an invocation within {seconds} s"}
        raise RunError(
            "The function did not start.",
            str(told.get("errorMessage", told)),
            "Import the handler by hand, in the same environment, to see why.",
        )

    def invoke(self, event: object, *, timeout_seconds: float = 900.0) -> Answered:
        """Invoke the function, which has `timeout_seconds` from when it takes the event.

        Raises:
            RunError: the event is too large, or the function did not answer in time: Lambda would have stopped it.
        """
        body = json.dumps(event).encode()
        if len(body) > PAYLOAD_BYTES:
            raise RunError(
                f"The event has {len(body)} bytes.",
                f"Lambda takes {PAYLOAD_BYTES} in a synchronous invocation.",
                "Send fewer samples.",
            )
        start = time.monotonic()
        one = _Invocation(body, time.time() + timeout_seconds)
        self._running[one.id] = one
        self._waiting.put(one)
        try:
            is_error, answer = one.answer.get(timeout=timeout_seconds)
        except queue.Empty:
            raise RunError(
                f"Task timed out after {timeout_seconds:.2f} seconds",
                "The function did not answer, and Lambda would have stopped it: all its results are lost.",
                "Answer before the deadline of the context.",
            ) from None
        finally:
            del self._running[one.id]
        seconds = time.monotonic() - start
        return Answered(is_error, json.loads(answer), len(answer), seconds)

    def next(self) -> _Invocation | None:
        """The next invocation, as soon as there is one; None at the end."""
        self._ready.set()
        while not self._ends.is_set():
            with contextlib.suppress(queue.Empty):
                return self._waiting.get(timeout=0.05)
        return None

    def done(self, request: str, body: bytes, *, is_error: bool) -> int:
        """Take an answer; the status that the function is told."""
        one = self._running.get(request)
        if one is None:
            return 404
        if not is_error and len(body) > ANSWER_BYTES:
            told = f"Response payload size ({len(body)} bytes) exceeded maximum allowed payload size"
            refusal = {"errorType": "Function.ResponseSizeTooLarge", "errorMessage": told}
            one.answer.put((True, json.dumps(refusal).encode()))
            return 413
        one.answer.put((is_error, body))
        return 202

    def failed(self, body: bytes) -> None:
        """The function could not be started."""
        self._failed = json.loads(body)
        self._ready.set()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ends.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5.0)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A function that is stopped while it waits is no error, and nothing to print."""


def _handler_for(runtime: LambdaRuntime) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            one = runtime.next() if self.path == f"{_PATH}invocation/next" else None
            if one is None:
                self._say(404, {}, b"{}")
                return
            headers = {
                "Lambda-Runtime-Aws-Request-Id": one.id,
                "Lambda-Runtime-Deadline-Ms": str(int(one.deadline * 1000)),
                "Lambda-Runtime-Invoked-Function-Arn": _ARN,
            }
            self._say(200, headers, one.body)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            *_, kind, request, verb = self.path.split("/")
            if kind == "invocation" and verb in {"response", "error"}:
                self._say(runtime.done(request, body, is_error=verb == "error"), {}, b'{"status":"OK"}')
            elif (request, verb) == ("init", "error"):
                runtime.failed(body)
                self._say(202, {}, b'{"status":"OK"}')
            else:
                self._say(404, {}, b"{}")

        def _say(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (its signature)
            """Not on stderr."""

    return Handler


@dataclass(frozen=True)
class LambdaProcess:
    """A running function.

    Attributes:
        runtime: to invoke it.
        start_seconds: from the start of the process until it was ready, Python's own start included.
        pid: of the process.
        log: file with what it wrote to stdout and stderr.
    """

    runtime: LambdaRuntime
    start_seconds: float
    pid: int
    log: Path

    def lines(self) -> list[dict[str, Any]]:
        """The log lines that are JSON objects."""
        found = [line for line in self.log.read_text(errors="replace").splitlines() if line.startswith("{")]
        return [json.loads(line) for line in found]

    def memory_mib(self) -> float:
        """Most memory that the process has had, in MiB (Linux)."""
        status = Path(f"/proc/{self.pid}/status").read_text(encoding="ascii")
        peak = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
        return int(peak.split()[1]) / 1024


def link_modules(names: Iterable[str], folder: Path) -> None:
    """Links to installed modules and packages, so that a process can import these and no others.

    Raises:
        MissingError: one is not installed.
    """
    for name in names:
        found = importlib.util.find_spec(name)
        if found is None or found.origin is None:
            raise MissingError(
                f"The module '{name}' is not installed.",
                "It shall be seen by the function.",
                "Install it; for AWS's runtime client: pip install awslambdaric",
            )
        home = Path(found.origin)
        home = home.parent if found.submodule_search_locations else home
        (folder / home.name).symlink_to(home)


@contextlib.contextmanager
def lambda_process(
    handler: str,
    folder: Path,
    log: Path,
    *,
    path: Sequence[Path] = (),
    environment: Mapping[str, str] | None = None,
    is_alone: bool = False,
) -> Iterator[LambdaProcess]:
    """``python -m awslambdaric HANDLER`` in `folder`, for as long as the block lasts.

    Args:
        handler: ``module.function``.
        folder: the function's code, what ``/var/task`` is at AWS.
        log: file for its output.
        path: further folders to import from.
        environment: further variables; nothing else of this process's environment is there.
        is_alone: import from `folder`, `path` and the runtime client only, not from what is installed here.

    Raises:
        RunError: the function did not start.
        MissingError: the runtime client is not installed.
    """
    with LambdaRuntime() as runtime, log.open("wb") as out, tempfile.TemporaryDirectory() as client:
        link_modules(_CLIENT, Path(client))
        variables = {
            "AWS_LAMBDA_RUNTIME_API": runtime.address,
            "LAMBDA_TASK_ROOT": str(folder),
            "PATH": os.environ.get("PATH", ""),
            "PYTHONPATH": os.pathsep.join(str(one) for one in (folder, *path, client)),
            # At AWS the code lies on a disk that cannot be written to.
            "PYTHONDONTWRITEBYTECODE": "1",
            "HOME": "/nonexistent",
            **(environment or {}),
        }
        start = time.monotonic()
        command = [sys.executable, *(["-S"] if is_alone else []), "-m", "awslambdaric", handler]
        process = subprocess.Popen(  # noqa: S603  (this interpreter)
            command, cwd=folder, env=variables, stdout=out, stderr=subprocess.STDOUT
        )
        try:
            runtime.wait_ready()
            yield LambdaProcess(runtime, time.monotonic() - start, process.pid, log)
        finally:
            process.kill()
            process.wait()
