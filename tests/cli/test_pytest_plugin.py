"""The pytest plug-in: the suite's tests as items, recorded replies, and a judge to ask."""

import os
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest

Command = Callable[..., Any]
PLUGIN = "adjudge.cli.pytest_plugin"
SRC = Path(__file__).parent.parent.parent / "src"

EACH = """
import pytest

@pytest.mark.judge_suite("task", replies="replies.jsonl")
def test_the_judge(judge_test):
    judge_test.assert_passes()
"""


def outcome_of(folder: Path, text: str, *options: str) -> subprocess.CompletedProcess[str]:
    """Runs a test file with the plug-in alone, as a project of somebody else would."""
    (folder / "test_it.py").write_text(text)
    # Named where it is not installed as a plug-in: pytest refuses the same module twice.
    installed = any(found.value == PLUGIN for found in entry_points(group="pytest11"))
    plugins = ["-p", "no:cacheprovider", *([] if installed else ["-p", PLUGIN])]
    command = [sys.executable, "-m", "pytest", *plugins, "-v"]
    environment = {**os.environ, "PYTHONPATH": str(SRC)}
    return subprocess.run(
        [*command, *options, "test_it.py"], capture_output=True, text=True, cwd=folder, env=environment, check=False
    )


@pytest.fixture
def recorded(adjudge: Command, task: Path, tmp_path: Path) -> Path:
    """A folder with the rehearsal task and a recording of its judge."""
    assert adjudge("judge", "test", task, "--record", tmp_path / "replies.jsonl").code == 0
    return tmp_path


def test_each_test_of_the_suite_is_an_item(recorded: Path):
    """The items are called as the tests; the script itself is not needed any more."""
    (recorded / "task" / "judge.jsonl").unlink()
    done = outcome_of(recorded, EACH, "--strict-markers")
    assert done.returncode == 0, done.stdout
    for name in ("a-word", "some-letters", "no-letters"):
        assert f"test_the_judge[{name}] PASSED" in done.stdout


def test_a_failing_test_says_what_the_judge_answered(recorded: Path):
    """The message is the suite's own; a test that need not pass is an expected failure."""
    tests = recorded / "task" / "judge_tests.yaml"
    text = tests.read_text().replace("{letters: six}", "{letters: none}")
    tests.write_text(text.replace("{letters: four}", "{letters: none}\n    must_pass: false"))
    done = outcome_of(recorded, EACH)
    assert done.returncode == 1
    assert "a-word: item 0: letters is 'six', expected 'none'" in done.stdout
    assert "1 failed, 1 passed, 1 xfailed" in done.stdout


def test_the_judge_can_be_asked(recorded: Path):
    """From plain functions and from coroutines' loops alike: by case, and about any response that was recorded."""
    text = """
import asyncio
import pytest

pytestmark = pytest.mark.judge_suite("task", replies="replies.jsonl")

def test_by_name(judge):
    assert judge.verdict("a-word").score == 1.0
    judge.assert_passes("a-word")

def test_by_text(judge):
    assert judge.verdict("", metadata={}).score == 0.0

def test_within_a_loop(judge):
    async def inside():
        return judge.verdict("no-letters")
    assert asyncio.run(inside()).score == 0.0
"""
    done = outcome_of(recorded, text)
    assert done.returncode == 0, done.stdout


def test_without_a_recording_the_judge_is_asked(recorded: Path):
    """Live, and journaled where the command line would."""
    done = outcome_of(recorded, EACH.replace(', replies="replies.jsonl"', ""))
    assert done.returncode == 0, done.stdout
    assert (recorded / "runs" / "tiny-letters-judge" / "journal.jsonl").is_file()


def test_what_is_missing_is_told(recorded: Path):
    """A wrong path and a missing marker are errors that say what to change, each in its file."""
    wrong = {
        "nothere": EACH.replace('"task"', '"nothere"'),
        "none.jsonl is not there": EACH.replace("replies.jsonl", "none.jsonl"),
        "mark it": EACH.replace('@pytest.mark.judge_suite("task", replies="replies.jsonl")\n', ""),
        "not 'reply'": EACH.replace("replies=", "reply="),
    }
    for number, text in enumerate(wrong.values()):
        (recorded / f"test_{number}.py").write_text(text)
    done = outcome_of(recorded, EACH, "--continue-on-collection-errors", *(f"test_{n}.py" for n in range(len(wrong))))
    assert done.returncode != 0
    assert [says for says in wrong if says not in done.stdout] == []
    assert "3 passed" in done.stdout


def test_the_baseline_is_a_test_too(recorded: Path, adjudge: Command):
    """`assert_pinned` wants a baseline, and passes with the judge that it pins."""
    text = EACH.replace("judge_test", "judge").replace("assert_passes", "assert_pinned")
    missing = outcome_of(recorded, text)
    assert missing.returncode == 1
    assert "--accept-baseline" in missing.stdout
    adjudge("judge", "test", recorded / "task", "--replies", recorded / "replies.jsonl", "--accept-baseline")
    assert outcome_of(recorded, text).returncode == 0
