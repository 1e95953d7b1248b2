"""Built-in changes that mean nothing: a judge must answer as before."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from adjudge.domain.rubric import Rubric
from adjudge.judges.interventions import KEY_ORDER, intervened, rewritten
from adjudge.judges.suite.base import Ask
from adjudge.judges.suite.change import UnfitError

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

Alike = Callable[[str, Rubric], str | None]
"""From a response to the same one in another dress; None where it changes nothing."""


def _whitespace(response: str, rubric: Rubric) -> str:
    """Double blanks in what is told, JSON on many lines, line breaks around."""
    text = rewritten(rubric, response, lambda part: part.replace(" ", "  ")) or response
    try:
        text = json.dumps(json.loads(text), ensure_ascii=False, indent=4)
    except (ValueError, RecursionError):
        return f"\n{text}\n\n"
    return f"\n{text}\n\n"


def _key_order(response: str, rubric: Rubric) -> str | None:
    """The keys of every item the other way round."""
    return intervened(rubric, response, KEY_ORDER)


def _markdown(response: str, rubric: Rubric) -> str | None:
    """The longest word of each text is emphasised."""

    def emphasised(text: str) -> str:
        words = _WORD.findall(text)
        return text.replace(longest := max(words, key=len), f"**{longest}**", 1) if words else text

    return rewritten(rubric, response, emphasised)


def _spelling(response: str, rubric: Rubric) -> str | None:
    """British words become American, American ones British."""
    other = {**dict(SPELLINGS), **{american: british for british, american in SPELLINGS}}
    pattern = re.compile(rf"\b({'|'.join(sorted(other, key=len, reverse=True))})(s?)\b", re.IGNORECASE)

    def swapped(found: re.Match[str]) -> str:
        word = other[found[1].lower()] + found[2]
        return word.capitalize() if found[1][0].isupper() else word

    return rewritten(rubric, response, lambda text: pattern.sub(swapped, text))


def _rollout_id(response: str, _rubric: Rubric) -> str:
    """Only the rollout's id is another one."""
    return response


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
    written = make(ask.given.text, rubric)
    if written is None:
        msg = f"{name} changes nothing in '{ask.id}'"
        raise UnfitError(msg)
    return replace(ask, id=f"{ask.id}/{name}", written=written, changed=True)
