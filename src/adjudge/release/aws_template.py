"""The function as an AWS SAM template: everything that `--apply` makes, for those who deploy by CloudFormation."""

from typing import Any, Final

import yaml

from adjudge.release.aws_function import FunctionSettings
from adjudge.release.aws_iam import Place, endpoint_policy, function_policy, invoke_policy, trust
from adjudge.release.aws_package import HANDLER

ZIP: Final = "function.zip"
"""Name of the package, beside the template."""


def template(settings: FunctionSettings) -> dict[str, Any]:
    """The template as data."""
    place = Place()
    resources: dict[str, Any] = {
        "Log": {
            "Type": "AWS::Logs::LogGroup",
            "DeletionPolicy": "Delete",
            "UpdateReplacePolicy": "Delete",
            "Properties": {"LogGroupName": settings.log_group, "RetentionInDays": settings.retention_days},
        },
        "Role": {
            "Type": "AWS::IAM::Role",
            "Properties": {
                "RoleName": settings.role,
                "AssumeRolePolicyDocument": trust(),
                "Policies": [
                    {"PolicyName": "reward-function", "PolicyDocument": _substituted(function_policy(settings, place))}
                ],
            },
        },
        "Reward": {"Type": "AWS::Serverless::Function", "DependsOn": ["Log"], "Properties": _function(settings)},
        "Invoke": {
            "Type": "AWS::IAM::ManagedPolicy",
            "Properties": {
                "ManagedPolicyName": settings.invoker,
                "Description": "For the role of the training: invoke the reward function.",
                "PolicyDocument": _substituted(invoke_policy(settings, place)),
            },
        },
    }
    resources |= _optional(settings, place)
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Transform": "AWS::Serverless-2016-10-31",
        "Description": f"The reward of the task {settings.task} for reinforcement fine-tuning, by adjudge.",
        "Resources": resources,
        "Outputs": _outputs(settings),
    }


def template_yaml(settings: FunctionSettings) -> str:
    """The template as a file."""
    head = (
        f"# The reward function of the task {settings.task}, written by `adjudge deploy aws`. Deploy it with\n"
        f"# sam deploy --template-file template.yaml --stack-name {settings.name} --resolve-s3 "
        "--capabilities CAPABILITY_NAMED_IAM\n"
    )
    return head + yaml.safe_dump(template(settings), sort_keys=False, allow_unicode=True, width=110)


def _optional(settings: FunctionSettings, place: Place) -> dict[str, Any]:
    """A queue and an address in a VPC, where they are wanted."""
    resources: dict[str, Any] = {}
    if settings.dead_letters:
        resources["DeadLetters"] = {
            "Type": "AWS::SQS::Queue",
            "DeletionPolicy": "Delete",
            "UpdateReplacePolicy": "Delete",
            "Properties": {
                "QueueName": settings.queue,
                "MessageRetentionPeriod": 1_209_600,
                "SqsManagedSseEnabled": True,
            },
        }
    if settings.endpoint is not None:
        resources["Endpoint"] = {
            "Type": "AWS::EC2::VPCEndpoint",
            "Properties": {
                "VpcEndpointType": "Interface",
                "PrivateDnsEnabled": True,
                "ServiceName": {"Fn::Sub": "com.amazonaws.${AWS::Region}.lambda"},
                "VpcId": settings.endpoint.vpc,
                "SubnetIds": list(settings.endpoint.subnets),
                "SecurityGroupIds": list(settings.endpoint.security_groups),
                "PolicyDocument": _substituted(endpoint_policy(settings, place)),
            },
        }
    return resources


def _function(settings: FunctionSettings) -> dict[str, Any]:
    made: dict[str, Any] = {
        "FunctionName": settings.name,
        "CodeUri": ZIP,
        "Handler": HANDLER,
        "Runtime": settings.runtime,
        "Architectures": [settings.architecture],
        "MemorySize": settings.memory_mb,
        "Timeout": settings.timeout_seconds,
        "Role": {"Fn::GetAtt": ["Role", "Arn"]},
        "Environment": {"Variables": settings.environment},
        "AutoPublishAlias": settings.alias,
    }
    if settings.reserved is not None:
        made["ReservedConcurrentExecutions"] = settings.reserved
    if settings.provisioned:
        made["ProvisionedConcurrencyConfig"] = {"ProvisionedConcurrentExecutions": settings.provisioned}
    if settings.dead_letters:
        made["DeadLetterQueue"] = {"Type": "SQS", "TargetArn": {"Fn::GetAtt": ["DeadLetters", "Arn"]}}
    return made


def _outputs(settings: FunctionSettings) -> dict[str, Any]:
    return {
        "FunctionArn": {
            "Description": "For rft_lambda_arn, custom_reward_function and recipes: SDKs take the plain ARN only.",
            "Value": {"Fn::GetAtt": ["Reward", "Arn"]},
        },
        "AliasArn": {
            "Description": f"The alias {settings.alias}, which warm environments stand behind; Bedrock takes it.",
            "Value": {"Ref": "Reward.Alias"},
        },
        "InvokePolicyArn": {"Description": "Attach it to the training role.", "Value": {"Ref": "Invoke"}},
    }


def _substituted(data: Any) -> Any:  # noqa: ANN401  (JSON data of any shape)
    """Texts with CloudFormation's own names in them, marked as such."""
    if isinstance(data, dict):
        return {key: _substituted(value) for key, value in data.items()}
    if isinstance(data, list):
        return [_substituted(value) for value in data]
    return {"Fn::Sub": data} if isinstance(data, str) and "${" in data else data
