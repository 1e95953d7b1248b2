"""The warm start: supervised fine-tuning on reference answers, with the same engine, resumable at checkpoints.

A small base model does not give the answer format often enough for rewards to differ; a few dozen supervised steps
mend that. Samples are drawn without replacement, epoch after epoch, from one seeded order, so the n-th step is the
same however often the run was stopped.
"""

import time
from collections.abc import Sequence
from pathlib import Path

from adjudge.domain import Observer, Request, Sample, StepEnded
from adjudge.errors import DataError
from adjudge.training.backend import PACK_TOKENS, Backend, Sequenced, TrainGroup, packs
from adjudge.training.checkpoint import commit_checkpoint, newest_checkpoint
from adjudge.training.config import SftConfig
from adjudge.training.order import batch_at


def reference_text(sample: Sample) -> str:
    """The reference answer as the model should write it (compact JSON for structured answers).

    Raises:
        DataError: the sample has none.
    """
    answer = sample.reference_text
    if answer is None:
        raise DataError(
            f"Sample '{sample.id}' has no reference_answer.",
            "The supervised warm start learns from reference answers.",
            "Add one, leave the sample out, or set policy.warm_start to an adapter.",
        )
    return answer


def train_sft(
    backend: Backend,
    samples: Sequence[Sample],
    config: SftConfig,
    *,
    folder: Path,
    observer: Observer,
    seed: int = 0,
) -> int:
    """Supervised steps up to ``config.max_steps``; goes on from the newest checkpoint in `folder`.

    Returns:
        The number of steps done (fewer than asked for when an observer asked to stop).
    """
    start = newest_checkpoint(folder)
    done = 0
    if start is not None:
        backend.load(start.folder)
        done = start.step
    while done < config.max_steps:
        began = time.perf_counter()
        batch = [samples[place] for place in batch_at(len(samples), config.batch_size, done, seed)]
        groups = [TrainGroup(backend.prompt_ids(s), (_target(backend.response_ids(reference_text(s))),)) for s in batch]
        tokens = sum(len(group.responses[0].tokens) for group in groups)
        sums = {"loss": 0.0}
        for micro in packs(groups, PACK_TOKENS):
            sums["loss"] += backend.forward_backward(micro, normaliser=float(tokens), clip=None)["loss"]
        rate = config.learning_rate * min(1.0, (done + 1) / (config.warmup_steps + 1))
        # Linear decay to a tenth: the last steps settle.
        rate *= 1.0 - 0.9 * done / config.max_steps
        norms = backend.optim_step(rate)
        done += 1
        seconds = time.perf_counter() - began
        metrics = {**sums, **norms, "tokens": float(tokens), "step_seconds": seconds}
        stop = observer.on_event(StepEnded(step=done, steps=config.max_steps, metrics=metrics)) is Request.STOP
        if stop or done % config.save_steps == 0 or done == config.max_steps:
            commit_checkpoint(folder, done, backend.save, keep=1, extra={})
        if stop:
            break
    backend.publish()
    return done


def _target(tokens: tuple[int, ...]) -> Sequenced:
    return Sequenced(tokens=tokens, advantages=(1.0,) * len(tokens))
