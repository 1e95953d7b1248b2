"""Responses that a judge is measured on: labelled cases, judge tests, the policy's own, or what a file holds."""

from collections.abc import Iterable, Sequence
from typing import Final

from adjudge.domain import Rollout, Rubric, Sample
from adjudge.errors import DataError
from adjudge.judges.cases import JudgeCase
from adjudge.pipeline.config import Split
from adjudge.pipeline.data import split_samples
from adjudge.pipeline.labelled import as_rollout, held_out_cases, sample_of
from adjudge.pipeline.measure import Response
from adjudge.pipeline.taskfile import LoadedTask
from adjudge.training.labelled import Case

LABELLED: Final = "labelled"
TESTS: Final = "tests"
POLICY: Final = "policy"
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


def tested_responses(cases: Iterable[JudgeCase]) -> tuple[Response, ...]:
    """The responses of judge tests. A test that demands a score says whether the response is good."""

    def label(case: JudgeCase) -> bool | None:
        return True if case.at_least is not None else False if case.at_most is not None else None

    return tuple(
        Response(case.sample(), case.rollout(), cluster=case.name, slice=TESTS, label=label(case)) for case in cases
    )


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
