"""What a task says of a training on AWS: each field has its place, its range, and no home where it has none."""

import pytest
import yaml

from adjudge.errors import ConfigError
from adjudge.wire.nova_fields import FIELDS
from adjudge.wire.nova_recipe import BASES, RunPlace, check_reward_arn, recipe, recipe_yaml
from adjudge.wire.nova_train import TARGETS, read_train

ARTICLE = {
    "max_length": 64000,
    "global_batch_size": 64,
    "reasoning_effort": None,
    "shuffle": False,
    "type": "off_policy_async",
    "age_tolerance": 2,
    "proc_num": 6,
    "number_generation": 8,
    "max_new_tokens": 16000,
    "set_random_seed": True,
    "temperature": 1,
    "top_k": 0,
    "lambda_concurrency_limit": 100,
    "max_steps": 516,
    "save_steps": 32,
    "save_top_k": 17,
    "refit_freq": 4,
    "clip_ratio_high": 0.28,
    "ent_coeff": 0.0,
    "loss_scale": 1,
}
"""The source article's own overrides."""

PLACE = RunPlace(
    name="contract-review",
    reward_arn="arn:aws:lambda:us-east-1:123456789012:function:SageMaker-contract-review",
    data_s3="s3://bucket/train.jsonl",
    output_s3="s3://bucket/output",
    role_arn="arn:aws:iam::123456789012:role/training",
)


def flat(tree, prefix=""):
    for key, value in tree.items():
        yield from flat(value, f"{prefix}{key}.") if isinstance(value, dict) else [(f"{prefix}{key}", value)]


def test_the_articles_overrides_are_the_first_twenty_fields():
    """The table knows them all, in the article's order."""
    assert list(FIELDS)[: len(ARTICLE)] == list(ARTICLE)


def test_the_articles_overrides_make_the_hyperpod_recipe():
    """The recipe is the published one, key by key, with the article's values in it."""
    made = recipe(read_train(ARTICLE, "hyperpod"), PLACE)
    assert made == {
        "run": {
            "name": "contract-review",
            "model_type": "amazon.nova-2-lite-v1:0:256k",
            "model_name_or_path": "nova-lite-2/prod",
            "data_s3_path": "s3://bucket/train.jsonl",
            "output_s3_path": "s3://bucket/output",
            "reward_lambda_arn": PLACE.reward_arn,
            "replicas": 2,
            "generation_replicas": 2,
            "rollout_worker_replicas": 1,
        },
        "training_config": {
            "max_length": 64000,
            "global_batch_size": 64,
            "reasoning_effort": None,
            "data": {"shuffle": False},
            "rollout": {
                "rollout_strategy": {"type": "off_policy_async", "age_tolerance": 2},
                "advantage_strategy": {"number_generation": 8},
                "generator": {"max_new_tokens": 16000, "set_random_seed": True, "temperature": 1, "top_k": 0},
                "rewards": {
                    "api_endpoint": {"lambda_arn": "${run.reward_lambda_arn}", "lambda_concurrency_limit": 100}
                },
            },
            "trainer": {
                "max_steps": 516,
                "save_steps": 32,
                "save_top_k": 17,
                "refit_freq": 4,
                "clip_ratio_high": 0.28,
                "ent_coeff": 0.0,
                "loss_scale": 1,
                "optim_config": {"lr": 7e-7, "weight_decay": 0.0, "adam_beta1": 0.9, "adam_beta2": 0.95},
                "peft": {"peft_scheme": "lora", "lora_tuning": {"alpha": 32, "loraplus_lr_ratio": 64.0}},
            },
        },
    }


def test_a_training_job_starts_from_its_own_published_recipe():
    """What the task leaves out is the training job's, not HyperPod's."""
    made = dict(flat(recipe(read_train({}, "training-job"), PLACE)))
    rollout, trainer = "training_config.rollout", "training_config.trainer"
    assert made["training_config.max_length"] == 8192
    assert made["training_config.global_batch_size"] == 32
    assert made[f"{rollout}.advantage_strategy.number_generation"] == 4
    assert made[f"{rollout}.generator.max_new_tokens"] == 6000
    assert made[f"{rollout}.generator.top_k"] == 1
    assert made[f"{rollout}.rewards.preset_reward_function"] is None
    assert made[f"{rollout}.rewards.api_endpoint.lambda_batch_size"] == 128
    assert made[f"{rollout}.rewards.api_endpoint.lambda_concurrency_limit"] == 12
    assert made[f"{trainer}.kl_loss_coef"] == 0.0
    assert made[f"{trainer}.optim_config.lr"] == 1e-6
    assert made[f"{trainer}.peft.lora_tuning.alpha"] == 64


def test_the_file_is_the_recipe_and_says_what_is_the_tasks():
    """YAML reads back to the same numbers; the head names what was not the recipe's own, and what has no place."""
    fields = read_train(ARTICLE, "hyperpod")
    text = recipe_yaml(fields, PLACE)
    assert yaml.safe_load(text) == recipe(fields, PLACE)
    head = "\n".join(line for line in text.splitlines() if line.startswith("#"))
    assert "max_length is 64000; the range that AWS's documents give is 4096 to 32768" in head
    assert "proc_num has no place in a published recipe" in head


