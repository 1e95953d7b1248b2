"""A judge without a passport that says yes: refused, or marked wherever its run leaves something."""

import json
from pathlib import Path

import pytest

from adjudge.domain import Event, Request
from adjudge.errors import GateError
from adjudge.pipeline import publish
from adjudge.pipeline.run import run
from adjudge.pipeline.taskfile import LoadedTask
from adjudge.store.atomic import read_json, write_json
from adjudge.store.jsonl import read_jsonl
from adjudge.store.run import RunFolder


class Listener:
    """Listens."""

    def on_event(self, event: Event) -> Request:
        return Request.NONE


def with_wrong_test(task: LoadedTask) -> LoadedTask:
    """The task with a judge test that its judge cannot pass."""
    tests = task.path("judge_tests.yaml")
    tests.write_text(tests.read_text().replace("{letters: six}", "{letters: none}"))
    return task


MILD = {"release.rules": [{"metric": "reward", "model": "rft", "at_least": 0.0, "bound": "estimate"}]}


async def test_everything_that_an_unproven_judge_trained_says_so(make_task, tmp_path: Path):
    """Evaluation, gate, report, card and manifest of the release name the judge unproven, with the reason."""
    task, out = with_wrong_test(make_task(MILD)), tmp_path / "run"
    await run(task, out, observer=Listener(), allow_unproven=True)
    folder = RunFolder(out)
    assert "fails: suite" in folder.unproven
    for file in (folder.evaluation, folder.gate):
        assert folder.unproven in read_json(file)["warnings"]
    assert "--allow-unproven" in folder.report.read_text(encoding="utf-8")
    assert "allow\\-unproven" in (out / "release" / "README.md").read_text().replace(
        "--allow-unproven", "allow\\-unproven"
    )
    assert json.loads((out / "release" / "manifest.json").read_text())["facts"]["judge_proven"] is False


async def test_a_marked_run_is_not_released_without_being_told_to(make_task, tmp_path: Path):
    """The mark stays: the release stage of a later start refuses what the first start was allowed to train."""
    task, out = with_wrong_test(make_task(MILD)), tmp_path / "run"
    await run(task, out, observer=Listener(), stage="evaluate", allow_unproven=True)
    with pytest.raises(GateError, match="fails: suite"):
        await run(task, out, observer=Listener(), resume=True)
    with pytest.raises(GateError, match="not proven"):
        publish.require(publish.check(task, RunFolder(out)))
    assert not (out / "release").exists()


async def test_an_accepted_failure_trains_and_is_told(make_task, tmp_path: Path):
    """What the task accepts goes on without a mark; passport and card repeat the reason."""
    task = with_wrong_test(make_task({**MILD, "validate.accept": {"suite": "the test is known to be wrong"}}))
    # Nothing else speaks for a script, so acceptance alone would not make it usable.
    with pytest.raises(GateError, match="not validated"):
        await run(task, tmp_path / "run", observer=Listener())
    assert read_json(RunFolder(tmp_path / "run").passport)["accepted"] == {"suite": "the test is known to be wrong"}


async def test_the_passport_of_another_judge_lets_nobody_train(make_task, tmp_path: Path):
    """A passport whose fingerprint is not the judge's is no passport, however good it looks."""
    task, out = make_task(MILD), tmp_path / "run"
    await run(task, out, observer=Listener(), stage="judge")
    data = read_json(RunFolder(out).passport)
    write_json(RunFolder(out).passport, {**data, "fingerprint": "another"})
    with pytest.raises(GateError, match="the judge is another one"):
        await run(task, out, observer=Listener(), resume=True)
    assert not (out / "checkpoints").exists()


async def test_a_passport_made_before_is_taken_and_held_against_the_judge(make_task, tmp_path: Path):
    """With validate.passport nothing is asked again; a changed rubric makes it another judge's, and that is refused."""
    first = tmp_path / "first"
    await run(make_task(MILD), first, observer=Listener(), stage="judge")
    task = make_task({**MILD, "validate.passport": "passport.json"}, name="second")
    task.path("passport.json").write_bytes(RunFolder(first).passport.read_bytes())
    await run(task, tmp_path / "run", observer=Listener(), stage="judge")
    assert read_json(RunFolder(tmp_path / "run").passport)["judge"] == read_json(RunFolder(first).passport)["judge"]
    assert "judge" not in {row["stage"] for row in read_jsonl(RunFolder(tmp_path / "run").verdicts)}
    rubric = task.path("rubric.yaml")
    rubric.write_text(rubric.read_text().replace("question: ", "question: Well, ", 1))
    with pytest.raises(GateError, match="the judge is another one"):
        await run(task, tmp_path / "third", observer=Listener(), stage="judge")
