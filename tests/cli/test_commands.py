"""The commands, as a user types them."""

import json
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

Command = Callable[..., Any]

# Told by a library to its developers while an adapter is put on.


@pytest.fixture
def finished(adjudge: Command, task: Path, tmp_path: Path) -> Path:
    """The folder of a finished run."""
    assert adjudge("run", task, "--out", "done").code == 0
    return tmp_path / "done"


def test_the_fast_demo_runs_everywhere(adjudge: Command, tmp_path: Path):
    """`adjudge demo --fast` goes through all stages without model, key or network."""
    ended = adjudge("demo", "--fast", "--json")
    assert ended.code == 0
    outcome = json.loads(ended.out)
    assert [stage["stage"] for stage in outcome["stages"]] == ["baseline", "judge", "train", "evaluate", "release"]
    assert (tmp_path / "runs" / "demo-fast" / "report.html").is_file()
    assert "scripted:judge.jsonl" in ended.err


def test_a_run_tells_its_story_on_stderr_and_its_outcome_on_stdout(adjudge: Command, task: Path):
    """Progress never mixes with the result."""
    ended = adjudge("run", task, "--stage", "baseline")
    assert "how good is the policy today" in ended.err
    assert ended.out.splitlines()[0].startswith("baseline: The base model gets")


def test_a_run_goes_on_with_resume(adjudge: Command, task: Path):
    """The same command is refused, and with --resume skips what is done."""
    assert adjudge("run", task, "--stage", "baseline").code == 0
    refused = adjudge("run", task, "--stage", "baseline")
    assert (refused.code, refused.out) == (2, "")
    assert "--resume" in refused.err
    outcome = json.loads(adjudge("run", task, "--stage", "judge", "--resume", "--json").out)
    assert [stage["outcome"] for stage in outcome["stages"]] == ["skipped", "done"]


def test_train_stops_before_the_evaluation(adjudge: Command, task: Path, tmp_path: Path):
    """`adjudge train` does what comes before training, trains, and ends."""
    outcome = json.loads(adjudge("train", task, "--out", "trained", "--json").out)
    assert [stage["stage"] for stage in outcome["stages"]] == ["baseline", "judge", "train"]
    assert (tmp_path / "trained" / "adapters" / "rft" / "adapter_model.safetensors").is_file()


def test_a_dry_run_forecasts_and_leaves_nothing(adjudge: Command, task: Path, tmp_path: Path):
    """--dry-run adds up the calls of every stage and writes no file."""
    before = sorted(tmp_path.rglob("*"))
    found = json.loads(adjudge("run", task, "--dry-run", "--json").out)
    stages = {stage["stage"]: stage for stage in found["stages"]}
    assert (stages["baseline"]["rollouts"], stages["baseline"]["judge_calls"]) == (8 * 4, 8 * 4)
    assert stages["evaluate"]["rollouts"] == 8 * 4 * 3
    assert stages["judge"]["judge_calls"] == 3
    assert found["cost_usd"] == 0.0
    assert sorted(tmp_path.rglob("*")) == before


def test_a_price_that_is_not_known_is_not_free(adjudge: Command, task: Path):
    """For a judge without a price the forecast says unknown."""
    file = task / "task.yaml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("scripted:judge.jsonl", "openai-compat:http://127.0.0.1:9/v1#m"), encoding="utf-8")
    assert json.loads(adjudge("run", task, "--dry-run", "--json").out)["cost_usd"] is None
    assert "Cost: unknown" in adjudge("run", task, "--dry-run").out


def test_a_judge_can_be_tried(adjudge: Command, task: Path, tmp_path: Path):
    """`judge try` shows what the judge says about one response."""
    response = tmp_path / "response.txt"
    response.write_text("#### 1234", encoding="utf-8")
    assert json.loads(adjudge("judge", "try", task, "--json").out)["judgement"]["score"] == 1.0
    shown = adjudge("judge", "try", task, "--row", 2, "--response", response)
    assert "letters: none (0.00)" in shown.out


def test_judge_tests_decide_the_exit_code(adjudge: Command, task: Path):
    """`judge test` passes with 0 and fails with 1, naming the test."""
    assert adjudge("judge", "test", task).code == 0
    tests = task / "judge_tests.yaml"
    tests.write_text(tests.read_text(encoding="utf-8").replace("{letters: six}", "{letters: none}"), encoding="utf-8")
    ended = adjudge("judge", "test", task)
    assert ended.code == 1
    assert "FAIL  a-word" in ended.out
    assert "expected 'none'" in ended.out
    assert json.loads(adjudge("judge", "test", task, "--json").out)["failed"] == ["a-word"]


