"""Built-in changes that mean nothing: a judge must answer as before."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Final

from adjudge.domain.rubric import Rubric
from adjudge.judges.suite.base import Ask, Given, Response
from adjudge.judges.suite.change import UnfitError, texts_changed
from adjudge.judges.suite.shape import items_of, told_fields

SPELLINGS: Final = (
    ("favour", "favor"),
    ("honour", "honor"),
    ("labour", "labor"),
    ("colour", "color"),
    ("behaviour", "behavior"),
    ("licence", "license"),
    ("defence", "defense"),
    ("centre", "center"),
    ("programme", "program"),
    ("cancelled", "canceled"),
    ("labelled", "labeled"),
    ("judgement", "judgment"),
    ("acknowledgement", "acknowledgment"),
    *((f"{stem}is{end}", f"{stem}iz{end}") for stem in ("organ", "author", "recogn", "minim", "util", "summar", "final")
      for end in ("e", "ed", "es", "ing", "ation")),
)  # fmt: skip
"""British and American."""

_WORD: Final = re.compile(r"[^\W\d_]{4,}")

Alike = Callable[[Ask, Rubric], Ask]


def _whitespace(ask: Ask, rubric: Rubric) -> Ask:
    """Double spaces in what is told, an indented layout, line breaks around."""
    changed = _told(ask.given, rubric, lambda text: text.replace(" ", "  "))
    text = changed if isinstance(changed, str) else json.dumps(changed, ensure_ascii=False, indent=4)
    return replace(ask, given=Given(ask.given.metadata, changed), written=f"\n{text}\n\n")


def _key_order(ask: Ask, _rubric: Rubric) -> Ask:
    """The keys of every object the other way round."""
    return replace(ask, given=Given(ask.given.metadata, _turned(ask.given.response)))


def _markdown(ask: Ask, rubric: Rubric) -> Ask:
    """The longest word of each text is emphasised."""

    def emphasised(text: str) -> str:
        words = _WORD.findall(text)
        return text.replace(longest := max(words, key=len), f"**{longest}**", 1) if words else text

    return replace(ask, given=Given(ask.given.metadata, _told(ask.given, rubric, emphasised)))


def _spelling(ask: Ask, rubric: Rubric) -> Ask:
    """British words become American, American ones British."""
    other = {**dict(SPELLINGS), **{american: british for british, american in SPELLINGS}}
    pattern = re.compile(rf"\b({'|'.join(sorted(other, key=len, reverse=True))})(s?)\b", re.IGNORECASE)

    def swapped(found: re.Match[str]) -> str:
        word = other[found[1].lower()] + found[2]
        return word.capitalize() if found[1][0].isupper() else word

    told = _told(ask.given, rubric, lambda text: pattern.sub(swapped, text))
    return replace(ask, given=Given(ask.given.metadata, told))


def _rollout_id(ask: Ask, _rubric: Rubric) -> Ask:
    """Only the rollout's id is another one."""
    return ask


ALIKE: Final[Mapping[str, Alike]] = MappingProxyType(
    {
        "whitespace": _whitespace,
        "key_order": _key_order,
        "markdown": _markdown,
        "spelling": _spelling,
        "rollout_id": _rollout_id,
    }
)


def changed_alike(name: str, ask: Ask, rubric: Rubric) -> Ask:
    """The same response in another dress, with an id of its own.

    Raises:
        UnfitError: there is no such change, or it changes nothing here.
    """
    make = ALIKE.get(name)
    if make is None:
        msg = f"there is no built-in change '{name}'; there are {', '.join(ALIKE)}"
        raise UnfitError(msg)
    made = replace(make(ask, rubric), id=f"{ask.id}/{name}", changed=True)
    if name != "rollout_id" and made.rollout().response == ask.rollout().response:
        msg = f"{name} changes nothing in '{ask.id}'"
        raise UnfitError(msg)
    return made


def _told(given: Given, rubric: Rubric, change: Callable[[str], str]) -> Response:
    """The response with what it tells changed: not its quotes, and not its ids."""
    if isinstance(given.response, str):
        return change(given.response)
    names = told_fields(rubric)
    try:
        items_of(rubric, given.response)
    except UnfitError:
        return _all_told(given.response, change)
    changed: Response = texts_changed(given.response, lambda key, text: change(text) if key in names else text)
    return changed


def _all_told(response: Response, change: Callable[[str], str]) -> Response:
    changed: Response = texts_changed(response, lambda _key, text: change(text))
    return changed


def _turned(value: Any) -> Any:  # noqa: ANN401  (JSON)
    if isinstance(value, dict):
        return {key: _turned(value[key]) for key in reversed(value)}
    return [_turned(part) for part in value] if isinstance(value, list) else value
