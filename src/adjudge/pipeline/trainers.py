"""A task's reward for other people's trainers, in their own process."""

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

from adjudge.domain import RewardFunction
from adjudge.errors import RunError
from adjudge.pipeline.judge_config import JudgedTask
from adjudge.pipeline.judging import open_bench
from adjudge.pipeline.reward_lambda import load_judged, open_reward
from adjudge.serving.adapters.door import Door
from adjudge.store.journal import Journal
from adjudge.store.run import RunFolder

_MOST_WORKERS = 1000


def reward_for(task: Path | str, *, keep: Path | str | None = None) -> Door:
    """The reward of a task, as a callable and for the adapters.

    The task is read now; the judge's connections are opened at the first call, and closed by ``close`` or the end of
    the process.

    Args:
        task: its folder or file. Only the sections ``judge`` and ``reward`` matter.
        keep: folder for the replies that were paid for, so that they are not paid for again; several processes may name
            the same one, each has its own part of it. None: they are kept while the door is open.

    Raises:
        MissingError: the task is not there.
        ConfigError: it is wrong; names the place.
    """
    loaded = load_judged(Path(task))
    if keep is None:
        return Door(lambda: open_reward(loaded))
    folder = Path(keep)
    return Door(lambda: _kept(loaded, folder))


@contextlib.asynccontextmanager
async def _kept(task: JudgedTask, folder: Path) -> AsyncIterator[RewardFunction]:
    with contextlib.ExitStack() as stack:
        part = _own_part(folder, stack)
        journal = stack.enter_context(Journal(part.journal))
        async with open_bench(task, journal) as bench:
            yield bench.reward()


def _own_part(folder: Path, stack: contextlib.ExitStack) -> RunFolder:
    """The first part that no other process works in: a worker that starts again finds what one before it paid for."""
    for number in range(_MOST_WORKERS):
        part = RunFolder(folder / f"worker-{number}")
        try:
            stack.enter_context(part.locked())
        except RunError:
            continue
        return part
    raise RunError(
        f"{folder} has {_MOST_WORKERS} parts in use.",
        "Each process that scores has its own.",
        "Choose another folder for `keep`.",
    )
