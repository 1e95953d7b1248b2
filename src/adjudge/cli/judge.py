"""``adjudge judge``: try, test, lint, validate, compare, label, distill."""

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from adjudge.cli import judge_formats
from adjudge.cli.console import AsJson, Out, TaskPath, emit, observed, run_told, says_no
from adjudge.cli.judge_compare import compare
from adjudge.cli.judge_label import label
from adjudge.cli.judge_replay import Format, GoldPath, JudgeNames, ReplayPath, replay_verdicts, task_or_replay
from adjudge.cli.judge_test import run_tests
from adjudge.errors import ConfigError, GateError

if TYPE_CHECKING:
    from adjudge.domain import Judgement, Observer, Rollout
    from adjudge.pipeline.taskfile import LoadedTask
    from adjudge.validation.passport import Passport


def commands() -> typer.Typer:
    """try, test, lint, validate, compare, label, distill."""
    app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
    app.command(name="try")(try_one)
    app.command(name="test")(run_tests)
    app.command()(lint)
    app.command()(validate)
    app.command()(compare)
    app.command()(label)
    app.command()(distill)
    judge_formats.add_to(app)
    return app


def try_one(
    task: TaskPath,
    *,
    row: Annotated[int, typer.Option("--row", help="Which validation row, from 1.")] = 1,
    response: Annotated[
        Path | None, typer.Option("--response", help="File with a response; default: the row's reference answer.")
    ] = None,
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """Judge one response and show what the judge says."""
    from adjudge.pipeline.taskfile import load_task  # noqa: PLC0415  (keeps `--help` fast)
    from adjudge.pipeline.tools import judge_room, try_judge  # noqa: PLC0415

    loaded = load_task(task)
    text = None if response is None else _text(response)

    async def work(observer: "Observer") -> "tuple[Rollout, Judgement]":  # noqa: ARG001  (one call has no progress)
        async with judge_room(loaded, _folder(loaded, out)) as bench:
            _, rollout, judgement = await try_judge(loaded, bench, row, text)
            return rollout, judgement

    rollout, judgement = run_told(work)
    emit(
        {"response": rollout.response, "judgement": judgement.model_dump(mode="json")},
        [rollout.response, "", *_told(judgement)],
        as_json=as_json,
    )


def lint(
    source: Annotated[
        Path, typer.Argument(metavar="TASK_OR_RUBRIC", help="Folder with task.yaml, a task file, or a rubric file.")
    ],
    *,
    as_json: AsJson = False,
) -> None:
    """Read a rubric and say what is likely to go wrong, and how to rewrite it. Exit code 1 when there is an error."""
    from adjudge.pipeline.lint import lint_source  # noqa: PLC0415

    file, findings = lint_source(source)
    levels = [finding.level for finding in findings]
    counts = {level: levels.count(level) for level in ("error", "warning", "info")}
    lines = [str(finding) for finding in findings]
    lines.append(f"{file}: " + ", ".join(f"{number} {level}" for level, number in counts.items()) + ".")
    emit(
        {"rubric": str(file), "findings": [finding.model_dump() for finding in findings], "counts": counts},
        lines,
        as_json=as_json,
    )
    if counts["error"]:
        first = findings[0]
        says_no(GateError(f"{file}: {first.place}: {first.what}", first.why, first.fix))


def validate(
    task: Annotated[
        Path | None, typer.Argument(metavar="[TASK]", help="Folder with task.yaml, or the file itself.")
    ] = None,
    *,
    replay: ReplayPath = None,
    gold: GoldPath = None,
    source: Format = None,
    judge: JudgeNames = None,
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """Measure the judge on labelled cases: its passport. Exit code 1 when it is not usable.

    With --replay, tell what recorded verdicts say about the judges that gave them.
    """
    task_or_replay(task, replay, {"--gold": gold, "--from": source, "--judge": judge})
    if replay is not None:
        replay_verdicts(replay, gold, source, judge or [], out, as_json=as_json)
        return
    assert task is not None  # one of the two was given
    _validate_task(task, out, as_json=as_json)


def _validate_task(task: Path, out: Path | None, *, as_json: bool) -> None:
    from adjudge.pipeline.passport import validate_judge  # noqa: PLC0415
    from adjudge.pipeline.taskfile import load_task  # noqa: PLC0415
    from adjudge.pipeline.tools import judge_room  # noqa: PLC0415
    from adjudge.store.atomic import write_json  # noqa: PLC0415

    loaded = load_task(task)
    folder = _folder(loaded, out)

    async def work(observer: "Observer") -> "Passport":
        async with judge_room(loaded, folder) as bench:
            return await validate_judge(loaded, bench, None, observer)

    found = run_told(work)
    data = found.model_dump(mode="json")
    write_json(folder / "passport.json", data)
    emit(data, found.lines(), as_json=as_json)
    if not found.usable:
        says_no(
            GateError(
                f"The judge {found.judge} is {found.status}.",
                found.sentence(),
                "Use a better judge (judge.model), mend the rubric, or add labelled rows.",
            )
        )


def distill(
    task: TaskPath,
    *,
    out: Annotated[Path, typer.Option("--out", help="Folder for the adapter.")],
    base: Annotated[str, typer.Option("--base", help="Model under the adapter.")] = "local:smollm2-135m",
    tokens: Annotated[int, typer.Option("--tokens", min=1, help="Tokens to learn from.")] = 800_000,
    as_json: AsJson = False,
) -> None:
    """Make a small local judge out of the expert labels of the training rows."""
    from adjudge.domain import StageEnded, StageStarted  # noqa: PLC0415
    from adjudge.pipeline.taskfile import load_task  # noqa: PLC0415
    from adjudge.pipeline.tools import distill_judge  # noqa: PLC0415

    loaded = load_task(task)
    began = time.perf_counter()
    with observed() as observer:
        observer.on_event(StageStarted(stage="distill"))
        made = distill_judge(loaded, base, out, observer, tokens=tokens)
        detail = f"{made['steps']} steps on {made['cases']} cases."
        observer.on_event(StageEnded(stage="distill", detail=detail, seconds=time.perf_counter() - began))
    lines = [
        f"The adapter is in {out}.",
        f"Use it: judge: {{model: {base}, adapter: {out.resolve()}}}",
        "Measure it before you trust it: adjudge judge validate TASK",
    ]
    emit(made, lines, as_json=as_json)


def _folder(task: "LoadedTask", out: Path | None) -> Path:
    return out or Path("runs") / f"{task.config.name}-judge"


def _text(path: Path) -> str:
    try:
        return sys.stdin.read() if str(path) == "-" else path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"{path} cannot be read: {error}.", "--response names a file with one response.", "Correct the path."
        ) from error


def _number(score: float | None) -> str:
    return "no score" if score is None else f"{score:.2f}"


def _told(judgement: "Judgement") -> list[str]:
    """The judgement for the terminal."""
    from adjudge.domain import JudgeFailure  # noqa: PLC0415

    if isinstance(judgement, JudgeFailure):
        return [f"no verdict: {judgement.kind.value}: {judgement.detail}"]
    lines = [f"score {judgement.score:.2f}"]
    for item in judgement.items:
        lines.append(f"item {item.item}: {_number(item.score)}")
        lines += [
            f"  {part.criterion}: {part.answer} ({_number(part.score)}). {part.rationale}" for part in item.criteria
        ]
    return lines
