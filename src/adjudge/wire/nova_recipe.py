"""The recipes of Amazon Nova's reinforcement fine-tuning with an adapter: for SageMaker HyperPod and training jobs.

Values that the task does not set are those of the published recipe: aws/sagemaker-hyperpod-recipes, file
``nova_lite_2_0_p5_gpu_lora_rft.yaml`` (2026-06-23), and for training jobs the Nova user guide's recipe.
"""

import re
import types
from collections.abc import Mapping
from typing import Any, Final

import yaml
from pydantic import Field

from adjudge.domain.base import Frozen
from adjudge.errors import ConfigError
from adjudge.wire.nova_fields import FIELDS, Target, Value
from adjudge.wire.nova_train import TrainFields

MODEL_TYPE: Final = "amazon.nova-2-lite-v1:0:256k"
"""The one model that reinforcement fine-tuning of Nova is offered for."""

PLAIN_ARN: Final = re.compile(r"arn:aws[a-zA-Z-]*:lambda:[a-z0-9-]+:\d{12}:function:[A-Za-z0-9_-]+")
"""What both SDKs take for the ARN of a function. One with a version or an alias behind it is none to them."""

QUALIFIED_ARN: Final = re.compile(rf"{PLAIN_ARN.pattern}:(\$LATEST|[A-Za-z0-9_-]+)")

_HYPERPOD: Final[Mapping[str, Value]] = types.MappingProxyType(
    {
        "run.replicas": 2,
        "run.generation_replicas": 2,
        "run.rollout_worker_replicas": 1,
        "training_config.max_length": 10240,
        "training_config.global_batch_size": 256,
        "training_config.reasoning_effort": "high",
        "training_config.data.shuffle": False,
        "training_config.rollout.rollout_strategy.type": "off_policy_async",
        "training_config.rollout.rollout_strategy.age_tolerance": 2,
        "training_config.rollout.advantage_strategy.number_generation": 8,
        "training_config.rollout.generator.max_new_tokens": 8192,
        "training_config.rollout.generator.set_random_seed": True,
        "training_config.rollout.generator.temperature": 1,
        "training_config.rollout.generator.top_k": 0,
        "training_config.rollout.rewards.api_endpoint.lambda_arn": "${run.reward_lambda_arn}",
        "training_config.rollout.rewards.api_endpoint.lambda_concurrency_limit": 100,
        "training_config.trainer.max_steps": 100,
        "training_config.trainer.save_steps": 100,
        "training_config.trainer.save_top_k": 5,
        "training_config.trainer.refit_freq": 4,
        "training_config.trainer.clip_ratio_high": 0.2,
        "training_config.trainer.ent_coeff": 0.001,
        "training_config.trainer.loss_scale": 1,
        "training_config.trainer.optim_config.lr": 7e-7,
        "training_config.trainer.optim_config.weight_decay": 0.0,
        "training_config.trainer.optim_config.adam_beta1": 0.9,
        "training_config.trainer.optim_config.adam_beta2": 0.95,
        "training_config.trainer.peft.peft_scheme": "lora",
        "training_config.trainer.peft.lora_tuning.alpha": 32,
        "training_config.trainer.peft.lora_tuning.loraplus_lr_ratio": 64.0,
    }
)

_TRAINING_JOB: Final[Mapping[str, Value]] = types.MappingProxyType(
    {
        **_HYPERPOD,
        "training_config.max_length": 8192,
        "training_config.global_batch_size": 32,
        "training_config.rollout.advantage_strategy.number_generation": 4,
        "training_config.rollout.generator.max_new_tokens": 6000,
        "training_config.rollout.generator.top_k": 1,
        "training_config.rollout.rewards.preset_reward_function": None,
        "training_config.rollout.rewards.api_endpoint.lambda_concurrency_limit": 12,
        "training_config.rollout.rewards.api_endpoint.lambda_batch_size": 128,
        "training_config.trainer.kl_loss_coef": 0.0,
        "training_config.trainer.optim_config.lr": 1e-6,
        "training_config.trainer.peft.lora_tuning.alpha": 64,
    }
)

BASES: Final[Mapping[Target, Mapping[str, Value]]] = types.MappingProxyType(
    {"hyperpod": _HYPERPOD, "training-job": _TRAINING_JOB}
)


