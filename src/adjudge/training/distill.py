"""A small local judge out of labelled cases: a LoRA adapter that answers each criterion with one token.

The loss is the cross-entropy between the scale's two labels only, at the first token in which they differ. Questions
about the same first text (a passage under several guidelines) share one forward pass of it.
"""

import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated

import torch
from peft import get_peft_model
from pydantic import Field
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
    """Size of the training, and what it is spent on."""

    tokens: int = Field(default=800_000, ge=1)
    tokens_per_step: int = Field(default=1_500, ge=1)
    learning_rate: float = Field(default=7e-4, gt=0.0)
    warmup_steps: int = Field(default=20, ge=1)
    shares: Mapping[str, Annotated[float, Field(gt=0.0)]] = {
        "grounded": 0.55,
        "supported": 0.2,
        "consistent": 0.12,
        "actionable": 0.13,
    }
    """Weight of each criterion among the answers learnt: the hard one takes most. Those not named here weigh 1."""

    source_power: float = Field(default=0.5, ge=0.0, le=1.0)
    """Within a criterion a source of n cases gets a share in proportion to n ** source_power: at 1 a large corpus
    drowns a small one, at 0 all count the same (the exponent is 1/T of temperature-based sampling, Arivazhagan et al.
    2019, arXiv:1907.05019)."""

    questions_per_text: int = Field(default=8, ge=1)
    """Most questions about one text in one forward pass (a guideline has many comments)."""

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
        margins = _margins(model.base_model.model, step)
        loss = functional.binary_cross_entropy_with_logits(margins, step.labels)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        rate = config.learning_rate * min(1.0, (done + 1) / config.warmup_steps) * (1.0 - 0.95 * done / len(steps))
        for group in optimizer.param_groups:
            group["lr"] = rate
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        done += 1
        right = ((margins > 0) == (step.labels > 0)).float()
        metrics = {"loss": float(loss.detach()), "accuracy": float(right.mean()), "learning_rate": rate}
        for criterion in dict.fromkeys(step.criteria):
            here = torch.tensor([name == criterion for name in step.criteria])
            metrics[f"accuracy_{criterion}"] = float(right[here].mean())
        metrics["labels"] = float(len(step.labels))
        metrics["step_seconds"] = time.perf_counter() - began
        if observer.on_event(StepEnded(step=done, steps=len(steps), metrics=metrics)) is Request.STOP:
            break
    export_half(model, folder, base.name)
    return done


@dataclass(frozen=True)
class _Text:
    """Questions of one criterion about one text, with their labels."""

    criterion: str
    text: str
    questions: tuple[tuple[str, bool], ...]


class _Step:
    """One forward pass: texts with their questions; labels (N,) and criteria in their order."""

    def __init__(self, texts: Sequence[tuple[_Text, Branches]], answers: tuple[int, int]) -> None:
        packed = pack([branches for _, branches in texts])
        ends = torch.tensor(packed.lengths).cumsum(0) - 1
        # Only where an answer is due is anything predicted.
        self.packed = replace(packed, sources=packed.sources[ends])
        self.labels = torch.tensor([float(label) for text, _ in texts for _, label in text.questions])
        self.criteria = [text.criterion for text, _ in texts for _ in text.questions]
        self.answers = answers


def _margins(model: torch.nn.Module, step: _Step) -> torch.Tensor:
    """Logit of yes minus logit of no, (N,)."""
    hidden = hidden_states(model, step.packed)
    head: torch.Tensor = model.lm_head.weight  # type: ignore[union-attr,assignment]
    no, yes = step.answers
    return hidden @ (head[yes] - head[no])


@dataclass
class _Bucket:
    """The texts of one criterion and source, dealt again and again in new order; `share` of all labels is due to it."""

    texts: Sequence[_Text]
    share: float
    dealt: int = 0
    left: list[_Text] = field(default_factory=list)

    def deal(self, dice: random.Random) -> _Text:
        if not self.left:
            self.left = dice.sample(self.texts, len(self.texts))
        text = self.left.pop()
        self.dealt += len(text.questions)
        return text


def _buckets(rubric: Rubric, cases: Sequence[Case], config: DistillConfig, dice: random.Random) -> list[_Bucket]:
    asked: dict[tuple[str, str], dict[str, dict[tuple[str, bool], None]]] = {}
    for case in cases:
        text, question = choice_parts(rubric.criterion(case.criterion), case.fields)
        # Equal comments on one guideline are one question: a dict keeps the first of each, in order.
        asked.setdefault((case.criterion, case.source), {}).setdefault(text, {})[question, case.label] = None
    most = config.questions_per_text
    found: dict[tuple[str, str], list[_Text]] = {}
    for (criterion, source), texts in asked.items():
        for text, questions in texts.items():
            order = dice.sample([*questions], len(questions))
            chunks = [tuple(order[start : start + most]) for start in range(0, len(order), most)]
            found.setdefault((criterion, source), []).extend(_Text(criterion, text, chunk) for chunk in chunks)
    weight = {key: sum(len(t.questions) for t in texts) ** config.source_power for key, texts in found.items()}
    total = {name: sum(w for (criterion, _), w in weight.items() if criterion == name) for name, _ in found}
    return [
        _Bucket(texts, config.shares.get(key[0], 1.0) * weight[key] / total[key[0]]) for key, texts in found.items()
    ]


def _answers(base: LocalModel, rubric: Rubric) -> tuple[list[int], int, int]:
    """Tokens that both answers begin with, then the one in which no and yes part."""
    no, yes = (base.text_ids(option) for option in options(rubric.criteria[0]))
    shared = next(place for place, (one, other) in enumerate(zip(no, yes, strict=False)) if one != other)
    return no[:shared], no[shared], yes[shared]


def _steps(base: LocalModel, rubric: Rubric, cases: Sequence[Case], config: DistillConfig) -> list[_Step]:
    """Steps of about ``tokens_per_step``: the next text is always from the bucket that is furthest behind its share."""
    dice = random.Random(config.seed)
    buckets = _buckets(rubric, cases, config, dice)
    shared, no, yes = _answers(base, rubric)
    steps: list[_Step] = []
    texts: list[tuple[_Text, Branches]] = []
    spent = in_step = 0
    while spent < config.tokens:
        text = min(buckets, key=lambda bucket: bucket.dealt / bucket.share).deal(dice)
        # The answer token closes each branch: it is only a target, its predecessor is where the answer is read.
        branches = Branches(base.text_ids(text.text), [[*base.text_ids(q), *shared, yes] for q, _ in text.questions])
        size = len(branches.prefix) + sum(len(branch) - 1 for branch in branches.branches)
        texts.append((text, branches))
        spent, in_step = spent + size, in_step + size
        if in_step >= config.tokens_per_step or spent >= config.tokens:
            steps.append(_Step(texts, (no, yes)))
            texts, in_step = [], 0
    return steps
