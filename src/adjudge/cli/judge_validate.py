"""``adjudge judge validate``: the passport of a task's judge, or of recorded ones."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from adjudge.cli.console import AsJson, Out, emit, run_told, says_no
from adjudge.cli.judge_replay import Format, GoldPath, JudgeNames, ReplayPath, replay_verdicts, task_or_replay
from adjudge.errors import GateError

if TYPE_CHECKING:
    from adjudge.domain import Observer
    from adjudge.pipeline.taskfile import LoadedTask
    from adjudge.validation.passport import Passport


def validate(
    task: Annotated[
        Path | None, typer.Argument(metavar="[TASK]", help="Folder with task.yaml, or the file itself.")
    ] = None,
    *,
    rollouts: Annotated[
        Path | None,
        typer.Option("--rollouts", help="The policy's responses; default: drawn here (validate.probes.groups)."),
    ] = None,
    replay: ReplayPath = None,
    gold: GoldPath = None,
    source: Format = None,
    judge: JudgeNames = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check everything and forecast; call no model.")] = False,
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """Measure the judge: its passport, with every figure and what to do. Exit code 1 when it is not usable.

    With --replay, tell what recorded verdicts say about the judges that gave them.
    """
    task_or_replay(task, replay, {"--gold": gold, "--from": source, "--judge": judge})
    if replay is not None:
        replay_verdicts(replay, gold, source, judge or [], out, as_json=as_json)
        return
    assert task is not None  # one of the two was given
    from adjudge.pipeline.taskfile import load_task  # noqa: PLC0415  (keeps `--help` fast)

    loaded = load_task(task)
    if dry_run:
        from adjudge.pipeline.forecast import forecast  # noqa: PLC0415

        expected = forecast(loaded, ["judge"])
        emit(expected.model_dump(mode="json"), expected.lines(), as_json=as_json)
        return
    _measure(loaded, out or Path("runs") / f"{loaded.config.name}-judge", rollouts, as_json=as_json)


def _measure(task: "LoadedTask", folder: Path, rollouts: Path | None, *, as_json: bool) -> None:
    from adjudge.pipeline.tools import measure_judge, read_rollouts  # noqa: PLC0415  (keeps `--help` fast)

    given = None if rollouts is None else read_rollouts(rollouts)

    async def work(observer: "Observer") -> "Passport":
        return await measure_judge(task, folder, observer, given)

    found = run_told(work)
    lines = [*found.lines(), f"Passport: {folder / 'passport.json'}, as a page {folder / 'passport.html'}"]
    emit(found.model_dump(mode="json"), lines, as_json=as_json)
    if not found.usable:
        says_no(
            GateError(
                f"The judge {found.judge} is {found.status}.",
                found.sentence(),
                "Do what the failed checks say, or accept a failure with its reason (validate.accept).",
            )
        )
