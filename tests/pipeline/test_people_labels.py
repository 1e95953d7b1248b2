"""People's labels of a task reach its judge's passport."""

import json
from pathlib import Path

from adjudge.domain import Event, Request
from adjudge.pipeline.judging import task_rubric
from adjudge.pipeline.responses import reference_responses
from adjudge.pipeline.tools import measure_judge
from adjudge.store.jsonl import read_jsonl


class Quiet:
    """Listens."""

    def on_event(self, event: Event) -> Request:
        return Request.NONE


async def test_reference_answers_that_people_labelled_are_judged(make_task, tmp_path: Path):
    """Items named as `judge label` names them are asked, and the check against people finds them."""
    task = make_task({"validate.gold": "gold.jsonl"})
    criterion = task_rubric(task).criteria[0].id
    labels = [
        {"item": f"{rollout.id}/0", "group": sample.id, "criterion": criterion, "rater": rater, "score": 1.0}
        for sample, rollout in reference_responses(task)
        for rater in ("ada", "bo")
    ]
    task.path("gold.jsonl").write_text("".join(json.dumps(label) + "\n" for label in labels), encoding="utf-8")
    found = await measure_judge(task, tmp_path / "out", Quiet(), [])
    people = next(check for check in found.checks if check.name == "people")
    assert people.figures
    assert "nothing that the judge was asked" not in people.detail
    asked = {row["item"] for row in read_jsonl(tmp_path / "out" / "verdicts.jsonl") if row["slice"] == "people"}
    assert asked == {label["item"] for label in labels}
