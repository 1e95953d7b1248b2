"""The policy's own responses, for a judge that is to train it: what it will see, and nothing that a gate stops."""

import asyncio
from collections.abc import Sequence

from adjudge.domain import JudgeFailure, Judgement, Rollout, Rubric, Sample, digest
from adjudge.domain.verdict import FailureKind
from adjudge.pipeline.judging import task_rubric
from adjudge.pipeline.measure import Response
from adjudge.pipeline.policy import open_backend, training_sampling, warm_adapter
from adjudge.pipeline.records import slim
from adjudge.pipeline.taskfile import LoadedTask
from adjudge.rewards.registry import build_reward
from adjudge.validation.registry import POLICY


class Unasked:
    """Stands where the judge will be, so that a reward can be built, and its gates run, without one.

    Args:
        rubric: of the judge; tells the reward how a response splits into items.
    """

    name = "unasked"
    fingerprint = "unasked"

    def __init__(self, rubric: Rubric) -> None:
        self.rubric = rubric

    async def judge(self, sample: Sample, rollout: Rollout) -> Judgement:  # noqa: ARG002  (the protocol's signature)
        """No verdict."""
        return JudgeFailure(judge=self.fingerprint, rollout_id=rollout.id, kind=FailureKind.ABSTAINED)


async def own_responses(task: LoadedTask, samples: Sequence[Sample]) -> tuple[Response, ...]:
    """``train.number_generation`` responses to each of `samples`, of the model that training starts from.

    Equal tasks draw equal responses. Where the warm start is still to be trained, the base model answers.

    Raises:
        MissingError: the model is not on this machine, or the extra is not installed.
    """
    backend = await asyncio.to_thread(open_backend, task, training_sampling(task), adapter=warm_adapter(task))
    seed = int(digest({"seed": task.config.validation.seed, "stage": "judge"}, length=12), 16)
    number = task.config.train.number_generation
    groups = await asyncio.to_thread(backend.sample, samples, number, seed, lambda _sample, _rollout: None)
    drawn = [(group.sample, rollout) for group in groups for rollout in group.rollouts]
    return await seen_by_judge(task, [(sample, _named(rollout)) for sample, rollout in drawn])


async def seen_by_judge(task: LoadedTask, drawn: Sequence[tuple[Sample, Rollout]]) -> tuple[Response, ...]:
    """Those of the rollouts that the task's reward would put to its judge: no gate stops them, none is empty."""
    reward = build_reward(
        task.config.reward.model_copy(update={"on_failure": "mask"}), Unasked(task_rubric(task)), task.folder
    )
    rewards = await asyncio.gather(*(reward.score(sample, rollout) for sample, rollout in drawn))
    return tuple(
        Response(sample, slim(rollout), cluster=sample.id, slice=POLICY)
        for (sample, rollout), found in zip(drawn, rewards, strict=True)
        if any(part.judgement is not None for part in found.components)
    )


def _named(rollout: Rollout) -> Rollout:
    """Under an id that no other stage uses."""
    return rollout.model_copy(update={"id": f"judge/{rollout.id}"})
