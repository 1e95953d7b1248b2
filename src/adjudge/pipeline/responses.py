"""Responses that a judge is measured on: labelled cases, judge tests, the policy's own, or what a file holds."""

from collections.abc import Sequence
from typing import Final

from adjudge.domain import Policy, Rollout, Rubric, Sample
from adjudge.errors import DataError
from adjudge.judges.suite.suite import Suite
from adjudge.pipeline.config import Split
from adjudge.pipeline.data import split_samples
from adjudge.pipeline.labelled import as_rollout, held_out_cases, sample_of
from adjudge.pipeline.measure import Response
from adjudge.pipeline.taskfile import LoadedTask
from adjudge.training.labelled import Case
from adjudge.validation.gold import Gold
from adjudge.validation.registry import LABELLED, PEOPLE, TESTS

SPLITS: Final[tuple[Split, ...]] = ("train", "validation", "test")


def labelled_responses(task: LoadedTask, rubric: Rubric) -> tuple[tuple[Case, Response], ...]:
    """The task's labelled cases of its held-out rows, each with the response that asks it."""
    config = task.config.validation
    samples = (*split_samples(task, "validation"), *split_samples(task, "test"))
    cases = held_out_cases(samples, rubric, most=config.cases, seed=config.seed)
    return tuple((case, _asking(case, rubric, sample_of(case, samples))) for case in cases)


def _asking(case: Case, rubric: Rubric, row: Sample) -> Response:
    sample, rollout = as_rollout(case, rubric, row)
    return Response(sample, rollout, cluster=case.cluster, slice=LABELLED, criterion=case.criterion, label=case.label)


def tested_responses(suite: Suite) -> tuple[Response, ...]:
    """The known responses of judge tests, as people wrote them."""
    asks = [ask for ask in suite.asks.values() if not ask.changed]
    return tuple(Response(ask.sample(), ask.rollout(), cluster=ask.id, slice=TESTS) for ask in asks)


def given_responses(task: LoadedTask, rollouts: Sequence[Rollout]) -> list[tuple[Sample, Rollout]]:
    """Rollouts of a file with their rows.

    Raises:
        DataError: a rollout answers a row that the task does not have.
    """
    samples = {sample.id: sample for split in SPLITS for sample in split_samples(task, split)}
    lost = next((rollout for rollout in rollouts if rollout.sample_id not in samples), None)
    if lost is not None:
        raise DataError(
            f"Rollout '{lost.id}' answers the row '{lost.sample_id}', which the task does not have.",
            "A response is judged beside its row.",
            "Correct sample_id, or the task's data.",
        )
    return [(samples[rollout.sample_id], rollout) for rollout in rollouts]


def reference_responses(task: LoadedTask) -> list[tuple[Sample, Rollout]]:
    """The reference answers of the validation rows, as responses: what people label where nothing else is given."""
    policy = Policy(name="reference")
    return [
        (sample, Rollout(id=f"reference/{sample.id}", sample_id=sample.id, policy=policy, response=text))
        for sample in split_samples(task, "validation")
        if (text := sample.reference_text) is not None
    ]


def people_responses(task: LoadedTask, gold: Gold) -> tuple[Response, ...]:
    """Those of the reference answers that people labelled."""
    labelled = {item.rpartition("/")[0] for item in gold.item.present()}
    return tuple(
        Response(sample, rollout, cluster=sample.id, slice=PEOPLE)
        for sample, rollout in reference_responses(task)
        if rollout.id in labelled
    )
