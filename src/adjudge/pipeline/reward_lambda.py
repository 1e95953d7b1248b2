"""A task's reward as an AWS Lambda handler. What a cold start imports is kept small: no training, no checks, no numpy.

The package that is deployed holds the task in ``task/``, and a ``lambda_function.py`` that calls `task_handler` once,
when it is loaded, and hands its events on. It may be loaded by ``exec``: nothing here asks for a ``__file__``.
"""

import contextlib
import os
import tempfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from adjudge.domain import RewardFunction
from adjudge.errors import ConfigError
from adjudge.judges.load import read_yaml
from adjudge.pipeline.judge_config import JudgedSections, JudgedTask
from adjudge.pipeline.judging import open_bench
from adjudge.rewards.failure import Neutral
from adjudge.serving.nova import NovaHandler, NovaSettings
from adjudge.store.journal import Journal

TASK_VARIABLE: Final = "ADJUDGE_TASK"
"""Environment variable with the task's folder or file."""


def task_handler(
    task: Path | None = None, settings: NovaSettings | None = None, *, log: Callable[[str], None] | None = None
) -> NovaHandler:
    """The handler of a task's reward.

    Args:
        task: the task's file or folder; None: ``$ADJUDGE_TASK``, or ``task`` beside the function's code
            (``$LAMBDA_TASK_ROOT``), or ``task`` in the working folder. The code may have been loaded without a file.
        settings: how it answers; None: as `settings_for`.
        log: gets one line a sample; None: stdout.

    Raises:
        MissingError: the task, a key or a file is not there.
        ConfigError: the task is wrong; names the place.
    """
    loaded = load_judged(task or default_task())
    return NovaHandler(lambda: open_reward(loaded), settings or settings_for(loaded), log=log)


def default_task() -> Path:
    """Where the task is when nobody says."""
    named = os.environ.get(TASK_VARIABLE)
    return Path(named) if named else Path(os.environ.get("LAMBDA_TASK_ROOT", ".")) / "task"


def settings_for(task: JudgedTask, *, envelope: bool = False) -> NovaSettings:
    """The task's failure policy, as far as a trainer that takes only numbers can follow it.

    ``neutral`` and ``raise`` are what they are; ``mask`` becomes ``neutral: 0.5``. Both kinds of neutral are marked.
    """
    policy = task.config.reward.on_failure
    return NovaSettings(unscored=Neutral(neutral=0.5) if policy == "mask" else policy, envelope=envelope)


def load_judged(path: Path) -> JudgedTask:
    """The judge and the reward of a task; what else the file says is not looked at, unless one of them is wrong.

    Raises:
        MissingError: the file is not there.
        ConfigError: it is not a task; names the place.
    """
    file = path / "task.yaml" if path.is_dir() else path
    data = read_yaml(file)
    try:
        found = {name: data[name] for name in ("judge", "reward")}
        return JudgedTask(JudgedSections.model_validate(found), file)
    except (TypeError, KeyError, ValidationError) as error:
        with contextlib.suppress(ImportError):
            # It knows how to tell what is wrong. A function's package has no need of it.
            from adjudge.pipeline.taskfile import load_task  # noqa: PLC0415  (heavy)

            load_task(file)
        raise ConfigError(
            f"{file}: judge and reward cannot be read by themselves.",
            str(error)[:300],
            "Correct the two sections.",
        ) from error


@contextlib.asynccontextmanager
async def open_reward(task: JudgedTask) -> AsyncIterator[RewardFunction]:
    """The reward with its judge's connections; replies are journaled in a temporary folder while they are open.

    A reply that was paid for is not paid for again while the process lives, also where the invocation that asked for it
    ran out of time. Where the task says ``judge.limits.cache``, replies are kept beyond that, in ``$ADJUDGE_CACHE``.

    Raises:
        ConfigError: rubric or model is wrong.
        MissingError: a key, a file or a model is missing.
    """
    with tempfile.TemporaryDirectory(prefix="adjudge-") as folder, Journal(Path(folder) / "journal.jsonl") as journal:
        async with open_bench(task, journal) as bench:
            yield bench.reward()