@pytest.mark.parametrize("target", ["hyperpod", "training-job"])
def test_every_place_of_the_table_is_one_of_the_published_recipe(target):
    """A field that the task sets replaces a value, and never makes a key of its own; test_steps alone is optional."""
    places = {field.place for field in FIELDS.values() if field.place and target in field.targets}
    assert places - set(BASES[target]) <= {"training_config.trainer.test_steps"}


def test_one_save_at_the_end_where_only_the_steps_are_given():
    """The published recipe saves after the last step; so does one with other steps."""
    assert recipe(read_train({"max_steps": 40}, "hyperpod"), PLACE)["training_config"]["trainer"]["save_steps"] == 40


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("global_batch_size", 8),
        ("global_batch_size", True),
        ("global_batch_size", 64.0),
        ("reasoning_effort", "medium"),
        ("shuffle", "no"),
        ("type", "synchronous"),
        ("age_tolerance", 0),
        ("number_generation", 17),
        ("set_random_seed", 7),
        ("temperature", float("nan")),
        ("top_k", -1),
        ("max_steps", 4),
        ("refit_freq", 5),
        ("clip_ratio_high", 0.05),
        ("ent_coeff", 0.2),
        ("learning_rate", "1e-5"),
        ("lora_alpha", 48),
    ],
)
def test_a_value_out_of_range_or_of_another_kind_is_refused_by_name(name, value):
    """The error names the field."""
    with pytest.raises(ConfigError, match=f"train.{name} "):
        read_train({name: value}, "hyperpod")


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("name", list(FIELDS))
def test_a_field_is_taken_or_refused_by_name_and_never_dropped(name, target):
    """Of each field and target: its value is there, or the error names it."""
    field = FIELDS[name]
    value = {"int": 32, "number": 0.1, "bool": True, "choice": (field.bedrock_choices or field.choices)[-1:]}[
        field.kind
    ]
    value = value[0] if isinstance(value, tuple) else value
    value = {"refit_freq": 4, "number_generation": 8, "age_tolerance": 2, "learning_rate": 1e-5}.get(name, value)
    if field.has(target):
        assert read_train({name: value}, target).values == {name: value}
    else:
        with pytest.raises(ConfigError, match=f"no place for train.{name}"):
            read_train({name: value}, target)


def test_a_misspelt_field_suggests_the_right_one():
    """As everywhere in a task."""
    with pytest.raises(ConfigError, match="Did you mean 'number_generation'"):
        read_train({"number_generations": 8}, "hyperpod")


def test_settings_of_the_local_engine_are_refused_together_or_left_out_knowingly():
    """All of them are named at once, and --without takes exactly those."""
    given = {"max_steps": 12, "refill": 1, "warmup_steps": 3}
    with pytest.raises(ConfigError, match=r"train\.refill, train\.warmup_steps") as refused:
        read_train(given, "hyperpod")
    assert "--without refill,warmup_steps" in str(refused.value)
    fields = read_train(given, "hyperpod", without=["refill", "warmup_steps"])
    assert fields.values == {"max_steps": 12}
    assert any("train.refill, train.warmup_steps" in note for note in fields.notes)


def test_to_leave_out_what_is_not_there_is_an_error():
    """A misspelt --without would change nothing and seem to."""
    with pytest.raises(ConfigError, match=r"train\.refil "):
        read_train({"refill": 1}, "hyperpod", without=["refil"])


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"global_batch_size": 60, "number_generation": 8}, "global_batch_size"),
        ({"max_steps": 10, "save_steps": 20}, "save_steps"),
        ({"max_length": 4096, "max_new_tokens": 4096}, "max_new_tokens"),
    ],
)
def test_fields_that_contradict_each_other_are_refused(given, named):
    """Two values that are right alone."""
    with pytest.raises(ConfigError, match=f"train.{named}"):
        read_train(given, "hyperpod")


def test_a_value_that_contradicts_the_recipes_own_is_refused():
    """The task asks for longer responses than the published recipe's whole length."""
    with pytest.raises(ConfigError, match="max_new_tokens 16000 within max_length 8192"):
        recipe(read_train({"max_new_tokens": 16000}, "training-job"), PLACE)


@pytest.mark.parametrize("arn", [PLACE.reward_arn, f"{PLACE.reward_arn}:SageMakerLive", f"{PLACE.reward_arn}:$LATEST"])
def test_arns_of_functions_are_taken_with_and_without_a_version(arn):
    """Both kinds exist; which one is meant is seen."""
    check_reward_arn(arn, "hyperpod")
    assert PLACE.model_copy(update={"reward_arn": arn}).is_qualified is (arn != PLACE.reward_arn)


def test_hyperpod_takes_only_functions_whose_name_says_sagemaker():
    """In this spelling, and in the name: an alias does not count."""
    arn = "arn:aws:lambda:us-east-1:123456789012:function:reward"
    check_reward_arn(arn, "training-job")
    for refused in (arn, f"{arn}:SageMakerLive", arn.replace("reward", "sagemaker-reward")):
        with pytest.raises(ConfigError, match="does not contain 'SageMaker'"):
            check_reward_arn(refused, "hyperpod")
    with pytest.raises(ConfigError, match="is no ARN"):
        check_reward_arn("SageMaker-reward", "training-job")
