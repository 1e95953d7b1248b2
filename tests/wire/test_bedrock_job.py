"""The job at Bedrock, against the service's own model in botocore."""

import re

import botocore.session
import pytest
from botocore.validate import ParamValidator

from adjudge.errors import ConfigError
from adjudge.wire.bedrock_job import bedrock_job, hyperparameters
from adjudge.wire.nova_fields import FIELDS
from adjudge.wire.nova_recipe import RunPlace
from adjudge.wire.nova_train import read_train

PLACE = RunPlace(
    name="contract-review",
    reward_arn="arn:aws:lambda:us-east-1:123456789012:function:SageMaker-contract-review:SageMakerLive",
    data_s3="s3://bucket/train.jsonl",
    output_s3="s3://bucket/output",
    role_arn="arn:aws:iam::123456789012:role/training",
)
OPERATION = botocore.session.Session().get_service_model("bedrock").operation_model("CreateModelCustomizationJob")
RFT = OPERATION.input_shape.members["customizationConfig"].members["rftConfig"].members["hyperParameters"].members


def valid(job):
    """What botocore says against the parameters: nothing, or a line a problem."""
    return ParamValidator().validate(job, OPERATION.input_shape).generate_report()


def test_the_articles_values_that_bedrock_has_make_a_job():
    """Rollouts of a prompt and tokens of a response under Bedrock's names; all else of the article is refused."""
    fields = read_train({"number_generation": 8, "max_new_tokens": 16000}, "bedrock")
    job = bedrock_job(fields, PLACE)
    assert valid(job) == ""
    assert job["customizationType"] == "REINFORCEMENT_FINE_TUNING"
    assert job["customizationConfig"] == {
        "rftConfig": {
            "graderConfig": {"lambdaGrader": {"lambdaArn": PLACE.reward_arn}},
            "hyperParameters": {"trainingSamplePerPrompt": 8, "inferenceMaxTokens": 16000},
        }
    }


def test_every_hyperparameter_of_the_service_has_a_field():
    """None is out of reach, and none is invented."""
    assert {field.bedrock for field in FIELDS.values() if field.bedrock} == set(RFT)


@pytest.mark.parametrize("name", [name for name, field in FIELDS.items() if field.bedrock])
def test_ranges_are_the_services_own(name):
    """Where botocore knows a range or the choices, the table has the same."""
    field, shape = FIELDS[name], RFT[FIELDS[name].bedrock]
    choices = getattr(shape, "enum", [])
    if choices:
        assert list(field.bedrock_choices) == choices
        return
    limits = field.bedrock_limits or field.limits
    if "min" in shape.metadata:
        assert (limits.low, limits.high) == (shape.metadata["min"], shape.metadata["max"])


def test_all_fields_together_are_valid():
    """As native numbers and texts: the service takes no strings for numbers."""
    given = {
        "global_batch_size": 256,
        "number_generation": 8,
        "reasoning_effort": "medium",
        "max_new_tokens": 2048,
        "learning_rate": 1e-4,
        "epochs": 2,
        "max_prompt_length": 8192,
        "eval_interval": 5,
    }
    job = bedrock_job(read_train(given, "bedrock"), PLACE)
    assert valid(job) == ""
    assert job["customizationConfig"]["rftConfig"]["hyperParameters"]["batchSize"] == 32


def test_rollouts_become_prompts_and_too_few_are_refused():
    """The article's 64 rollouts are 8 prompts, and Bedrock's least batch is 16."""
    with pytest.raises(ConfigError, match="8 prompts of 8 rollouts"):
        hyperparameters(read_train({"global_batch_size": 64, "number_generation": 8}, "bedrock"))
    # Where the task does not say, the group is Bedrock's own of 8.
    assert hyperparameters(read_train({"global_batch_size": 128}, "bedrock")) == {"batchSize": 16}


def test_the_same_job_has_the_same_token_and_another_one_another():
    """A retry after a lost answer starts nothing twice."""
    first, again = (bedrock_job(read_train({"epochs": 1}, "bedrock"), PLACE) for _ in range(2))
    other = bedrock_job(read_train({"epochs": 2}, "bedrock"), PLACE)
    assert first == again
    assert first["clientRequestToken"] != other["clientRequestToken"]


@pytest.mark.parametrize("key", ["baseModelIdentifier", "jobName", "customModelName", "roleArn"])
def test_texts_match_the_services_patterns(key):
    """Patterns are checked by the service only, after the call."""
    job = bedrock_job(read_train({}, "bedrock"), PLACE)
    assert re.fullmatch(OPERATION.input_shape.members[key].metadata["pattern"], job[key])
