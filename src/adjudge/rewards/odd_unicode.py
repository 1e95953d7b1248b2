"""OddUnicode: characters that nobody types, and words out of two alphabets: signs of damage or of hiding."""

import re
import unicodedata
from collections.abc import Iterator
from itertools import repeat
from typing import Final, Literal

from pydantic import Field, model_validator

from adjudge.domain import ComponentRole, ComponentScore, Rollout, Sample
from adjudge.domain.base import Number, Score
from adjudge.rewards.base import AnswerConfig, Scorer, as_read

_ODD: Final = frozenset(("Cc", "Cf", "Co", "Cn", "Cs"))
"""Unicode categories: control, format (zero-width, text direction, tags), private use, unassigned, half surrogates."""

_ODD_TOO: Final = frozenset(
    "\ufffd\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0" + "".join(map(chr, range(0xFE00, 0xFE10)))
)
"""The mark of damage, and what shows nothing without being called so: fillers and variation selectors."""

_JOINS: Final = frozenset("\u200d\ufe0f")
"""At home between the parts of an emoji."""

_LOOKING_ALIKE: Final = frozenset(("LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE", "COPTIC"))
"""Alphabets whose letters pass for each other's; as Unicode's names of letters begin (UTS #39 mixes none of them)."""

_WORD: Final = re.compile(r"[^\W\d_]{3,}")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


class OddUnicodeConfig(AnswerConfig):
    """Up to ``allowed`` (a share of the characters) scores 1, from ``zero_at`` on 0. ``permit`` are never odd."""

    type: Literal["odd_unicode"] = "odd_unicode"
    allowed: Score = 0.0
    zero_at: Number = Field(default=0.05, gt=0.0, le=1.0)
    permit: str = ""

    @model_validator(mode="after")
    def _is_a_slope(self) -> "OddUnicodeConfig":
        if self.allowed >= self.zero_at:
            msg = f"allowed ({self.allowed}) is not below zero_at ({self.zero_at})"
            raise ValueError(msg)
        return self


class OddUnicode(Scorer):
    """Falls linearly with the share of odd characters; the letters of a word out of two alphabets are all odd."""

    def __init__(self, config: OddUnicodeConfig, *, role: ComponentRole) -> None:
        super().__init__(config.name or config.type, role, config.weight)
        self._config, self._permit = config, frozenset(config.permit)

    async def score(self, sample: Sample, rollout: Rollout) -> ComponentScore:  # noqa: ARG002 (the protocol's shape)
        """The worse of the response as written and of the texts in its JSON; not applicable to an empty one."""
        if not rollout.response:
            return self.not_applicable("an empty response")
        written, *inner = as_read(rollout, self._config.read)
        # Texts that JSON spells with escapes are one text: a share of each alone would blame short ones most.
        texts = [written, " ".join(inner)] if inner else [written]
        share, example = max(self._odd(text) for text in texts)
        if share <= self._config.allowed:
            return self.scored(1.0)
        slope = self._config.zero_at - self._config.allowed
        value = max(0.0, 1 - (share - self._config.allowed) / slope)
        return self.scored(value, f"{share:.2%} of the characters are odd, for example {example}")

    def _odd(self, text: str) -> tuple[float, str]:
        """Share of odd characters, and one of them."""
        if text.isascii():
            found = [f"U+{ord(char):04X}" for char in _CONTROL.findall(text) if char not in self._permit]
        else:
            found = [*self._characters(text), *mixed_letters(text)]
        return (len(found) / len(text), found[0]) if found else (0.0, "")

    def _characters(self, text: str) -> Iterator[str]:
        before = ""
        for char in text:
            if char >= "\x7f" or char < " ":
                category = unicodedata.category(char)
                odd = (category in _ODD and char not in "\t\n\r") or char in _ODD_TOO
                if odd and char not in self._permit and not (char in _JOINS and before in {"So", "Sk"}):
                    yield f"U+{ord(char):04X}"
                    before = ""
                elif not odd:
                    before = category
            else:
                before = ""


def mixed_letters(text: str) -> Iterator[str]:
    """For each letter of a word that mixes alphabets which look alike: the word, cut at 20 letters."""
    for match in _WORD.finditer(text):
        word = match.group()
        if not word.isascii() and len(_LOOKING_ALIKE & {unicodedata.name(c, "").partition(" ")[0] for c in word}) > 1:
            yield from repeat(repr(word[:20]), len(word))
