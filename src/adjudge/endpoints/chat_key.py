"""The address of a chat call, by which journals and recordings find its reply."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

import orjson

from adjudge.domain.base import canonical, digest
from adjudge.domain.sample import Message
from adjudge.endpoints.base import ChatRequest

_PLAIN: Final = orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_SUBCLASS
"""Dictionaries, lists, texts and numbers: what else JSON could be made of is for the general way."""


def chat_key(identity: Mapping[str, Any], request: ChatRequest) -> str:
    """The address of a chat call: SHA-256 over what is asked and all that can change the answer. 64 hex characters.

    The same as the journal's `call_key`, which layers keep apart from here, and several times as fast: a prompt has
    thousands of characters, and the identity and the schema are those of the call before.
    """
    try:
        return digest(_told(identity, request), length=64)
    except (TypeError, ValueError):
        # Half a character, or a schema that holds more than JSON: rare, and the general way knows what to do.
        return digest({"kind": "chat", "endpoint": identity, "request": request.model_dump(mode="json")}, length=64)


def _told(identity: Mapping[str, Any], request: ChatRequest) -> bytes:
    """Canonical JSON of the call, keys in order, as `adjudge.domain.base.digest` writes it."""
    return (
        b'{"endpoint": %b, "kind": "chat", "request": {"json_schema": %b, "json_schema_name": "%b", "max_tokens": %d, '
        b'"messages": [%b], "repeat": %d, "seed": %b, "temperature": %b, "top_logprobs": %d}}'
    ) % (
        _constant(orjson.dumps(identity, option=_PLAIN)),
        _constant(orjson.dumps(request.json_schema, option=_PLAIN)),
        request.json_schema_name.encode(),
        request.max_tokens,
        b", ".join(map(_message, request.messages)),
        request.repeat,
        b"null" if request.seed is None else b"%d" % request.seed,
        repr(request.temperature).encode(),
        request.top_logprobs,
    )


def _message(message: Message) -> bytes:
    return b'{"content": %b, "role": "%b"}' % (orjson.dumps(message.content), message.role.encode())


@lru_cache(maxsize=256)
def _constant(data: bytes) -> bytes:
    """Canonical JSON of what many calls share; told by its content, so that a changed object is another one."""
    return canonical(orjson.loads(data))
