"""What may come in: how large, how deep, how slow; and strict JSON only."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from typing import Any, NoReturn

from adjudge.serving.http.refused import RefusedError
from adjudge.serving.http.settings import HttpSettings


async def read_body(headers: Mapping[str, str], chunks: AsyncIterator[bytes], settings: HttpSettings) -> bytes:
    """The body, within the limits of size and time.

    Raises:
        RefusedError: 415 not JSON, 413 too large, 408 too slow.
    """
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        # No page of another site can send this type without asking first.
        raise RefusedError(
            415,
            f"The body's type is '{kind[:100]}'.",
            "The service reads JSON.",
            "Send the header Content-Type: application/json.",
        )
    stated = headers.get("content-length", "0")
    if not stated.isdecimal() or int(stated) > settings.body_bytes:
        raise _too_large(settings)
    body = bytearray()
    try:
        async with asyncio.timeout(settings.body_seconds):
            async for chunk in chunks:
                body += chunk
                if len(body) > settings.body_bytes:
                    raise _too_large(settings)
    except TimeoutError:
        raise RefusedError(
            408,
            f"The body did not arrive within {settings.body_seconds:g} s.",
            "A connection that says nothing holds up others.",
            "Send the body at once.",
        ) from None
    return bytes(body)


def parse(body: bytes, settings: HttpSettings) -> Any:  # noqa: ANN401  (any JSON value)
    """The JSON value of a body.

    Raises:
        RefusedError: 400; not strict JSON (UTF-8, no key twice, no NaN), or nested too deeply.
    """
    try:
        value = json.loads(body.decode("utf-8"), object_pairs_hook=_once, parse_constant=_constant)
    except RecursionError as error:
        raise _too_deep(settings) from error
    except ValueError as error:
        raise RefusedError(
            400,
            f"The body is not strict JSON: {str(error)[:200]}.",
            "Repeated keys, NaN and anything but UTF-8 are refused, because readers differ in what they make of them.",
            "Correct the body.",
        ) from error
    level = [value]
    for _ in range(settings.depth):
        level = [inner for part in level for inner in _inside(part)]
        if not level:
            return value
    raise _too_deep(settings)


def _inside(value: object) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    whole = dict(pairs)
    if len(whole) != len(pairs):
        msg = "a key stands twice in one object"
        raise ValueError(msg)
    return whole


def _constant(name: str) -> NoReturn:
    msg = f"{name} is no JSON number"
    raise ValueError(msg)


def _too_deep(settings: HttpSettings) -> RefusedError:
    return RefusedError(
        400,
        f"The body's JSON is nested deeper than {settings.depth} levels.",
        "No request needs that, and reading it is costly.",
        "Send what is nested as text.",
    )


def _too_large(settings: HttpSettings) -> RefusedError:
    return RefusedError(
        413,
        f"The body is larger than {settings.body_bytes} bytes.",
        "What is in memory is bounded.",
        "Send fewer samples in a request, or start the service with a larger --body-bytes.",
    )
