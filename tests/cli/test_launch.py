"""``adjudge launch``, as a user types it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

GIVEN = (
    *("--reward-arn", "arn:aws:lambda:us-east-1:123456789012:function:SageMaker-tiny"),
    *("--data-s3", "s3://bucket/train.jsonl"),
    *("--output-s3", "s3://bucket/output"),
    *("--role-arn", "arn:aws:iam::123456789012:role/training"),
    *("--region", "us-east-1"),
)
TRAIN = {"number_generation": 8, "max_new_tokens": 2000}


@pytest.fixture
def nova(task: Path) -> Path:
    """The rehearsal task, with a policy and a training that are AWS's, and enough rows."""
    file = task / "task.yaml"
    sections = {"policy": {"model": "bedrock:amazon.nova-2-lite-v1:0"}, "train": TRAIN}
    file.write_text(yaml.safe_dump({**yaml.safe_load(file.read_text()), **sections}))
    rows = [{"id": str(n), "messages": [{"role": "user", "content": f"Write {n}."}]} for n in range(120)]
    (task / "data" / "train.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return task


def test_a_dry_run_shows_every_file_and_writes_none(adjudge, nova, tmp_path):
    """Recipes for both kinds of machines, the trainer's script and arguments, the Forge snippet."""
    before = sorted(tmp_path.rglob("*"))
    ended = adjudge("launch", nova, "--on", "sagemaker", "--dry-run", "--json")
    assert ended.code == 0, ended.err
    files = json.loads(ended.out)["files"]
    assert set(files) == {
        "rlvr_trainer.py",
        "rlvr_trainer.json",
        "hyperpod_recipe.yaml",
        "training_job_recipe.yaml",
        "forge.py",
    }
    compile(files["rlvr_trainer.py"], "rlvr_trainer.py", "exec")
    recipe = yaml.safe_load(files["training_job_recipe.yaml"])
    assert recipe["training_config"]["rollout"]["generator"]["max_new_tokens"] == 2000
    assert "--reward-arn was not given" in ended.err
    assert sorted(tmp_path.rglob("*")) == before


def test_the_rows_are_written_with_the_files(adjudge, nova, tmp_path):
    """Where a folder is named; validation rows that are too few are told."""
    ended = adjudge("launch", nova, "--on", "sagemaker", "--dry-run", "--out", "job", *GIVEN)
    assert ended.code == 0, ended.err
    lines = (tmp_path / "job" / "train.jsonl").read_text().splitlines()
    assert len(lines) == 120
    assert json.loads(lines[7])["messages"] == [{"role": "user", "content": "Write 7."}]
    assert "data.validation has 8 rows" in ended.err
    assert not (tmp_path / "job" / "validation.jsonl").exists()


def test_rows_too_long_for_an_invocation_are_told(adjudge, nova):
    """Of a training job, which sends many at once; HyperPod sends one, and fewer at once fit."""
    row = {"messages": [{"role": "user", "content": "Write."}], "metadata": {"document": "x" * 200_000}}
    (nova / "data" / "train.jsonl").write_text((json.dumps(row) + "\n") * 100)
    command = ("launch", nova, "--on", "sagemaker", "--dry-run", "--out", "job")
    assert "set train.lambda_batch_size to at most 28" in adjudge(*command).err
    assert "lambda_batch_size" not in adjudge(*command, "--cluster", "c").err
    file = nova / "task.yaml"
    file.write_text(yaml.safe_dump({**yaml.safe_load(file.read_text()), "train": {**TRAIN, "lambda_batch_size": 20}}))
    assert "lambda_batch_size" not in adjudge(*command).err


def test_a_task_of_the_local_engine_is_refused_by_name(adjudge, task):
    """Its policy first, then each setting that AWS has no place for."""
    ended = adjudge("launch", task, "--on", "sagemaker", "--dry-run")
    assert (ended.code, ended.out) == (2, "")
    assert "AWS does not train 'local:tiny'" in ended.err
    ended = adjudge("launch", task, "--on", "sagemaker", "--dry-run", "--model", "bedrock:amazon.nova-2-lite-v1:0")
    assert "no place for train.validation_steps, train.validation_samples, train.refill" in ended.err


def test_a_task_for_aws_is_refused_by_the_local_engine(adjudge, nova):
    """Nothing about training on AWS loosens what `adjudge run` takes."""
    assert adjudge("run", nova, "--dry-run").code == 2


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--on", "azure"], "does not launch on 'azure'"),
        (["--on", "bedrock", "--data-s3", "bucket/x"], "--data-s3"),
        (["--on", "bedrock", "--reward-arn", "reward"], "is no ARN"),
        (["--on", "sagemaker", "--instances", "3"], "3 machines"),
        (["--on", "sagemaker", "--without", "nothing"], "train.nothing"),
        (["--on", "sagemaker", "--cluster", "c", "--reward-arn", GIVEN[1].replace("SageMaker", "x")], "SageMaker"),
    ],
)
def test_what_is_wrong_is_told_by_its_option(adjudge, nova, options, told):
    """In three lines, before anything is written."""
    ended = adjudge("launch", nova, "--dry-run", *options)
    assert ended.code == 2
    assert told in ended.err
    assert len(ended.err.splitlines()) == 3


