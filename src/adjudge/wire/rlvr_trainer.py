"""``sagemaker.train.RLVRTrainer``: its arguments, and a script that makes and starts it. And the article's Forge call.

Read from the package ``sagemaker-train`` 1.27.0 and from aws/nova-forge-sdk; the Forge SDK is deprecated in favour of
the first, and its snippet is for those who follow the source article.
"""

import json
from collections.abc import Mapping
from typing import Any, Final

from pydantic import Field, ValidationError

from adjudge.domain.base import Frozen
from adjudge.errors import ConfigError
from adjudge.wire.nova_fields import FIELDS, Value
from adjudge.wire.nova_recipe import RunPlace
from adjudge.wire.nova_train import TrainFields

MODEL: Final = "nova-textgeneration-lite-v2"
"""Nova 2 Lite, as the SDK names it."""


REPLICAS: Final = (2, 4, 8, 16)
"""Machines that the published recipe may have."""

_CHECK: Final = '''def leaves(tree):
    """Names and values of a recipe, without their folders."""
    for name, value in tree.items():
        yield from leaves(value) if isinstance(value, dict) else [(name, value)]


def trainer_with(overrides):
    """The trainer, and those of the overrides that the service's recipe does not take."""
    trainer = RLVRTrainer(compute=compute, **{**arguments, "overrides": overrides})
    found = list(leaves(trainer.get_resolved_recipe()))
    return trainer, [path for path, value in overrides.items() if (path.rpartition(".")[2], value) not in found]


# The SDK drops what its recipe does not know, with a warning only; the recipe's root is "recipes" or nothing.
trainer, lost = trainer_with(arguments["overrides"])
if lost:
    plain = {path.removeprefix("recipes."): value for path, value in arguments["overrides"].items()}
    trainer, lost = trainer_with(plain)
if lost:
    sys.exit(f"The recipe of the service does not take {', '.join(lost)}. Launch again --without them.")
'''
"""Part of the script: nothing is started that is not what the task asks for."""


class Compute(Frozen):
    """What the training runs on: a HyperPod cluster, or machines that a training job takes for itself."""

    cluster: str | None = Field(default=None, min_length=1)
    namespace: str = Field(default="kubeflow", min_length=1)
    instance_type: str = Field(default="ml.p5.48xlarge", pattern=r"^ml\.[a-z0-9-]+\.[a-z0-9]+$")
    instances: int = Field(default=2, ge=2)

    @property
    def arguments(self) -> dict[str, str | int]:
        """Of ``HyperPodCompute``, or of ``TrainingJobCompute``."""
        if self.cluster is None:
            return {"instance_type": self.instance_type, "instance_count": self.instances}
        return {
            "cluster_name": self.cluster,
            "instance_type": self.instance_type,
            "namespace": self.namespace,
            "node_count": self.instances,
        }

    @property
    def kind(self) -> str:
        """Name of the class."""
        return "TrainingJobCompute" if self.cluster is None else "HyperPodCompute"


def compute_of(cluster: str | None, namespace: str, instance_type: str, instances: int) -> Compute:
    """The machines, as they were asked for.

    Raises:
        ConfigError: there are no such machines, or Nova is not trained on so many.
    """
    if instances not in REPLICAS:
        raise ConfigError(
            f"Nova is not trained on {instances} machines.",
            "The recipe's run.replicas is 2, 4, 8 or 16.",
            "Write for example --instances 4.",
        )
    try:
        return Compute(cluster=cluster, namespace=namespace, instance_type=instance_type, instances=instances)
    except ValidationError as error:
        first = error.errors()[0]
        option = f"--{str(first['loc'][0]).replace('_', '-')}"
        raise ConfigError(
            f"{option} {first['input']!r:.80}: {first['msg']}.", "Machines are asked for by it.", f"Correct {option}."
        ) from error


def overrides(train: TrainFields) -> dict[str, Value]:
    """The task's values by their full path in the recipe; one without a place there by its name."""
    return {
        f"recipes.{FIELDS[name].place}" if FIELDS[name].place else name: value for name, value in train.values.items()
    }


