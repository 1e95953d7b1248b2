"""Clients of AWS's services, by boto3: an optional package, and the one place where credentials are asked for."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self, TypeVar

from adjudge.errors import ConfigError, MissingError, missing_extra
from adjudge.release.aws_iam import Place

T = TypeVar("T")

Found = dict[str, Any]
"""An answer of AWS."""


@dataclass(frozen=True)
class Clients:
    """What a deployment talks to; boto3 has no types."""

    place: Place
    iam: Any
    functions: Any
    logs: Any
    sqs: Any
    ec2: Any

    @classmethod
    def open(cls, region: str | None) -> Self:
        """With the credentials and, unless one is given, the region of the environment or the AWS configuration.

        Raises:
            ConfigError: there is no region.
            MissingError: there are no credentials, or boto3 is not installed.
        """
        session = aws_session(region)
        caller = guarded(lambda: session.client("sts").get_caller_identity())
        place = Place(caller["Arn"].split(":")[1], session.region_name, caller["Account"])
        return cls(place, *(session.client(name) for name in ("iam", "lambda", "logs", "sqs", "ec2")))


def aws_session(region: str | None) -> Any:  # noqa: ANN401
    """A session of boto3 with a region.

    Raises:
        ConfigError: there is no region.
        MissingError: boto3 is not installed.
    """
    try:
        import boto3  # noqa: PLC0415  (an extra)
    except ImportError as error:
        raise missing_extra("boto3", "aws") from error
    session = boto3.session.Session(region_name=region)
    if session.region_name is None:
        raise ConfigError(
            "No AWS region is set.", "Functions and jobs live in one.", "Add --region, or set it: export AWS_REGION=..."
        )
    return session


def guarded(call: Callable[[], T]) -> T:
    """What a call of AWS returns.

    Raises:
        MissingError: there are no credentials, or they do not allow it; says what AWS says.
    """
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415  (an extra)

    try:
        return call()
    except (ClientError, BotoCoreError) as error:
        raise MissingError(
            f"AWS refused: {str(error)[:300]}",
            "It was called with the credentials of this environment.",
            "See what they may do, or log in anew (aws sso login). What was done stays; a second run goes on.",
        ) from error


def find(call: Callable[[], Found], *absent: str) -> Found | None:
    """What a call returns; None where AWS says by one of the codes in `absent` that there is nothing.

    Raises:
        MissingError: any other refusal.
    """
    from botocore.exceptions import ClientError  # noqa: PLC0415  (an extra)

    def tried() -> Found:
        try:
            return call()
        except ClientError as error:
            if error.response["Error"]["Code"] in absent:
                return {}
            raise

    return guarded(tried) or None
