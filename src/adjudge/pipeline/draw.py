"""Rollouts of one model with their rewards, chunk by chunk: what is on disk is not drawn again.

Every chunk has a seed of its own, made of the stage, the chunk and the task's seed, so a resumed run draws what the
undisturbed one drew. Models of one stage get equal seeds. Judging starts as soon as a rollout has ended.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from adjudge.domain import Group, Policy, Progress, Reward, Rollout, Sample, digest
from adjudge.pipeline.records import Scored, slim
from adjudge.pipeline.stop import tell
from adjudge.pipeline.work import Work
from adjudge.training.backend import Backend

CHUNK_ROLLOUTS: Final = 32
"""Rollouts of one sampling call: enough to fill the cores, few enough to lose little when killed."""


@dataclass(frozen=True)
class Drawing:
    """What is drawn, and where it goes.

    Attributes:
        stage: baseline or evaluate.
        model: name in tables: base, sft, rft ...
        samples: the rows to answer.
        per_row: responses to each row (k).
        seed: the task's seed.
    """

    stage: str
    model: str
    samples: Sequence[Sample]
    per_row: int
    seed: int

    @property
    def chunks(self) -> list[Sequence[Sample]]:
        """The rows in chunks, in order."""
        size = max(1, CHUNK_ROLLOUTS // self.per_row)
        return [self.samples[start : start + size] for start in range(0, len(self.samples), size)]

    def chunk_seed(self, chunk: int) -> int:
        """The sampling seed of a chunk, in [0, 2**48)."""
        return int(digest({"seed": self.seed, "stage": self.stage, "chunk": chunk}, length=12), 16)


@dataclass(frozen=True)
class Drawn:
    """Groups in the order of the rows, and rewards by rollout id."""

    groups: tuple[Group, ...]
    rewards: dict[str, Reward]


async def draw(drawing: Drawing, open_backend: Callable[[], Backend], work: Work) -> Drawn:
    """All rollouts and rewards of a drawing; the backend is opened only when something is left to draw.

    Raises:
        StoppedError: an observer asked to stop; finished chunks are on disk.
        RewardError: the reward's failure policy is ``raise`` and a judge failed.
    """
    backend: Backend | None = None
    scored: dict[str, Scored] = {}
    records = work.records
    chunks = drawing.chunks
    for number, samples in enumerate(chunks):
        stored = records.stored(drawing.stage, drawing.model, number)
        if len(stored) < len(samples) * drawing.per_row:
            if backend is None:
                backend = await asyncio.to_thread(open_backend)
            stored = await _chunk(drawing, number, backend, work)
            records.add(drawing.stage, drawing.model, number, list(stored.values()), judge=work.judge)
            # What an earlier, killed process has written stays: it was paid for.
            stored = records.stored(drawing.stage, drawing.model, number)
        scored |= stored
        detail = f"{drawing.model}: {len(scored)} responses judged"
        tell(work.observer, Progress(stage=drawing.stage, done=number + 1, total=len(chunks), detail=detail))
    return _drawn(drawing, scored)


async def _chunk(drawing: Drawing, number: int, backend: Backend, work: Work) -> dict[str, Scored]:
    """Sample in a thread; judge every rollout from the moment it ends."""
    loop = asyncio.get_running_loop()
    slots = asyncio.Semaphore(work.task.config.train.lambda_concurrency_limit)
    tasks: dict[str, asyncio.Task[Scored]] = {}

    async def score(sample: Sample, rollout: Rollout) -> Scored:
        async with slots:
            return rollout, await work.reward.score(sample, rollout)

    def ended(sample: Sample, rollout: Rollout) -> None:
        named = _named(drawing, rollout)
        loop.call_soon_threadsafe(lambda: tasks.update({rollout.id: loop.create_task(score(sample, named))}))

    seed = drawing.chunk_seed(number)
    try:
        groups = await asyncio.to_thread(backend.sample, drawing.chunks[number], drawing.per_row, seed, ended)
        # Callbacks of the sampling thread are queued on this loop: let the last of them run.
        await asyncio.sleep(0)
        done = [await tasks[rollout.id] for group in groups for rollout in group.rollouts]
    finally:
        for task in tasks.values():
            task.cancel()
    return {rollout.id: (rollout, reward) for rollout, reward in done}


def _named(drawing: Drawing, rollout: Rollout) -> Rollout:
    """The rollout under an id that is unique in the run: models of a stage share seeds, so their own ids may agree."""
    policy = Policy(name=drawing.model, version=rollout.policy.version)
    return rollout.model_copy(update={"id": f"{drawing.stage}/{drawing.model}/{rollout.id}", "policy": policy})


def _drawn(drawing: Drawing, scored: dict[str, Scored]) -> Drawn:
    by_sample: dict[str, list[Rollout]] = {}
    # Sorted: rows that a killed process left may stand in another order than those drawn now.
    for name in sorted(scored, key=lambda name: (scored[name][0].sample_id, len(name), name)):
        rollout = slim(scored[name][0])
        by_sample.setdefault(rollout.sample_id, []).append(rollout)
    groups = tuple(Group(sample=sample, rollouts=tuple(by_sample[sample.id])) for sample in drawing.samples)
    return Drawn(groups, {name: reward for name, (_, reward) in scored.items()})
