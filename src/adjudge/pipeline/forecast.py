"""``--dry-run``: everything is checked and what the run will take is forecast; no model is called, nothing is written.

Arithmetic on the configuration and the data. Tokens are estimated from characters, times from stated speeds; calls are
upper bounds (a response that a gate stops costs none).
"""

import math
from collections.abc import Sequence
from statistics import fmean
from typing import Final

from adjudge.domain import Frozen, Rubric, Sample, Usage
from adjudge.domain.base import Count, Number, Seconds
from adjudge.endpoints.calls.path import CallConfig
from adjudge.endpoints.resolve import resolve_endpoint
from adjudge.judges.fields import response_items
from adjudge.judges.graders.names import model_calls
from adjudge.judges.interventions import DRESSES, LENGTHS
from adjudge.judges.rubric import batch_size
from adjudge.judges.suite.suite import load_suite
from adjudge.judges.variants import variants
from adjudge.models.cache import EMBEDDED_JUDGES
from adjudge.pipeline.config import Stage
from adjudge.pipeline.data import split_samples
from adjudge.pipeline.grading import check_grader, task_grader
from adjudge.pipeline.judge_config import JudgeConfig, JudgedTask
from adjudge.pipeline.judging import check_chooser, members, task_rubric
from adjudge.pipeline.labelled import held_out_cases
from adjudge.pipeline.own import Unasked
from adjudge.pipeline.policy import (
    adapter_folder,
    base_name,
    local_reference,
    model_folder,
    warm_adapter,
)
from adjudge.pipeline.suite import task_suite
from adjudge.pipeline.taskfile import LoadedTask
from adjudge.rewards.registry import build_reward

CHARS_PER_TOKEN: Final = 4.0
SAMPLE_TOKENS_PER_SECOND: Final = 190.0
"""Sampled tokens, embedded policy, two cores."""
UPDATE_TOKENS_PER_SECOND: Final = 180.0
"""Tokens forward and backward, embedded policy, two cores."""
CHOICE_CALL_SECONDS: Final = 0.15
CHAT_CALL_SECONDS: Final = 2.0
CHAT_PROMPT_CHARS: Final = 2400
"""The prompt around the judged texts."""
CHOICE_PROMPT_TOKENS: Final = 150


class StageForecast(Frozen):
    """What one stage takes, at most."""

    stage: str
    rollouts: Count = 0
    sampled_tokens: Count = 0
    trained_tokens: Count = 0
    judge_calls: Count = 0
    judge_prompt_tokens: Count = 0
    judge_completion_tokens: Count = 0
    seconds: Seconds = 0.0


class Forecast(Frozen):
    """What a run takes, at most."""

    judge: str
    stages: tuple[StageForecast, ...]
    cost_usd: Number | None
    """0 where the judge runs on this machine; None: no price is known, which is not the same as free."""
    budget: str = ""
    """What the judge may take at most; calls beyond it are not made."""
    assumed: dict[str, Number]
    """The speeds and sizes that the estimate stands on."""

    def lines(self) -> list[str]:
        """A table for the terminal."""
        head = f"{'stage':10} {'rollouts':>9} {'tokens':>10} {'judge calls':>12} {'judge tokens':>13} {'minutes':>8}"
        rows = [
            f"{s.stage:10} {s.rollouts:>9} {s.sampled_tokens + s.trained_tokens:>10} {s.judge_calls:>12} "
            f"{s.judge_prompt_tokens + s.judge_completion_tokens:>13} {s.seconds / 60:>8.1f}"
            for s in self.stages
        ]
        cost = "unknown: no price is known for this judge" if self.cost_usd is None else f"{self.cost_usd:.2f} USD"
        budget = f" Budget: {self.budget}." if self.budget else ""
        told = f"Judge: {self.judge}. Cost: {cost}.{budget} All figures are upper bounds or rough estimates."
        return [head, *rows, told]


def forecast(task: LoadedTask, stages: Sequence[Stage]) -> Forecast:
    """Check all that the task names, and add up what the stages take.

    Raises:
        ConfigError, DataError, MissingError: whatever would stop the run before it begins.
    """
    rubric = task_rubric(task)
    _check(task, rubric)
    per_rollout = _Judging(task, rubric, split_samples(task, "validation"))
    made = {
        "baseline": _baseline,
        "judge": _judge,
        "train": _train,
        "evaluate": _evaluate,
    }
    found = tuple(made[stage](task, per_rollout) for stage in stages if stage in made)
    return Forecast(
        judge=", ".join(task.config.judge.models) if task.config.judge.model else str(task.config.judge.grader),
        stages=found,
        cost_usd=_cost(task.config.judge, found) if per_rollout.calls_per_item else 0.0,
        budget=_budget(task.config.judge.limits),
        assumed={
            "chars_per_token": CHARS_PER_TOKEN,
            "sample_tokens_per_second": SAMPLE_TOKENS_PER_SECOND,
            "update_tokens_per_second": UPDATE_TOKENS_PER_SECOND,
            "judge_call_seconds": per_rollout.call_seconds,
            "items_per_response": per_rollout.items,
        },
    )


