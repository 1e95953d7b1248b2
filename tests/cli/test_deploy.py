"""``adjudge deploy aws``, as a user types it."""

import json
import zipfile
from pathlib import Path

import pytest
import yaml

from adjudge.release.aws_target import Machine

pytestmark = pytest.mark.skipif(not Machine.here().is_here, reason="binaries of Linux on x86_64 or arm64 are packed")


@pytest.fixture(autouse=True)
def lambdas_python_is_this_one(monkeypatch):
    """No package index is asked: the runtime's Python is taken to be the one that runs the tests."""
    from adjudge.release.aws_target import Machine as Target

    monkeypatch.setattr(Target, "of_runtime", classmethod(lambda cls, runtime, architecture: cls.here()))


def edit(task: Path, **sections: object) -> None:
    """Put sections into a task in place of its own."""
    file = task / "task.yaml"
    file.write_text(yaml.safe_dump({**yaml.safe_load(file.read_text()), **sections}))


def test_the_folder_holds_all_that_is_deployed(adjudge, task, tmp_path):
    """Package, template, policies, an event, and a README with ten commands; the sizes are printed."""
    ended = adjudge("deploy", "aws", task, "--out", "dep", "--json")
    assert ended.code == 0, ended.err
    told = json.loads(ended.out)
    assert told["function"] == "SageMaker-tiny-letters-reward"
    assert 0 < told["zipped_bytes"] < told["unpacked_bytes"]
    assert told["import_seconds"] > 0
    assert sorted(path.name for path in (tmp_path / "dep").iterdir()) == [
        "README.md",
        "event.json",
        "function-policy.json",
        "function.zip",
        "template.yaml",
        "training-role-policy.json",
    ]
    readme = (tmp_path / "dep" / "README.md").read_text()
    assert [line.partition(".")[0] for line in readme.splitlines() if line[:1].isdigit()] == [
        str(number) for number in range(1, 11)
    ]
    assert "Two ARNs" in readme
    assert any("rehearsals only" in line for line in told["notes"])


def test_of_the_tasks_file_only_the_reward_is_packed(adjudge, task, tmp_path):
    """Neither data nor training nor anything else of the task leaves this machine."""
    assert adjudge("deploy", "aws", task, "--out", "dep").code == 0
    with zipfile.ZipFile(tmp_path / "dep" / "function.zip") as archive:
        packed = sorted(name for name in archive.namelist() if name.startswith("task/"))
        assert packed == ["task/judge.jsonl", "task/rubric.yaml", "task/task.yaml"]
        assert set(yaml.safe_load(archive.read("task/task.yaml"))) == {"name", "judge", "reward"}


@pytest.mark.parametrize(
    ("judge", "options", "told"),
    [
        ({"model": "local:contract-judge"}, [], "cannot be deployed"),
        ({"model": "openai:gpt-5"}, [], "--secret OPENAI_API_KEY="),
        ({"model": "anthropic:claude"}, ["--secret", "ANTHROPIC_KEY=x"], "Did you mean --secret ANTHROPIC_API_KEY"),
        ({"model": "openai-compat:http://localhost:8000/v1#m"}, [], "this machine's own"),
        ({"model": "scripted:absent.jsonl"}, [], "absent.jsonl is not there"),
        ({"model": "scripted:../outside.jsonl"}, [], "outside the task's folder"),
        ({"model": "python:json:loads"}, [], "no json.py beside the task"),
    ],
    ids=lambda part: part["model"].partition(":")[0] if isinstance(part, dict) else "",
)
def test_what_cannot_be_deployed_is_refused_by_name(adjudge, task, judge, options, told):
    """And how it could; nothing is written."""
    edit(task, judge={**judge, "rubric": "rubric.yaml"})
    ended = adjudge("deploy", "aws", task, "--out", "dep", *options)
    assert ended.code in {2, 3}
    assert told in ended.err
    assert not (task.parent / "dep").exists()


def test_keys_become_names_of_secrets(adjudge, task, tmp_path, monkeypatch):
    """The shim reads them before the judge is opened, the role may, and the key itself is nowhere."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-this-must-stay-here")
    edit(task, judge={"model": "openai:gpt-5", "rubric": "rubric.yaml"})
    ended = adjudge("deploy", "aws", task, "--out", "dep", "--secret", "OPENAI_API_KEY=prod/judge-key")
    assert ended.code == 0, ended.err
    with zipfile.ZipFile(tmp_path / "dep" / "function.zip") as archive:
        shim = archive.read("lambda_function.py").decode()
        assert shim.index("\nsecrets_to_environment()") < shim.index("_handler = task_handler()")
        assert "adjudge/serving/secrets.py" in archive.namelist()
        assert all(b"sk-this-must-stay-here" not in archive.read(name) for name in archive.namelist())
    texts = [path.read_text() for path in (tmp_path / "dep").iterdir() if path.suffix != ".zip"]
    assert not any("sk-this-must-stay-here" in text for text in texts)
    assert any("secret:prod/judge-key-??????" in text for text in texts)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--name", "reward"], "SageMaker"),
        (["--timeout", "901"], "timeout_seconds"),
        (["--reserved", "5", "--provisioned", "6"], "provisioned"),
        (["--secret", "sk-123"], "VARIABLE=NAME"),
        (["--vpc", "mine"], "endpoint.vpc"),
    ],
)
def test_options_that_aws_would_refuse_are_refused(adjudge, task, options, told):
    """With the setting's name, in three lines."""
    ended = adjudge("deploy", "aws", task, "--out", "dep", *options)
    assert ended.code == 2
    assert told in ended.err
    assert len(ended.err.splitlines()) == 3


def test_apply_shows_its_plan_and_a_second_run_changes_nothing(adjudge, task, monkeypatch):
    """Against a stand-in for the account."""
    moto = pytest.importorskip("moto")
    from adjudge.release import aws_apply

    # moto has no provisioned concurrency: none is kept.
    monkeypatch.setattr(
        aws_apply, "find", lambda call, *absent: None if "Provisioned" in str(absent) else real(call, *absent)
    )
    from adjudge.release.aws_clients import find as real

    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with moto.mock_aws(config={"lambda": {"use_docker": False}}):
        command = ("deploy", "aws", task, "--out", "dep", "--apply", "--region", "us-east-1", "--json")
        first, second = adjudge(*command), adjudge(*command)
    assert first.code == 0, first.err
    assert "Plan for arn:aws:lambda:us-east-1:123456789012:function:SageMaker-tiny-letters-reward" in first.err
    assert len(json.loads(first.out)["done"]) == 8
    assert json.loads(second.out)["done"] == []
    assert "nothing to do" in second.err
    assert json.loads(second.out)["alias_arn"].endswith(":SageMakerLive")


def test_apply_without_credentials_says_so(adjudge, task, monkeypatch, tmp_path):
    """In three lines; the folder is there by then."""
    pytest.importorskip("boto3")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    ended = adjudge("deploy", "aws", task, "--out", "dep", "--apply", "--region", "us-east-1")
    assert ended.code == 3
    assert "credentials" in ended.err
    assert (tmp_path / "dep" / "template.yaml").is_file()
