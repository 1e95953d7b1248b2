"""``replay:file.jsonl``: a model that answers from what was recorded, and never calls anybody.

The file holds one object a line: ``{"request": {...}, "reply": ...}``, with the request as `ChatRequest` writes itself
(fields at their defaults may be left out), or ``{"key": "...", "reply": ...}``, which is what a run's journal holds.
The reply is text, a whole `Completion` or an `EndpointFailure`. A journal's keys cover the model that was recorded, so
for a journal the model is named behind a ``#``: ``replay:runs/a/journal.jsonl#openai:gpt-5-mini``.
"""

from pathlib import Path
from typing import Any, Self

import orjson
from pydantic import ValidationError

from adjudge.domain.base import digest
from adjudge.domain.usage import Usage
from adjudge.domain.verdict import FailureKind
from adjudge.endpoints.base import ChatRequest, Completion, EndpointFailure
from adjudge.endpoints.chat_key import chat_key
from adjudge.errors import DataError, MissingError


class ReplayEndpoint:
    """An `Endpoint` of recorded replies. They were paid for once: their usage is that of nothing.

    Args:
        replies: by `chat_key`.
        recorded: identity of the endpoint in these keys; empty for replies recorded by request alone.
        name: what people call it.
        content: fingerprint of the recording.
    """

    def __init__(
        self,
        replies: dict[str, Completion | EndpointFailure],
        *,
        recorded: dict[str, Any],
        name: str,
        content: str,
    ) -> None:
        self._replies = replies
        self._recorded = recorded
        self._name = name
        self._content = content

    @classmethod
    def load(cls, path: Path, *, name: str, recorded: dict[str, Any] | None = None) -> Self:
        """Read the file; a later line with the same request wins over an earlier one.

        Args:
            path: the recording.
            name: what people call it.
            recorded: identity of the endpoint whose journal this is.

        Raises:
            MissingError: the file is not there.
            DataError: a line is not of the form; names it.
        """
        if not path.is_file():
            raise MissingError(
                f"The recording {path} is not there.",
                f"The model '{name}' answers from it.",
                "Correct the path, or name another model.",
            )
        identity = recorded or {}
        data = path.read_bytes()
        replies: dict[str, Completion | EndpointFailure] = {}
        for number, line in enumerate(data.split(b"\n"), 1):
            if line.strip():
                key, reply = _row(path, number, line, identity)
                if reply is not None:
                    replies[key] = reply
        if not replies:
            raise DataError(
                f"{path} has no recorded reply.",
                "An empty recording cannot answer anything.",
                "Name the journal.jsonl of a run with a chat judge, or a file of requests and replies.",
            )
        content = digest({key: reply.model_dump(mode="json") for key, reply in replies.items()})
        return cls(replies, recorded=identity, name=name, content=content)

    @property
    def name(self) -> str:
        """For example ``replay:answers.jsonl``."""
        return self._name

    @property
    def identity(self) -> dict[str, Any]:
        """Provider, what was recorded, and the fingerprint of all replies."""
        return {"provider": "replay", "recorded": self._recorded, "content": self._content}

    async def complete(self, request: ChatRequest, deadline_seconds: float) -> Completion | EndpointFailure:
        """The recorded reply; REFUSED_REQUEST, with the key that is missing, where there is none."""
        if deadline_seconds <= 0:
            return EndpointFailure(kind=FailureKind.TIMEOUT, detail="no time left")
        key = chat_key(self._recorded, request)
        reply = self._replies.get(key)
        if reply is None:
            detail = f"not recorded: no reply to the request with key {key} (repeat {request.repeat})"
            return EndpointFailure(kind=FailureKind.REFUSED_REQUEST, detail=detail)
        return reply

    async def aclose(self) -> None:
        """Nothing to give back."""


def _row(
    path: Path, number: int, line: bytes, identity: dict[str, Any]
) -> tuple[str, Completion | EndpointFailure | None]:
    """Key and reply of a line; no reply where a journal's line is of another kind of call."""
    problem = "neither a request nor a key, or no reply"
    try:
        row = orjson.loads(line)
        if isinstance(row, dict) and "reply" in row:
            if "request" in row:
                return chat_key(identity, ChatRequest.model_validate(row["request"])), _reply(row["reply"])
            if isinstance(row.get("key"), str):
                return row["key"], _reply(row["reply"])
    except orjson.JSONDecodeError as error:
        problem = f"not JSON ({error})"
    except ValidationError as error:
        first = error.errors()[0]
        problem = f"{'.'.join(str(part) for part in first['loc']) or 'reply'}: {first['msg']}"
    raise DataError(
        f"{path}, line {number}: {problem}.",
        'A recording holds {"request": {...}, "reply": ...} or {"key": "...", "reply": ...} a line.',
        "Correct or delete this line.",
    )


def _reply(reply: object) -> Completion | EndpointFailure | None:
    if isinstance(reply, str):
        return Completion(text=reply)
    if isinstance(reply, dict) and "logprobs" in reply and "text" not in reply:
        return None
    failed = isinstance(reply, dict) and "kind" in reply
    outcome = EndpointFailure.model_validate(reply) if failed else Completion.model_validate(reply)
    return outcome.model_copy(update={"usage": Usage()})
