"""The section ``train`` of a task that AWS trains: read by the table of fields, refused by name where it is wrong."""

import difflib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final, NoReturn, get_args

from adjudge.errors import ConfigError
from adjudge.wire.nova_fields import FIELDS, Limits, RecipeField, Target, Value

TARGETS: Final[tuple[Target, ...]] = get_args(Target)

_NAMES: Final[Mapping[Target, str]] = {
    "hyperpod": "SageMaker HyperPod",
    "training-job": "A SageMaker training job",
    "bedrock": "Bedrock",
}


@dataclass(frozen=True)
class TrainFields:
    """Values that the task sets, in the order of the table, and what is worth knowing of them."""

    target: Target
    values: Mapping[str, Value]
    notes: tuple[str, ...] = ()


def read_train(raw: Mapping[str, Any], target: Target, without: Collection[str] = ()) -> TrainFields:
    """The section as a target takes it.

    Args:
        raw: as written in the task.
        target: where it trains.
        without: fields of the section that are knowingly left out there.

    Raises:
        ConfigError: a field is unknown, has no place at the target, or its value is not allowed; names it. A name in
            `without` that is not in the section.
    """
    for name in without:
        if name not in raw:
            _refuse(name, "is to be left out and is not there", "Nothing would change.", "Correct --without.")
    given = {name: value for name, value in raw.items() if name not in without}
    homeless = [name for name in given if name not in FIELDS or not FIELDS[name].has(target)]
    if homeless:
        _refuse_place(homeless, target)
    values = {name: _checked(field, given[name], target) for name, field in FIELDS.items() if name in given}
    _check_together(values, target)
    notes = [
        f"train.{name} is {value}; the range that AWS's documents give is {FIELDS[name].published}."
        for name, value in values.items()
        if target != "bedrock" and isinstance(value, int | float) and not FIELDS[name].published.hold(value)
    ]
    if "proc_num" in values:
        notes.append("train.proc_num has no place in a published recipe: it is passed on as an override, by name.")
    if without:
        notes.append(f"Left out as asked: {', '.join(f'train.{name}' for name in without)}.")
    return TrainFields(target, values, tuple(notes))


def _refuse_place(names: list[str], target: Target) -> NoReturn:
    first, known = names[0], [name for name, field in FIELDS.items() if field.has(target)]
    listed = ", ".join(f"train.{name}" for name in names)
    near = difflib.get_close_matches(first, known, n=1, cutoff=0.75)
    if first not in FIELDS and near:
        fix = f"Did you mean '{near[0]}'?"
    else:
        left = ",".join(names)
        fix = f"Take them out, or leave them out knowingly: --without {left}. Known there: {', '.join(known)}."
    raise ConfigError(
        f"{_NAMES[target]} has no place for {listed}.",
        "What cannot be honoured is refused, because the run would silently be another one.",
        fix,
    )


def _checked(field: RecipeField, value: object, target: Target) -> Value:
    """The value, of its kind and within its limits."""
    limits, choices = field.limits, field.choices
    if target == "bedrock":
        choices = field.bedrock_choices or choices
    if field.kind == "choice":
        if isinstance(value, str | None) and value in choices:
            return value
        _refuse(field.name, f"is {value!r}", field.meaning, f"Write one of: {', '.join(map(_shown, choices))}.")
    if field.kind == "bool":
        if isinstance(value, bool):
            return value
        _refuse(field.name, f"is {value!r}", field.meaning, "Write true or false.")
    fits = isinstance(value, int | float) and not isinstance(value, bool) and limits.hold(value)
    if not isinstance(value, int | float) or not fits or (field.kind == "int" and isinstance(value, float)):
        number = "a whole number" if field.kind == "int" else "a number"
        _refuse(field.name, f"is {value!r}", field.meaning, f"Write {number}{_within(limits)}.")
    if field.name == "lora_alpha" and value % 32:
        _refuse(field.name, f"is {value!r}", field.meaning, "Write 32, 64, 96, 128, 160 or 192.")
    return value


def _check_together(values: Mapping[str, Value], target: Target) -> None:
    """What two fields say of each other, as far as both are there."""
    size, group = values.get("global_batch_size"), values.get("number_generation")
    if isinstance(size, int) and isinstance(group, int) and size % group:
        _refuse(
            "global_batch_size",
            f"is {size}, and number_generation {group}",
            "It counts rollouts, and the rollouts of a prompt stay together.",
            f"Write a multiple of {group}.",
        )
    steps, save = values.get("max_steps"), values.get("save_steps")
    if isinstance(steps, int) and isinstance(save, int) and save > steps:
        _refuse("save_steps", f"is {save}, and max_steps {steps}", "No checkpoint would be saved.", f"At most {steps}.")
    length, new = values.get("max_length"), values.get("max_new_tokens")
    if target != "bedrock" and isinstance(length, int) and isinstance(new, int) and new >= length:
        _refuse(
            "max_new_tokens",
            f"is {new}, and max_length {length}",
            "max_length counts prompt and response together: nothing is left for the prompt.",
            "Raise max_length, or lower max_new_tokens.",
        )


def _within(limits: Limits) -> str:
    return "" if limits.low is None else f", {limits}"


def _shown(choice: str | None) -> str:
    return "null" if choice is None else choice


def _refuse(name: str, what: str, why: str, fix: str) -> NoReturn:
    raise ConfigError(f"train.{name} {what}.", why, fix)
