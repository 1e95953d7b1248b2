"""JsonSchema: the response is one JSON value, as ``read`` lets it stand there, and valid under a schema."""

import json
from pathlib import Path
from typing import Any, Literal

import jsonschema_rs
from pydantic import model_validator

from adjudge.domain import ComponentRole, ComponentScore, Rollout, Sample
from adjudge.errors import ConfigError, MissingError
from adjudge.rewards.base import AnswerConfig, Read, Scorer, answer_of

LARGEST_SCHEMA = 200_000
"""Characters; a larger schema is a mistake or an attack."""


class JsonSchemaConfig(AnswerConfig):
    """``schema`` inline or in a ``file`` beside the task, exactly one of them."""

    type: Literal["json_schema"] = "json_schema"
    file: str | None = None
    inline: dict[str, Any] | None = None

    @model_validator(mode="after")
    def _one_of_them(self) -> "JsonSchemaConfig":
        if (self.file is None) == (self.inline is None):
            msg = "give the schema as `file` or `inline`, one of them"
            raise ValueError(msg)
        return self


class JsonSchema(Scorer):
    """1 when the response is valid, else 0 with the first error.

    Raises:
        ConfigError: the schema is no schema, or refers to another document (none is ever fetched).
    """

    def __init__(
        self, schema: dict[str, Any], *, name: str, role: ComponentRole, weight: float, read: Read | None = None
    ) -> None:
        super().__init__(name, role, weight)
        self._read = read
        try:
            self._validator = jsonschema_rs.validator_for(schema, retriever=_deny)
        except (ValueError, jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError) as error:
            raise ConfigError(
                f"The JSON schema of '{name}' cannot be used.",
                str(error).splitlines()[0][:200],
                "Correct the schema; it must not refer to other documents.",
            ) from error

    async def score(self, sample: Sample, rollout: Rollout) -> ComponentScore:  # noqa: ARG002 (the protocol's shape)
        """Valid or not."""
        answer = answer_of(rollout, self._read)
        if answer.problem:
            return self.scored(0.0, f"not JSON: {answer.problem}")
        # The first error is looked for only where there is one: the yes alone is twice as fast.
        problem = None if self._validator.is_valid(answer.value) else next(self._validator.iter_errors(answer.value))
        if problem is None:
            return self.scored(1.0)
        where = "/".join(str(part) for part in problem.instance_path) or "response"
        return self.scored(0.0, f"{where}: {problem.message}"[:200])


def load_schema(path: Path) -> dict[str, Any]:
    """A schema from a file.

    Raises:
        MissingError: no such file.
        ConfigError: not a JSON object, or too large.
    """
    if not path.is_file():
        raise MissingError(
            f"The schema file {path} is not there.",
            "A json_schema component of the task's reward names it.",
            "Write the file, or correct the path (relative to the task file).",
        )
    try:
        text = path.read_text(encoding="utf-8")
        schema = json.loads(text) if len(text) <= LARGEST_SCHEMA else None
    except (ValueError, RecursionError):
        schema = None
    if not isinstance(schema, dict):
        raise ConfigError(
            f"{path} is not a JSON schema.",
            f"A schema is one JSON object of at most {LARGEST_SCHEMA} characters.",
            "Correct the file.",
        )
    return schema


def _deny(uri: str) -> Any:  # noqa: ANN401 (the library's callback)
    msg = f"the schema refers to {uri}; other documents are not read"
    raise ValueError(msg)
