"""Who may ask: a bearer token, or only this machine."""

import hmac
import ipaddress
from collections.abc import Mapping

from adjudge.errors import ConfigError, MissingError
from adjudge.serving.http.refused import RefusedError

NEEDS_NO_TOKEN = "/healthz"  # noqa: S105  (a path)


class Access:
    """Checks a request by its headers, before its body is read.

    Args:
        token: the secret; None lets everybody in who comes by a loopback name.

    Raises:
        ConfigError: the token cannot be sent in a header.
    """

    def __init__(self, token: str | None) -> None:
        if token is not None and (not token.isascii() or not token.isprintable() or " " in token or len(token) < 16):
            raise ConfigError(
                "The token is shorter than 16 characters, or has some that are not printable ASCII.",
                "It is sent in a header, and must not be guessed.",
                'Make one, for example: python -c "import secrets; print(secrets.token_urlsafe(32))"',
            )
        self._token = None if token is None else token.encode()

    @property
    def has_token(self) -> bool:
        """A token is asked for."""
        return self._token is not None

    def check(self, path: str, headers: Mapping[str, str], *, sibling: bool) -> None:
        """Let the request in.

        Args:
            path: what is asked for.
            headers: by lower-case name.
            sibling: it comes from another worker of this service, over a socket that nobody else can open.

        Raises:
            RefusedError: 401 without the right token; 403 by a foreign name where there is no token.
        """
        if path == NEEDS_NO_TOKEN:
            return
        if self._token is None:
            if not sibling and not is_loopback(headers.get("host", "")):
                # A web page can make its own name point here; it cannot make the browser send another one.
                raise RefusedError(
                    403,
                    "The request is not addressed to this machine.",
                    "Without a token the service answers to localhost, 127.0.0.1 and [::1] only.",
                    "Use one of these names, or start the service with --token-env NAME.",
                )
            return
        scheme, _, given = headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not hmac.compare_digest(given.strip().encode(), self._token):
            raise RefusedError(
                401,
                "The token is missing or wrong.",
                "The service was started with a token.",
                "Send the header Authorization: Bearer TOKEN.",
            )


def is_loopback(host: str) -> bool:
    """The host of a header or of the command line, with or without port, means this machine."""
    name = host.strip().lower()
    if name.startswith("["):
        name = name[1:].partition("]")[0]
    elif name.count(":") == 1:
        name = name.partition(":")[0]
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def token_from(variable: str | None, environment: Mapping[str, str], host: str) -> str | None:
    """The token in the environment.

    Args:
        variable: name of the variable; None: no token.
        environment: of the process.
        host: to listen on.

    Raises:
        MissingError: the variable is not set.
        ConfigError: another machine could ask, and there is no token.
    """
    if variable is None:
        if not is_loopback(host):
            raise ConfigError(
                f"The service would listen on {host} without a token.",
                "Whoever reaches that address could spend your judge's money.",
                "Add --token-env NAME, the name of an environment variable that holds a token, or leave --host out.",
            )
        return None
    token = environment.get(variable, "").strip()
    if not token:
        raise MissingError(
            f"The environment variable {variable} is not set.",
            "It was named as the place of the service's token.",
            f"Set it: export {variable}=...",
        )
    return token
