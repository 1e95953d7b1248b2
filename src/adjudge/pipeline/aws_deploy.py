"""From a task to the folder of its deployment: package, template, policies, README."""

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from adjudge.errors import ConfigError
from adjudge.pipeline.aws_task import AwsTask, bedrock_models, function_contents, notes_on
from adjudge.release.aws_apply import Deployment, Step, apply
from adjudge.release.aws_clients import Clients
from adjudge.release.aws_function import FunctionSettings
from adjudge.release.aws_iam import Place, function_policy, invoke_policy
from adjudge.release.aws_package import Package, build, import_seconds
from adjudge.release.aws_readme import readme
from adjudge.release.aws_target import Machine
from adjudge.release.aws_template import ZIP, template_yaml
from adjudge.store.atomic import write_bytes, write_json

_MOST_SECONDS: Final = 0.5
"""Of the import, before it is told."""

_EVENT: Final[list[Any]] = [
    {"id": "1", "messages": [{"role": "user", "content": "A question"}, {"role": "assistant", "content": "An answer"}]}
]


@dataclass(frozen=True)
class Prepared:
    """A folder that is ready to be deployed.

    Attributes:
        folder: where it is.
        settings: of the function.
        package: its zip.
        import_seconds: processor time, with this interpreter; None where it cannot run the package.
        notes: what is worth knowing.
    """

    folder: Path
    settings: FunctionSettings
    package: Package
    import_seconds: float | None
    notes: tuple[str, ...]


def function_name(task: str) -> str:
    """The name of a task's function when nobody gives one."""
    plain = "".join(letter if letter.isalnum() or letter in "-_" else "-" for letter in task)
    return f"SageMaker-{plain[:47]}-reward"


def function_settings(aws: AwsTask, given: Mapping[str, Any]) -> FunctionSettings:
    """The settings of a task's function.

    Args:
        aws: the task.
        given: fields of `FunctionSettings` that are not at their defaults.

    Raises:
        ConfigError: one of them is wrong; names it.
    """
    own = {"name": function_name(aws.name), "task": aws.name, "judges": bedrock_models(aws)}
    try:
        return FunctionSettings.model_validate({**own, **given})
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "the settings"
        why = "HyperPod and AmazonSageMakerFullAccess let in no function whose name does not hold 'SageMaker'."
        raise ConfigError(
            f"{place}: {first['msg'].removeprefix('Value error, ')} (it is {first['input']!r:.80}).",
            why if place == "name" else "The function could not be made with it.",
            "See adjudge deploy aws --help.",
        ) from error


def prepare(aws: AwsTask, settings: FunctionSettings, folder: Path, *, region: str | None = None) -> Prepared:
    """Write the folder: the same task and settings make the same files.

    Raises:
        ConfigError: the task cannot be deployed; says why and how it could.
        MissingError: a file of the task, or a package, is missing.
    """
    contents = function_contents(aws, settings.secrets)
    machine = Machine.of_runtime(settings.runtime, settings.architecture)
    package = build(contents, machine, folder / ZIP)
    seconds: float | None = None
    if package.machine.is_here:
        seconds = import_seconds(package)
    elif Machine.here().is_here:
        # The same modules and versions, as binaries for the interpreter that is here.
        with tempfile.TemporaryDirectory(prefix="adjudge-twin-") as twin:
            seconds = import_seconds(build(contents, Machine.here(), Path(twin) / ZIP))
    notes = [*notes_on(aws)]
    if seconds is not None and seconds > _MOST_SECONDS:
        notes.append(
            f"The import took {seconds:.2f} s of processor time here; more memory makes it faster on Lambda (--memory)."
        )
    if not package.is_compiled:
        notes.append(
            f"This is Python {Machine.here().python}: bytecode for {settings.runtime} was not packed, which makes cold "
            f"starts slower. Run the command with Python {machine.python} on {machine.machine} Linux to have it."
        )
    place = Place("aws", region or "REGION", "ACCOUNT")
    documents: dict[str, dict[str, Any] | list[Any]] = {
        "function-policy.json": function_policy(settings, place),
        "training-role-policy.json": invoke_policy(settings, place),
        "event.json": _EVENT,
    }
    for name, data in documents.items():
        write_json(folder / name, data)
    write_bytes(folder / "template.yaml", template_yaml(settings).encode())
    write_bytes(folder / "README.md", readme(settings, package, place, seconds).encode())
    return Prepared(folder, settings, package, seconds, tuple(notes))


def deployment(prepared: Prepared, *, region: str | None, training_role: str | None) -> Deployment:
    """What would be compared with the account.

    Raises:
        ConfigError: there is no region.
        MissingError: there are no credentials, or boto3 is not installed.
    """
    return Deployment(prepared.settings, prepared.package, Clients.open(region), training_role)


def carry_out(wanted: Deployment, told: Callable[[str], None]) -> tuple[Step, ...]:
    """Tell the plan, then do it; returns what was done: nothing, where everything is as wanted.

    Raises:
        MissingError: AWS refused; what was done before stays.
    """
    steps = wanted.plan()
    if not steps:
        told("Everything is as wanted: nothing to do.")
        return ()
    told(f"Plan for {wanted.function_arn}:")
    for number, step in enumerate(steps, 1):
        told(f"{number}. {step.what}")
    apply(steps, lambda what: told(f"now: {what}"))
    return steps