def _cost(judge: JudgeConfig, stages: Sequence[StageForecast]) -> float | None:
    """Of all judge calls; None where no price is known."""
    if all(model.partition(":")[0] in {"local", "scripted"} for model in judge.models):
        return 0.0
    prices = judge.limits.prices
    prompt, reply = (sum(s.judge_prompt_tokens for s in stages), sum(s.judge_completion_tokens for s in stages))
    return None if prices is None else prices.cost(Usage(prompt_tokens=prompt, completion_tokens=reply))


def _budget(limits: CallConfig) -> str:
    """The caps of the task, for people; empty without any."""
    caps = [
        *([f"{limits.budget_usd:.2f} USD"] if limits.budget_usd is not None else []),
        *([f"{limits.budget_calls} calls"] if limits.budget_calls is not None else []),
    ]
    return " and ".join(caps)


def _check(task: LoadedTask, rubric: Rubric) -> None:
    """Everything that can be missing or wrong, without loading a model."""
    config = task.config
    judges = members(task)
    for name in {base_name(task), *(name for member in judges for name in _local_judge(member))} - {"tiny"}:
        model_folder(name)
    warm_adapter(task)
    build_reward(config.reward, Unasked(rubric), task.folder)
    if config.validation.tests is not None:
        load_suite(task.path(config.validation.tests), rubric)
    if config.judge.adapter is not None:
        adapter_folder(task, config.judge.adapter)
    grader = task_grader(task)
    if grader is not None:
        check_grader(task, grader)
        return
    for member in judges:
        model = member.config.judge.model
        if model.startswith("local:"):
            check_chooser(member, rubric)
        else:
            resolve_endpoint(model, base=task.folder, sends=config.judge.sends)


def _local_judge(task: JudgedTask) -> set[str]:
    """The base model of a judge on this machine."""
    config = task.config.judge
    if not config.model.startswith("local:"):
        return set()
    name = local_reference(task, config.model)
    if config.adapter is None and name in EMBEDDED_JUDGES:
        base, adapter = EMBEDDED_JUDGES[name]
        adapter_folder(task, f"embedded:{adapter}")
        return {base}
    return {name}


class _Judging:
    """What the judging of one rollout takes, at most."""

    def __init__(self, task: LoadedTask, rubric: Rubric, samples: Sequence[Sample]) -> None:
        config = task.config.judge
        self.task, self.rubric, self.samples = task, rubric, samples
        self.chooses = config.model.startswith("local:")
        apart = rubric.items is not None and (self.chooses or rubric.items.judge == "item")
        self.items = max(1.0, fmean(_items(rubric, sample) for sample in samples)) if apart else 1.0
        size = batch_size(len(rubric.criteria), "per_criterion" if self.chooses else config.calls)
        grader = task_grader(task)
        voters = 1 + len(config.panel.models) if config.panel else 1
        self.calls_per_item = model_calls(grader) if grader else voters * math.ceil(len(rubric.criteria) / size)
        shown = fmean(sum(len(str(s.metadata.get(name, ""))) for name in rubric.fields) for s in samples)
        chat = round((shown + CHAT_PROMPT_CHARS) / CHARS_PER_TOKEN) + task.config.train.max_new_tokens
        self.prompt_tokens = CHOICE_PROMPT_TOKENS if self.chooses else chat
        self.reply_tokens = 0 if self.chooses else config.max_tokens
        scripted = config.model.startswith("scripted:")
        waits = task.config.train.lambda_concurrency_limit
        self.call_seconds = 0.0 if scripted else CHOICE_CALL_SECONDS if self.chooses else CHAT_CALL_SECONDS / waits

    def of_calls(self, stage: StageForecast, calls: int) -> StageForecast:
        """The stage with `calls` judge calls added."""
        return stage.model_copy(
            update={
                "judge_calls": calls,
                "judge_prompt_tokens": calls * self.prompt_tokens,
                "judge_completion_tokens": calls * self.reply_tokens,
                "seconds": stage.seconds + calls * self.call_seconds,
            }
        )

    def more_calls(self, stage: StageForecast, calls: int) -> StageForecast:
        """The stage with `calls` judge calls beside those that it has."""
        told = stage.seconds - stage.judge_calls * self.call_seconds
        return self.of_calls(stage.model_copy(update={"seconds": told}), stage.judge_calls + calls)

    def of_rollouts(self, stage: str, rollouts: int, trained_tokens: int = 0, judged: int = 0) -> StageForecast:
        """A stage that samples and judges `rollouts` responses, and judges `judged` others."""
        sampled = rollouts * self.task.config.train.max_new_tokens
        seconds = sampled / SAMPLE_TOKENS_PER_SECOND + trained_tokens / UPDATE_TOKENS_PER_SECOND
        made = StageForecast(
            stage=stage, rollouts=rollouts, sampled_tokens=sampled, trained_tokens=trained_tokens, seconds=seconds
        )
        return self.of_calls(made, self.calls(rollouts + judged))

    def calls(self, responses: int) -> int:
        """Judge calls of so many responses."""
        return round(responses * self.items * self.calls_per_item)


