"""Samples -> the JSONL that Nova's reinforcement fine-tuning reads, checked by AWS's own rules before it is uploaded.

Rules: the Nova user guide's page on data for reinforcement fine-tuning, and the validator of AWS's SDK. What a task
holds beside messages and reference travels under ``metadata``, and comes back to the reward function from there.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, NoReturn

import orjson

from adjudge.domain.sample import Sample
from adjudge.errors import DataError

FEWEST: Final = 100
"""Rows to train on, and rows to evaluate on."""

MOST: Final = 20_000
"""Rows to train on, at Bedrock."""

PAYLOAD_BYTES: Final = 6_000_000
"""Of one invocation of a function: Lambda takes 6 MiB."""

_CHARACTER_BYTES: Final = 4
"""A token has about four characters, of one byte in English; responses travel with the rows."""


@dataclass(frozen=True)
class NovaRows:
    """A data file.

    Attributes:
        lines: one JSON document a row, with no newline.
        longest: bytes of the longest of them.
    """

    lines: tuple[bytes, ...]
    longest: int

    @property
    def text(self) -> bytes:
        """The file's content."""
        return b"".join(line + b"\n" for line in self.lines)

    def most_at_once(self, max_new_tokens: int) -> int:
        """Samples that fit into one invocation, with responses of so many tokens. About: bytes of a token vary."""
        return PAYLOAD_BYTES // (self.longest + max_new_tokens * _CHARACTER_BYTES)


def nova_rows(samples: Sequence[Sample], split: str, *, most: int | None = None) -> NovaRows:
    """The rows of one split.

    Args:
        samples: in their order.
        split: for errors: ``train`` or ``validation``.
        most: rows that are too many; None does not count.

    Raises:
        DataError: there are too few or too many, or one breaks a rule; names the row.
    """
    number = len(samples)
    if number < FEWEST or (most is not None and number > most):
        allowed = f"{FEWEST} to {most}" if most is not None else f"at least {FEWEST}"
        raise DataError(
            f"The split {split} has {number} rows.",
            f"AWS trains Nova on {allowed}.",
            f"Change data.{split}, or its limit, in the task.",
        )
    lines = tuple(orjson.dumps(nova_row(sample)) for sample in samples)
    return NovaRows(lines, max(map(len, lines)))


def nova_row(sample: Sample) -> dict[str, Any]:
    """One row.

    Raises:
        DataError: it breaks a rule of AWS; names it.
    """
    _check_messages(sample)
    row: dict[str, Any] = {
        "id": sample.id,
        "messages": [{"role": message.role, "content": message.content} for message in sample.messages],
    }
    answer = sample.reference_answer
    if answer is not None:
        if isinstance(answer, list) or not answer:
            what = "is a list" if isinstance(answer, list) else "is empty"
            _refuse(sample, f"reference_answer {what}", "Write text or an object, for example {items: [...]}.")
        row["reference_answer"] = answer
    if sample.tools:
        _check_tools(sample)
        row["tools"] = list(sample.tools)
    if sample.metadata:
        row["metadata"] = sample.metadata
    return row


def _check_messages(sample: Sample) -> None:
    roles = [message.role for message in sample.messages]
    if "system" in roles[1:]:
        _refuse(sample, "a system message stands behind another one", "Put what the system says first, in one message.")
    if "user" not in roles:
        _refuse(sample, "no message is the user's", "Add one.")
    blank = next((place for place, message in enumerate(sample.messages) if not message.content.strip()), None)
    if blank is not None:
        _refuse(sample, f"messages[{blank}] has no text", "Write it, or take it out.")


def _check_tools(sample: Sample) -> None:
    functions = [tool.get("function") for tool in sample.tools]
    for place, function in enumerate(functions):
        if not isinstance(function, dict):
            _refuse(sample, f"tools[{place}] has no function", "Write {type: function, function: {...}}.")
        for key in ("name", "description"):
            if not isinstance(function.get(key), str) or not function[key].strip():
                _refuse(sample, f"tools[{place}].function has no {key}", "Write it.")
        parameters = function.get("parameters")
        if not isinstance(parameters, dict) or parameters.get("type") != "object":
            _refuse(sample, f"tools[{place}].function.parameters is no object schema", "Write {type: object, ...}.")
    names = Counter(function["name"] for function in functions if isinstance(function, dict))
    twice = next((name for name, count in names.items() if count > 1), None)
    if twice is not None:
        _refuse(sample, f"two tools are called '{twice}'", "Rename one.")


def _refuse(sample: Sample, what: str, fix: str) -> NoReturn:
    raise DataError(f"Sample '{sample.id}': {what}.", "AWS refuses a data file with such a row, after the upload.", fix)
