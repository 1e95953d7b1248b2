"""Amazon Nova RFT: rows of a reward invocation -> sample and rollout. Pure; answers are `adjudge.wire.nova_result`.

The trainer appends the generated turn to a dataset row and sends a bare JSON list of such rows. AWS's pages differ on
details, so both ways are read:

- ``reference_answer`` under ``metadata`` (Bedrock, HyperPod) or at the top (training jobs, evaluation); where both are
  there and not null, the one under ``metadata`` counts.
- other keys at the top, or under ``metadata``, or in a ``metadata`` inside it; on a clash the last of ``top``,
  ``metadata.metadata``, ``metadata`` counts.
- ``content`` as a text, or as a list of text blocks.
- the last role ``assistant``, ``nova_assistant`` or ``bot``.

Before a job starts, SDKs send dataset rows as they are: without a generated turn, and with an id only if the data has
one. Such a row is an empty response.
"""

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from pydantic import ValidationError

from adjudge.domain.rollout import Policy, Rollout
from adjudge.domain.sample import Sample
from adjudge.errors import DataError

POLICY: Final = Policy(name="amazon-nova")
"""The event names neither model nor version."""

ROLES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "system": "system",
        "developer": "system",
        "user": "user",
        "tool": "tool",
        "assistant": "assistant",
        "nova_assistant": "assistant",
        "bot": "assistant",
    }
)
"""Their roles, in lower case, and ours."""

_BEGIN: Final = "<|begin_of_solution|>"
_END: Final = "<|end_of_solution|>"
_FENCED: Final = re.compile(r"\A\s*```[\w-]*[ \t]*\r?\n(?P<inside>.*?)\r?\n[ \t]*```\s*\Z", re.DOTALL)
_OWN: Final = frozenset({"id", "messages", "reference_answer", "metadata", "tools"})


@dataclass(frozen=True)
class Case:
    """What a row asks to be scored; ``is_answered`` is False for a row without a generated turn."""

    sample: Sample
    rollout: Rollout
    is_answered: bool


@dataclass(frozen=True)
class EventRow:
    """One row of the event.

    Attributes:
        place: number of the row, from 0. Ids may repeat: rows are told apart by their place.
        id: goes back as it came; ``row-N`` where there was none.
        case: what to score, or
        problem: why the row cannot be read.
    """

    place: int
    id: str | float
    case: Case | None = None
    problem: str = ""


def read_event(event: object) -> tuple[EventRow, ...]:
    """The rows of an event, in order. A row that cannot be read says so and harms no other.

    Raises:
        DataError: the event is no list.
    """
    if not isinstance(event, list):
        raise DataError(
            f"The event is {_kind(event)}, not a list.",
            "The trainer sends a JSON list of rows {id, messages, reference_answer?, metadata?}.",
            'Invoke the function with a list, for example [{"id": "1", "messages": [...]}].',
        )
    return tuple(_read(place, row) for place, row in enumerate(event))


def _read(place: int, row: object) -> EventRow:
    name = _name(place, row.get("id") if isinstance(row, dict) else None)
    if not isinstance(row, dict):
        return EventRow(place, name, problem=f"the row is {_kind(row)}, not an object")
    try:
        return EventRow(place, name, _case(place, row))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "row"
        return EventRow(place, name, problem=f"{where}: {first['msg']}"[:300])
    except (ValueError, RecursionError) as error:
        return EventRow(place, name, problem=str(error)[:300])


def _name(place: int, given: object) -> str | float:
    """The id as it came, where JSON can hold it: a text without halves of surrogate pairs, or a number."""
    if isinstance(given, str) and given and not any("\ud800" <= letter <= "\udfff" for letter in given):
        return given
    if isinstance(given, int | float) and not isinstance(given, bool) and math.isfinite(given):
        return given
    return f"row-{place + 1}"


