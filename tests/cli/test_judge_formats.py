"""Rubrics and graders of other tools, as a user brings them in and out."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import pytest
import yaml

from adjudge.judges.load import load_rubric

Command = Callable[..., Any]

LETTERS = {
    "type": "multi",
    "name": "letters",
    "graders": {
        "has_e": {
            "type": "string_check",
            "name": "e",
            "input": "{{ sample.output_text }}",
            "reference": "e",
            "operation": "like",
        },
        "Length": {
            "type": "python",
            "source": "def grade(sample, item):\n    return min(1, len(sample['output_text']) / 10)",
        },
    },
    "calculate_output": "(has_e + Length) / 2",
}
MODEL = {
    "type": "score_model",
    "name": "closeness",
    "model": "gpt-x",
    "input": [{"role": "user", "content": "Compare {{ sample.output_text }} with {{ item.reference_answer }}"}],
    "range": [0, 10],
}


def judged_by(task: Path, grader: dict[str, Any], **judge: object) -> Path:
    """The task with a grader as its judge."""
    file = task / "task.yaml"
    data = yaml.safe_load(file.read_text())
    data["judge"] = {"grader": "grader.json", **judge}
    del data["validate"]
    file.write_text(yaml.safe_dump(data))
    (task / "grader.json").write_text(json.dumps(grader))
    return task


def test_a_task_with_a_grader_is_tried(adjudge: Command, task: Path):
    """`judge: {grader: grader.json}` judges a response, each part by its name, and the formula's total."""
    (task / "response.txt").write_text("apple")
    ended = adjudge("judge", "try", judged_by(task, LETTERS), "--response", task / "response.txt", "--json")
    assert ended.code == 0, ended.err
    verdict = json.loads(ended.out)["judgement"]
    parts = {part["criterion"]: part["score"] for part in verdict["items"][0]["criteria"]}
    assert parts == {"has_e": 1.0, "length": 0.5}
    assert verdict["score"] == 0.75


def test_the_tasks_model_answers_for_a_graders_model(adjudge: Command, task: Path):
    """With judge.model, that model is asked in place of the one that the JSON names, and its reply is journaled."""
    reply = {"steps": [{"description": "alike", "conclusion": "yes"}], "result": 7}
    (task / "s.jsonl").write_text(json.dumps({"match": "Compare apple", "reply": reply}))
    (task / "response.txt").write_text("apple")
    command = ("judge", "try", judged_by(task, MODEL, model="scripted:s.jsonl"), "--response", task / "response.txt")
    first = json.loads(adjudge(*command, "--json").out)["judgement"]
    again = json.loads(adjudge(*command, "--json").out)["judgement"]
    assert first["score"] == again["score"] == 0.7
    assert (first["usage"]["calls"], again["usage"]["calls"]) == (1, 0)


def test_without_a_model_of_the_task_openai_is_asked(adjudge: Command, task: Path):
    """The JSON's own model is OpenAI's, so its key is what is missing."""
    ended = adjudge("judge", "try", judged_by(task, MODEL))
    assert ended.code == 3
    assert "OPENAI_API_KEY" in ended.err


def test_a_grader_rewards_rollouts_in_a_run(adjudge: Command, task: Path):
    """The baseline stage runs on a grader, and the forecast counts no model call for it."""
    judged_by(task, LETTERS)
    planned = json.loads(adjudge("run", task, "--dry-run", "--json").out)
    assert (planned["judge"], planned["cost_usd"]) == ("grader.json", 0.0)
    assert {stage["judge_calls"] for stage in planned["stages"]} == {0}
    ended = adjudge("run", task, "--stage", "baseline")
    assert ended.code == 0, ended.err
    assert "grader:letters" in ended.err


@pytest.mark.parametrize(
    ("judge", "message"),
    [
        ({"grader": "grader.json", "rubric": "other.yaml"}, "rubric does not go with grader"),
        ({"grader": "grader.json", "calls": "per_criterion"}, "calls does not go with grader"),
        ({"temperature": 0.0}, "write model: who judges"),
        ({"grader": "absent.json"}, "absent.json is not there"),
    ],
)
def test_settings_that_do_not_fit_are_refused(adjudge: Command, task: Path, judge: dict[str, Any], message: str):
    """A judge is a rubric with a model, or a grader; and nothing is mixed silently."""
    file = task / "task.yaml"
    data = yaml.safe_load(file.read_text())
    file.write_text(yaml.safe_dump({**data, "judge": judge}))
    ended = adjudge("judge", "try", task)
    assert ended.code in (2, 3)
    assert message in ended.err


