"""What may be set of a training of Amazon Nova: each field with its meaning, its range, and its place at each target.

The names are the source article's overrides, and a few more that only one target has. Sources: the recipes in
aws/sagemaker-hyperpod-recipes (2026-06-23), the Nova user guide's recipe pages, and the service model of Bedrock's
CreateModelCustomizationJob in botocore. ``proc_num`` stands in none of them: it is passed on by name.
"""

import types
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

Value = int | float | str | bool | None
Target = Literal["hyperpod", "training-job", "bedrock"]
Kind = Literal["int", "number", "bool", "choice"]

_CONFIG: Final = "training_config"
_ROLLOUT: Final = f"{_CONFIG}.rollout"
_TRAINER: Final = f"{_CONFIG}.trainer"
_ALL: Final[tuple[Target, ...]] = ("hyperpod", "training-job")


@dataclass(frozen=True)
class Limits:
    """The least and the greatest value; None is no limit."""

    low: float | None = None
    high: float | None = None

    def hold(self, value: float) -> bool:
        """Whether a value lies within."""
        return (self.low is None or value >= self.low) and (self.high is None or value <= self.high)

    def __str__(self) -> str:
        if self.high is None:
            return f"at least {self.low:g}"
        return f"{self.low:g} to {self.high:g}"


@dataclass(frozen=True)
class RecipeField:
    """One field.

    Attributes:
        name: in the section ``train`` of a task.
        meaning: in one sentence.
        kind: of its value.
        limits: outside of them a value is refused.
        published: a narrower range that AWS's documents give; outside of it a value is passed on and told.
        choices: all values that there are, for the kind ``choice``.
        place: dotted path in a recipe; empty where recipes have no place for it.
        targets: recipes that have it.
        bedrock: name among the hyperparameters of a Bedrock job; empty where there is none.
        bedrock_limits: those of Bedrock, where they differ.
        bedrock_choices: those of Bedrock, where they differ.
    """

    name: str
    meaning: str
    kind: Kind
    limits: Limits = Limits()
    published: Limits = Limits()
    choices: tuple[str | None, ...] = ()
    place: str = ""
    targets: tuple[Target, ...] = _ALL
    bedrock: str = ""
    bedrock_limits: Limits | None = None
    bedrock_choices: tuple[str | None, ...] = ()

    def has(self, target: Target) -> bool:
        """Whether the target knows the field."""
        return bool(self.bedrock) if target == "bedrock" else target in self.targets


