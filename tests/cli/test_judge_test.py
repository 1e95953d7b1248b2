"""`adjudge judge test`: recorded replies, answers from a recording, and the pinned baseline."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Command = Callable[..., Any]


def edited(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


@pytest.fixture
def recording(adjudge: Command, task: Path, tmp_path: Path) -> Path:
    """The replies of the rehearsal task's judge."""
    path = tmp_path / "replies.jsonl"
    assert adjudge("judge", "test", task, "--record", path).code == 0
    return path


def test_a_recording_answers_without_the_model(adjudge: Command, task: Path, recording: Path):
    """The script that stands for the model is gone; the answers are the same, and the recording is not touched."""
    live = json.loads(adjudge("judge", "test", task, "--json").out)
    (task / "judge.jsonl").unlink()
    before = recording.read_bytes()
    replayed = adjudge("judge", "test", task, "--replies", recording, "--json")
    assert replayed.code == 0
    assert json.loads(replayed.out) == live
    assert recording.read_bytes() == before
    assert not recording.with_name("replies.jsonl.part").exists()


@pytest.mark.parametrize(
    "edit",
    [
        ("judge_tests.yaml", "response: harbourmaster", "response: harbour"),
        ("rubric.yaml", "are in the response", "has the response"),
        ("task.yaml", "rubric: rubric.yaml", "rubric: rubric.yaml\n  max_tokens: 700"),
    ],
)
def test_an_unknown_question_says_to_record_anew(
    adjudge: Command, task: Path, recording: Path, edit: tuple[str, str, str]
):
    """Other tests, another rubric, other settings: nothing is guessed."""
    file, old, new = edit
    edited(task / file, old, new)
    ended = adjudge("judge", "test", task, "--replies", recording)
    assert ended.code == 3
    assert "Record anew" in ended.err


def test_another_model_is_not_answered_for(adjudge: Command, task: Path, recording: Path):
    """The recording says who was recorded."""
    edited(task / "task.yaml", "scripted:judge.jsonl", "openai:gpt-5-mini")
    ended = adjudge("judge", "test", task, "--replies", recording)
    assert ended.code == 3
    assert "not recorded with the judge 'openai:gpt-5-mini'" in ended.err


def test_a_recording_that_is_not_there_is_told(adjudge: Command, task: Path, tmp_path: Path):
    """With the command that makes it."""
    ended = adjudge("judge", "test", task, "--replies", tmp_path / "none.jsonl")
    assert ended.code == 3
    assert "--record" in ended.err


def test_recording_and_replaying_exclude_each_other(adjudge: Command, task: Path, recording: Path):
    """A wrong request, exit code 2."""
    assert adjudge("judge", "test", task, "--replies", recording, "--record", "x.jsonl").code == 2


def test_the_baseline_is_written_and_kept(adjudge: Command, task: Path, recording: Path):
    """Accepted once, an equal judge passes; nothing else writes it."""
    accepted = adjudge("judge", "test", task, "--replies", recording, "--accept-baseline")
    lock = task / "judge_tests.lock.json"
    assert accepted.code == 0
    assert str(lock) in accepted.out
    before = lock.read_bytes()
    again = adjudge("judge", "test", task, "--replies", recording)
    assert again.code == 0
    assert "mean score +0.000 against the baseline" in again.out
    assert lock.read_bytes() == before


def test_another_judge_than_the_pinned_one_needs_a_review(adjudge: Command, task: Path, recording: Path):
    """A changed rubric exits with 1 and shows what changed, until it is accepted."""
    adjudge("judge", "test", task, "--replies", recording, "--accept-baseline")
    edited(task / "rubric.yaml", "are in the response", "has the response")
    ended = adjudge("judge", "test", task)
    assert ended.code == 1
    assert "changed: rubric" in ended.out
    assert "--accept-baseline" in ended.err
    told = json.loads(adjudge("judge", "test", task, "--json").out)
    assert told["drift"]["same_judge"] is False
    assert adjudge("judge", "test", task, "--accept-baseline").code == 0
    assert adjudge("judge", "test", task).code == 0


def test_repeats_can_be_asked_for(adjudge: Command, task: Path):
    """Everything so often, and one test more about flips."""
    told = json.loads(adjudge("judge", "test", task, "--repeats", 3, "--json").out)
    assert told["repeats"] == 3
    assert told["tests"][-1]["figures"] == {"flips": 0.0}
