"""The template and the policies: valid by AWS's own tools, translated by theirs, and no wider than needed."""

import json
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from pydantic import ValidationError

from adjudge.release.aws_apply import Deployment
from adjudge.release.aws_function import FunctionSettings, VpcEndpoint
from adjudge.release.aws_iam import Place, endpoint_policy, function_policy, invoke_policy, model_arns, trust
from adjudge.release.aws_template import template, template_yaml

PLACE = Place("aws", "us-east-1", "123456789012")
PLAIN = FunctionSettings(name="SageMaker-tiny-reward", task="tiny")
FULL = FunctionSettings(
    name="SageMaker-tiny-reward",
    task="tiny",
    architecture="arm64",
    runtime="python3.12",
    provisioned=20,
    dead_letters=True,
    judges=("openai.gpt-oss-120b-1:0", "us.amazon.nova-pro-v1:0"),
    secrets={"OPENAI_API_KEY": "prod/judge-key"},
    endpoint=VpcEndpoint(vpc="vpc-0a123456", subnets=("subnet-0a123456",), security_groups=("sg-0a123456",)),
)


def actions(policy):
    return {action: statement["Resource"] for statement in policy["Statement"] for action in statement["Action"]}


@pytest.mark.parametrize(
    ("settings", "runtime"), [(PLAIN, "python3.13"), (FULL, "python3.12"), (FULL, "python3.14")], ids=str
)
def test_cfn_lint_finds_nothing(settings, runtime, tmp_path):
    """Not even a warning: names, types, ranges and runtimes are right."""
    pytest.importorskip("cfnlint")
    file = tmp_path / "template.yaml"
    file.write_text(template_yaml(settings.model_copy(update={"runtime": runtime})))
    done = subprocess.run(
        [Path(sys.executable).with_name("cfn-lint"), file, "--regions", "us-east-1"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, ""), done.stdout + done.stderr


@pytest.fixture
def translated():
    """Translates a template as CloudFormation does, offline."""
    pytest.importorskip("samtranslator")
    from samtranslator.parser.parser import Parser
    from samtranslator.translator.translator import Translator

    class Region:
        region_name = "us-east-1"

    def go(settings):
        data = yaml.safe_load(template_yaml(settings))
        # Uploading the zip is the SAM command's part: it puts an address in its place.
        data["Resources"]["Reward"]["Properties"]["CodeUri"] = "s3://bucket/function.zip"
        return Translator({}, Parser(), None, Region()).translate(data, {})

    return go


def test_sam_makes_a_function_a_version_and_an_alias_with_warm_environments(translated):
    """The alias has a version of its own name, and provisioned concurrency stands behind it."""
    made = translated(FULL)
    by_type = {resource["Type"]: resource["Properties"] for resource in made["Resources"].values()}
    function, alias = by_type["AWS::Lambda::Function"], by_type["AWS::Lambda::Alias"]
    assert function["Timeout"] == 900
    assert function["MemorySize"] == 1024
    assert function["Handler"] == "lambda_function.lambda_handler"
    assert function["ReservedConcurrentExecutions"] == 100
    assert function["Architectures"] == ["arm64"]
    assert "SageMaker" in function["FunctionName"]
    assert alias["Name"] == "SageMakerLive"
    assert alias["ProvisionedConcurrencyConfig"] == {"ProvisionedConcurrentExecutions": 20}
    assert "AWS::Lambda::Version" in by_type
    assert by_type["AWS::Logs::LogGroup"]["RetentionInDays"] == 30
    # No role is made by SAM: the function has the one of the template.
    assert sum(resource["Type"] == "AWS::IAM::Role" for resource in made["Resources"].values()) == 1


def test_what_is_optional_is_only_there_when_asked_for(translated):
    """No queue, no endpoint, no warm environments that cost, no secrets."""
    types = [resource["Type"] for resource in translated(PLAIN)["Resources"].values()]
    assert not {"AWS::SQS::Queue", "AWS::EC2::VPCEndpoint"} & set(types)
    text = template_yaml(PLAIN)
    assert "Provisioned" not in text
    assert "secretsmanager" not in text
    assert "bedrock" not in text


def test_outputs_name_both_arns(translated):
    """The plain one for SDKs, the alias for Bedrock: the second is a reference to the alias that SAM makes."""
    made = translated(PLAIN)
    outputs, resources = made["Outputs"], made["Resources"]
    assert resources[outputs["FunctionArn"]["Value"]["Fn::GetAtt"][0]]["Type"] == "AWS::Lambda::Function"
    assert resources[outputs["AliasArn"]["Value"]["Ref"]]["Type"] == "AWS::Lambda::Alias"


def test_the_function_may_write_its_log_and_ask_its_judges_and_nothing_else():
    """No action and no resource by a star alone."""
    allowed = actions(function_policy(FULL, PLACE))
    assert set(allowed) == {
        "logs:CreateLogStream",
        "logs:PutLogEvents",
        "bedrock:InvokeModel",
        "secretsmanager:GetSecretValue",
        "sqs:SendMessage",
    }
    assert allowed["logs:PutLogEvents"] == [
        "arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/SageMaker-tiny-reward:*"
    ]
    assert allowed["bedrock:InvokeModel"] == [
        "arn:aws:bedrock:*::foundation-model/amazon.nova-pro-v1:0",
        "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.amazon.nova-pro-v1:0",
        "arn:aws:bedrock:us-east-1::foundation-model/openai.gpt-oss-120b-1:0",
    ]
    assert allowed["secretsmanager:GetSecretValue"] == [
        "arn:aws:secretsmanager:us-east-1:123456789012:secret:prod/judge-key-??????"
    ]
    assert set(actions(function_policy(PLAIN, PLACE))) == {"logs:CreateLogStream", "logs:PutLogEvents"}


def test_the_training_role_may_invoke_this_function_with_and_without_a_qualifier():
    """The plain ARN is not matched by a pattern that ends in a colon and a star, nor the other way round."""
    arn = "arn:aws:lambda:us-east-1:123456789012:function:SageMaker-tiny-reward"
    assert actions(invoke_policy(PLAIN, PLACE)) == {"lambda:InvokeFunction": [arn, f"{arn}:*"]}
    (statement,) = endpoint_policy(PLAIN, PLACE)["Statement"]
    assert statement["Resource"] == [arn, f"{arn}:*"]


def test_only_lambda_takes_the_functions_role():
    """The trust policy names one service."""
    (statement,) = trust()["Statement"]
    assert statement["Principal"] == {"Service": "lambda.amazonaws.com"}


def test_an_arn_of_a_model_stands_for_itself():
    """For example a custom deployment or a profile of one's own."""
    arn = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc"
    assert model_arns(arn, PLACE) == [arn]


def test_no_text_of_a_secret_is_in_the_template(monkeypatch):
    """Names of secrets only, also where this machine's environment has the key."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-this-must-stay-here")
    text = template_yaml(FULL)
    assert "sk-this-must-stay-here" not in text
    variables = template(FULL)["Resources"]["Reward"]["Properties"]["Environment"]["Variables"]
    assert json.loads(variables["ADJUDGE_SECRETS"]) == {"OPENAI_API_KEY": "prod/judge-key"}


@pytest.mark.parametrize(
    "changed",
    [
        {"name": "reward"},
        {"name": "sagemaker-reward"},
        {"name": "SageMaker-" + "x" * 60},
        {"timeout_seconds": 901},
        {"memory_mb": 64},
        {"reserved": 10, "provisioned": 20},
        {"alias": "7"},
        {"retention_days": 31},
        {"endpoint": {"vpc": "mine", "subnets": ["subnet-0a123456"], "security_groups": ["sg-0a123456"]}},
        {"endpoint": {"vpc": "vpc-0a123456", "subnets": [], "security_groups": ["sg-0a123456"]}},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_settings_that_aws_would_refuse_are_refused_here(changed):
    """Before anything is built: names without SageMaker, more than 900 seconds, unknown retentions."""
    with pytest.raises(ValidationError):
        FunctionSettings.model_validate({**PLAIN.model_dump(), **changed})


def test_names_of_a_long_function_fit_into_iam():
    """64 characters of a name leave the role's within IAM's 64."""
    settings = PLAIN.model_copy(update={"name": "SageMaker-" + "x" * 54})
    assert len(settings.role) <= 64
    assert re.fullmatch(r"[\w+=,.@-]{1,64}", settings.role)
    assert Path(settings.log_group).name == settings.name


@pytest.mark.parametrize("settings", [PLAIN, FULL], ids=["plain", "full"])
def test_the_template_and_apply_make_the_same_function(settings):
    """Two ways, one function: each property that both set has the same value."""
    wanted = Deployment(settings, package=None, clients=SimpleNamespace(place=PLACE))._wanted()
    resources = template(settings)["Resources"]
    made = resources["Reward"]["Properties"]
    for key in ("Runtime", "Handler", "Timeout", "MemorySize", "Environment"):
        assert made[key] == wanted[key]
    assert wanted["Role"].endswith(f":role/{resources['Role']['Properties']['RoleName']}")
    assert bool(wanted["DeadLetterConfig"]) == ("DeadLetterQueue" in made)
    if wanted["DeadLetterConfig"]:
        name = resources["DeadLetters"]["Properties"]["QueueName"]
        assert wanted["DeadLetterConfig"]["TargetArn"].endswith(f":{name}")