def test_a_local_judge_cannot_answer_for_a_grader(adjudge: Command, task: Path, monkeypatch: pytest.MonkeyPatch):
    """A model that only chooses between answers writes no result."""
    from adjudge.endpoints import resolve

    class Chooser:
        name = "local:none"
        identity: ClassVar[dict[str, Any]] = {}

        async def choose(self, requests):
            return []

    monkeypatch.setattr(resolve, "PROVIDERS", {"local": lambda *_: Chooser()})
    ended = adjudge("judge", "try", judged_by(task, MODEL, model="local:none"))
    assert ended.code == 2
    assert "cannot answer for the grader's model 'gpt-x'" in ended.err


def test_an_openai_grader_is_checked_and_unwrapped(adjudge: Command, tmp_path: Path):
    """Import leaves the grader as it is, without the API's wrapping, and says what it asks."""
    (tmp_path / "body.json").write_text(json.dumps({"grader": MODEL, "model_sample": "x"}))
    ended = adjudge("judge", "import", "body.json", "--from", "openai", "--out", "grader.json", "--json")
    assert ended.code == 0, ended.err
    assert json.loads((tmp_path / "grader.json").read_text()) == MODEL
    assert json.loads(ended.out) == {"out": "grader.json", "graders": {"closeness": "score_model"}, "models": ["gpt-x"]}


def test_a_wrong_grader_is_told_and_nothing_is_written(adjudge: Command, tmp_path: Path):
    """The place of the first problem is named."""
    (tmp_path / "bad.json").write_text(json.dumps({**MODEL, "range": [1, 0]}))
    ended = adjudge("judge", "import", "bad.json", "--from", "openai", "--out", "grader.json")
    assert ended.code == 2
    assert "bad.json: range: " in ended.err
    assert not (tmp_path / "grader.json").exists()


def test_rubrics_come_in_as_yaml(adjudge: Command, tmp_path: Path):
    """Prometheus and verifiers rubrics become a rubric.yaml that loads, and nothing is overwritten."""
    (tmp_path / "v.toml").write_text('[[criteria]]\nname = "Is polite"\ntext = "The response is polite."\n')
    ended = adjudge("judge", "import", "v.toml", "--from", "verifiers", "--out", "v.yaml")
    assert ended.code == 0
    assert "'Is polite' is now called is_polite." in ended.out
    assert [criterion.id for criterion in load_rubric(tmp_path / "v.yaml").criteria] == ["is_polite"]
    scores = "\n".join(f"Score {score}: {score} of five" for score in range(1, 6))
    (tmp_path / "p.txt").write_text(f"[Is it right?]\n{scores}")
    assert adjudge("judge", "import", "p.txt", "--from", "prometheus", "--out", "p.yaml").code == 0
    assert load_rubric(tmp_path / "p.yaml").criteria[0].question == "Is it right?"
    again = adjudge("judge", "import", "p.txt", "--from", "prometheus", "--out", "p.yaml")
    assert (again.code, "is there already" in again.err) == (2, True)


def test_a_rubric_goes_out_from_a_task_or_a_file(adjudge: Command, task: Path, tmp_path: Path):
    """The same prompt comes from the task and from its rubric; with --out it is written and the losses are told."""
    from_task = adjudge("judge", "export", task, "--to", "rlaif")
    from_file = adjudge("judge", "export", task / "rubric.yaml", "--to", "rlaif")
    assert from_task.code == 0
    assert "{{ response }}" in from_task.out
    assert from_task.out == from_file.out
    written = adjudge("judge", "export", task, "--to", "rlaif", "--out", "reward.jinja", "--json")
    data = json.loads(written.out)
    assert (tmp_path / "reward.jinja").read_text() == data["text"] == from_task.out
    assert any("arithmetic" in sentence for sentence in data["lost"])


def test_a_grader_is_no_rubric_to_export(adjudge: Command, task: Path):
    """A task with a grader has no rubric that could be written for SageMaker."""
    ended = adjudge("judge", "export", judged_by(task, LETTERS), "--to", "rlaif")
    assert ended.code == 2
    assert "grader" in ended.err
