"""``adjudge reward``."""

from pathlib import Path
from typing import Annotated

import typer

from adjudge.cli.console import AsJson, TaskPath, emit, run_told


def commands() -> typer.Typer:
    """Score."""
    app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
    app.callback()(_root)
    app.command()(score)
    return app


def _root() -> None:
    """A group, also while it has one command only."""


def score(
    task: TaskPath,
    *,
    rollouts: Annotated[Path, typer.Option("--rollouts", help="JSONL: {sample_id, response, id?} a line.")],
    out: Annotated[Path, typer.Option("--out", help="JSONL to write; rewards that it holds are kept.")],
    as_json: AsJson = False,
) -> None:
    """A reward for each stored rollout, matched by id."""
    from adjudge.pipeline.taskfile import load_task  # noqa: PLC0415  (keeps `--help` fast)
    from adjudge.pipeline.tools import read_rollouts, score_rollouts  # noqa: PLC0415

    loaded, given = load_task(task), read_rollouts(rollouts)
    rewards = run_told(lambda observer: score_rollouts(loaded, given, out, observer))
    statuses = [reward.status.value for reward in rewards]
    counts = {status: statuses.count(status) for status in sorted(set(statuses))}
    values = [reward.value for reward in rewards if reward.is_evidence and reward.value is not None]
    mean = sum(values) / len(values) if values else None
    shown = "no reward at all" if mean is None else f"mean reward {mean:.3f}"
    told = ", ".join(f"{number} {status}" for status, number in counts.items())
    emit(
        {"rollouts": len(rewards), "status": counts, "mean_reward": mean, "out": str(out)},
        [f"{len(rewards)} rollouts: {shown} ({told}). Written to {out}"],
        as_json=as_json,
    )
