"""From a task to a training on AWS: the files that describe it, the rows it reads, and the call that starts it."""

import json
import subprocess
import sys
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, Literal, get_args

from pydantic import ValidationError

from adjudge.errors import ConfigError, MissingError
from adjudge.pipeline.aws_deploy import function_name
from adjudge.pipeline.aws_task import AwsTask
from adjudge.pipeline.data import split_samples
from adjudge.release.aws_clients import aws_session, find, guarded
from adjudge.wire.bedrock_job import bedrock_job
from adjudge.wire.nova_data import FEWEST, MOST, NovaRows, nova_rows
from adjudge.wire.nova_fields import FIELDS, Target
from adjudge.wire.nova_recipe import BASES, MODEL_TYPE, RunPlace, check_reward_arn, recipe_yaml
from adjudge.wire.nova_train import TrainFields, read_train
from adjudge.wire.rlvr_trainer import Compute, forge_snippet, trainer_arguments, trainer_script

Service = Literal["sagemaker", "bedrock"]
SERVICES: Final[tuple[Service, ...]] = get_args(Service)

SCRIPT: Final = "rlvr_trainer.py"
ROWS: Final = "train.jsonl"
MODELS: Final = ("bedrock:amazon.nova-2-lite-v1:0", f"bedrock:{MODEL_TYPE}")
"""What a task's policy is called where AWS trains it."""

_OPTIONS: Final[Mapping[str, str]] = {
    "reward_arn": "--reward-arn",
    "data_s3": "--data-s3",
    "output_s3": "--output-s3",
    "role_arn": "--role-arn",
}


@dataclass(frozen=True)
class Launch:
    """A training that could be started.

    Attributes:
        service: whose.
        train: what the task sets.
        place: where it reads and writes.
        files: name -> content.
        notes: what is worth knowing.
        absent: options that were not given; the files hold names that stand for them.
    """

    service: Service
    train: TrainFields
    place: RunPlace
    files: Mapping[str, bytes]
    notes: tuple[str, ...]
    absent: tuple[str, ...]


def run_place(aws: AwsTask, given: Mapping[str, Any]) -> tuple[RunPlace, tuple[str, ...]]:
    """Where the run reads and writes, and the options that were not given: names that mean nothing stand for them.

    Raises:
        ConfigError: one of them is wrong; names it.
    """
    named = {name: value for name, value in given.items() if value is not None}
    own = {
        "name": aws.name.replace("_", "-").replace(".", "-"),
        "reward_arn": f"arn:aws:lambda:us-east-1:000000000000:function:{function_name(aws.name)}",
        "data_s3": "s3://your-bucket/train.jsonl",
        "output_s3": "s3://your-bucket/output",
        "role_arn": "arn:aws:iam::000000000000:role/your-training-role",
    }
    try:
        place = RunPlace.model_validate({**own, **named})
    except ValidationError as error:
        first = error.errors()[0]
        option = f"--{str(first['loc'][0]).replace('_', '-')}"
        raise ConfigError(
            f"{option} {first['input']!r:.100}: {first['msg']}.",
            "It stands in what is sent to AWS.",
            f"Correct {option}.",
        ) from error
    return place, tuple(option for name, option in _OPTIONS.items() if name not in named)


def check_policy(aws: AwsTask, model: str | None) -> tuple[str, ...]:
    """Whether AWS trains the task's policy; what is worth knowing.

    Args:
        aws: the task.
        model: stands in place of the whole section ``policy``; None reads the section.

    Raises:
        ConfigError: it is another model, or something is set of it that has no place.
    """
    named = aws.policy.get("model") if model is None else model
    if named not in MODELS:
        raise ConfigError(
            f"AWS does not train '{named}'.",
            "Reinforcement fine-tuning of Nova is offered for Nova 2 Lite.",
            f"Write policy: {{model: '{MODELS[0]}'}} in the task, or add --model {MODELS[0]}.",
        )
    if model is not None:
        return ("The task's section policy is not looked at: --model stands in its place.",)
    others = [key for key in aws.policy if key != "model"]
    if others:
        raise ConfigError(
            f"policy.{others[0]} has no place on AWS.",
            "The service starts from its own model, and the adapter's size is the recipe's.",
            "Take it out; the adapter's scale is train.lora_alpha.",
        )
    return ()


def launch_files(
    aws: AwsTask,
    service: Service,
    place: RunPlace,
    compute: Compute,
    *,
    absent: Collection[str] = (),
    without: Collection[str] = (),
    model: str | None = None,
) -> Launch:
    """All that describes the training.

    Raises:
        ConfigError: a field of ``train`` has no place there, or its value none; names it.
    """
    notes = list(check_policy(aws, model))
    notes += [f"{option} was not given: a name that means nothing stands in the files." for option in absent]
    if service == "bedrock":
        check_reward_arn(place.reward_arn, "bedrock")
        train = read_train(aws.train, "bedrock", without)
        files = {"bedrock_job.json": _json(bedrock_job(train, place))}
        notes.append("Bedrock takes no validation rows for Nova 2 Lite; those of the task are not sent.")
    else:
        target: Target = "training-job" if compute.cluster is None else "hyperpod"
        check_reward_arn(place.reward_arn, target)
        train = read_train(aws.train, target, without)
        files = _sagemaker_files(aws, train, place, compute, without)
        if place.is_qualified:
            notes.append(
                "The function is named with a version or an alias, which is no ARN to the trainer: the script wraps "
                "it into an Evaluator, and there is no Forge snippet."
            )
    return Launch(service, train, place, files, (*notes, *train.notes), tuple(absent))


