"""GRPO on judged rewards: sample groups, judge each rollout as it ends, centre, learn, publish. One page.

Synchronous: every step learns from rollouts of the weights it is about to change. A group whose rewards are all equal
teaches nothing and is replaced by another one, a bounded number of times. A rollout whose judge failed is left out of
its group's mean and of the loss; a response cut at the token limit stays in the mean and is left out of the loss.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean

from adjudge.domain import (
    Frozen,
    Group,
    GroupScored,
    MayNeedGroup,
    Observer,
    Request,
    Reward,
    RewardFunction,
    RewardStatus,
    Rollout,
    Sample,
    StepEnded,
)
from adjudge.errors import DataError
from adjudge.training.advantage import advantages, is_flat
from adjudge.training.backend import PACK_TOKENS, Backend, Clip, Sequenced, TrainGroup, packs
from adjudge.training.checkpoint import best_checkpoint, commit_checkpoint, newest_checkpoint
from adjudge.training.config import TrainConfig
from adjudge.training.order import batch_at

Between = Callable[[int], Awaitable[Request]]
"""Awaited after each optimizer step, with its number, before its checkpoint: what takes time and is no part of it."""


class TrainResult(Frozen):
    """Where training ended."""

    steps: int
    stopped_early: bool = False
    best: Path
    """The checkpoint with the highest held-out reward; without validation rows the newest."""
    best_step: int


@dataclass
class _Batch:
    """What one step learns from, and what it took."""

    kept: list[tuple[Group, tuple[float | None, ...]]] = field(default_factory=list)
    groups: list[tuple[Group, tuple[Reward, ...]]] = field(default_factory=list)
    flat: int = 0
    sample_seconds: float = 0.0
    judge_seconds: float = 0.0


class GrpoLoop:
    """The parts of one run, and where it stands.

    Args:
        backend: who holds the weights.
        samples: training rows.
        reward: the reward function.
        config: the knobs.
        observer: is told of every group and step.
        between: is awaited between two steps; may ask for a stop.
    """

    def __init__(
        self,
        backend: Backend,
        samples: Sequence[Sample],
        reward: RewardFunction,
        config: TrainConfig,
        observer: Observer,
        *,
        between: Between | None = None,
    ) -> None:
        self._backend, self._samples, self._reward = backend, samples, reward
        self._config, self._observer, self._between = config, observer, between
        self._cursor = 0
        self._slots = asyncio.Semaphore(config.lambda_concurrency_limit)
        self._check_lengths()

    async def run(self, folder: Path, validation: Sequence[Sample]) -> TrainResult:
        """Steps up to ``max_steps``, from the newest checkpoint in `folder`."""
        config, done, stop = self._config, 0, False
        start = newest_checkpoint(folder)
        if start is not None:
            self._backend.load(start.folder)
            done, self._cursor = start.step, int(start.extra["cursor"])
        while done < config.max_steps and not stop:
            began = time.perf_counter()
            batch = await self._collect(done)
            stop = self._tell(done + 1, batch)
            metrics = _describe(batch) | self._learn(batch, done)
            done += 1
            if validation and (done % config.validation_steps == 0 or done == config.max_steps):
                metrics |= await self._validate(validation)
            score = metrics.get("validation_reward")
            metrics["step_seconds"] = time.perf_counter() - began
            event = StepEnded(step=done, steps=config.max_steps, metrics=metrics)
            stop = self._observer.on_event(event) is Request.STOP or stop
            if self._between is not None:
                stop = await self._between(done) is Request.STOP or stop
            if stop or score is not None or done % config.save_steps == 0 or done == config.max_steps:
                extra, keep = {"cursor": self._cursor}, config.save_top_k
                commit_checkpoint(folder, done, self._backend.save, keep=keep, extra=extra, score=score)
        best = best_checkpoint(folder)
        assert best is not None, "max_steps is at least 1, and the last step is saved"
        return TrainResult(steps=done, stopped_early=done < config.max_steps, best=best.folder, best_step=best.step)

    async def _collect(self, step: int) -> _Batch:
        """Groups until the step is full or the refills are used up."""
        batch = _Batch()
        wanted = self._config.groups_per_step
        for attempt in range(self._config.refill + 1):
            count = wanted - len(batch.kept)
            if not count:
                break
            chosen = [self._samples[place] for place in self._next(count)]
            # Every draw of the run has a seed of its own, so a resumed run draws what the undisturbed one drew.
            seed = (self._config.set_random_seed * 1_000_003 + step) * 101 + attempt
            for group, rewards in await self._rollouts(chosen, self._config.number_generation, seed, batch):
                batch.groups.append((group, rewards))
                advantage = advantages(rewards, spread=self._config.advantage_spread)
                if is_flat(advantage):
                    batch.flat += 1
                else:
                    batch.kept.append((group, advantage))
        return batch

    async def _rollouts(
        self, samples: Sequence[Sample], size: int, seed: int, batch: _Batch
    ) -> list[tuple[Group, tuple[Reward, ...]]]:
        """Sample in a thread; judge every rollout from the moment it ends, or a group once it is whole."""
        whole = isinstance(self._reward, MayNeedGroup) and self._reward.needs_group
        loop = asyncio.get_running_loop()
        scores: dict[str, asyncio.Task[Reward]] = {}

        def ended(sample: Sample, rollout: Rollout) -> None:
            if whole:
                return
            loop.call_soon_threadsafe(
                lambda: scores.update({rollout.id: loop.create_task(self._score(sample, rollout))})
            )

        began = time.perf_counter()
        groups = await asyncio.to_thread(self._backend.sample, samples, size, seed, ended)
        sampled = time.perf_counter()
        # Callbacks of the sampling thread are queued on this loop: let the last of them run.
        await asyncio.sleep(0)
        if whole:
            rewards = await asyncio.gather(*(self._score_group(group) for group in groups))
            out = list(zip(groups, rewards, strict=True))
        else:
            out = [(group, tuple([await scores[rollout.id] for rollout in group.rollouts])) for group in groups]
        batch.sample_seconds += sampled - began
        batch.judge_seconds += time.perf_counter() - sampled
        return out

    async def _score(self, sample: Sample, rollout: Rollout) -> Reward:
        async with self._slots:
            return await self._reward.score(sample, rollout)

    async def _score_group(self, group: Group) -> tuple[Reward, ...]:
        async with self._slots:
            return await self._reward.score_group(group)

    def _learn(self, batch: _Batch, step: int) -> dict[str, float]:
        """Gradient, optimizer step, publish. A step without any group to learn from changes nothing."""
        began = time.perf_counter()
        groups = [made for group, advantage in batch.kept if (made := self._train_group(group, advantage)).responses]
        if not groups:
            return {"skipped": 1.0}
        config = self._config
        normaliser = config.global_batch_size * config.max_new_tokens / config.loss_scale
        clip = Clip(low=config.clip_ratio_low, high=config.clip_ratio_high)
        sums: dict[str, float] = {}
        for micro in packs(groups, PACK_TOKENS):
            for name, value in self._backend.forward_backward(micro, normaliser, clip).items():
                sums[name] = sums.get(name, 0.0) + value
        norms = self._backend.optim_step(config.learning_rate * min(1.0, (step + 1) / (config.warmup_steps + 1)))
        updated = time.perf_counter()
        self._backend.publish()
        tokens = sums.pop("tokens")
        return {
            "loss": sums.pop("loss"),
            "tokens": tokens,
            **{name: value / tokens for name, value in sums.items()},
            **norms,
            "update_seconds": updated - began,
            "publish_seconds": time.perf_counter() - updated,
        }

    def _train_group(self, group: Group, advantage: Sequence[float | None]) -> TrainGroup:
        responses = tuple(
            Sequenced(
                tokens=rollout.tokens,
                advantages=(value,) * len(rollout.tokens),
                sampled_logprobs=rollout.logprobs,
            )
            for rollout, value in zip(group.rollouts, advantage, strict=True)
            if value is not None and rollout.tokens and rollout.logprobs and not rollout.truncated
        )
        return TrainGroup(self._backend.prompt_ids(group.sample), responses)

    async def _validate(self, samples: Sequence[Sample]) -> dict[str, float]:
        """Mean reward of one rollout for each validation row, the same draws every time; failed judgements left out."""
        scored = await self._rollouts(samples, 1, self._config.set_random_seed, _Batch())
        values = [r.value for _, rewards in scored for r in rewards if r.is_evidence and r.value is not None]
        # No verdict, no figure: a judge that is down must not look like a bad policy.
        return {"validation_reward": fmean(values)} if values else {}

    def _next(self, count: int) -> list[int]:
        places = range(self._cursor, self._cursor + count)
        self._cursor += count
        seed = self._config.set_random_seed if self._config.shuffle else None
        return [batch_at(len(self._samples), 1, place, seed)[0] for place in places]

    def _tell(self, step: int, batch: _Batch) -> bool:
        answers = [
            self._observer.on_event(GroupScored(step=step, group=group, rewards=rewards))
            for group, rewards in batch.groups
        ]
        return Request.STOP in answers

    def _check_lengths(self) -> None:
        room = self._config.max_length - self._config.max_new_tokens
        for sample in self._samples:
            size = len(self._backend.prompt_ids(sample))
            if size > room:
                raise DataError(
                    f"Sample '{sample.id}': the prompt has {size} tokens; {room} fit.",
                    f"max_length {self._config.max_length} less max_new_tokens {self._config.max_new_tokens}.",
                    "Raise train.max_length, crop the documents (data.crop_chars) or leave the sample out.",
                )


async def train_grpo(
    backend: Backend,
    samples: Sequence[Sample],
    reward: RewardFunction,
    config: TrainConfig,
    *,
    folder: Path,
    observer: Observer,
    validation: Sequence[Sample] = (),
    between: Between | None = None,
) -> TrainResult:
    """GRPO up to ``config.max_steps``; goes on from the newest checkpoint in `folder`.

    Raises:
        DataError: a prompt is longer than ``max_length`` allows.
        TrainingError: the loss is not finite.
        RewardError: the reward's failure policy is ``raise`` and a judge failed.
    """
    loop = GrpoLoop(backend, samples, reward, config, observer, between=between)
    return await loop.run(folder, validation[: config.validation_samples])


def _describe(batch: _Batch) -> dict[str, float]:
    """The step's series: reward and its parts, failures, lengths, where the time went."""
    rewards = [reward for _, group in batch.groups for reward in group]
    rollouts = [rollout for group, _ in batch.groups for rollout in group.rollouts]
    values = [reward.value for reward in rewards if reward.is_evidence and reward.value is not None]
    metrics = {
        "groups": float(len(batch.groups)),
        "groups_flat": batch.flat / len(batch.groups),
        "gated": fmean(reward.status is RewardStatus.GATED for reward in rewards),
        "judge_failed": fmean(not reward.is_evidence for reward in rewards),
        "truncated": fmean(rollout.truncated for rollout in rollouts),
        "response_tokens": fmean(len(rollout.tokens or ()) for rollout in rollouts),
        "sample_seconds": batch.sample_seconds,
        "judge_seconds": batch.judge_seconds,
    }
    if values:
        metrics["reward"] = fmean(values)
        spreads = [
            _spread([r.value for r in group if r.is_evidence and r.value is not None]) for _, group in batch.groups
        ]
        metrics["reward_spread"] = fmean(spreads)
    parts: dict[str, list[float]] = {}
    for reward in rewards:
        for part in reward.components:
            if part.value is not None:
                parts.setdefault(part.name, []).append(part.value)
    return metrics | {f"component/{name}": fmean(scores) for name, scores in parts.items()}


def _spread(values: Sequence[float]) -> float:
    mean = fmean(values) if values else 0.0
    return fmean((value - mean) ** 2 for value in values) ** 0.5 if values else 0.0
