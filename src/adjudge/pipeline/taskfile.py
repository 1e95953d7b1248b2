"""Reading ``task.yaml``: strict YAML, and errors that name the file, the dotted path and the key that was meant."""

import difflib
import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, NoReturn, get_args, get_origin

import yaml
from pydantic import BaseModel, ValidationError

from adjudge.errors import ConfigError
from adjudge.judges.load import read_yaml
from adjudge.pipeline.config import Task
from adjudge.pipeline.judge_config import JudgedTask

_ENGINE: Final[Mapping[str, tuple[str, str]]] = types.MappingProxyType(
    {
        "train.type": (
            "The local engine samples and trains in turns on one device; asynchronous training needs two.",
            "Write 'synchronous', or leave the key out.",
        ),
        "train.ent_coeff": (
            "The local engine measures entropy and does not pay for it.",
            "Set it to 0, or leave the key out.",
        ),
        "train.refit_freq": (
            "The local engine publishes its weights after every step.",
            "Set it to 1, or leave the key out.",
        ),
        "train.reasoning_effort": (
            "The local policies have no channel of their own for reasoning.",
            "Leave the key out.",
        ),
        "train.proc_num": (
            "The local engine is one process that uses all cores.",
            "Leave the key out.",
        ),
    }
)
"""Settings of other engines that this one cannot honour: why not, and what to write."""


@dataclass(frozen=True)
class LoadedTask(JudgedTask):
    """A task and the file it came from."""

    config: Task

    def resolved(self) -> str:
        """The configuration with all defaults written out, as YAML."""
        data = self.config.model_dump(mode="json", by_alias=True)
        return yaml.safe_dump(data, sort_keys=False, allow_unicode=True)


def load_task(path: Path) -> LoadedTask:
    """The task in a file, or in a folder's ``task.yaml``.

    Raises:
        MissingError: the file is not there.
        ConfigError: it is not a task; names the place, and for an unknown key the nearest known one.
    """
    file = path / "task.yaml" if path.is_dir() else path
    data = read_yaml(file)
    if not isinstance(data, dict):
        raise ConfigError(
            f"{file}: {'the file is empty' if data is None else type(data).__name__ + ', not a mapping'}.",
            "A task is a mapping with the sections name, data, policy, judge and reward.",
            "Begin it with 'name: ...'.",
        )
    return LoadedTask(parse_task(data, str(file)), file)


def parse_task(data: Mapping[str, Any], source: str) -> Task:
    """A task from its data.

    Args:
        data: as read from YAML.
        source: the file's name, for errors.

    Raises:
        ConfigError: as `load_task`.
    """
    try:
        return Task.model_validate(data)
    except ValidationError as error:
        _tell(source, data, error)


def with_samples_per_row(task: LoadedTask, number: int) -> LoadedTask:
    """The task with another number of responses a row in its evaluation."""
    evaluate = task.config.evaluate.model_copy(update={"samples_per_row": number})
    return LoadedTask(task.config.model_copy(update={"evaluate": evaluate}), task.file)


def _tell(source: str, data: Mapping[str, Any], error: ValidationError) -> NoReturn:
    """The first problem, as a person would say it."""
    # A misspelt key is told before the needed one that it stands for.
    first = min(error.errors(), key=lambda problem: problem["type"] != "extra_forbidden")
    place = _place(data, first["loc"])
    why, fix = _ENGINE.get(place, ("", ""))
    if first["type"] == "extra_forbidden":
        key = str(first["loc"][-1])
        known = sorted(set(known_keys(Task, first["loc"][:-1])))
        near = difflib.get_close_matches(key, known, n=1, cutoff=0.6)
        raise ConfigError(
            f"{source}: {place} is not a key that adjudge knows.",
            why or "Unknown keys are refused, because a misspelt one would otherwise be ignored.",
            fix or (f"Did you mean '{near[0]}'?" if near else f"Known here: {', '.join(known)}."),
        ) from error
    raise ConfigError(
        f"{source}: {place}: {_message(first)}.",
        why or "A task is checked as a whole before anything is run.",
        fix or "Correct it; `adjudge run TASK --dry-run` checks it again without spending anything.",
    ) from error


def _message(problem: Mapping[str, Any]) -> str:
    message = str(problem["msg"]).removeprefix("Value error, ")
    if problem["type"] == "missing":
        return "is needed and not there"
    if problem["type"] in {"value_error", "model_type", "union_tag_not_found"}:
        return message
    return f"{message[0].lower()}{message[1:]}, not {_shown(problem['input'])}"


def _shown(value: object) -> str:
    if isinstance(value, dict | list):
        return "a mapping" if isinstance(value, dict) else "a list"
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _place(data: Mapping[str, Any], loc: tuple[int | str, ...]) -> str:
    """``reward.terms[0].weight``; parts that only name a branch of a union are left out."""
    text, node = "", data  # type: str, Any
    for number, part in enumerate(loc):
        if isinstance(part, int):
            text += f"[{part}]"
            node = node[part] if isinstance(node, list) and part < len(node) else None
        elif (isinstance(node, dict) and part in node) or number == len(loc) - 1:
            text += f".{part}" if text else part
            node = node.get(part) if isinstance(node, dict) else None
    return text or "the task"


def known_keys(model: type[BaseModel], loc: tuple[int | str, ...]) -> Iterator[str]:
    """Keys that are known at a place of `model`; places that are no field (indices, branches) are stepped over."""
    models = [model]
    for part in loc:
        fields = [field for m in models for name, field in m.model_fields.items() if part in {name, field.alias}]
        found = [inner for field in fields for inner in _models_in(field.annotation)]
        tagged = [m for m in models if isinstance(part, str) and _tag(m) == part]
        models = found or tagged or models
    for inner in models:
        for name, field in inner.model_fields.items():
            yield field.alias or name


def _tag(model: type[BaseModel]) -> object:
    field = model.model_fields.get("type")
    return None if field is None else field.default if isinstance(field.default, str) else None


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:  # noqa: ANN401  (annotations have no common type)
    if isinstance(annotation, type) and not get_origin(annotation) and issubclass(annotation, BaseModel):
        yield annotation
        return
    parts = get_args(annotation)
    for part in parts[:1] if get_origin(annotation) is Annotated else parts:
        yield from _models_in(part)
