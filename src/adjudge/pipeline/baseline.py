"""Stage ``baseline``: how good is the policy today, and is reinforcement the right tool at all?"""

from collections.abc import Sequence
from statistics import fmean, pstdev
from typing import Final, Literal

from adjudge.domain import Frozen, Reward, RewardStatus, Sample
from adjudge.domain.base import Count, Score
from adjudge.errors import GateError
from adjudge.pipeline.draw import Drawing, Drawn, draw
from adjudge.pipeline.policy import open_backend, training_sampling
from adjudge.pipeline.taskfile import LoadedTask
from adjudge.pipeline.work import Work

STAGE: Final = "baseline"
GOOD_ENOUGH: Final = 0.95
"""Mean reward above which reinforcement is not needed."""
FEW_POSITIVE: Final = 0.05
"""Share of rewarded responses below which groups teach too little, and a warm start comes first."""

Advice = Literal["go on", "warm start first", "not needed", "nothing to learn"]


class Baseline(Frozen):
    """What the untrained policy does."""

    rows: Count
    responses: Count
    mean_reward: Score | None
    """None where no response has a reward: the judge failed on all of them."""
    positive: Score
    """Share of responses with a reward above the floor that no gate stopped."""
    passed_gates: Score
    judge_failed: Score
    groups_with_variance: Score
    """Share of rows whose responses differ in reward: only they teach."""
    advice: Advice

    def sentence(self) -> str:
        """The outcome in one sentence."""
        mean = "no reward at all" if self.mean_reward is None else f"mean reward {self.mean_reward:.2f}"
        return (
            f"The base model gets {mean}; {self.passed_gates:.0%} of its responses pass the gates and "
            f"{self.groups_with_variance:.0%} of the groups differ within. Advice: {self.advice}."
        )


async def run_baseline(samples: Sequence[Sample], work: Work) -> Baseline:
    """Sample the base model on the validation rows and judge what it says.

    Raises:
        StoppedError: an observer asked to stop.
    """
    task = work.task
    config = task.config.evaluate.baseline
    drawing = Drawing(
        stage=STAGE,
        model="base",
        samples=samples[: config.limit],
        per_row=config.samples_per_row,
        seed=task.config.evaluate.seed,
    )
    drawn = await draw(drawing, lambda: open_backend(task, training_sampling(task), adapter=None), work)
    return summary(drawn, floor=task.config.reward.floor)


def summary(drawn: Drawn, *, floor: float) -> Baseline:
    """The figures of a drawing; `floor` is what a gated response gets."""
    groups = [[drawn.rewards[rollout.id] for rollout in group.rollouts] for group in drawn.groups]
    rewards = [reward for group in groups for reward in group]
    known = [values for group in groups if (values := _values(group))]
    values = [value for group in known for value in group]
    mean = fmean(values) if values else None
    positive = fmean(reward.status is RewardStatus.SCORED and (reward.value or 0.0) > floor for reward in rewards)
    varied = sum(len(group) > 1 and pstdev(group) > 1e-9 for group in known) / len(groups)
    return Baseline(
        rows=len(groups),
        responses=len(rewards),
        mean_reward=mean,
        positive=positive,
        passed_gates=fmean(reward.status is not RewardStatus.GATED for reward in rewards),
        judge_failed=fmean(not reward.is_evidence for reward in rewards),
        groups_with_variance=varied,
        advice=advise(mean, positive, varied),
    )


def advise(mean_reward: float | None, positive: float, groups_with_variance: float) -> Advice:
    """Whether reinforcement is the right tool, from the three figures (each in [0, 1])."""
    if mean_reward is not None and mean_reward > GOOD_ENOUGH:
        return "not needed"
    if positive < FEW_POSITIVE:
        return "warm start first"
    return "nothing to learn" if groups_with_variance == 0.0 else "go on"


def require(task: LoadedTask, baseline: Baseline) -> None:
    """Stop here where reinforcement is not the right tool and the task wants to know.

    Raises:
        GateError: it is not, and ``evaluate.baseline.enforce`` is set.
    """
    has_warm_start = task.config.policy.warm_start is not None
    if not task.config.evaluate.baseline.enforce or baseline.advice == "go on":
        return
    if has_warm_start and baseline.advice != "not needed":
        return
    fixes = {
        "not needed": "Use the model as it is, or ask for more in the rubric.",
        "warm start first": "Add policy.warm_start: {sft: {max_steps: 60}}, so that it learns the format first.",
        "nothing to learn": "Raise train.temperature, add graded terms to the reward, or use harder rows.",
    }
    raise GateError(
        baseline.sentence(),
        "Reinforcement learns from differences between the responses to one row; here there is nothing to gain.",
        f"{fixes[baseline.advice]} To train nevertheless, set evaluate.baseline.enforce to false.",
    )


def _values(group: Sequence[Reward]) -> list[float]:
    return [reward.value for reward in group if reward.is_evidence and reward.value is not None]
