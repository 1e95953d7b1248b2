"""A task as AWS sees it: the reward as a function, the data as rows, and a section ``train`` that is AWS's own.

The sections ``policy`` and ``train`` of such a task say what AWS trains and how. Engines of this package may not know
these settings, so that they are read here as they stand; all other sections are checked as in every task.
"""

import difflib
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from adjudge.errors import ConfigError, GateError, MissingError
from adjudge.judges.load import read_yaml
from adjudge.judges.save import rubric_yaml
from adjudge.pipeline.judge_config import JudgedTask
from adjudge.pipeline.judging import task_rubric, without
from adjudge.pipeline.passport import given_passport, settled
from adjudge.pipeline.taskfile import LoadedTask, parse_task
from adjudge.release.aws_package import Contents
from adjudge.validation.passport import Passport
from adjudge.wire.openai_graders import load_grader

_ANY_POLICY: Final = {"model": "local:tiny"}
"""Stands in for the policy while the other sections are checked."""

_KEYS: Final[Mapping[str, str]] = {"openai": "OPENAI_API_KEY", "anthropic": "ANTHROPIC_API_KEY"}
"""Providers that answer to a key alone, and where it is looked for."""

_COUNTED: Final = (None, "approximate", "policy")
"""Ways to count tokens that need no file."""

_LOOPBACK: Final = re.compile(r"//(localhost|127\.|\[::1\]|0\.0\.0\.0)", re.IGNORECASE)


@dataclass(frozen=True)
class AwsTask:
    """What is read.

    Attributes:
        task: with a policy and a training that mean nothing.
        policy: as written.
        train: as written.
        sections: name, judge and reward as written, which is all that the function gets of the task's file.
    """

    task: LoadedTask
    policy: Mapping[str, Any]
    train: Mapping[str, Any]
    sections: Mapping[str, Any]

    @property
    def judged(self) -> JudgedTask:
        """The part that the reward needs."""
        return self.task

    @property
    def name(self) -> str:
        """Of the task."""
        return self.task.config.name


def load_aws_task(path: Path) -> AwsTask:
    """The task in a file, or in a folder's ``task.yaml``.

    Raises:
        MissingError: the file is not there.
        ConfigError: it is not a task; names the place.
    """
    file = path / "task.yaml" if path.is_dir() else path
    data = read_yaml(file)
    if not isinstance(data, dict):
        raise ConfigError(f"{file}: not a mapping.", "A task is one.", "Begin it with 'name: ...'.")
    policy, train = data.get("policy", {}), data.get("train", {})
    for name, section in (("policy", policy), ("train", train)):
        if not isinstance(section, dict):
            raise ConfigError(f"{file}: {name}: not a mapping.", "A section is one.", f"Write {name}: {{...}}.")
    rest = {**data, "policy": _ANY_POLICY, "train": {}}
    task = LoadedTask(parse_task(rest, str(file)), file)
    return AwsTask(task, policy, train, {name: data[name] for name in ("name", "judge", "reward")})


def function_contents(aws: AwsTask, secrets: Collection[str]) -> Contents:
    """What the function's package holds of the task.

    Args:
        aws: the task.
        secrets: environment variables that are read from Secrets Manager.

    Raises:
        ConfigError: the judge cannot run there, or its key would be missing; says how.
        MissingError: a file is not there.
    """
    config = aws.task.config
    for model in _models(aws):
        _check_judge(model, secrets)
    parts = (*config.reward.gates, *config.reward.terms, *config.reward.metrics)
    named = [config.judge.grader or config.judge.rubric]
    named += [file for part in parts if isinstance(file := getattr(part, "file", None), str)]
    named += [file for model in config.judge.models if (file := _file_of(model, aws.task.folder))]
    tokenizers = [name for part in parts if (name := getattr(part, "tokenizer", None)) not in _COUNTED]
    for name in tokenizers:
        _check_tokenizer(aws.task, name)
    files = {name: _read(aws.task, name) for name in dict.fromkeys([*named, *tokenizers])}
    weak = weak_criteria(aws)
    if weak:
        # As training on this machine does: they are asked, and weigh nothing.
        files[config.judge.rubric] = rubric_yaml(without(task_rubric(aws.task), weak)).encode()
    text = yaml.safe_dump(dict(aws.sections), sort_keys=False, allow_unicode=True)
    return Contents(
        task={"task.yaml": text.encode(), **files},
        components={part.type for part in parts},
        packages=(
            *(("redis",) if config.judge.limits.share.startswith("redis") else ()),
            *(("tokenizers",) if tokenizers else ()),
        ),
        has_secrets=bool(secrets),
    )


def bedrock_models(aws: AwsTask) -> tuple[str, ...]:
    """The judge's models at Bedrock, for the function's role."""
    return tuple(sorted(model.partition(":")[2] for model in _models(aws) if model.startswith("bedrock:")))