class RunPlace(Frozen):
    """Where a run reads and writes, and whom it asks for rewards."""

    name: str = Field(pattern=r"^[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}$")
    reward_arn: str
    """Of the reward function, plain or with a version or an alias."""
    data_s3: str = Field(pattern=r"^s3://[a-z0-9][-.a-z0-9]{1,61}[a-z0-9]/.+$")
    """The rows to train on, a JSONL file."""
    output_s3: str = Field(pattern=r"^s3://[a-z0-9][-.a-z0-9]{1,61}[a-z0-9](/.*)?$")
    role_arn: str = Field(pattern=r"^arn:aws(-[^:]+)?:iam::[0-9]{12}:role/.+$")
    """The role of the training."""
    replicas: int = Field(default=2, ge=2)

    @property
    def is_qualified(self) -> bool:
        """Whether the reward function is named with a version or an alias."""
        return QUALIFIED_ARN.fullmatch(self.reward_arn) is not None


def check_reward_arn(arn: str, target: Target) -> None:
    """Whether a target's trainer could call the function.

    Raises:
        ConfigError: it is no ARN of a function, or HyperPod's role would not be let in.
    """
    if not PLAIN_ARN.fullmatch(arn) and not QUALIFIED_ARN.fullmatch(arn):
        raise ConfigError(
            f"'{arn}' is no ARN of a Lambda function.",
            "The trainer invokes the reward function by it.",
            "`adjudge deploy aws` prints it: arn:aws:lambda:REGION:ACCOUNT:function:NAME.",
        )
    if target == "hyperpod" and "SageMaker" not in arn.split(":")[6]:
        raise ConfigError(
            f"The function's name '{arn.split(':')[6]}' does not contain 'SageMaker'.",
            "HyperPod invokes functions whose ARN matches arn:aws:lambda:*:*:function:*SageMaker*, and no others.",
            "Deploy it under another name: adjudge deploy aws TASK --name SageMaker-...",
        )


def recipe(train: TrainFields, place: RunPlace) -> dict[str, Any]:
    """The recipe as nested mappings: the published one with the task's values in it.

    Raises:
        ConfigError: values of the task and of the published recipe do not go together.
    """
    flat: dict[str, Value] = {
        "run.name": place.name,
        "run.model_type": MODEL_TYPE,
        "run.model_name_or_path": "nova-lite-2/prod",
        "run.data_s3_path": place.data_s3,
        "run.output_s3_path": place.output_s3,
        "run.reward_lambda_arn": place.reward_arn,
        **BASES[train.target],
        "run.replicas": place.replicas,
    }
    flat |= {FIELDS[name].place: value for name, value in train.values.items() if FIELDS[name].place}
    if "max_steps" in train.values and "save_steps" not in train.values:
        # The published recipe saves once, at the end.
        flat["training_config.trainer.save_steps"] = train.values["max_steps"]
    _check_whole(flat)
    tree: dict[str, Any] = {}
    for path, value in flat.items():
        *folders, leaf = path.split(".")
        node = tree
        for folder in folders:
            node = node.setdefault(folder, {})
        node[leaf] = value
    return tree


def _check_whole(flat: Mapping[str, Value]) -> None:
    """The task's values beside the recipe's own."""
    size = flat[FIELDS["global_batch_size"].place]
    group = flat[FIELDS["number_generation"].place]
    new, length = flat[FIELDS["max_new_tokens"].place], flat[FIELDS["max_length"].place]
    assert isinstance(size, int)
    assert isinstance(group, int)
    assert isinstance(new, int)
    assert isinstance(length, int)
    if size % group or new >= length:
        raise ConfigError(
            f"The recipe would have global_batch_size {size} with number_generation {group}, "
            f"and max_new_tokens {new} within max_length {length}.",
            "What the task leaves out is the published recipe's, and here the two do not go together.",
            "State all four in the section train.",
        )


def recipe_yaml(train: TrainFields, place: RunPlace) -> str:
    """The recipe as a file, with what is worth knowing at its head."""
    own = [name for name in train.values if FIELDS[name].place]
    head = [
        f"Recipe of a reinforcement fine-tuning of {MODEL_TYPE}, written by adjudge.",
        f"From the task: {', '.join(own) or 'nothing'}. All else is the published recipe's.",
        *train.notes,
    ]
    text = yaml.safe_dump(recipe(train, place), sort_keys=False, allow_unicode=True)
    return "".join(f"# {line}\n" for line in head) + text
