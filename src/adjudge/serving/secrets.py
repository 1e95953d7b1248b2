"""Keys of judges, read from AWS Secrets Manager when a function starts: only the secrets' names stand anywhere else."""

import json
import os
from typing import Any, Final

from adjudge.errors import ConfigError, MissingError, missing_extra

SECRETS_VARIABLE: Final = "ADJUDGE_SECRETS"
"""Environment variable: a JSON object, environment variable -> name or ARN of a secret whose text is its value."""


def secrets_to_environment(client: Any = None) -> tuple[str, ...]:  # noqa: ANN401  (botocore has no types)
    """Set the variables that `SECRETS_VARIABLE` names, but for those that are set; returns their names.

    Args:
        client: of ``secretsmanager``; None makes one, with the function's own credentials.

    Raises:
        ConfigError: the variable is no such object.
        MissingError: a secret cannot be read or has no text, or botocore is not installed.
    """
    wanted = _wanted(os.environ.get(SECRETS_VARIABLE, "{}"))
    names = [name for name in wanted if name not in os.environ]
    if not names:
        return ()
    asked = client or _client()
    for name in names:
        os.environ[name] = _text(asked, name, wanted[name])
    return tuple(names)


def _wanted(text: str) -> dict[str, str]:
    try:
        data = json.loads(text)
    except ValueError:
        data = None
    if isinstance(data, dict) and all(isinstance(value, str) for value in data.values()):
        return data
    raise ConfigError(
        f"{SECRETS_VARIABLE} is no JSON object of texts.",
        "It names, for each variable that holds a key, the secret that it is read from.",
        f'Write for example {SECRETS_VARIABLE}={{"OPENAI_API_KEY": "prod/judge-key"}}.',
    )


def _text(client: Any, name: str, secret: str) -> str:  # noqa: ANN401
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415  (an extra; Lambda has it)

    try:
        text = client.get_secret_value(SecretId=secret).get("SecretString")
    except (ClientError, BotoCoreError) as error:
        raise MissingError(
            f"The secret '{secret}' cannot be read: {str(error)[:200]}",
            f"The judge's {name} is kept there.",
            "See that it exists, and that the function's role may call secretsmanager:GetSecretValue on it.",
        ) from error
    if isinstance(text, str) and text.strip():
        return text.strip()
    raise MissingError(
        f"The secret '{secret}' has no text.",
        f"Its whole text is used as {name}.",
        "Store the key itself as the secret's text, with no JSON around it.",
    )


def _client() -> Any:  # noqa: ANN401
    try:
        from botocore.session import Session  # noqa: PLC0415
    except ImportError as error:
        raise missing_extra("botocore", "aws") from error
    return Session().create_client("secretsmanager")
