"""``adjudge demo``, ``run``, ``train``."""

from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from adjudge.cli.console import AsJson, Out, Resume, TaskPath, Unproven, emit, note, run_told
from adjudge.errors import ConfigError

if TYPE_CHECKING:
    from adjudge.pipeline.config import Stage
    from adjudge.pipeline.run import RunOutcome
    from adjudge.pipeline.taskfile import LoadedTask

StageName = Annotated[
    str | None,
    typer.Option("--stage", help="Last stage to run: baseline, judge, train, evaluate or release."),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Check everything and forecast; call no model.")]


def demo(
    *,
    fast: Annotated[
        bool, typer.Option("--fast", help="A rehearsal with a random model: half a minute, no download.")
    ] = False,
    out: Out = None,
    resume: Resume = False,
    as_json: AsJson = False,
) -> None:
    """The whole job on the embedded defaults, and the report."""
    from adjudge.pipeline.taskfile import load_task  # noqa: PLC0415  (keeps `--help` fast)

    name = "tiny" if fast else "contract_review"
    task = load_task(Path(str(resources.files("adjudge"))) / "templates" / name)
    if not fast:
        _pull(task)
    _go(task, out or Path("runs") / ("demo-fast" if fast else "demo"), None, resume=resume, as_json=as_json)


def run(
    task: TaskPath,
    *,
    stage: StageName = None,
    out: Out = None,
    resume: Resume = False,
    dry_run: DryRun = False,
    allow_unproven: Unproven = False,
    as_json: AsJson = False,
) -> None:
    """Baseline, judge, train, evaluate, release: each stage once, up to the one asked for."""
    from adjudge.pipeline.taskfile import load_task  # noqa: PLC0415

    _start(load_task(task), stage, out, resume=resume, dry_run=dry_run, allow_unproven=allow_unproven, as_json=as_json)


def train(
    task: TaskPath,
    *,
    out: Out = None,
    resume: Resume = False,
    dry_run: DryRun = False,
    allow_unproven: Unproven = False,
    as_json: AsJson = False,
) -> None:
    """The same as `run --stage train`: what comes before training is done first."""
    from adjudge.pipeline.taskfile import load_task  # noqa: PLC0415

    _start(
        load_task(task), "train", out, resume=resume, dry_run=dry_run, allow_unproven=allow_unproven, as_json=as_json
    )


def _start(
    task: "LoadedTask",
    stage: str | None,
    out: Path | None,
    *,
    resume: bool,
    dry_run: bool,
    allow_unproven: bool,
    as_json: bool,
) -> None:
    last = _stage(stage)
    if dry_run:
        from adjudge.pipeline.forecast import forecast  # noqa: PLC0415
        from adjudge.pipeline.run import stages_up_to  # noqa: PLC0415

        found = forecast(task, stages_up_to(task, last))
        emit(found.model_dump(mode="json"), found.lines(), as_json=as_json)
        return
    folder = out or Path("runs") / task.config.name
    _go(task, folder, last, resume=resume, allow_unproven=allow_unproven, as_json=as_json)


def _go(
    task: "LoadedTask",
    out: Path,
    stage: "Stage | None",
    *,
    resume: bool,
    as_json: bool,
    allow_unproven: bool = False,
) -> None:
    from adjudge.pipeline import run as pipeline  # noqa: PLC0415

    outcome = run_told(
        lambda observer: pipeline.run(
            task, out, observer=observer, stage=stage, resume=resume, allow_unproven=allow_unproven
        )
    )
    emit(outcome.model_dump(mode="json"), _lines(outcome), as_json=as_json)


def _lines(outcome: "RunOutcome") -> list[str]:
    folder = Path(outcome.folder)
    lines = [f"{report.stage}: {report.detail}" for report in outcome.stages]
    if (folder / "report.html").is_file():
        lines.append(f"Report: {folder / 'report.html'}")
    return [*lines, f"Everything is in {folder}"]


def _stage(name: str | None) -> "Stage | None":
    from adjudge.pipeline.config import STAGES  # noqa: PLC0415

    chosen = next((stage for stage in STAGES if stage == name), None)
    if name is not None and chosen is None:
        import difflib  # noqa: PLC0415

        near = difflib.get_close_matches(name, STAGES, n=1, cutoff=0.5)
        raise ConfigError(
            f"'{name}' is no stage.",
            f"The stages are {', '.join(STAGES)}.",
            f"Did you mean --stage {near[0]}?" if near else "Write for example --stage train.",
        )
    return chosen


def _pull(task: "LoadedTask") -> None:
    """The demo must need nothing but the command: its model is fetched when it is not there."""
    from adjudge.models.cache import pull  # noqa: PLC0415
    from adjudge.pipeline.policy import base_name  # noqa: PLC0415

    pull(base_name(task), note)
