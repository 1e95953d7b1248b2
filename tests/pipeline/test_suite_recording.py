"""Recordings of a task's judge: everybody who answers is in them, and a broken-off one goes on where it stopped."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from adjudge.errors import MissingError
from adjudge.judges.suite.run import run_suite
from adjudge.pipeline.suite import needed_suite, recording_bench, replaying_bench
from adjudge.pipeline.taskfile import LoadedTask

MakeTask = Callable[..., LoadedTask]

GRADER = {
    "type": "score_model",
    "name": "letters",
    "model": "gpt-4o",
    "input": [{"role": "user", "content": "Letters: {{sample.output_text}}"}],
    "range": [0, 1],
}


def suite_of(bench):
    return needed_suite(bench.task, bench.rubric, bench.name)[0]


async def test_a_panel_is_recorded_whole(make_task: MakeTask, tmp_path: Path):
    """Each member's replies come back to it, and the verdict is the same."""
    folder, file = make_task().folder, tmp_path / "replies.jsonl"
    other = folder / "other.jsonl"
    other.write_text(json.dumps({"reply": {"criteria": [{"id": "letters", "reason": "r", "answer": "two"}]}}))
    task = make_task({"judge.panel.models": ["scripted:other.jsonl"], "judge.panel.rule": "mean"})
    async with recording_bench(task, file) as bench:
        recorded = await run_suite(bench.judge(), suite_of(bench))
    other.unlink()
    (folder / "judge.jsonl").unlink()
    async with replaying_bench(task, file) as bench:
        replayed = await run_suite(bench.judge(), suite_of(bench))
    assert replayed == recorded
    assert replayed.responses[0].scores == (0.7,)


async def test_a_grader_is_recorded_by_the_names_of_its_models(make_task: MakeTask, tmp_path: Path):
    """An OpenAI grader answers from its recording as a rubric's judge does."""
    folder, file = make_task().folder, tmp_path / "replies.jsonl"
    (folder / "grader.json").write_text(json.dumps(GRADER))
    (folder / "said.jsonl").write_text(json.dumps({"reply": {"steps": [], "result": 0.5}}))
    tests = folder / "judge_tests.yaml"
    tests.write_text("cases: [{name: a, metadata: {}, response: abc, at_least: 0.5}]")
    task = make_task({"judge": {"grader": "grader.json", "model": "scripted:said.jsonl"}})
    async with recording_bench(task, file) as bench:
        recorded = await run_suite(bench.judge(), suite_of(bench))
    (folder / "said.jsonl").unlink()
    async with replaying_bench(task, file) as bench:
        replayed = await run_suite(bench.judge(), suite_of(bench))
        assert replayed == recorded
        assert replayed.passed
        ask = suite_of(bench).asks["a"]
        with pytest.raises(MissingError, match="no reply"):
            await bench.judge().judge(ask.sample(), ask.rollout().model_copy(update={"response": "abcd"}))


async def test_a_broken_off_recording_goes_on(make_task: MakeTask, tmp_path: Path):
    """What was answered is kept beside, is not asked again, and becomes the recording when all is answered."""
    task, file = make_task(), tmp_path / "replies.jsonl"
    part = tmp_path / "replies.jsonl.part"

    async def ask_one(*, then_fail: bool) -> None:
        async with recording_bench(task, file) as bench:
            ask = suite_of(bench).asks["a-word"]
            await bench.judge().judge(ask.sample(), ask.rollout())
            if then_fail:
                raise KeyError

    with pytest.raises(KeyError):
        await ask_one(then_fail=True)
    assert not file.exists()
    before = part.read_bytes()
    await ask_one(then_fail=False)
    assert file.read_bytes() == before
    assert not part.exists()