_FIELDS: Final = (
    RecipeField(
        "max_length",
        "Most tokens of prompt and response together.",
        "int",
        Limits(1),
        Limits(4096, 32768),
        place=f"{_CONFIG}.max_length",
    ),
    RecipeField(
        "global_batch_size",
        "Rollouts an update, over all replicas; Bedrock counts prompts, so it is divided by number_generation.",
        "int",
        Limits(16, 4096),
        Limits(16, 256),
        place=f"{_CONFIG}.global_batch_size",
        bedrock="batchSize",
        bedrock_limits=Limits(16, 512),
    ),
    RecipeField(
        "reasoning_effort",
        "How much the policy thinks before it answers; null is not at all.",
        "choice",
        choices=(None, "low", "high"),
        place=f"{_CONFIG}.reasoning_effort",
        bedrock="reasoningEffort",
        bedrock_choices=("low", "medium", "high"),
    ),
    RecipeField("shuffle", "Whether each epoch has its own order.", "bool", place=f"{_CONFIG}.data.shuffle"),
    RecipeField(
        "type",
        "How sampling and training take turns.",
        "choice",
        choices=("off_policy_async",),
        place=f"{_ROLLOUT}.rollout_strategy.type",
    ),
    RecipeField(
        "age_tolerance",
        "Published versions of the policy that a rollout may lie behind.",
        "int",
        Limits(1, 20),
        place=f"{_ROLLOUT}.rollout_strategy.age_tolerance",
    ),
    RecipeField("proc_num", "Reward workers of each replica, on HyperPod.", "int", Limits(1)),
    RecipeField(
        "number_generation",
        "Rollouts of one prompt.",
        "int",
        Limits(2, 16),
        place=f"{_ROLLOUT}.advantage_strategy.number_generation",
        bedrock="trainingSamplePerPrompt",
    ),
    RecipeField(
        "max_new_tokens",
        "Most tokens of a response.",
        "int",
        Limits(1),
        place=f"{_ROLLOUT}.generator.max_new_tokens",
        bedrock="inferenceMaxTokens",
    ),
    RecipeField(
        "set_random_seed", "Whether sampling is seeded.", "bool", place=f"{_ROLLOUT}.generator.set_random_seed"
    ),
    RecipeField("temperature", "Of sampling.", "number", Limits(0, 2), place=f"{_ROLLOUT}.generator.temperature"),
    RecipeField(
        "top_k",
        "Most likely tokens that are drawn from; 0 is all.",
        "int",
        Limits(0),
        place=f"{_ROLLOUT}.generator.top_k",
    ),
    RecipeField(
        "lambda_concurrency_limit",
        "Most invocations of the reward function at once.",
        "int",
        Limits(1),
        place=f"{_ROLLOUT}.rewards.api_endpoint.lambda_concurrency_limit",
    ),
    RecipeField("max_steps", "Updates.", "int", Limits(5), place=f"{_TRAINER}.max_steps"),
    RecipeField(
        "save_steps",
        "Updates between checkpoints; at most max_steps.",
        "int",
        Limits(0, 100_000),
        place=f"{_TRAINER}.save_steps",
    ),
    RecipeField("save_top_k", "Checkpoints kept.", "int", Limits(1), place=f"{_TRAINER}.save_top_k"),
    RecipeField(
        "refit_freq",
        "Updates between publishes of the weights to the samplers.",
        "int",
        Limits(1, 4),
        place=f"{_TRAINER}.refit_freq",
    ),
    RecipeField(
        "clip_ratio_high",
        "Upper clip of the policy ratio.",
        "number",
        Limits(0.1, 10),
        place=f"{_TRAINER}.clip_ratio_high",
    ),
    RecipeField("ent_coeff", "Weight of the entropy bonus.", "number", Limits(0, 0.1), place=f"{_TRAINER}.ent_coeff"),
    RecipeField("loss_scale", "Factor of the policy's loss.", "number", Limits(0), place=f"{_TRAINER}.loss_scale"),
    # Beyond the article's.
    RecipeField(
        "learning_rate",
        "Of the optimizer.",
        "number",
        Limits(1e-7, 1e-3),
        place=f"{_TRAINER}.optim_config.lr",
        bedrock="learningRate",
    ),
    RecipeField(
        "lora_alpha",
        "Scale of the adapter, in steps of 32.",
        "int",
        Limits(32, 192),
        place=f"{_TRAINER}.peft.lora_tuning.alpha",
    ),
    RecipeField(
        "lambda_batch_size",
        "Samples an invocation of the reward function.",
        "int",
        Limits(1),
        place=f"{_ROLLOUT}.rewards.api_endpoint.lambda_batch_size",
        targets=("training-job",),
    ),
    RecipeField(
        "kl_loss_coef",
        "Weight of the distance to the starting model.",
        "number",
        Limits(0),
        place=f"{_TRAINER}.kl_loss_coef",
        targets=("training-job",),
    ),
    RecipeField(
        "test_steps",
        "Updates between evaluations.",
        "int",
        Limits(1),
        place=f"{_TRAINER}.test_steps",
        targets=("training-job",),
    ),
    RecipeField("epochs", "Passes over the data.", "int", Limits(1, 50), targets=(), bedrock="epochCount"),
    RecipeField(
        "max_prompt_length",
        "Tokens of a prompt; longer ones are left out.",
        "int",
        Limits(1),
        targets=(),
        bedrock="maxPromptLength",
    ),
    RecipeField(
        "eval_interval", "Updates between evaluations.", "int", Limits(1, 100), targets=(), bedrock="evalInterval"
    ),
)

FIELDS: Final[Mapping[str, RecipeField]] = types.MappingProxyType({field.name: field for field in _FIELDS})
"""By name, in the order of the source article."""
