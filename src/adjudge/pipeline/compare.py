"""Stage ``evaluate``: base, warm start and trained policy on the test rows, judged by one reward."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from adjudge.domain import Sample
from adjudge.evaluation.report import MAIN_METRICS, Example, Side
from adjudge.evaluation.result import Evaluation
from adjudge.evaluation.run import ModelOutputs, contract_review, evaluate
from adjudge.pipeline.draw import Drawing, Drawn, draw
from adjudge.pipeline.policy import evaluation_sampling, open_backend
from adjudge.pipeline.work import Work
from adjudge.training.backend import Backend

STAGE: Final = "evaluate"
EXAMPLES: Final = 3


@dataclass(frozen=True)
class Contestant:
    """A model to compare: the task's base with an adapter, or another base.

    Attributes:
        adapter: LoRA folder, None for none.
        base: reference for `adjudge.models.load`; empty: the task's.
    """

    adapter: Path | None = None
    base: str = ""


async def run_evaluation(
    models: Mapping[str, Contestant], samples: Sequence[Sample], work: Work
) -> tuple[Evaluation, tuple[Example, ...]]:
    """Sample every model on the same rows with the same seeds, and compare.

    Args:
        models: name -> model, weakest first (base, sft, rft).
        samples: the test rows.
        work: one reward for all models.

    Returns:
        The evaluation, and a few rows with the answers of every model.

    Raises:
        StoppedError: an observer asked to stop.
    """
    config = work.task.config.evaluate
    drawn: dict[str, Drawn] = {}
    for name, model in models.items():
        drawing = Drawing(stage=STAGE, model=name, samples=samples, per_row=config.samples_per_row, seed=config.seed)

        def opened(chosen: Contestant = model) -> Backend:
            sampling = evaluation_sampling(work.task)
            return open_backend(work.task, sampling, adapter=chosen.adapter, base=chosen.base)

        drawn[name] = await draw(drawing, opened, work)
    outputs = {name: ModelOutputs(part.groups, part.rewards) for name, part in drawn.items()}
    has_gold = all(sample.metadata.get("expert_findings") is not None for sample in samples)
    metrics = contract_review if work.task.config.data.format == "contract-windows" and has_gold else None
    found = evaluate(outputs, metrics, seed=config.seed, resamples=config.resamples)
    return found, examples(drawn)


def shown(found: Evaluation) -> list[str]:
    """The metrics for the terminal: the main ones that were measured."""
    return [name for name in MAIN_METRICS if name in found.metrics()]


def examples(drawn: Mapping[str, Drawn]) -> tuple[Example, ...]:
    """Rows on which the reward changed most from the first model to the last, with every model's first answer."""
    names = list(drawn)
    last, first = drawn[names[-1]], drawn[names[0]]

    def change(place: int) -> float:
        after, before = (_first_value(part, place) for part in (last, first))
        return abs(after - before)

    places = sorted(range(len(first.groups)), key=lambda place: (-change(place), place))[:EXAMPLES]
    return tuple(
        Example(
            title=first.groups[place].sample.id,
            document=_document(first.groups[place].sample),
            sides=tuple(_side(name, drawn[name], place) for name in names),
        )
        for place in sorted(places)
    )


def _side(name: str, part: Drawn, place: int) -> Side:
    rollout = part.groups[place].rollouts[0]
    return Side(model=name, rollout=rollout, reward=part.rewards[rollout.id])


def _first_value(part: Drawn, place: int) -> float:
    """For the choice of examples only; a rollout without a reward changes nothing."""
    return part.rewards[part.groups[place].rollouts[0].id].value or 0.0


def _document(sample: Sample) -> str:
    text = sample.metadata.get("target_document")
    return text if isinstance(text, str) else ""
