"""ProhibitedContent: none of the listed phrases stands in the response, however it is dressed up.

Literal phrases only, no patterns: nothing a task writes can make the search slow. Look-alike letters of other alphabets
are not folded, and a list of phrases knows no meaning: what needs judgement is a criterion of the rubric.
"""

import contextlib
import re
import unicodedata
from typing import Literal

from pydantic import Field, field_validator

from adjudge.domain import ComponentRole, ComponentScore, Rollout, Sample
from adjudge.rewards.base import ComponentConfig, Scorer, parsed, strings_of

_UNSEEN = {"Cf", "Co", "Cs"}
"""Unicode categories without a glyph of their own: zero-width marks, text direction, private use, half surrogates."""


class ProhibitedContentConfig(ComponentConfig):
    """``phrases`` are found as whole words, in any case and spacing; with ``inside_words`` also within a word."""

    type: Literal["prohibited_content"] = "prohibited_content"
    phrases: tuple[str, ...] = Field(min_length=1)
    inside_words: bool = False

    @field_validator("phrases")
    @classmethod
    def _say_something(cls, phrases: tuple[str, ...]) -> tuple[str, ...]:
        for phrase in phrases:
            if not folded(phrase):
                msg = f"the phrase {phrase!r} has nothing to look for"
                raise ValueError(msg)
        return phrases


class ProhibitedContent(Scorer):
    """0 when a phrase stands in the response or in a text of its JSON, else 1."""

    def __init__(self, config: ProhibitedContentConfig, *, role: ComponentRole) -> None:
        super().__init__(config.name or config.type, role, config.weight)
        # Escaped literals between look-arounds: no repetition, so no backtracking.
        any_of = "|".join(re.escape(folded(phrase)) for phrase in config.phrases)
        self._found = re.compile(f"(?:{any_of})" if config.inside_words else rf"(?<!\w)(?:{any_of})(?!\w)")

    async def score(self, sample: Sample, rollout: Rollout) -> ComponentScore:  # noqa: ARG002 (the protocol's shape)
        """Free of them or not."""
        texts = [rollout.response]
        with contextlib.suppress(ValueError):
            # JSON can write any letter as an escape; what is no JSON has only its text.
            texts += strings_of(parsed(rollout.response), keys=True)
        for text in texts:
            if match := self._found.search(folded(text)):
                return self.scored(0.0, f"has '{match.group()}'")
        return self.scored(1.0)


def folded(text: str) -> str:
    """``text`` for comparing: compatible forms made one, unseen characters out, one case, single spaces."""
    plain = unicodedata.normalize("NFKC", text)
    seen = "".join(char for char in plain if unicodedata.category(char) not in _UNSEEN)
    return " ".join(unicodedata.normalize("NFKC", seen.casefold()).split())
