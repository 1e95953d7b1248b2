"""A small local judge out of labelled cases: a LoRA adapter that answers each criterion with one token.

The loss is the cross-entropy between the scale's two labels only, at the position where the answer is due. Cases that
read the same first text (a passage under several guidelines) share one forward pass of it.
"""

import random
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import torch
from peft import get_peft_model
from torch.nn import functional

from adjudge.domain import Frozen, Observer, Request, Rubric, StepEnded
from adjudge.errors import ConfigError
from adjudge.judges.choice import choice_parts, options
from adjudge.models.load import LocalModel
from adjudge.models.packed import Branches, hidden_states, pack
from adjudge.training.config import LoraSettings
from adjudge.training.labelled import Case
from adjudge.training.lora import export_half, lora_config


class DistillConfig(Frozen):
    """Size of the training: one pass over `tokens` tokens of cases."""

    tokens: int = 400_000
    tokens_per_step: int = 3_000
    tokens_per_pass: int = 1_500
    learning_rate: float = 1e-3
    warmup_steps: int = 6
    shares: Mapping[str, float] = {"grounded": 1.0, "supported": 0.4, "consistent": 0.3, "actionable": 0.2}
    """Which share of a criterion's cases is used: the hard one takes most of the budget."""

    questions_per_text: int = 8
    """Most questions about one text (a guideline has many comments, a vague action many rows)."""

    lora: LoraSettings = LoraSettings(rank=8, alpha=16)
    seed: int = 0


def distill(
    base: LocalModel,
    rubric: Rubric,
    cases: Sequence[Case],
    folder: Path,
    *,
    observer: Observer,
    config: DistillConfig | None = None,
) -> int:
    """Train the adapter and write it to `folder` (PEFT layout, half precision). Returns the number of steps.

    Raises:
        ConfigError: there are no cases, or a scale is not the Boolean one.
    """
    config = config or DistillConfig()
    if not cases or not all(criterion.scale.is_boolean for criterion in rubric.criteria):
        raise ConfigError(
            "The judge cannot be distilled.",
            "It needs labelled cases (rows with expert findings) and Boolean criteria.",
            "Check the task's data and rubric.",
        )
    with torch.random.fork_rng():
        torch.manual_seed(config.seed)
        model = get_peft_model(base.model, lora_config(config.lora)).train()
    weights = [weight for weight in model.parameters() if weight.requires_grad]
    optimizer = torch.optim.AdamW(weights, lr=config.learning_rate, betas=(0.9, 0.98), weight_decay=0.0)
    steps = _steps(base, rubric, cases, config)
    done = 0
    for step in steps:
        began = time.perf_counter()
        labels = sum(len(part.labels) for part in step)
        total, right = 0.0, 0
        for part in step:
            margins = _margins(model.base_model.model, part)
            loss = functional.binary_cross_entropy_with_logits(margins, part.labels, reduction="sum") / labels
            loss.backward()  # type: ignore[no-untyped-call]
            total += float(loss.detach())
            right += int(((margins > 0) == (part.labels > 0)).sum())
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        rate = config.learning_rate * min(1.0, (done + 1) / config.warmup_steps) * (1.0 - 0.95 * done / len(steps))
        for group in optimizer.param_groups:
            group["lr"] = rate
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        done += 1
        metrics = {"loss": total, "accuracy": right / labels, "labels": float(labels), "learning_rate": rate}
        metrics["step_seconds"] = time.perf_counter() - began
        if observer.on_event(StepEnded(step=done, steps=len(steps), metrics=metrics)) is Request.STOP:
            break
    export_half(model, folder, base.name)
    return done


class _Part:
    """One forward pass: prefixes with their questions, and the labels (N,) in order."""

    def __init__(self, groups: list[Branches], labels: list[float], answers: tuple[int, int]) -> None:
        packed = pack(groups)
        ends = torch.tensor(packed.lengths).cumsum(0) - 1
        # Only where an answer is due is anything predicted.
        self.packed = replace(packed, sources=packed.sources[ends])
        self.labels = torch.tensor(labels)
        self.answers = answers


def _margins(model: torch.nn.Module, part: _Part) -> torch.Tensor:
    """Logit of yes minus logit of no, (N,)."""
    hidden = hidden_states(model, part.packed)
    head: torch.Tensor = model.lm_head.weight  # type: ignore[union-attr,assignment]
    no, yes = part.answers
    return hidden @ (head[yes] - head[no])


def _questions(
    rubric: Rubric, cases: Sequence[Case], config: DistillConfig, dice: random.Random
) -> dict[str, list[tuple[str, bool]]]:
    """Questions and labels by what they read first: each once, and few for one text, so that none fills a batch."""
    by_prefix: dict[str, dict[tuple[str, bool], None]] = defaultdict(dict)
    for case in cases:
        prefix, question = choice_parts(rubric.criterion(case.criterion), case.fields)
        if dice.random() < config.shares.get(case.criterion, 1.0):
            by_prefix[prefix][question, case.label] = None
    return {
        prefix: dice.sample([*questions], min(len(questions), config.questions_per_text))
        for prefix, questions in by_prefix.items()
    }


def _steps(base: LocalModel, rubric: Rubric, cases: Sequence[Case], config: DistillConfig) -> list[list[_Part]]:
    """Forward passes of about ``tokens_per_pass``, optimizer steps of about ``tokens_per_step``."""
    dice = random.Random(config.seed)
    by_prefix = _questions(rubric, cases, config, dice)
    prefixes = sorted(by_prefix)
    dice.shuffle(prefixes)
    answers = [base.text_ids(option) for option in options(rubric.criteria[0])]
    no, yes = answers[0][0], answers[1][0]
    steps: list[list[_Part]] = [[]]
    groups: list[Branches] = []
    labels: list[float] = []
    spent = in_part = in_step = 0
    for prefix in prefixes:
        start = base.text_ids(prefix)
        # The answer token closes each branch: it is only a target, its predecessor is where the answer is read.
        branches = [[*base.text_ids(question), yes] for question, _ in by_prefix[prefix]]
        size = len(start) + sum(len(branch) - 1 for branch in branches)
        groups.append(Branches(start, branches))
        labels.extend(float(label) for _, label in by_prefix[prefix])
        spent, in_part, in_step = spent + size, in_part + size, in_step + size
        if in_part < config.tokens_per_pass:
            continue
        steps[-1].append(_Part(groups, labels, (no, yes)))
        groups, labels, in_part = [], [], 0
        if in_step >= config.tokens_per_step:
            steps.append([])
            in_step = 0
        if spent >= config.tokens:
            break
    if groups:
        # What does not fill a last forward pass is learnt from too: few cases must not train nothing.
        steps[-1].append(_Part(groups, labels, (no, yes)))
    return [step for step in steps if step]
