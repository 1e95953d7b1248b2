"""ProhibitedContent: none of the listed phrases stands in the response, however it is dressed up.

Literal phrases only, no patterns, all of them in one pass (Aho and Corasick 1975): nothing a task or a response writes
can make the search slow. A list of phrases knows no meaning: what needs judgement is a criterion of the rubric.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

from pydantic import Field, field_validator

from adjudge.domain import ComponentRole, ComponentScore, Rollout, Sample
from adjudge.rewards.base import AnswerConfig, Scorer, as_read
from adjudge.rewards.folding import Disguises, folded

if TYPE_CHECKING:
    import ahocorasick


class ProhibitedContentConfig(AnswerConfig):
    """``phrases`` are found as whole words, in any case and spacing; with ``inside_words`` also within a word.

    ``disguises`` also finds them written in look-alike letters or digits. Texts in several alphabets may hold words
    that look like a phrase without being one; there it is better off.
    """

    type: Literal["prohibited_content"] = "prohibited_content"
    phrases: tuple[str, ...] = Field(min_length=1)
    inside_words: bool = False
    disguises: bool = True

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
        self._config = config
        self._looks = [("", folded, _automaton(config.phrases, folded))]
        if config.disguises:
            bare = Disguises().taken_off
            self._looks.append((" in disguise", bare, _automaton(config.phrases, bare)))
        # Of a phrase that is all marks nothing may be left, and nothing cannot be searched for.
        self._looks = [look for look in self._looks if len(look[2])]

    async def score(self, sample: Sample, rollout: Rollout) -> ComponentScore:  # noqa: ARG002 (the protocol's shape)
        """Free of them or not."""
        texts = as_read(rollout, self._config.read)
        for dress, fold, automaton in self._looks:
            for text in texts:
                if phrase := self._found(automaton, fold(text)):
                    return self.scored(0.0, f"has '{phrase}'{dress}")
        return self.scored(1.0)

    def _found(self, automaton: "ahocorasick.Automaton", text: str) -> str:
        phrase: str
        for end, (size, phrase) in automaton.iter(text):
            if self._config.inside_words or _stands_alone(text, end + 1 - size, end + 1):
                return phrase
        return ""


def _automaton(phrases: tuple[str, ...], fold: Callable[[str], str]) -> "ahocorasick.Automaton":
    import ahocorasick  # noqa: PLC0415  (most rewards have no phrases, and a function on a server starts sooner)

    found = ahocorasick.Automaton()
    for phrase in phrases:
        if bare := fold(phrase):
            found.add_word(bare, (len(bare), folded(phrase)))
    found.make_automaton()
    return found


def _stands_alone(text: str, start: int, end: int) -> bool:
    """No letter or digit on either side."""
    return not (start and _of_a_word(text[start - 1])) and not (end < len(text) and _of_a_word(text[end]))


def _of_a_word(char: str) -> bool:
    return char.isalnum() or char == "_"
