"""``adjudge serve``."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from adjudge.cli.console import AsJson, TaskPath, emit
from adjudge.errors import ConfigError

if TYPE_CHECKING:
    from adjudge.serving.http.settings import HttpSettings

Host = Annotated[str, typer.Option("--host", help="Address to listen on; one of others needs a token.")]
Port = Annotated[int, typer.Option("--port", min=0, max=65535, help="0 takes a free one.")]
Workers = Annotated[int, typer.Option("--workers", min=1, max=64, help="Processes on the port.")]
TokenVariable = Annotated[
    str | None,
    typer.Option("--token-env", metavar="NAME", help="Environment variable that holds the token to ask for."),
]
Labels = Annotated[str, typer.Option("--labels", help="Labels of OpenRLHF and slime are: reference, row or sample.")]
Neutral = Annotated[float, typer.Option("--neutral", help="What masked becomes for trainers that take numbers only.")]
Cohort = Annotated[
    int | None, typer.Option("--cohort", min=2, max=128, help="Siblings of a prompt that dialects judge together.")
]
CohortSeconds = Annotated[float, typer.Option("--cohort-seconds", help="Longest wait for siblings.")]
RequestSeconds = Annotated[float, typer.Option("--request-seconds", help="Longest scoring; the rest is masked.")]
Concurrency = Annotated[int, typer.Option("--concurrency", help="Most samples in work at once, a worker.")]
Waiting = Annotated[int, typer.Option("--waiting", help="Most samples waiting, a worker; then 429.")]
BodyBytes = Annotated[int, typer.Option("--body-bytes", help="Largest body.")]
Journals = Annotated[
    Path | None, typer.Option("--out", help="Folder of the judge's journals. Default: runs/NAME-serve.")
]


def serve(
    task: TaskPath,
    *,
    host: Host = "127.0.0.1",
    port: Port = 8000,
    workers: Workers = 1,
    token_env: TokenVariable = None,
    labels: Labels = "reference",
    neutral: Neutral = 0.5,
    cohort: Cohort = None,
    cohort_seconds: CohortSeconds = 60.0,
    request_seconds: RequestSeconds = 110.0,
    concurrency: Concurrency = 256,
    waiting: Waiting = 4096,
    body_bytes: BodyBytes = 16 * 2**20,
    out: Journals = None,
    as_json: AsJson = False,
) -> None:
    """The task's reward over HTTP: /score, /compare, and the dialects of other trainers."""
    from adjudge.pipeline.reward_http import Service, serve_task  # noqa: PLC0415  (keeps `--help` fast)
    from adjudge.pipeline.taskfile import load_task  # noqa: PLC0415

    settings = _settings(
        {
            "labels": labels,
            "neutral": neutral,
            "cohort": cohort,
            "cohort_seconds": cohort_seconds,
            "request_seconds": request_seconds,
            "concurrency": concurrency,
            "waiting": waiting,
            "body_bytes": body_bytes,
        }
    )
    name = load_task(task).config.name
    folder = out or Path("runs") / f"{name}-serve"

    def say(address: str) -> None:
        emit(
            {"task": name, "address": address, "workers": workers, "out": str(folder)},
            [f"{name}: {address}/score; what there is: {address}/openapi.json; journals in {folder}"],
            as_json=as_json,
        )
        # Whoever started us reads it while we run.
        sys.stdout.flush()

    serve_task(Service(task, folder, settings, host, port, workers, token_env), say)


def _settings(options: dict[str, object]) -> "HttpSettings":
    """The options as settings.

    Raises:
        ConfigError: one of them is wrong.
    """
    from pydantic import ValidationError  # noqa: PLC0415

    from adjudge.serving.http.settings import HttpSettings  # noqa: PLC0415

    try:
        return HttpSettings.model_validate(options)
    except ValidationError as error:
        first = error.errors()[0]
        option = str(first["loc"][0]).replace("_", "-")
        raise ConfigError(
            f"--{option}: {first['msg']}.",
            "The service cannot be started like that.",
            "Correct the option; `adjudge serve --help` says what it means.",
        ) from error
