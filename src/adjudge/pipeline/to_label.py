"""What people are shown to label: the items of a task's responses, with the texts that belong to each."""

from dataclasses import dataclass
from pathlib import Path

from adjudge.domain import Criterion, Rollout, Rubric, Sample
from adjudge.errors import ConfigError
from adjudge.judges.case import Case, case_of
from adjudge.judges.fields import response_items
from adjudge.pictures.page import plain
from adjudge.pipeline.judging import task_rubric
from adjudge.pipeline.responses import given_responses, reference_responses
from adjudge.pipeline.taskfile import LoadedTask
from adjudge.pipeline.tools import read_rollouts
from adjudge.validation.labelling import Unit, told_scores
from adjudge.validation.table import read_table

Answered = tuple[Sample, Rollout]


@dataclass(frozen=True)
class ToLabel:
    """Items and their texts, by the items' ids.

    Attributes:
        rubric: the task's.
        units: all items, in order of the responses.
        cases: the texts of each.
        unreadable: responses without items: nothing to label there.
    """

    rubric: Rubric
    units: tuple[Unit, ...]
    cases: dict[str, Case]
    unreadable: int

    def documents(self, item: str) -> list[tuple[str, str]]:
        """Heading and text of each document that the item is judged beside."""
        case = self.cases[item]
        return [(heading, plain(case.documents[name])) for name, heading in self.rubric.fields.items()]

    def texts(self, item: str, criterion: Criterion) -> list[tuple[str, str]]:
        """Name and text of what the criterion reads of the item."""
        return [(name, plain(text)) for name, text in self.cases[item].shown([criterion]).items()]


def to_label(task: LoadedTask, rollouts: Path | None, verdicts: Path | None) -> ToLabel:
    """The items of stored responses, or else of the validation rows' reference answers.

    Args:
        task: has rubric and rows.
        rollouts: JSONL file of responses; None for the task's own.
        verdicts: verdict table with the judge's scores of these responses; they decide which items are drawn.

    Raises:
        MissingError: a file is not there.
        DataError: a response answers a row that the task does not have.
        ConfigError: there is nothing to label.
    """
    rubric = task_rubric(task)
    answered = reference_responses(task) if rollouts is None else given_responses(task, read_rollouts(rollouts))
    scores = {} if verdicts is None else told_scores(read_table(verdicts))
    units, cases, unreadable = [], {}, 0
    for sample, rollout in answered:
        items = response_items(rubric, rollout.response)
        unreadable += items is None
        for number, item in enumerate(items or ()):
            name = f"{rollout.id}/{number}"
            units.append(Unit(name, sample.id, scores.get(name, {})))
            cases[name] = case_of(rubric, sample, rollout, item)
    if not units:
        raise ConfigError(
            f"{rollouts or task.file} has no response with an item to label.",
            f"{unreadable} of {len(answered)} responses cannot be read; the others have no item.",
            "Give responses: --rollouts runs/NAME/rollouts.jsonl",
        )
    return ToLabel(rubric, tuple(units), cases, unreadable)
