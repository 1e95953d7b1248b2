"""``adjudge evaluate``, ``gate``, ``report``."""

from pathlib import Path
from typing import Annotated

import typer

from adjudge.cli.console import AsJson, Out, Resume, RunPath, TaskPath, Unproven, emit, run_told, says_no
from adjudge.errors import ConfigError, GateError


def evaluate(
    task: TaskPath,
    *,
    model: Annotated[
        list[str],
        typer.Option("--model", metavar="NAME=REF", help="local:MODEL, or the folder of an adapter. Weakest first."),
    ],
    best_of: Annotated[
        int | None, typer.Option("--best-of", min=1, help="Responses a row; default: the task's.")
    ] = None,
    out: Out = None,
    resume: Resume = False,
    as_json: AsJson = False,
) -> None:
    """Compare models on the test rows, judged by the task's reward."""
    from adjudge.pipeline.taskfile import load_task, with_samples_per_row  # noqa: PLC0415  (keeps `--help` fast)
    from adjudge.pipeline.tools import evaluate_models  # noqa: PLC0415

    loaded = load_task(task)
    if best_of is not None:
        loaded = with_samples_per_row(loaded, best_of)
    folder = out or Path("runs") / f"{loaded.config.name}-evaluate"
    models = _named(model)
    found = run_told(lambda observer: evaluate_models(loaded, models, folder, observer, resume=resume))
    lines = [*found.lines(), f"Report: {folder / 'report.html'}"]
    emit({"folder": str(folder), "evaluation": found.model_dump(mode="json")}, lines, as_json=as_json)


def gate(
    folder: RunPath,
    *,
    task: Annotated[
        Path | None, typer.Option("--task", metavar="TASK", help="Rules from this task instead of the run's own.")
    ] = None,
    allow_unproven: Unproven = False,
    as_json: AsJson = False,
) -> None:
    """Hold a run's evaluation against the release rules. Exit code 1 when the gate says no."""
    from adjudge.pipeline.publish import check, require  # noqa: PLC0415
    from adjudge.pipeline.taskfile import load_task  # noqa: PLC0415
    from adjudge.store.run import RunFolder  # noqa: PLC0415

    run = RunFolder.open(folder)
    result = check(load_task(task or run.config_file), run)
    emit(result.model_dump(mode="json"), [*result.lines(), result.sentence()], as_json=as_json)
    try:
        require(result, allow_unproven=allow_unproven)
    except GateError as error:
        says_no(error)


def report(folder: RunPath, *, as_json: AsJson = False) -> None:
    """Write the report of a run anew: one HTML file that works offline."""
    from adjudge.pipeline.publish import report_again  # noqa: PLC0415
    from adjudge.store.run import RunFolder  # noqa: PLC0415

    run = RunFolder.open(folder)
    report_again(run)
    emit({"report": str(run.report)}, [f"Report: {run.report}"], as_json=as_json)


def _named(models: list[str]) -> dict[str, str]:
    """NAME=REF pairs.

    Raises:
        ConfigError: one is not a pair, or a name is used twice.
    """
    named: dict[str, str] = {}
    for text in models:
        name, equals, reference = text.partition("=")
        if not (name and equals and reference) or name in named:
            raise ConfigError(
                f"'{text}' names no model.",
                "Models are given as NAME=REF, each name once; the name is for the tables.",
                "Write for example --model base=local:smollm2-135m --model rft=runs/demo/adapters/rft",
            )
        named[name] = reference
    return named
