"""**Sample**: one dataset row, in the chat layout that Nova RFT and OpenAI share."""

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError, field_validator

from adjudge.domain.base import Frozen
from adjudge.errors import DataError, MissingError

Role = Literal["system", "user", "assistant", "tool"]


class Message(Frozen):
    """One turn of a conversation."""

    role: Role
    content: str


class Sample(Frozen):
    """One dataset row: the messages to answer, what is known about a good answer, and what judges may read.

    ``metadata`` holds named texts (for example ``target_document`` and ``reference``) and labels; rubrics name the
    fields they show to a judge, nothing else is shown.
    """

    id: str = Field(min_length=1)
    messages: tuple[Message, ...] = Field(min_length=1)
    reference_answer: str | dict[str, Any] | list[Any] | None = None
    tools: tuple[dict[str, Any], ...] = ()
    metadata: dict[str, Any] = Field(default_factory=dict)

    @field_validator("messages")
    @classmethod
    def _ends_with_a_question(cls, messages: tuple[Message, ...]) -> tuple[Message, ...]:
        if messages[-1].role == "assistant":
            msg = "the last message is the assistant's: nothing is left to answer; move it to reference_answer"
            raise ValueError(msg)
        return messages

    @property
    def reference_text(self) -> str | None:
        """The reference answer as a model should write it (compact JSON for a structured one), or None."""
        answer = self.reference_answer
        if answer is None or isinstance(answer, str):
            return answer
        return json.dumps(answer, ensure_ascii=False, separators=(",", ":"))

    def text(self, field: str) -> str | None:
        """The named text of ``metadata``, or None when it is absent; a non-string is refused."""
        value = self.metadata.get(field)
        if value is None or isinstance(value, str):
            return value
        raise DataError(
            f"Sample '{self.id}': metadata.{field} is {type(value).__name__}, not text.",
            "The rubric or a reward component wants to read this field as a document.",
            f"Make metadata.{field} a string, or name another field.",
        )


def samples_from(rows: Iterable[tuple[int, Mapping[str, Any]]], source: str) -> Iterator[Sample]:
    """Samples from numbered rows; a row without id gets ``row-N``; ids must be unique."""
    seen: dict[str, int] = {}
    for number, row in rows:
        try:
            sample = Sample.model_validate({"id": f"row-{number}", **row})
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"]) or "row"
            raise DataError(
                f"{source}, line {number}: {where}: {first['msg']}",
                "A sample is {id?, messages, reference_answer?, tools?, metadata?}.",
                "Correct this line; `adjudge run TASK --dry-run` checks all data without spending anything.",
            ) from error
        if sample.id in seen:
            raise DataError(
                f"{source}, line {number}: the id '{sample.id}' was used on line {seen[sample.id]}.",
                "Rewards are matched to rollouts by id, so ids must be unique.",
                "Give every row its own id, or leave ids out.",
            )
        seen[sample.id] = number
        yield sample


def load_samples(path: Path) -> tuple[Sample, ...]:
    """All samples of a chat JSONL file.

    Raises:
        MissingError: the file is not there.
        DataError: a line is not JSON or not a sample; names the line.
    """
    import orjson  # noqa: PLC0415  (keeps `--help` fast)

    if not path.is_file():
        raise MissingError(
            f"The data file {path} is not there.",
            "The task's `data` section names it.",
            "Write the file, or correct the path (paths are relative to the task file).",
        )

    def rows() -> Iterator[tuple[int, Mapping[str, Any]]]:
        for number, line in enumerate(path.read_bytes().splitlines(), 1):
            if not line.strip():
                continue
            try:
                row = orjson.loads(line)
            except orjson.JSONDecodeError as error:
                raise DataError(
                    f"{path}, line {number}: not JSON ({error}).",
                    "Data files hold one JSON object a line.",
                    "Correct or delete this line.",
                ) from error
            if not isinstance(row, dict):
                raise DataError(
                    f"{path}, line {number}: {type(row).__name__}, not an object.",
                    "Data files hold one JSON object a line.",
                    "Correct or delete this line.",
                )
            yield number, row

    return tuple(samples_from(rows(), str(path)))
