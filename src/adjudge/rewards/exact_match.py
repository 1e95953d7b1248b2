"""ExactMatch: the final answer is the reference answer."""

import unicodedata
from typing import Final, Literal

from adjudge.domain import ComponentRole, ComponentScore, Rollout, Sample
from adjudge.domain.base import canonical
from adjudge.rewards.base import Scorer, answer_of
from adjudge.rewards.final_answer import FinalAnswerConfig, expected, given

Ignored = Literal["case", "space", "punctuation"]

_QUOTES: Final = str.maketrans({"\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"'})


class ExactMatchConfig(FinalAnswerConfig):
    """``ignore`` says what is no difference between two texts; JSON values are compared as values."""

    type: Literal["exact_match"] = "exact_match"
    ignore: tuple[Ignored, ...] = ("case", "space")


class ExactMatch(Scorer):
    """1 when they are the same, else 0."""

    def __init__(self, config: ExactMatchConfig, *, role: ComponentRole) -> None:
        super().__init__(config.name or config.type, role, config.weight)
        self._config = config

    async def score(self, sample: Sample, rollout: Rollout) -> ComponentScore:
        """The same or not; not applicable to a sample without reference answer.

        Raises:
            DataError: the reference answer has no such field.
        """
        wanted = expected(sample, self._config, self.name)
        if wanted is None:
            return self.not_applicable("the sample has no reference answer")
        found = given(rollout, self._config)
        if isinstance(wanted, dict | list) and isinstance(found, str):
            # The whole response is the answer, and the answer is JSON.
            found = answer_of(rollout, self._config.read).value
        if found is None:
            return self.scored(0.0, "no answer where it must stand")
        same = self._plain(found) == self._plain(wanted)
        return self.scored(float(same), "" if same else "another answer")

    def _plain(self, value: object) -> bytes:
        """Two answers have the same form when they are the same: 1 is 1.0, and neither true nor a text."""
        if isinstance(value, str):
            return canonical(self._text(value))
        return canonical([self._value(value)])

    def _value(self, value: object) -> object:
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, dict):
            return {key: self._value(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [self._value(inner) for inner in value]
        return int(value) if isinstance(value, float) and value.is_integer() else value

    def _text(self, text: str) -> str:
        text = unicodedata.normalize("NFC", text).translate(_QUOTES).strip()
        if "case" in self._config.ignore:
            text = text.casefold()
        if "punctuation" in self._config.ignore:
            text = "".join(char for char in text if not unicodedata.category(char).startswith("P"))
        return " ".join(text.split()) if "space" in self._config.ignore else text
