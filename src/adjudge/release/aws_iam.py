"""Least privilege: what the function may do, and what the training role needs, as policy documents.

Places in ARNs are given as texts: real ones, or CloudFormation's ``${AWS::Region}`` and the like.
"""

from dataclasses import dataclass
from typing import Any, Final

from adjudge.release.aws_function import FunctionSettings

_VERSION: Final = "2012-10-17"

_AREAS: Final = frozenset({"us", "us-gov", "eu", "apac", "jp", "au", "ca", "sa", "global"})
"""Heads of cross-region inference profiles: ``us.amazon.nova-pro-v1:0``."""


@dataclass(frozen=True)
class Place:
    """Partition, region and account, as ARNs hold them."""

    partition: str = "${AWS::Partition}"
    region: str = "${AWS::Region}"
    account: str = "${AWS::AccountId}"

    def arn(self, service: str, resource: str, *, region: str | None = None) -> str:
        """An ARN in this account."""
        return f"arn:{self.partition}:{service}:{self.region if region is None else region}:{self.account}:{resource}"

    def function(self, settings: FunctionSettings) -> str:
        """The function's plain ARN."""
        return self.arn("lambda", f"function:{settings.name}")


def trust() -> dict[str, Any]:
    """Only AWS Lambda takes the function's role."""
    return _document([{"Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}])


def function_policy(settings: FunctionSettings, place: Place) -> dict[str, Any]:
    """Lines into its own log group, its judges' models, its secrets, its queue; nothing else."""
    group = place.arn("logs", f"log-group:{settings.log_group}")
    statements: list[dict[str, Any]] = [
        {"Sid": "OwnLog", "Action": ["logs:CreateLogStream", "logs:PutLogEvents"], "Resource": [f"{group}:*"]}
    ]
    if settings.judges:
        models = sorted({arn for judge in settings.judges for arn in model_arns(judge, place)})
        statements.append({"Sid": "JudgeModels", "Action": ["bedrock:InvokeModel"], "Resource": models})
    if settings.secrets:
        # Secrets Manager puts six characters behind the name.
        secrets = sorted(
            {
                name if name.startswith("arn:") else place.arn("secretsmanager", f"secret:{name}-??????")
                for name in settings.secrets.values()
            }
        )
        statements.append({"Sid": "JudgeKeys", "Action": ["secretsmanager:GetSecretValue"], "Resource": secrets})
    if settings.dead_letters:
        queue = place.arn("sqs", settings.queue)
        statements.append({"Sid": "DeadLetters", "Action": ["sqs:SendMessage"], "Resource": [queue]})
    return _document(statements)


def invoke_policy(settings: FunctionSettings, place: Place) -> dict[str, Any]:
    """For the role of the training: this function, with and without a version or an alias."""
    function = place.function(settings)
    return _document([{"Sid": "Reward", "Action": ["lambda:InvokeFunction"], "Resource": [function, f"{function}:*"]}])


def endpoint_policy(settings: FunctionSettings, place: Place) -> dict[str, Any]:
    """For the VPC endpoint: it leads to this function and to no other."""
    (statement,) = invoke_policy(settings, place)["Statement"]
    return _document([{**statement, "Principal": "*"}])


def model_arns(judge: str, place: Place) -> list[str]:
    """What InvokeModel is asked for: the model, or an inference profile and the model behind it in every region."""
    if judge.startswith("arn:"):
        return [judge]
    area, _, model = judge.partition(".")
    if area in _AREAS:
        return [
            place.arn("bedrock", f"inference-profile/{judge}"),
            f"arn:{place.partition}:bedrock:*::foundation-model/{model}",
        ]
    return [f"arn:{place.partition}:bedrock:{place.region}::foundation-model/{judge}"]


def _document(statements: list[dict[str, Any]]) -> dict[str, Any]:
    return {"Version": _VERSION, "Statement": [{"Effect": "Allow", **statement} for statement in statements]}
