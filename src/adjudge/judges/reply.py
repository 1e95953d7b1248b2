"""What a judge wrote -> answers per criterion, or why not. Never raises, never guesses, never takes a number.

In this order: the last JSON object in the text that has ``criteria`` and does not stand in the judged text; failing
that, the last such object after repair (marked ``repaired``). Then every entry is held against the criteria asked.
Where several items were judged in one call, the object has ``items``, and each of them has ``criteria``.
"""

import itertools
import math
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple

from adjudge.domain.rubric import Criterion
from adjudge.domain.text import squash
from adjudge.domain.verdict import FailureKind
from adjudge.judges.mend import is_plain, mend, mentions, quoted_keys, spoken
from adjudge.judges.objects import Found, objects_in

_KEY: Final = "criteria"
_ITEMS: Final = "items"
_TOTALS: Final = ("total", "total_score", "aggregate_score", "overall_score", "overall", "score")
_ANSWER_VALUE: Final = re.compile(r'"answer"\s*:\s*"?')
"""Where an answer begins in strict JSON: inside of a string the quotation marks would have backslashes."""

_INSIDE: Final = re.compile(r"""(?:["']\s*:|\[|\}\s*,)\s*$""")
"""What stands before an object that is part of a larger one."""

_ANSWER_KEY: Final = re.compile(r"""["']?answer["']?\s*:""", re.IGNORECASE)


class ReplyAnswer(NamedTuple):
    """One criterion as the judge answered it: a label of its scale, the reason, the quotes (none that are empty)."""

    criterion: str
    answer: str
    reason: str
    quotes: tuple[str, ...]
    item: str = ""
    """Id of the item, where several were judged in one call."""

    at: int | None = None
    """Where the label begins in the reply, in characters; None where the reply was repaired."""


class Reply(NamedTuple):
    """A complete answer: one entry for each item and criterion asked, in the order asked."""

    answers: tuple[ReplyAnswer, ...]
    repaired: bool = False
    stated_total: float | None = None


@dataclass(frozen=True)
class ReplyFailure:
    """Why a text is no answer; `detail` is written so that the judge can be told, `about` names criteria or items."""

    kind: FailureKind
    detail: str
    about: tuple[str, ...] = ()


def read_reply(text: str, criteria: Sequence[Criterion], judged: Sequence[str]) -> Reply | ReplyFailure:
    """The answers in `text` to exactly `criteria`.

    Args:
        text: what the judge wrote.
        criteria: those that were asked; their ids are unique.
        judged: the texts by others in the prompt: an object that stands in one of them is an echo.
    """
    found = _find(text, judged, _KEY)
    if isinstance(found, ReplyFailure):
        return found
    answers = _answers(found.value, criteria, _places(found))
    return answers if isinstance(answers, ReplyFailure) else _reply(found, answers)


def read_items(text: str, asked: Mapping[str, Sequence[Criterion]], judged: Sequence[str]) -> Reply | ReplyFailure:
    """The answers in `text` about several items, matched by the items' ids.

    Args:
        text: what the judge wrote.
        asked: the criteria asked of each item, by its id.
        judged: the texts by others in the prompt.
    """
    found = _find(text, judged, _ITEMS)
    if isinstance(found, ReplyFailure):
        return found
    entries = found.value[_ITEMS]
    if not isinstance(entries, list) or not all(isinstance(e, dict) and _KEY in e for e in entries):
        return ReplyFailure(FailureKind.UNPARSABLE, f'"{_ITEMS}" is not a list of objects with "item" and "{_KEY}"')
    answers: dict[str, tuple[ReplyAnswer, ...]] = {}
    places = _places(found)
    for entry in entries:
        name = _item_name(entry, asked, answers)
        if isinstance(name, ReplyFailure):
            return name
        some = _answers(entry, asked[name], places, name)
        if isinstance(some, ReplyFailure):
            return replace(some, detail=f"{name}: {some.detail}")
        answers[name] = some
    missing = [name for name in asked if name not in answers]
    if missing:
        return ReplyFailure(FailureKind.MISSING_ITEM, f"not answered: {', '.join(missing)}", tuple(missing))
    return _reply(found, tuple(answer for name in asked for answer in answers[name]))


def _item_name(entry: dict[str, Any], asked: Collection[str], answered: Collection[str]) -> str | ReplyFailure:
    name = entry.get("item")
    if not isinstance(name, str):
        return ReplyFailure(FailureKind.UNPARSABLE, f'an entry of "{_ITEMS}" has no "item"')
    if name.strip() not in asked:
        return ReplyFailure(FailureKind.EXTRA_ITEM, f"'{name:.40}' is no item that was asked about")
    if name.strip() in answered:
        return ReplyFailure(FailureKind.DUPLICATE_ITEM, f"'{name:.40}' is answered twice")
    return name.strip()


