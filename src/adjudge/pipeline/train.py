"""Stage ``train``: a warm start where the task asks for one, then reinforcement on the judged reward."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from adjudge.domain import Frozen, Note, Sample
from adjudge.domain.base import Count
from adjudge.pipeline.policy import open_backend, training_sampling, warm_adapter
from adjudge.pipeline.records import Recorder
from adjudge.pipeline.stop import StoppedError, tell
from adjudge.pipeline.taskfile import LoadedTask
from adjudge.pipeline.work import Work
from adjudge.store.run import RunFolder

if TYPE_CHECKING:
    from adjudge.training.grpo import Between
    from adjudge.training.local import LocalBackend

STAGE: Final = "train"
SFT: Final = "sft"


class Trained(Frozen):
    """What training left behind. Adapters are folders in the run."""

    steps: Count
    best_step: Count
    """The step whose adapter is evaluated and released: the best on the validation rows."""
    sft_steps: Count = 0
    has_warm_start: bool


def rft_adapter(run: RunFolder) -> Path:
    """The trained adapter, in half precision: what is evaluated is what is released."""
    return run.path / "adapters" / "rft"


def sft_adapter(task: LoadedTask, run: RunFolder) -> Path | None:
    """The adapter of the warm start; None where the task has none."""
    warm = task.config.policy.warm_start
    if warm is None:
        return None
    return run.path / "adapters" / "sft" if warm.sft is not None else warm_adapter(task)


def sft_checkpoints(run: RunFolder) -> Path:
    """Checkpoints of the warm start."""
    return run.checkpoints / "sft"


async def run_train(
    run: RunFolder,
    samples: Sequence[Sample],
    validation: Sequence[Sample],
    work: Work,
    between: "Between | None" = None,
) -> Trained:
    """Train up to the configured steps, from the newest checkpoints.

    Args:
        run: where checkpoints and adapters go.
        samples: training rows.
        validation: rows that are never trained on; they choose the checkpoint that is exported.
        work: its reward has weak criteria weighed out.
        between: is awaited between two steps; may ask for a stop.

    Raises:
        StoppedError: an observer asked to stop; a checkpoint is there.
        TrainingError: the loss is not finite.
    """
    from adjudge.training.grpo import train_grpo  # noqa: PLC0415  (torch)

    task, observer = work.task, work.observer
    recorder = Recorder(work.records, SFT, work.judge, observer)
    sft_steps = await asyncio.to_thread(_warm_up, task, run, samples, recorder)
    start = sft_adapter(task, run)
    backend = await asyncio.to_thread(open_backend, task, training_sampling(task), adapter=start)
    recorder = Recorder(work.records, STAGE, work.judge, observer, task.config.reward.pause_over)
    config = task.config.train
    tell(observer, Note(stage=STAGE, text=_plan(task, start)))
    result = await train_grpo(
        backend,
        samples,
        work.reward,
        config,
        folder=run.checkpoints,
        observer=recorder,
        validation=validation,
        between=between,
    )
    if result.stopped_early:
        raise StoppedError(f"after step {result.steps} of {config.max_steps}")
    if result.best_step != result.steps:
        backend.load(result.best)
    backend.export(rft_adapter(run))
    return Trained(
        steps=result.steps, best_step=result.best_step, sft_steps=sft_steps, has_warm_start=start is not None
    )


def _warm_up(task: LoadedTask, run: RunFolder, samples: Sequence[Sample], recorder: Recorder) -> int:
    """Supervised steps, where the task asks for them; returns how many there are."""
    warm = task.config.policy.warm_start
    if warm is None or warm.sft is None:
        return 0
    from adjudge.training.sft import train_sft  # noqa: PLC0415  (torch)

    backend: LocalBackend = open_backend(task, training_sampling(task), adapter=None)
    seed = task.config.train.set_random_seed
    done = train_sft(backend, samples, warm.sft, folder=sft_checkpoints(run), observer=recorder, seed=seed)
    if done < warm.sft.max_steps:
        raise StoppedError(f"after step {done} of {warm.sft.max_steps} of the warm start")
    backend.export(run.path / "adapters" / "sft")
    return done


def _plan(task: LoadedTask, start: Path | None) -> str:
    train = task.config.train
    origin = "the warm start" if start else "the base model"
    return (
        f"{train.max_steps} steps from {origin}, each of {train.groups_per_step} rows x "
        f"{train.number_generation} rollouts"
    )
