"""``adjudge judge validate --replay``: figures from recorded verdicts, and recorded sets as our own files."""

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from adjudge.cli.console import emit
from adjudge.errors import ConfigError

if TYPE_CHECKING:
    from adjudge.validation.gold import Gold
    from adjudge.validation.table import VerdictTable
    from adjudge.wire.recorded.base import Recorded

ReplayPath = Annotated[
    Path | None,
    typer.Option(
        "--replay", metavar="PATH", help="Recorded verdicts instead of a task: verdicts.jsonl, or a folder for --from."
    ),
]
GoldPath = Annotated[
    Path | None, typer.Option("--gold", metavar="FILE", help="People's labels, gold.jsonl; for --replay.")
]
Format = Annotated[
    str | None,
    typer.Option("--from", metavar="FORMAT", help="Whose recorded set the folder of --replay is, such as llmbar."),
]
JudgeNames = Annotated[
    list[str] | None,
    typer.Option("--judge", metavar="NAME", help="Only this judge, or a pattern such as 'GPT-4/*'; for --replay."),
]


def replay_verdicts(
    path: Path, gold: Path | None, source: str | None, judges: Sequence[str], out: Path | None, *, as_json: bool
) -> None:
    """Print what recorded verdicts say; with `out` also write ``replay.json`` there."""
    from adjudge.store.atomic import write_json  # noqa: PLC0415  (keeps `--help` fast)
    from adjudge.validation.gold import read_gold  # noqa: PLC0415
    from adjudge.validation.registry import CheckSettings, run_checks  # noqa: PLC0415
    from adjudge.validation.replay import replay  # noqa: PLC0415
    from adjudge.validation.replay_table import replay_lines  # noqa: PLC0415

    recorded, table, labels = _read(path, source)
    if gold is not None:
        labels = read_gold(gold)
    checks = partial(run_checks, settings=CheckSettings())
    found = replay(table, labels, source=str(path), recorded=recorded, judges=judges, checks=checks)
    data = found.model_dump(mode="json")
    if out is not None:
        write_json(out / "replay.json", data)
    emit(data, replay_lines(found), as_json=as_json)


def _read(path: Path, source: str | None) -> "tuple[Recorded | None, VerdictTable, Gold]":
    from adjudge.validation.gold import gold_of  # noqa: PLC0415  (keeps `--help` fast)
    from adjudge.validation.replay import rows_of  # noqa: PLC0415
    from adjudge.validation.table import read_table  # noqa: PLC0415
    from adjudge.wire.recorded.formats import FORMATS, read_recorded  # noqa: PLC0415

    if source is not None:
        recorded = read_recorded(source, path)
        return (recorded, *rows_of(recorded, str(path)))
    if path.is_dir():
        raise ConfigError(
            f"{path} is a folder.",
            "Without --from, --replay reads a file of verdicts.",
            f"Give the verdicts.jsonl in it, or say what it is: --from {' | '.join(FORMATS)}.",
        )
    return None, read_table(path), gold_of([])


def task_or_replay(task: Path | None, replay: Path | None, for_replay: Mapping[str, object]) -> None:
    """Refuse neither, both, and options of the one beside the other.

    Raises:
        ConfigError: what was asked for is not one thing.
    """
    if (task is None) == (replay is None):
        raise ConfigError(
            "Neither a TASK nor --replay was given." if task is None else "Both a TASK and --replay were given.",
            "A task's judge is asked now; --replay reads what judges said before and asks nobody.",
            "Give one of them: adjudge judge validate TASK, or adjudge judge validate --replay verdicts.jsonl",
        )
    given = [name for name, value in for_replay.items() if value]
    if task is not None and given:
        raise ConfigError(
            f"{given[0]} is for --replay.",
            "A task names its own labels and its own judge.",
            f"Leave {given[0]} out, or replay recorded verdicts: adjudge judge validate --replay verdicts.jsonl",
        )


def import_recorded(folder: Path, source: str, out: Path, *, as_json: bool) -> None:
    """Write a recorded set as ``verdicts.jsonl`` and ``gold.jsonl``."""
    from adjudge.store.atomic import write_bytes  # noqa: PLC0415  (keeps `--help` fast)
    from adjudge.wire.recorded.formats import read_recorded  # noqa: PLC0415

    recorded = read_recorded(source, folder)
    verdicts, gold = out / "verdicts.jsonl", out / "gold.jsonl"
    write_bytes(verdicts, _lines(recorded.verdicts))
    write_bytes(gold, _lines(recorded.gold))
    counts = {"verdicts": len(recorded.verdicts), "labels": len(recorded.gold)}
    lines = [
        f"{counts['verdicts']} verdicts are in {verdicts}, {counts['labels']} labels in {gold}.",
        *recorded.notes,
        f"Use them: adjudge judge validate --replay {verdicts} --gold {gold}",
    ]
    emit({"out": str(out), **counts, "notes": list(recorded.notes)}, lines, as_json=as_json)


def _lines(rows: Iterable[Mapping[str, Any]]) -> bytes:
    import orjson  # noqa: PLC0415  (keeps `--help` fast)

    return b"".join(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for row in rows)