def trainer_arguments(train: TrainFields, place: RunPlace) -> dict[str, Any]:
    """Arguments of ``RLVRTrainer``, without the objects that only the SDK can make.

    A qualified ARN is none to the SDK: the script wraps it into an ``Evaluator``, so it is left out here.
    """
    reward: dict[str, Any] = {"skip_reward_validation": True}
    if not place.is_qualified:
        reward = {"custom_reward_function": place.reward_arn}
    return {
        "model": MODEL,
        "training_type": "LORA",
        "model_package_group": place.name,
        **reward,
        "role": place.role_arn,
        "training_dataset": place.data_s3,
        "s3_output_path": place.output_s3,
        "overrides": overrides(train),
    }


def trainer_script(train: TrainFields, place: RunPlace, compute: Compute) -> str:
    """A script that starts the training; ``--dry-run`` behind it checks and starts nothing."""
    imports, evaluator = "", ""
    if place.is_qualified:
        made = {"name": place.name, "type": "RewardFunction", "source": place.reward_arn, "role": place.role_arn}
        imports = "from sagemaker.ai_registry.evaluator import Evaluator\n"
        evaluator = (
            "# An ARN with a version or an alias is none to the trainer; an evaluator may name one.\n"
            f'arguments["custom_reward_function"] = {_call("Evaluator.create", made)}\n'
        )
    notes = "".join(f"# {note}\n" for note in train.notes)
    return (
        f'"""Start the training {place.name}. Needs: pip install \'sagemaker>=3.19\', and AWS credentials."""\n\n'
        "import sys\n\n"
        f"{imports}"
        f"from sagemaker.core.training.configs import {compute.kind}\n"
        "from sagemaker.train import RLVRTrainer\n\n"
        f"{notes}arguments = {_literal(trainer_arguments(train, place))}\n"
        f"{evaluator}"
        f"compute = {_call(compute.kind, compute.arguments)}\n"
        "\n\n"
        f"{_CHECK}\n\n"
        'trainer.train(wait=False, dry_run="--dry-run" in sys.argv)\n'
    )


def forge_snippet(train: TrainFields, place: RunPlace, compute: Compute) -> str:
    """The source article's call, with the deprecated Forge SDK: overrides by their names alone.

    Raises:
        ConfigError: the function is named with an alias or a version, which this SDK does not take.
    """
    if place.is_qualified:
        raise ConfigError(
            f"The Forge SDK takes no ARN with a version or an alias: {place.reward_arn}",
            "It checks that nothing stands behind the function's name.",
            "Use the RLVRTrainer's script, or the function's plain ARN.",
        )
    manager = "SMTJRuntimeManager" if compute.cluster is None else "SMHPRuntimeManager"
    machines: dict[str, str | int] = {"instance_type": compute.instance_type, "instance_count": compute.instances}
    if compute.cluster is None:
        machines["execution_role"] = place.role_arn
    else:
        machines |= {"cluster_name": compute.cluster, "namespace": compute.namespace}
    return (
        f'"""Start the training {place.name} with the Forge SDK, which AWS has deprecated."""\n\n'
        "from amzn_nova_forge import *\n\n"
        "customizer = NovaModelCustomizer(\n"
        "    model=Model.NOVA_LITE_2,\n"
        "    method=TrainingMethod.RFT_LORA,\n"
        f"    infra={_call(manager, machines)},\n"
        f"    data_s3_path={place.data_s3!r},\n"
        f"    output_s3_path={place.output_s3!r},\n"
        ")\n"
        "result = customizer.train(\n"
        f"    job_name={place.name!r},\n"
        f"    rft_lambda_arn={place.reward_arn!r},\n"
        f"    overrides={_literal(dict(train.values), 4)},\n"
        ")\n"
    )


def _literal(data: object, indent: int = 0) -> str:
    """Python source of plain data: a mapping has a line for each entry."""
    if isinstance(data, str):
        return json.dumps(data)
    if not isinstance(data, dict):
        return repr(data)
    inner = " " * (indent + 4)
    lines = [f"{inner}{_literal(key)}: {_literal(value, indent + 4)},\n" for key, value in data.items()]
    return "{\n" + "".join(lines) + " " * indent + "}"


def _call(name: str, arguments: Mapping[str, object]) -> str:
    """Python source of a call, on one line."""
    return f"{name}({', '.join(f'{key}={_literal(value)}' for key, value in arguments.items())})"