def _case(place: int, row: Mapping[str, Any]) -> Case:
    turns = _turns(row.get("messages"))
    is_answered = turns[-1]["role"] == "assistant"
    prompt, answer = (turns[:-1], turns[-1]["content"]) if is_answered else (turns, "")
    if not prompt:
        msg = "messages: nothing was asked"
        raise ValueError(msg)
    response, is_cut = unwrapped(answer)
    sample = Sample(
        id=f"row-{place + 1}",
        messages=tuple(prompt),
        reference_answer=_reference(row),
        tools=row.get("tools") or (),
        metadata=_metadata(row),
    )
    rollout = Rollout(
        id=f"row-{place + 1}",
        sample_id=sample.id,
        policy=POLICY,
        response=response,
        stop="length" if is_cut else "stop",
    )
    return Case(sample, rollout, is_answered)


def unwrapped(text: str) -> tuple[str, bool]:
    """The answer without its wrapping, and whether it was cut.

    The last ``<|begin_of_solution|>`` begins it; where the end mark is missing behind it, the text was cut. A code
    fence around the whole of it is taken off; fences inside stay.
    """
    _, mark, solution = text.rpartition(_BEGIN)
    is_cut = False
    if mark:
        text, end, _ = solution.partition(_END)
        is_cut = not end
    fenced = _FENCED.match(text)
    # Two fences with prose between them are no wrapping.
    if fenced and "```" not in fenced["inside"]:
        return fenced["inside"], is_cut
    return (text.strip("\r\n") if mark else text), is_cut


def _turns(messages: object) -> list[dict[str, str]]:
    if not isinstance(messages, list) or not messages:
        msg = "messages: a list of turns is needed"
        raise ValueError(msg)
    return [_turn(number, message) for number, message in enumerate(messages)]


def _turn(number: int, message: object) -> dict[str, str]:
    role = message.get("role") if isinstance(message, dict) else None
    known = ROLES.get(role.lower()) if isinstance(role, str) else None
    if not isinstance(message, dict) or known is None:
        msg = f"messages.{number}: a turn is {{role, content}}, with a role of {', '.join(ROLES)}"
        raise ValueError(msg)
    text = _text(number, message.get("content"))
    calls = message.get("tool_calls")
    if not text and calls:
        # A turn that only calls tools: that is what the model wrote.
        text = _compact(calls)
    return {"role": known, "content": text}


def _text(number: int, content: object) -> str:
    if content is None or isinstance(content, str):
        return content or ""
    if not isinstance(content, list):
        msg = f"messages.{number}.content: {_kind(content)}, not text"
        raise ValueError(msg)  # noqa: TRY004 (a row that cannot be read, as the others)
    return "".join(_block(number, block) for block in content)


def _block(number: int, block: object) -> str:
    text = block.get("text") if isinstance(block, dict) and block.get("type", "text") == "text" else block
    if not isinstance(text, str):
        msg = f"messages.{number}.content: only blocks of text are known"
        raise ValueError(msg)  # noqa: TRY004 (a row that cannot be read, as the others)
    return text


def _reference(row: Mapping[str, Any]) -> str | dict[str, Any] | list[Any] | None:
    metadata = row.get("metadata")
    inner = metadata.get("reference_answer") if isinstance(metadata, dict) else None
    answer = row.get("reference_answer") if inner is None else inner
    return answer if answer is None or isinstance(answer, str | dict | list) else _compact(answer)


def _metadata(row: Mapping[str, Any]) -> dict[str, Any]:
    """What rubrics and components read by name, wherever the trainer put it."""
    own = row.get("metadata")
    parts: list[Mapping[str, Any]] = [{key: value for key, value in row.items() if key not in _OWN}]
    if isinstance(own, dict):
        nested = own.get("metadata")
        parts += [nested] if isinstance(nested, dict) else []
        parts.append({key: value for key, value in own.items() if key != "metadata" or not isinstance(value, dict)})
    elif own is not None:
        msg = f"metadata: {_kind(own)}, not an object"
        raise ValueError(msg)
    merged = {key: value for part in parts for key, value in part.items()}
    merged.pop("reference_answer", None)
    return merged


def _compact(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _kind(value: object) -> str:
    names: Sequence[tuple[type, str]] = ((dict, "an object"), (list, "a list"), (str, "a text"), (bool, "a Boolean"))
    return next((name for kind, name in names if isinstance(value, kind)), "null" if value is None else "a number")
