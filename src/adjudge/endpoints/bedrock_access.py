"""Who may call Bedrock: a Bedrock API key, or AWS credentials and a signature. The one file that knows botocore."""

import asyncio
import os
from typing import Any, Final

from adjudge.domain.verdict import FailureKind
from adjudge.endpoints.address import checked_key, keyed_url
from adjudge.endpoints.base import EndpointFailure
from adjudge.errors import ConfigError, MissingError, missing_extra

KEY_VARIABLE: Final = "AWS_BEARER_TOKEN_BEDROCK"
URL_VARIABLE: Final = "AWS_ENDPOINT_URL_BEDROCK_RUNTIME"
_JSON: Final = {"Content-Type": "application/json"}


class BearerKey:
    """A Bedrock API key, sent as bearer token; needs no botocore.

    Raises:
        ConfigError: the key cannot stand in a header.
    """

    def __init__(self, key: str) -> None:
        self._key = checked_key(key, KEY_VARIABLE)
        self._headers = {**_JSON, "Authorization": f"Bearer {self._key}"}

    @property
    def secrets(self) -> tuple[str, ...]:
        """The key."""
        return (self._key,)

    def ready(self) -> None:
        """A key does not expire while we know of it."""
        return

    def headers(self, url: str, body: bytes) -> dict[str, str]:  # noqa: ARG002  (one shape for all kinds of access)
        """The same for every call."""
        return self._headers


class Signer:
    """AWS credentials; signs each call (Signature Version 4) with botocore.

    Args:
        credentials: of botocore; those that expire are renewed by it.
        region: of the service that is called.

    Raises:
        MissingError: botocore is not installed.
    """

    def __init__(self, credentials: Any, region: str) -> None:  # noqa: ANN401  (botocore has no types)
        _botocore()
        self._credentials = credentials
        self._region = region
        self._now: Any = None

    @property
    def secrets(self) -> tuple[str, ...]:
        """Secret key and session token in use; the key's id is no secret, but nobody's business."""
        now = self._now
        return tuple(part for part in (now.access_key, now.secret_key, now.token) if part) if now else ()

    async def ready(self) -> EndpointFailure | None:
        """Take the credentials in use; renewing them may read files or ask other servers, so it runs in a thread."""
        from botocore.credentials import RefreshableCredentials  # noqa: PLC0415
        from botocore.exceptions import BotoCoreError  # noqa: PLC0415

        try:
            if isinstance(self._credentials, RefreshableCredentials) and self._credentials.refresh_needed():
                self._now = await asyncio.to_thread(self._credentials.get_frozen_credentials)
            else:
                self._now = self._credentials.get_frozen_credentials()
        except (BotoCoreError, OSError) as error:
            detail = f"AWS credentials could not be renewed: {error}"[:300]
            return EndpointFailure(kind=FailureKind.UNREACHABLE, detail=detail)
        return None

    def headers(self, url: str, body: bytes) -> dict[str, str]:
        """Date, token and signature over method, address, these headers and the body."""
        from botocore.auth import SigV4Auth  # noqa: PLC0415
        from botocore.awsrequest import AWSRequest  # noqa: PLC0415

        request = AWSRequest(method="POST", url=url, data=body, headers=_JSON)
        SigV4Auth(self._now, "bedrock", self._region).add_auth(request)
        return dict(request.headers.items())


def bearer_key(api_key: str | None = None) -> BearerKey | None:
    """The given key, or the environment's; None where there is none.

    Raises:
        ConfigError: the key cannot stand in a header.
    """
    key = api_key or os.environ.get(KEY_VARIABLE)
    return BearerKey(key) if key else None


def signer(model: str, region: str) -> Signer:
    """The credentials that botocore finds: environment, files, SSO, roles, containers, instances.

    Raises:
        MissingError: it finds none, or is not installed.
    """
    credentials = _botocore().get_credentials()
    if credentials is None:
        raise MissingError(
            "There are no AWS credentials.",
            f"The model 'bedrock:{model}' answers only to a key or a signature.",
            f"Set AWS_PROFILE or log in (aws sso login), or set a Bedrock API key: export {KEY_VARIABLE}=...",
        )
    return Signer(credentials, region)


def region_name(model: str) -> str:
    """AWS_REGION, AWS_DEFAULT_REGION, or the region of the AWS configuration.

    Raises:
        ConfigError: there is none, or it is none.
    """
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or _configured_region()
    # It becomes part of a host name.
    if not region or not region.replace("-", "").isalnum() or not region.isascii():
        raise ConfigError(
            f"'{region}' is no AWS region." if region else "No AWS region is set.",
            f"The model 'bedrock:{model}' lives in one.",
            "Set it: export AWS_REGION=us-east-1",
        )
    return region


def endpoint_url() -> str | None:
    """AWS_ENDPOINT_URL_BEDROCK_RUNTIME, for proxies and tests; None where it is not set.

    Raises:
        ConfigError: it cannot be used.
    """
    url = os.environ.get(URL_VARIABLE)
    return keyed_url(url, URL_VARIABLE) if url else None


def _configured_region() -> str | None:
    try:
        region = _botocore().get_config_variable("region")
    except MissingError:
        # Without botocore there is no AWS configuration to read; a key and AWS_REGION are enough to call.
        return None
    return region if isinstance(region, str) else None


def _botocore() -> Any:  # noqa: ANN401
    """A botocore session.

    Raises:
        MissingError: it is not installed.
    """
    try:
        from botocore.session import Session  # noqa: PLC0415
    except ImportError as error:
        raise missing_extra("botocore", "aws") from error
    return Session()
