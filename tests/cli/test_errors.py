"""Mistakes of users: three lines, the right exit code, and nothing else."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from adjudge.cli import main as program

Command = Callable[..., Any]


def change(task: Path, old: str, new: str, file: str = "task.yaml") -> None:
    """Replace a text in one of the task's files."""
    path = task / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def told(ended: Any, code: int, *words: str) -> None:  # noqa: ANN401 (a local type of the other file)
    """Three lines on stderr with these words, this exit code, no traceback, nothing on stdout."""
    assert ended.code == code
    assert len(ended.err.strip().split("\n")) == 3, ended.err
    assert "Traceback" not in ended.err
    assert ended.out == ""
    for word in words:
        assert word in ended.err


MISTAKES: dict[str, tuple[tuple[str, str], int, tuple[str, ...]]] = {
    "typo in a key": (("max_length", "max_lenght"), 2, ("train.max_lenght", "Did you mean 'max_length'?")),
    "duplicate key": (("name: tiny-letters", "name: a\nname: b"), 2, ("'name' stands twice", "line")),
    "bad YAML": (("name: tiny-letters", "name: {"), 2, ("plain YAML",)),
    "wrong type": (("max_steps: 2", "max_steps: two"), 2, ("train.max_steps", "'two'")),
    "batch no multiple": (("global_batch_size: 8", "global_batch_size: 12"), 2, ("number_generation",)),
    "unknown article value": (("max_length", "type: off_policy_async\n  max_length"), 2, ("train.type",)),
    "unknown reward": (("type: judged", "type: judgd"), 2, ("judgd",)),
    "unknown provider": (("scripted:judge.jsonl", "opnai:gpt"), 2, ("Did you mean 'openai:gpt'?",)),
    "no key": (("scripted:judge.jsonl", "openai:gpt-5-mini"), 3, ("OPENAI_API_KEY",)),
    "missing script": (("scripted:judge.jsonl", "scripted:nothere.jsonl"), 3, ("nothere.jsonl",)),
    "missing data": (("data/validation.jsonl", "data/nothere.jsonl"), 3, ("nothere.jsonl",)),
    "missing rubric": (("rubric: rubric.yaml", "rubric: nothere.yaml"), 3, ("nothere.yaml",)),
    "missing judge tests": (("tests: judge_tests.yaml", "tests: nothere.yaml"), 3, ("nothere.yaml",)),
    "unknown model": (("local:tiny", "local:tiniest"), 2, ("tiniest",)),
    "missing model folder": (("local:tiny", "local:./nothere"), 3, ("nothere",)),
    "settings of a writing judge": (
        ("scripted:judge.jsonl", "local:tiny\n  temperature: 0.5"),
        2,
        ("judge.temperature",),
    ),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_in_the_task_is_three_lines(adjudge: Command, task: Path, name: str):
    """Whatever is wrong with a task is told before anything is spent, as what, why and fix."""
    (old, new), code, words = MISTAKES[name]
    change(task, old, new)
    told(adjudge("run", task, "--dry-run"), code, *words)


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("not json", ("train.jsonl", "line 17", "not JSON")),
        ('{"messages": []}', ("train.jsonl", "line 17", "messages")),
        ('{"id": "word-00", "messages": [{"role": "user", "content": "x"}]}', ("line 17", "word-00", "line 1")),
    ],
)
def test_a_bad_row_is_named_by_file_and_line(adjudge: Command, task: Path, row: str, words: tuple[str, ...]):
    """A wrong data row is found by --dry-run, with its line."""
    path = task / "data" / "train.jsonl"
    path.write_text(path.read_text(encoding="utf-8") + row + "\n", encoding="utf-8")
    told(adjudge("run", task, "--dry-run"), 2, *words)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("run", "{task}", "--stage", "trian"), ("trian", "--stage train")),
        (("run", "{task}", "--stge", "train"), ("--stge", "adjudge run --help")),
        (("run",), ("TASK", "adjudge run --help")),
        (("rum", "{task}"), ("rum", "adjudge --help")),
        (("evaluate", "{task}", "--model", "rft"), ("'rft'", "NAME=REF")),
        (("evaluate", "{task}", "--model", "a=local:tiny", "--model", "a=local:tiny"), ("each name once",)),
        (("judge", "try", "{task}", "--row", "99"), ("99", "--row 8")),
        (("judge", "try", "{task}", "--response", "nothere.txt"), ("nothere.txt",)),
        (("models", "pull", "gpt-9"), ("gpt-9",)),
    ],
)
def test_a_wrong_command_line_is_three_lines(
    adjudge: Command, task: Path, arguments: tuple[str, ...], words: tuple[str, ...]
):
    """A command that cannot be understood says so in the same way, with exit code 2."""
    told(adjudge(*(argument.format(task=task) for argument in arguments)), 2, *words)


@pytest.mark.parametrize("command", [("run", "nowhere"), ("gate", "nowhere"), ("report", "nowhere")])
def test_what_is_not_there_is_missing(adjudge: Command, command: tuple[str, ...]):
    """A task or run that does not exist: exit code 3."""
    told(adjudge(*command), 3, "nowhere")


def test_rollouts_of_other_rows_are_refused(adjudge: Command, task: Path, tmp_path: Path):
    """Rewards are matched by id: a rollout of an unknown row and a repeated id are errors."""
    rollouts = tmp_path / "rollouts.jsonl"
    rollouts.write_text('{"sample_id": "nobody", "response": "x"}\n')
    told(adjudge("reward", "score", task, "--rollouts", rollouts, "--out", tmp_path / "r.jsonl"), 2, "nobody")
    rollouts.write_text('{"id": "a", "sample_id": "word-00", "response": "x"}\n' * 2)
    told(adjudge("reward", "score", task, "--rollouts", rollouts, "--out", tmp_path / "r.jsonl"), 2, "line 2", "'a'")
    told(adjudge("reward", "score", task, "--rollouts", "nothere", "--out", tmp_path / "r.jsonl"), 3, "nothere")


def test_errors_are_json_too_where_json_is_asked_for(adjudge: Command, task: Path):
    """With --json stdout holds one document, also when the answer is an error."""
    change(task, "max_length", "max_lenght")
    ended = adjudge("run", task, "--json")
    assert ended.code == 2
    assert json.loads(ended.out)["error"]["fix"] == "Did you mean 'max_length'?"


def test_a_bug_is_not_dressed_up(monkeypatch: pytest.MonkeyPatch):
    """An exception that no user can mend keeps its traceback."""

    def broken() -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(program, "application", broken)
    with pytest.raises(ZeroDivisionError):
        program.main(["run", "x"])