def test_a_judge_of_which_nothing_is_known_is_not_validated(adjudge: Command, task: Path):
    """Without labelled cases and tests `judge validate` says so, with exit code 1."""
    file = task / "task.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("  tests: judge_tests.yaml\n", ""), encoding="utf-8")
    ended = adjudge("judge", "validate", task)
    assert ended.code == 1
    assert "not validated" in ended.out


def test_stored_rollouts_get_rewards_by_id(adjudge: Command, task: Path, tmp_path: Path):
    """N rollouts in, n rewards out, in order and by id; what is there is kept."""
    rollouts, out = tmp_path / "rollouts.jsonl", tmp_path / "rewards.jsonl"
    rows = [
        {"id": "good", "sample_id": "word-00", "response": "harbour"},
        {"id": "bad", "sample_id": "word-16", "response": "####"},
    ]
    rollouts.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    found = json.loads(adjudge("reward", "score", task, "--rollouts", rollouts, "--out", out, "--json").out)
    assert found["rollouts"] == 2
    written = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert [(row["rollout_id"], row["value"]) for row in written] == [("good", 1.0), ("bad", 0.0)]
    before = out.read_bytes()
    assert adjudge("reward", "score", task, "--rollouts", rollouts, "--out", out).code == 0
    assert out.read_bytes() == before


def test_the_rollouts_of_a_run_can_be_scored(adjudge: Command, task: Path, tmp_path: Path, finished: Path):
    """A run's own rollouts.jsonl is a file of rollouts; equal judge, equal rewards."""
    out = tmp_path / "again.jsonl"
    assert adjudge("reward", "score", task, "--rollouts", finished / "rollouts.jsonl", "--out", out).code == 0
    stored = [json.loads(line) for line in (finished / "rollouts.jsonl").read_text(encoding="utf-8").splitlines()]
    again = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert {row["rollout"]["id"]: row["reward"]["value"] for row in stored} == {
        row["rollout_id"]: row["value"] for row in again
    }


def test_models_are_compared_by_name(adjudge: Command, task: Path, finished: Path):
    """`evaluate` takes bases and adapters, in order, and reports best-of-k."""
    models = ("--model", "base=local:tiny", "--model", f"mine={finished / 'adapters' / 'rft'}")
    ended = adjudge("evaluate", task, *models, "--best-of", 2, "--out", "compared", "--json")
    assert ended.code == 0
    evaluation = json.loads(ended.out)["evaluation"]
    assert list(evaluation["models"]) == ["base", "mine"]
    assert evaluation["models"]["mine"]["per_sample"] == 2
    assert (finished.parent / "compared" / "report.html").is_file()


def test_the_gate_can_be_asked_again(adjudge: Command, task: Path, finished: Path):
    """`gate RUN` uses the run's rules, or those of a task; its answer is the exit code."""
    assert adjudge("gate", finished).code == 0
    file = task / "task.yaml"
    strict = file.read_text(encoding="utf-8").replace("no_worse_than: base", "at_least: 0.999")
    file.write_text(strict, encoding="utf-8")
    ended = adjudge("gate", finished, "--task", task)
    assert ended.code == 1
    assert "FAIL" in ended.out
    refused = adjudge("gate", finished, "--task", task, "--json")
    assert (refused.code, json.loads(refused.out)["passed"]) == (1, False)


def test_the_report_can_be_written_anew(adjudge: Command, finished: Path):
    """`report RUN` needs the run folder only, and gives the same page."""
    report = finished / "report.html"
    before = report.read_bytes()
    report.unlink()
    assert adjudge("report", finished).code == 0
    assert report.read_bytes() == before


def test_models_are_listed(adjudge: Command):
    """`models list` names what can be pulled and what is here."""
    found = json.loads(adjudge("models", "list", "--json").out)
    assert "smollm2-135m" in [row["name"] for row in found["models"]]


def test_a_judge_can_be_distilled(adjudge: Command, tmp_path: Path):
    """`judge distill` leaves an adapter, says how to use it, and never writes into a folder that holds something."""
    template = Path(str(resources.files("adjudge"))) / "templates" / "contract_review"
    command = ("judge", "distill", template, "--base", "local:tiny", "--tokens", 1, "--out", tmp_path / "judge")
    ended = adjudge(*command)
    assert ended.code == 0
    assert (tmp_path / "judge" / "adapter_model.safetensors").is_file()
    assert "judge: {model: local:tiny, adapter:" in ended.out
    assert adjudge(*command).code == 2
