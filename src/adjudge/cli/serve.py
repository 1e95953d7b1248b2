"""``adjudge serve``."""

from pathlib import Path
from typing import Annotated

import typer

from adjudge.cli.console import TaskPath, note
from adjudge.errors import ConfigError


def serve(
    task: TaskPath,
    *,
    host: Annotated[str, typer.Option("--host", help="Address to listen on; one of others needs a token.")] = (
        "127.0.0.1"
    ),
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="0 takes a free one.")] = 8000,
    workers: Annotated[int, typer.Option("--workers", min=1, max=64, help="Processes on the port.")] = 1,
    token_env: Annotated[
        str | None,
        typer.Option("--token-env", metavar="NAME", help="Environment variable that holds the token to ask for."),
    ] = None,
    labels: Annotated[
        str, typer.Option("--labels", help="What labels of OpenRLHF and slime are: reference, row or sample.")
    ] = "reference",
    neutral: Annotated[
        float, typer.Option("--neutral", help="What masked becomes for trainers that take numbers only.")
    ] = 0.5,
    cohort: Annotated[
        int | None, typer.Option("--cohort", min=2, max=128, help="Siblings of a prompt that dialects judge together.")
    ] = None,
    cohort_seconds: Annotated[float, typer.Option("--cohort-seconds", help="Longest wait for siblings.")] = 60.0,
    request_seconds: Annotated[
        float, typer.Option("--request-seconds", help="Longest time for scoring; the rest is masked.")
    ] = 110.0,
    concurrency: Annotated[int, typer.Option("--concurrency", help="Most samples in work at once, a worker.")] = 256,
    waiting: Annotated[int, typer.Option("--waiting", help="Most samples waiting, a worker; then 429.")] = 4096,
    body_bytes: Annotated[int, typer.Option("--body-bytes", help="Largest body.")] = 16 * 2**20,
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder of the judge's journals. Default: runs/NAME-serve.")
    ] = None,
) -> None:
    """The task's reward over HTTP: /score, /compare, and the dialects of other trainers."""
    from pydantic import ValidationError  # noqa: PLC0415  (keeps `--help` fast)

    from adjudge.pipeline.reward_http import Service, serve_task  # noqa: PLC0415
    from adjudge.pipeline.taskfile import load_task  # noqa: PLC0415
    from adjudge.serving.http.settings import HttpSettings  # noqa: PLC0415

    try:
        settings = HttpSettings.model_validate(
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
    except ValidationError as error:
        first = error.errors()[0]
        option = str(first["loc"][0]).replace("_", "-")
        raise ConfigError(
            f"--{option}: {first['msg']}.",
            "The service cannot be started like that.",
            "Correct the option; `adjudge serve --help` says what it means.",
        ) from error
    service = Service(
        task=task,
        out=out or Path("runs") / f"{load_task(task).config.name}-serve",
        host=host,
        port=port,
        workers=workers,
        token_variable=token_env,
        settings=settings,
    )
    serve_task(service, note)