def test_a_start_needs_a_folder_and_all_that_it_names(adjudge, nova):
    """Nothing that stands for something else is ever sent."""
    assert "--out is not given" in adjudge("launch", nova, "--on", "bedrock").err
    ended = adjudge("launch", nova, "--on", "bedrock", "--out", "job", *GIVEN[:2])
    assert ended.code == 2
    assert "--data-s3, --output-s3, --role-arn not given" in ended.err


@pytest.fixture
def account(monkeypatch):
    """A stand-in for AWS, with a bucket and the training's role."""
    moto, boto3 = pytest.importorskip("moto"), pytest.importorskip("boto3")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with moto.mock_aws():
        boto3.client("s3", "us-east-1").create_bucket(Bucket="bucket")
        boto3.client("iam", "us-east-1").create_role(RoleName="training", AssumeRolePolicyDocument="{}")
        yield boto3


def test_bedrock_gets_the_rows_and_the_job_once(adjudge, nova, account):
    """The plan comes first; a second launch of the same name finds the job and does nothing."""
    command = ("launch", nova, "--on", "bedrock", "--out", "job", *GIVEN, "--json")
    first, second = adjudge(*command), adjudge(*command)
    assert first.code == 0, first.err
    assert first.err.index("Plan:") < first.err.index("uploading")
    assert json.loads(first.out)["started"] is True
    job = account.client("bedrock", "us-east-1").get_model_customization_job(jobIdentifier="tiny-letters")
    assert job["jobArn"] == json.loads(first.out)["job"]
    body = account.client("s3", "us-east-1").get_object(Bucket="bucket", Key="train.jsonl")["Body"].read()
    assert len(body.splitlines()) == 120
    assert json.loads(second.out)["started"] is False
    assert "nothing is done" in second.err


def test_sagemaker_gets_the_rows_and_its_script_is_run(adjudge, nova, account, monkeypatch, tmp_path):
    """In the folder where it was written; rows that are there already are not sent again."""
    ran = []

    def run(command, *, cwd, check):
        ran.append((command, cwd, check))
        return subprocess.CompletedProcess(command, 0 if len(ran) < 3 else 1)

    from adjudge.pipeline import aws_launch

    monkeypatch.setattr(aws_launch.subprocess, "run", run)
    command = ("launch", nova, "--on", "sagemaker", "--out", "job", *GIVEN)
    first, second, third = adjudge(*command), adjudge(*command), adjudge(*command)
    assert first.code == second.code == 0, first.err
    assert ran[0] == ([sys.executable, "rlvr_trainer.py"], Path("job"), False)
    assert "uploading" in first.err
    assert "is there already" in second.err
    assert third.code == 3
    assert "pip install 'sagemaker" in third.err
