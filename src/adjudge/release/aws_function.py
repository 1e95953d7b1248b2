"""What is deployed: the function, its limits and its surroundings, as data that template, IAM and `--apply` share."""

import json
from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from adjudge.domain.base import Frozen
from adjudge.release.aws_target import Architecture

Retention = Literal[
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653
]
"""Days that CloudWatch Logs knows."""

CACHE: Final = "/tmp/adjudge"  # noqa: S108  (the one folder that a function may write to, and nobody else's)


class VpcEndpoint(Frozen):
    """An address of AWS Lambda inside a VPC: HyperPod clusters invoke the function through it."""

    vpc: str = Field(pattern=r"^vpc-([0-9a-f]{8}|[0-9a-f]{17})$")
    subnets: tuple[Annotated[str, Field(pattern=r"^subnet-([0-9a-f]{8}|[0-9a-f]{17})$")], ...] = Field(min_length=1)
    security_groups: tuple[Annotated[str, Field(pattern=r"^sg-([0-9a-f]{8}|[0-9a-f]{17})$")], ...] = Field(min_length=1)


class FunctionSettings(Frozen):
    """A reward function and what belongs to it."""

    name: str = Field(pattern=r"^[A-Za-z0-9-_]*SageMaker[A-Za-z0-9-_]*$", max_length=64)
    """Holds ``SageMaker``, in this spelling: HyperPod and AmazonSageMakerFullAccess let in no others."""
    task: str
    runtime: str = "python3.13"
    architecture: Architecture = "x86_64"
    memory_mb: int = Field(default=1024, ge=128, le=10240)
    timeout_seconds: int = Field(default=900, ge=3, le=900)
    reserved: int | None = Field(default=100, ge=1)
    """Most invocations at once, set aside from the account's; None takes part in what all functions share."""
    provisioned: int = Field(default=0, ge=0)
    """Environments kept warm, behind the alias; they cost while nobody calls."""
    alias: str = Field(default="SageMakerLive", pattern=r"^[A-Za-z][A-Za-z0-9-_]*$", max_length=128)
    retention_days: Retention = 30
    dead_letters: bool = False
    """A queue for events of asynchronous invocations that failed; trainers invoke synchronously."""
    endpoint: VpcEndpoint | None = None
    judges: tuple[str, ...] = ()
    """Models of Bedrock: id, inference profile or ARN."""
    secrets: dict[str, str] = Field(default_factory=dict)
    """Environment variable -> name of the secret in Secrets Manager whose text is its value."""
    variables: dict[str, str] = Field(default_factory=dict)
    """Further environment variables; nothing secret."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.reserved is not None and self.provisioned > self.reserved:
            msg = f"provisioned ({self.provisioned}) is part of reserved ({self.reserved}) and cannot be more"
            raise ValueError(msg)
        return self

    @property
    def environment(self) -> dict[str, str]:
        """The function's variables, in order."""
        made = {"ADJUDGE_CACHE": CACHE, **self.variables}
        if self.secrets:
            made["ADJUDGE_SECRETS"] = json.dumps(self.secrets, sort_keys=True)
        return dict(sorted(made.items()))

    @property
    def role(self) -> str:
        """Name of the function's role; IAM takes 64 characters."""
        return f"{self.name[:59]}-role"

    @property
    def invoker(self) -> str:
        """Name of the policy that lets a training role invoke the function."""
        return f"{self.name}-invoke"

    @property
    def queue(self) -> str:
        """Name of the queue for dead letters."""
        return f"{self.name}-dead-letters"

    @property
    def log_group(self) -> str:
        """Where the function's lines go."""
        return f"/aws/lambda/{self.name}"
