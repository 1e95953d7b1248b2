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
from adjudge.cli.judge_test import run_tests
from adjudge.cli.judge_validate import validate
from adjudge.errors import ConfigError, GateError

if TYPE_CHECKING:
    from adjudge.domain import Judgement, Observer, Rollout
    from adjudge.pipeline.taskfile import LoadedTask


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