def notes_on(aws: AwsTask) -> tuple[str, ...]:
    """What is worth knowing of the task's judge where it runs."""
    notes = []
    if given_passport(aws.task) is None:
        notes.append("No passport says that this judge can be trusted (validate.passport): adjudge judge validate TASK")
    if weak := weak_criteria(aws):
        notes.append(f"Criteria that the passport finds weak weigh nothing: {', '.join(weak)}.")
    for model in _models(aws):
        provider, _, name = model.partition(":")
        if provider in {"scripted", "replay"}:
            notes.append(f"The judge '{model}' repeats what is written in a file: for rehearsals only.")
        if provider == "python":
            notes.append(f"Of '{model}' the file {name.partition(':')[0]}.py is packed, and nothing that it imports.")
    if aws.task.config.reward.on_failure == "mask":
        notes.append("reward.on_failure is mask, and this trainer takes numbers only: 0.5, marked by a metric.")
    return tuple(notes)


def weak_criteria(aws: AwsTask) -> tuple[str, ...]:
    """Criteria that are deployed with weight 0, as the passport that the task names finds them weak.

    Raises:
        MissingError: the passport is not there.
        GateError: it says that the judge may not train.
    """
    file, config = given_passport(aws.task), aws.task.config
    if file is None:
        return ()
    passport = settled(aws.task, Passport.read(file))
    if not passport.usable:
        raise GateError(
            f"The judge may not train: {passport.sentence()}",
            "The task names this passport, and a reward function is there to train on.",
            "Mend the judge and validate it anew, or accept the checks by name in validate.accept.",
        )
    if config.judge.grader or not config.judge.drop_weak or passport.overall is None:
        return ()
    rubric = task_rubric(aws.task)
    return passport.weak_criteria if without(rubric, passport.weak_criteria) is not rubric else ()


def _models(aws: AwsTask) -> tuple[str, ...]:
    judge = aws.task.config.judge
    if judge.grader is not None and not judge.model:
        load_grader(aws.task.path(judge.grader))
        return ("openai:the grader's own",)
    return judge.models


def _check_judge(model: str, secrets: Collection[str]) -> None:
    provider, _, name = model.partition(":")
    if provider == "local":
        raise ConfigError(
            f"The judge '{model}' cannot be deployed.",
            "It needs torch and its weights, which no function of this size can hold.",
            "Name a judge behind an endpoint, for example bedrock:openai.gpt-oss-120b-1:0, and validate it anew.",
        )
    if provider == "openai-compat" and _LOOPBACK.search(name):
        raise ConfigError(
            f"The judge '{model}' cannot be deployed.",
            "Its address is this machine's own, and the function runs on another one.",
            "Give the server an address that the function reaches.",
        )
    variable = _KEYS.get(provider)
    if variable is not None and variable not in secrets:
        near = difflib.get_close_matches(variable, secrets, n=1)
        raise ConfigError(
            f"The judge '{model}' answers to the key in {variable}, which the function would not have.",
            "Keys of this machine's environment are not deployed, and none stands in a template.",
            f"Did you mean --secret {variable}=... in place of {near[0]}?"
            if near
            else f"Store it in Secrets Manager and name the secret: --secret {variable}=NAME-OF-THE-SECRET",
        )


def _check_tokenizer(task: LoadedTask, name: str) -> None:
    if not task.path(name).is_file():
        raise ConfigError(
            f"The tokenizer '{name}' cannot be deployed.",
            "It would be fetched from a hub whenever the function starts.",
            "Put its tokenizer.json beside the task and name that, or count with tokenizer: approximate.",
        )


def _file_of(model: str, folder: Path) -> str | None:
    """The file of the task that a judge is made of.

    Raises:
        ConfigError: it is a module that is not beside the task.
    """
    provider, _, name = model.partition(":")
    if provider == "scripted":
        return name
    if provider == "replay":
        return name.partition("#")[0]
    if provider != "python":
        return None
    module = f"{name.partition(':')[0]}.py"
    if not (folder / module).is_file():
        raise ConfigError(
            f"The judge '{model}' cannot be deployed.",
            f"There is no {module} beside the task, and what is installed here is not packed.",
            f"Put {module} beside task.yaml, with nothing in it but the standard library and adjudge.",
        )
    return module


def _read(task: LoadedTask, name: str) -> bytes:
    """A file of the task, which must lie in its folder.

    Raises:
        MissingError: it is not there.
        ConfigError: it lies elsewhere.
    """
    path = task.path(name)
    if not path.resolve().is_relative_to(task.folder.resolve()):
        raise ConfigError(
            f"{name} lies outside the task's folder.",
            "The function gets the folder's files under their own paths.",
            "Move it into the folder.",
        )
    if not path.is_file():
        raise MissingError(f"{path} is not there.", "The reward reads it.", "Write the file, or correct the task.")
    return path.read_bytes()
