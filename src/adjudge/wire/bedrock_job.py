"""Bedrock's CreateModelCustomizationJob for reinforcement fine-tuning of Nova: its parameters as JSON data.

Source: service model ``bedrock`` in botocore 1.44. Bedrock counts prompts where a task counts rollouts.
"""

from collections.abc import Mapping
from typing import Any, Final

from adjudge.domain.base import digest
from adjudge.errors import ConfigError
from adjudge.wire.nova_fields import FIELDS
from adjudge.wire.nova_recipe import MODEL_TYPE, RunPlace
from adjudge.wire.nova_train import TrainFields

DEFAULT_GROUP: Final = 8
"""Bedrock's own trainingSamplePerPrompt."""


def bedrock_job(train: TrainFields, place: RunPlace) -> dict[str, Any]:
    """The parameters of the call. A retry of the same job is the same job: its token is made of its content.

    Raises:
        ConfigError: the batch is too small or too large in prompts.
    """
    job: dict[str, Any] = {
        "jobName": place.name,
        "customModelName": place.name,
        "roleArn": place.role_arn,
        "baseModelIdentifier": MODEL_TYPE,
        "customizationType": "REINFORCEMENT_FINE_TUNING",
        "trainingDataConfig": {"s3Uri": place.data_s3},
        "outputDataConfig": {"s3Uri": place.output_s3},
        "customizationConfig": {
            "rftConfig": {
                "graderConfig": {"lambdaGrader": {"lambdaArn": place.reward_arn}},
                "hyperParameters": hyperparameters(train),
            }
        },
    }
    return {**job, "clientRequestToken": digest(job, 32)}


def hyperparameters(train: TrainFields) -> dict[str, Any]:
    """The task's values under Bedrock's names; what the task leaves out is the service's own.

    Raises:
        ConfigError: as `bedrock_job`.
    """
    values: dict[str, Any] = {FIELDS[name].bedrock: value for name, value in train.values.items()}
    if "batchSize" in values:
        values["batchSize"] = _prompts(train.values)
    return values


def _prompts(values: Mapping[str, Any]) -> int:
    rollouts = int(values["global_batch_size"])
    group = int(values.get("number_generation", DEFAULT_GROUP))
    limits = FIELDS["global_batch_size"].bedrock_limits
    assert limits is not None
    prompts, rest = divmod(rollouts, group)
    if rest or not limits.hold(prompts):
        raise ConfigError(
            f"train.global_batch_size is {rollouts}: {rollouts / group:g} prompts of {group} rollouts.",
            f"Bedrock's batchSize counts prompts, {limits}.",
            f"Write {16 * group} to {512 * group}, a multiple of {group}; or leave it to Bedrock: "
            "--without global_batch_size.",
        )
    return prompts