def _sagemaker_files(
    aws: AwsTask, train: TrainFields, place: RunPlace, compute: Compute, without: Collection[str]
) -> dict[str, bytes]:
    """Both recipes as far as the fields have a place in them; trainer and snippet are for the chosen one."""
    arguments = {**trainer_arguments(train, place), "compute": {compute.kind: compute.arguments}}
    files = {
        SCRIPT: trainer_script(train, place, compute).encode(),
        "rlvr_trainer.json": _json(arguments),
    }
    for target in ("hyperpod", "training-job"):
        fields = train
        if target != train.target:
            # The other one is there to compare with: it holds what it has a place for.
            homeless = [name for name in aws.train if name in FIELDS and not FIELDS[name].has(target)]
            fields = read_train(aws.train, target, [*without, *homeless])
        files[f"{target.replace('-', '_')}_recipe.yaml"] = recipe_yaml(fields, place).encode()
    if not place.is_qualified:
        files["forge.py"] = forge_snippet(train, place, compute).encode()
    return files


def launch_rows(aws: AwsTask, launch: Launch) -> tuple[dict[str, bytes], tuple[str, ...]]:
    """The task's rows as data files, checked by AWS's rules; and what is worth knowing.

    Raises:
        MissingError: a file is not there.
        DataError: there are too few or too many rows, or one breaks a rule; names it.
    """
    train = nova_rows(split_samples(aws.task, "train"), "train", most=MOST if launch.service == "bedrock" else None)
    files, notes = {ROWS: train.text}, _batch_notes(launch.train, train)
    if launch.service == "sagemaker":
        held_out = split_samples(aws.task, "validation")
        if len(held_out) < FEWEST:
            notes += (f"data.validation has {len(held_out)} rows; an evaluation on AWS needs {FEWEST}.",)
        else:
            files["validation.jsonl"] = nova_rows(held_out, "validation").text
    return files, notes


def _batch_notes(train: TrainFields, rows: NovaRows) -> tuple[str, ...]:
    """Whether an invocation could become too large; HyperPod asks sample by sample, and of Bedrock nothing is known."""
    if train.target != "training-job":
        return ()
    flat = {**BASES[train.target], **{FIELDS[name].place: value for name, value in train.values.items()}}
    new, batch = flat[FIELDS["max_new_tokens"].place], flat[FIELDS["lambda_batch_size"].place]
    assert isinstance(new, int)
    assert isinstance(batch, int)
    most = rows.most_at_once(new)
    if batch <= most:
        return ()
    told = (
        f"A training job sends {batch} samples an invocation, of which about {most} fit into Lambda's 6 MB: "
        f"set train.lambda_batch_size to at most {max(most, 1)}."
    )
    return (told,)


def start(launch: Launch, folder: Path, region: str | None, told: Callable[[str], None]) -> dict[str, Any]:
    """Show the plan, upload the rows, and start the training; what is there already is left as it is.

    Raises:
        ConfigError: an option is not given, or there is no region.
        MissingError: AWS refused, or an extra is not installed.
    """
    if launch.absent:
        raise ConfigError(
            f"{', '.join(launch.absent)} not given.",
            "A training is started on what it names.",
            "Add it; --dry-run works without.",
        )
    session = aws_session(region)
    place = launch.place
    what = "the job at Bedrock" if launch.service == "bedrock" else f"the training by {folder / SCRIPT}"
    told(f"Plan: 1. upload {ROWS} to {place.data_s3}  2. start {what}, under the name {place.name}")
    bedrock = session.client("bedrock") if launch.service == "bedrock" else None
    if bedrock is not None:
        there = find(
            lambda: bedrock.get_model_customization_job(jobIdentifier=place.name),
            "ResourceNotFoundException",
            "ValidationException",
        )
        if there is not None:
            told(f"A job of that name is there, {there['status']}: nothing is done.")
            return {"job": there["jobArn"], "started": False}
    _upload(session.client("s3"), folder / ROWS, place.data_s3, told)
    if bedrock is not None:
        job = json.loads(launch.files["bedrock_job.json"])
        arn = guarded(lambda: bedrock.create_model_customization_job(**job))["jobArn"]
        return {"job": arn, "started": True}
    done = subprocess.run([sys.executable, SCRIPT], cwd=folder, check=False)  # noqa: S603  (the script that was written)
    if done.returncode:
        raise MissingError(
            f"{folder / SCRIPT} ended with {done.returncode}.",
            "Its own words stand above. It needs the package sagemaker and credentials.",
            "Install it (pip install 'sagemaker>=3.19'), correct what it says, and launch again.",
        )
    return {"job": place.name, "started": True}


def _upload(s3: Any, file: Path, url: str, told: Callable[[str], None]) -> None:  # noqa: ANN401  (boto3 has no types)
    bucket, _, key = url.removeprefix("s3://").partition("/")
    data = file.read_bytes()
    digest = sha256(data).hexdigest()
    there = find(lambda: s3.head_object(Bucket=bucket, Key=key), "404", "NoSuchKey", "NotFound")
    if there is not None and there.get("Metadata", {}).get("sha256") == digest:
        told(f"{url} is there already.")
        return
    told(f"uploading {len(data) / 1e6:.1f} MB to {url}")
    guarded(lambda: s3.put_object(Bucket=bucket, Key=key, Body=data, Metadata={"sha256": digest}))


def _json(data: Mapping[str, Any]) -> bytes:
    return (json.dumps(data, indent=2, ensure_ascii=False) + "\n").encode()
