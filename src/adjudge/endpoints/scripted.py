"""A model that answers from a script: for tests, offline runs and rehearsals. Deterministic, costs nothing."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import orjson
from pydantic import Field, ValidationError, field_validator, model_validator

from adjudge.domain.base import Frozen, digest
from adjudge.domain.usage import Usage
from adjudge.domain.verdict import FailureKind
from adjudge.endpoints.base import ChatRequest, Completion, EndpointFailure, Stop
from adjudge.errors import DataError, MissingError

Script = Callable[[ChatRequest], str | Completion | EndpointFailure]


class Rule(Frozen):
    """One line of a script file: answer with `reply` (text, or an object that is sent as JSON), or fail."""

    match: str | None = None
    """Regular expression, searched in all messages (joined by line breaks); None always matches."""

    reply: str | dict[str, Any] | None = None
    stop: Stop = "stop"
    failure: FailureKind | None = None

    @field_validator("match")
    @classmethod
    def _compiles(cls, match: str | None) -> str | None:
        if match is not None:
            try:
                re.compile(match)
            except re.error as error:
                raise ValueError(f"not a regular expression: {error}") from error
        return match

    @model_validator(mode="after")
    def _one_outcome(self) -> "Rule":
        if (self.reply is None) == (self.failure is None):
            msg = "a rule has either a reply or a failure"
            raise ValueError(msg)
        return self

    def applies(self, text: str) -> bool:
        """The rule answers a request with this text."""
        return self.match is None or re.search(self.match, text) is not None

    def outcome(self) -> Completion | EndpointFailure:
        """What it answers."""
        if self.failure is not None:
            return EndpointFailure(kind=self.failure, detail="scripted")
        text = self.reply if isinstance(self.reply, str) else json.dumps(self.reply, ensure_ascii=False)
        return Completion(text=text, stop=self.stop)


class Rules(Frozen):
    """Rules in order; the first that applies answers."""

    rules: tuple[Rule, ...] = Field(min_length=1)

    def __call__(self, request: ChatRequest) -> Completion | EndpointFailure:
        """The first applying rule's outcome; a request that no rule matches is refused."""
        text = "\n".join(message.content for message in request.messages)
        for rule in self.rules:
            if rule.applies(text):
                return rule.outcome()
        return EndpointFailure(kind=FailureKind.REFUSED_REQUEST, detail="no rule of the script matches the request")


class ScriptedEndpoint:
    """Answers with a function of the request. Each call counts as one in ``usage``; characters stand in for tokens.

    Args:
        script: returns the text, a whole completion, or a failure. It must be deterministic.
        name: tells scripts apart: it is part of the identity, and so of every fingerprint.
        content: fingerprint of what the script says, for scripts that share a name.
    """

    def __init__(self, script: Script, *, name: str = "scripted", content: str = "") -> None:
        self.script = script
        self._name = name
        self._content = content

    @classmethod
    def load(cls, path: Path) -> Self:
        """``scripted:file.jsonl``: one `Rule` a line.

        Raises:
            MissingError: the file is not there.
            DataError: a line is not a rule; names it.
        """
        if not path.is_file():
            raise MissingError(
                f"The script {path} is not there.",
                "The model 'scripted:FILE' answers from it.",
                "Correct the path, or name another model.",
            )
        data = path.read_bytes()
        rules = [_rule(path, number, line) for number, line in enumerate(data.split(b"\n"), 1) if line.strip()]
        if not rules:
            raise DataError(
                f"{path} has no rule.", "An empty script cannot answer anything.", 'Add a line like {"reply": "..."}.'
            )
        content = digest([rule.model_dump(mode="json") for rule in rules])
        return cls(Rules(rules=tuple(rules)), name=f"scripted:{path.name}", content=content)

    @property
    def name(self) -> str:
        """For example ``scripted:answers.jsonl``."""
        return self._name

    @property
    def identity(self) -> dict[str, Any]:
        """Provider, name and the fingerprint of the script's file."""
        return {"provider": "scripted", "model": self._name, "content": self._content}

    async def complete(self, request: ChatRequest, deadline_seconds: float) -> Completion | EndpointFailure:
        """What the script says; a deadline of 0 or less is a timeout."""
        if deadline_seconds <= 0:
            return EndpointFailure(kind=FailureKind.TIMEOUT, detail="no time left")
        outcome = self.script(request)
        if isinstance(outcome, str):
            outcome = Completion(text=outcome)
        written = len(outcome.text) if isinstance(outcome, Completion) else 0
        read = sum(len(message.content) for message in request.messages)
        usage = Usage(calls=1, prompt_tokens=read, completion_tokens=written, cost_usd=0.0)
        return outcome.model_copy(update={"usage": usage})

    async def aclose(self) -> None:
        """Nothing to give back."""


def _rule(path: Path, number: int, line: bytes) -> Rule:
    try:
        return Rule.model_validate(orjson.loads(line))
    except orjson.JSONDecodeError as error:
        problem = f"not JSON ({error})"
    except ValidationError as error:
        first = error.errors()[0]
        problem = f"{'.'.join(str(part) for part in first['loc']) or 'rule'}: {first['msg']}"
    raise DataError(
        f"{path}, line {number}: {problem}.",
        'A rule is {"match"?: regex, "reply": text or object, "stop"?: ...} or {"match"?: regex, "failure": kind}.',
        "Correct or delete this line.",
    )
