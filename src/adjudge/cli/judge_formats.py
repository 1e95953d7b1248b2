"""``adjudge judge import`` and ``export``: rubrics, graders and recorded verdicts in the formats of others."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from adjudge.cli.console import AsJson, emit
from adjudge.cli.judge_replay import import_recorded
from adjudge.errors import ConfigError

if TYPE_CHECKING:
    from adjudge.domain import Rubric
    from adjudge.wire.imported import Imported


class Source(StrEnum):
    """Formats of rubrics and graders that are read."""

    OPENAI = "openai"
    PROMETHEUS = "prometheus"
    VERIFIERS = "verifiers"


class Target(StrEnum):
    """Formats that are written."""

    RLAIF = "rlaif"


def add_to(app: typer.Typer) -> None:
    """Register both commands."""
    app.command(name="import")(import_)
    app.command()(export)


def import_(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="The rubric or grader of another tool, or a folder of verdicts.")
    ],
    *,
    source: Annotated[
        str,
        typer.Option(
            "--from", metavar="FORMAT", help=f"Whose format it is: {', '.join(Source)}, or a set such as llmbar."
        ),
    ],
    out: Annotated[
        Path,
        typer.Option("--out", help="File to write: rubric.yaml, or grader.json for openai. A folder for verdicts."),
    ],
    as_json: AsJson = False,
) -> None:
    """Read a rubric, a grader or recorded verdicts of another tool.

    An OpenAI grader is checked and stays JSON: it runs unchanged. Verdicts become verdicts.jsonl and gold.jsonl.
    """
    from adjudge.wire.recorded.formats import FORMATS, refuse_unknown  # noqa: PLC0415  (keeps `--help` fast)

    _free(out)
    if source not in list(Source):
        refuse_unknown(source, [*Source, *FORMATS])
        import_recorded(file, source, out, as_json=as_json)
        return
    if source == Source.OPENAI:
        _import_grader(file, out, as_json=as_json)
        return
    from adjudge.judges.save import rubric_yaml  # noqa: PLC0415  (keeps `--help` fast)
    from adjudge.store.atomic import write_bytes  # noqa: PLC0415

    found = _imported(file, Source(source))
    write_bytes(out, rubric_yaml(found.rubric).encode())
    criteria = [criterion.id for criterion in found.rubric.criteria]
    lines = [f"The rubric is in {out}: {', '.join(criteria)}.", *found.notes, f"Use it: judge: {{rubric: {out}}}"]
    emit({"out": str(out), "criteria": criteria, "notes": list(found.notes)}, lines, as_json=as_json)


def _imported(file: Path, source: Source) -> "Imported":
    if source is Source.PROMETHEUS:
        from adjudge.wire.prometheus import load_prometheus  # noqa: PLC0415

        return load_prometheus(file)
    from adjudge.wire.verifiers_rubric import load_verifiers  # noqa: PLC0415

    return load_verifiers(file)


def _import_grader(file: Path, out: Path, *, as_json: bool) -> None:
    from adjudge.judges.graders.names import models_of  # noqa: PLC0415
    from adjudge.store.atomic import write_json  # noqa: PLC0415
    from adjudge.wire.openai_graders import bare_grader, load_grader, single_graders  # noqa: PLC0415
    from adjudge.wire.strict_json import read_json  # noqa: PLC0415

    grader = load_grader(file)
    write_json(out, bare_grader(read_json(file), str(file)))
    parts = {key: single.type for key, single in single_graders(grader)}
    models = list(models_of(grader))
    lines = [f"The grader is in {out}: {', '.join(f'{key} ({kind})' for key, kind in parts.items())}."]
    if models:
        lines.append(f"It asks {', '.join(models)}: at OpenAI, or whomever judge.model names.")
    lines.append(f"Use it: judge: {{grader: {out}}}")
    emit({"out": str(out), "graders": parts, "models": models}, lines, as_json=as_json)


def export(
    file: Annotated[Path, typer.Argument(metavar="TASK_OR_RUBRIC", help="A task, or a rubric's YAML file.")],
    *,
    target: Annotated[Target, typer.Option("--to", help="Whose format to write.")],
    out: Annotated[Path | None, typer.Option("--out", help="File to write. Default: shown.")] = None,
    as_json: AsJson = False,
) -> None:
    """Write a rubric for another tool, and say what that tool cannot do with it."""
    from adjudge.store.atomic import write_bytes  # noqa: PLC0415
    from adjudge.wire.rlaif import rlaif_prompt  # noqa: PLC0415

    assert target is Target.RLAIF
    made = rlaif_prompt(_rubric(file))
    data = {"to": target.value, "text": made.text, "lost": list(made.lost), "out": None if out is None else str(out)}
    if out is None:
        emit(data, [made.text.rstrip("\n")], as_json=as_json)
        return
    _free(out)
    write_bytes(out, made.text.encode())
    emit(data, [f"The prompt is in {out}. Lost on the way:", *(f"- {part}" for part in made.lost)], as_json=as_json)


def _rubric(file: Path) -> "Rubric":
    """The rubric in a file, or the one that a task names."""
    from adjudge.judges.load import load_rubric, read_yaml  # noqa: PLC0415
    from adjudge.pipeline.taskfile import load_task  # noqa: PLC0415

    if not file.is_dir():
        data = read_yaml(file)
        if isinstance(data, dict) and "criteria" in data:
            return load_rubric(file)
    task = load_task(file)
    if task.config.judge.grader is not None:
        raise ConfigError(
            f"{file} has a grader for its judge and no rubric.",
            "A grader is a program and a formula; only criteria can be told to another judge in words.",
            "Give the file of a rubric.",
        )
    return load_rubric(task.path(task.config.judge.rubric))


def _free(out: Path) -> None:
    if out.exists():
        raise ConfigError(
            f"{out} is there already.", "Nothing is overwritten.", "Choose another file with --out, or delete this one."
        )