def _reply(found: Found, answers: tuple[ReplyAnswer, ...]) -> Reply:
    return Reply(answers=answers, repaired=found.repaired, stated_total=_stated_total(found.value))


def _places(found: Found) -> Iterator[int | None]:
    """Where each entry's answer begins in the reply, in the order of the entries; None where that cannot be told."""
    starts = [found.at + match.end() for match in _ANSWER_VALUE.finditer(found.text)]
    if found.repaired or len(starts) != len(_entries(found.value)):
        return itertools.repeat(None)
    return iter(starts)


def _entries(value: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The entries in an object, over all items."""
    lists = [value.get(_KEY)]
    if isinstance(items := value.get(_ITEMS), list) and _KEY not in value:
        lists = [item.get(_KEY) for item in items if isinstance(item, dict)]
    return [entry for some in lists if isinstance(some, list) for entry in some if isinstance(entry, dict)]


def _find(text: str, judged: Sequence[str], key: str) -> Found | ReplyFailure:
    """The object that binds, and that strict JSON readers would have taken as it stands."""
    objects = _candidates(text, key)
    if isinstance(objects, ReplyFailure):
        return objects
    is_echo = _echo_test(judged)
    own = [found for found in objects if not is_echo(found)]
    # The last one binds: models think aloud first.
    if not own:
        return ReplyFailure(FailureKind.ECHO, "the only answer was copied from the text to be judged")
    if own[-1].repeated_keys:
        return ReplyFailure(FailureKind.DUPLICATE_KEY, f"the key '{own[-1].repeated_keys[0]:.40}' stands twice")
    if own[-1].not_finite:
        return ReplyFailure(FailureKind.NOT_FINITE, "there is a number that is not finite")
    return own[-1]


def _candidates(text: str, key: str) -> list[Found] | ReplyFailure:
    """All objects with `key` outside of thoughts, at least one; none where something beside them cannot be read."""
    if not text.strip():
        return ReplyFailure(FailureKind.EMPTY, "the reply is empty")
    objects = objects_in(text)
    start, end = spoken(text, [found.span for found in objects])
    objects = [found for found in objects if key in found.value and start <= found.at and found.span[1] <= end]
    unread = any(any(quoted_keys(piece, (_KEY, _ITEMS))) for piece in _beside(objects, text[:end], start))
    parts = len(objects) > 1 and any(_INSIDE.search(text[max(0, found.at - 40) : found.at]) for found in objects)
    if objects and (unread or parts):
        # A draft, a correction that broke off, or parts of a broken whole: which one was meant?
        return ReplyFailure(FailureKind.UNPARSABLE, "beside the JSON object there is another that cannot be read")
    if not objects and (repaired := _repair(text[start:end], key)) is not None:
        objects = [repaired]
    return objects or ReplyFailure(FailureKind.UNPARSABLE, f'there is no JSON object with "{key}"')


def _beside(objects: Sequence[Found], text: str, start: int) -> Iterator[str]:
    """What stands before, between and after `objects`, from `start` on."""
    for found in objects:
        yield text[start : found.at]
        start = found.span[1]
    yield text[start:]


def _repair(text: str, key: str) -> Found | None:
    """The only object that speaks of `key`, with its syntax mended, where that leaves no doubt about the answers."""
    mended = mend(text, key)
    if mended is None or len(list(mentions(text, key))) != 1:
        return None
    value, start = mended
    piece = text[start:]
    entries = _entries(value)
    if len(_ANSWER_KEY.findall(piece)) > len(entries):
        # A repaired object has lost its repeated keys; more answers than entries means that one was overwritten.
        return Found(value, piece, start, ("answer",), repaired=True)
    if not is_plain(piece, entries):
        return None
    return Found(value, piece, start, not_finite=_has_not_finite(value), repaired=True)


def _has_not_finite(value: object) -> bool:
    if isinstance(value, dict):
        return any(_has_not_finite(part) for part in value.values())
    if isinstance(value, list):
        return any(_has_not_finite(part) for part in value)
    return isinstance(value, float) and not math.isfinite(value)


def _echo_test(judged: Sequence[str]) -> Callable[[Found], bool]:
    """Tells copies of what stands in the judged texts, letter for letter or as the same JSON in other clothes."""
    # A copy begins with its brace; most documents have none.
    braced = [text for text in judged if "{" in text]
    squashed: dict[str, str] = {}
    values = [value for text in judged if _KEY in text for value in _spoofs(text)]

    def is_echo(found: Found) -> bool:
        if found.value in values:
            return True
        copied = squash(found.text)
        for text in braced:
            # Squashing only shortens.
            if len(text) >= len(copied):
                squashed[text] = squashed.get(text) or squash(text)
                if copied in squashed[text]:
                    return True
        return False

    return is_echo


def _spoofs(text: str) -> list[dict[str, Any]]:
    """Every verdict that a judge could have read in a text and written down in good JSON."""
    # Inside a JSON response a spoof is a string with escapes; unescaped it is what a judge would read and copy.
    layers = dict.fromkeys((text, text.replace('\\"', '"').replace("\\n", "\n")))
    mended = [found[0] for layer in layers for key in (_KEY, _ITEMS) if (found := mend(layer, key)) is not None]
    return [*(found.value for layer in layers for found in objects_in(layer)), *mended]


def _answers(
    value: dict[str, Any], criteria: Sequence[Criterion], places: Iterator[int | None], item: str = ""
) -> tuple[ReplyAnswer, ...] | ReplyFailure:
    entries = value[_KEY]
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        return ReplyFailure(FailureKind.UNPARSABLE, f'"{_KEY}" is not a list of objects')
    asked = {criterion.id: criterion for criterion in criteria}
    answers: dict[str, ReplyAnswer] = {}
    for entry in entries:
        answer = _answer(entry, asked, places, item)
        if isinstance(answer, ReplyFailure):
            return answer
        if answer.criterion in answers:
            return ReplyFailure(FailureKind.DUPLICATE_CRITERION, f"'{answer.criterion}' is answered twice")
        answers[answer.criterion] = answer
    missing = [criterion.id for criterion in criteria if criterion.id not in answers]
    if missing:
        return ReplyFailure(FailureKind.MISSING_CRITERION, f"not answered: {', '.join(missing)}", tuple(missing))
    return tuple(answers[criterion.id] for criterion in criteria)


def _answer(
    entry: dict[str, Any], asked: Mapping[str, Criterion], places: Iterator[int | None], item: str
) -> ReplyAnswer | ReplyFailure:
    name = entry.get("id")
    if not isinstance(name, str):
        return ReplyFailure(FailureKind.UNPARSABLE, 'an entry has no "id"')
    criterion = asked.get(name.strip())
    if criterion is None:
        return ReplyFailure(FailureKind.EXTRA_CRITERION, f"'{name:.40}' was not asked")
    label = _label(entry.get("answer"), criterion)
    if isinstance(label, ReplyFailure):
        return label
    reason = entry.get("reason")
    quote = entry.get("quote")
    quotes = quote if isinstance(quote, list) else [] if quote is None else [quote]
    if not isinstance(reason, str | None) or not all(isinstance(part, str) for part in quotes):
        return ReplyFailure(FailureKind.UNPARSABLE, f"'{criterion.id}': reason and quote must be texts")
    kept = tuple(part.strip() for part in quotes if part.strip())
    if not kept and criterion.evidence and criterion.needs_evidence(label):
        detail = f"'{criterion.id}': the answer '{label}' needs a quote from the {criterion.evidence.source} text"
        return ReplyFailure(FailureKind.MISSING_EVIDENCE, detail)
    return ReplyAnswer(criterion.id, label, reason or "", kept, item, next(places))


def _label(answer: object, criterion: Criterion) -> str | ReplyFailure:
    """The scale's label that `answer` is, without regard to case. ``True`` is not "yes" and 0.5 is nothing at all."""
    if isinstance(answer, float) and not math.isfinite(answer):
        return ReplyFailure(FailureKind.NOT_FINITE, f"'{criterion.id}': the answer is not finite")
    # A whole number may stand for a label that is spelt with the same digits (scales like 1 to 5), never for another.
    spelt = str(answer) if isinstance(answer, int) and not isinstance(answer, bool) else answer
    if isinstance(spelt, str):
        wanted = spelt.strip().casefold()
        for label in criterion.scale.offered:
            if label.casefold() == wanted:
                return label
    offered = ", ".join(criterion.scale.offered)
    said = f"'{answer:.40}'" if isinstance(answer, str) else type(answer).__name__
    detail = f"'{criterion.id}': {said} is not one of: {offered}"
    return ReplyFailure(FailureKind.OUTSIDE_SCALE, detail, (criterion.id,))


def _stated_total(value: dict[str, Any]) -> float | None:
    """A total that the judge stated although it was told not to: kept for comparison only."""
    for name in _TOTALS:
        total = value.get(name)
        if isinstance(total, int | float) and not isinstance(total, bool) and abs(total) < 1e12:
            return float(total)
    return None