def _baseline(task: LoadedTask, judging: _Judging) -> StageForecast:
    config = task.config.evaluate.baseline
    return judging.of_rollouts("baseline", len(judging.samples[: config.limit]) * config.samples_per_row)


def _judge(task: LoadedTask, judging: _Judging) -> StageForecast:
    """What measuring the judge takes; a passport made before takes nothing but its anchors."""
    config = task.config.validation
    anchored = judging.calls(config.anchors.cases * config.anchors.repeats) if config.anchors.every else 0
    if config.passport is not None:
        return judging.of_calls(StageForecast(stage="judge"), anchored)
    probes = config.probes
    samples = (*judging.samples, *split_samples(task, "test"))
    cases = len(held_out_cases(samples, judging.rubric, most=config.cases, seed=config.seed))
    suite = task_suite(task, judging.rubric)
    asks = len(suite.asks) * suite.repeats if suite else 0
    own = len(judging.samples[: probes.groups]) * task.config.train.number_generation
    known = cases or (len(suite.asks) if suite else 0) or own
    again = min(probes.repeat_cases, known) * (probes.repeats - 1)
    worded = min(probes.wording_cases, known) * len(variants(judging.rubric))
    changed = probes.content_free + probes.attacks + probes.harmless + (len(DRESSES) + 1) * probes.dresses
    changed += len(LENGTHS) * probes.lengths
    drawn = judging.of_rollouts("judge", own, judged=own * (0 if judging.chooses else probes.repeats - 1))
    # A labelled case asks one criterion; a response of another kind as many as it has.
    calls = (again + worded + changed) * (1 if cases else judging.calls_per_item) if known else 0
    return judging.more_calls(drawn, cases + round(asks * judging.calls_per_item + calls) + anchored)


def _train(task: LoadedTask, judging: _Judging) -> StageForecast:
    train, warm = task.config.train, task.config.policy.warm_start
    samples = split_samples(task, "train")
    prompt = fmean(sum(len(message.content) for message in sample.messages) for sample in samples) / CHARS_PER_TOKEN
    watched = min(train.validation_samples, len(judging.samples))
    checks = -(-train.max_steps // train.validation_steps) * watched
    # Groups that teach nothing are drawn again; half of the refills is a middling guess.
    rollouts = round(train.max_steps * train.global_batch_size * (1 + train.refill / 2)) + checks
    tokens = train.max_steps * (train.groups_per_step * prompt + train.global_batch_size * train.max_new_tokens)
    if warm is not None and warm.sft is not None:
        answer = fmean(len(str(sample.reference_answer or "")) for sample in samples) / CHARS_PER_TOKEN
        tokens += warm.sft.max_steps * warm.sft.batch_size * (prompt + answer)
    anchors = task.config.validation.anchors
    anchored = anchors.cases * (train.max_steps // anchors.every) if anchors.every else 0
    return judging.of_rollouts("train", rollouts, round(tokens), judged=anchored)


def _evaluate(task: LoadedTask, judging: _Judging) -> StageForecast:
    config = task.config.evaluate
    models = 2 if task.config.policy.warm_start is None else 3
    return judging.of_rollouts(
        "evaluate", len(split_samples(task, "test", config.limit)) * config.samples_per_row * models
    )


def _items(rubric: Rubric, sample: Sample) -> int:
    """Items of the reference answer: what a good response has."""
    return len(response_items(rubric, sample.reference_text or "") or [])
