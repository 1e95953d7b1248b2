"""How a task says that its judge is asked, and what the forecast makes of it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from adjudge.domain import load_samples
from adjudge.errors import ConfigError
from adjudge.judges.load import load_rubric
from adjudge.judges.rubric import RubricJudge
from adjudge.pipeline.forecast import forecast
from adjudge.pipeline.judging import open_bench
from adjudge.pipeline.taskfile import LoadedTask
from adjudge.store.journal import Journal

MakeTask = Callable[..., LoadedTask]

RUBRIC = """
name: five
items: {path: comments, judge: JUDGE}
criteria:
""" + "".join(f"  - id: c{n}\n    question: Is it {n}?\n" for n in range(5))


@pytest.mark.parametrize(
    ("calls", "judge", "expected"),
    [("together", "item", 2), ("per_criterion", "item", 10), (2, "item", 6), (2, "together", 3), (9, "together", 1)],
)
def test_the_forecast_counts_calls_as_they_are_made(make_task: MakeTask, calls: object, judge: str, expected: int):
    """Two items and five criteria: one by one, so many at a time, or all together."""
    task = make_task({"judge.calls": calls, "judge.rubric": "five.yaml", "validate.tests": None})
    (task.folder / "five.yaml").write_text(RUBRIC.replace("JUDGE", judge))
    for split in (task.config.data.train, task.config.data.validation, task.config.data.test):
        for name in split:
            rows = load_samples(task.path(name))
            answered = [row.model_copy(update={"reference_answer": {"comments": [{}, {}]}}) for row in rows]
            task.path(name).write_text("".join(row.model_dump_json() + "\n" for row in answered))
    stages = {stage.stage: stage for stage in forecast(task, ["evaluate"]).stages}
    assert stages["evaluate"].judge_calls == stages["evaluate"].rollouts * expected


@pytest.mark.parametrize("calls", [0, True, "some", 1.5])
def test_other_numbers_of_criteria_a_call_are_refused(make_task: MakeTask, calls: object):
    """A number from 1, or one of the two words."""
    with pytest.raises(ConfigError, match=r"judge\.calls"):
        make_task({"judge.calls": calls})


async def test_the_judge_of_a_task_asks_as_the_task_says(make_task: MakeTask, tmp_path: Path):
    """Its calls and logprobs reach the judge."""
    task = make_task({"judge.calls": 3, "judge.logprobs": True})
    with Journal(tmp_path / "journal.jsonl") as journal:
        async with open_bench(task, journal) as bench:
            judge = bench.judge()
    assert isinstance(judge, RubricJudge)
    assert (judge.calls, judge.logprobs) == (3, True)
    assert judge.rubric == load_rubric(task.path("rubric.yaml"))
