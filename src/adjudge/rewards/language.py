"""SameLanguage: the response's own words are in the wanted language (py3langid, restricted to the configured ones)."""

from functools import lru_cache
from typing import Literal

from pydantic import Field

from adjudge.domain import ComponentRole, ComponentScore, Rollout, Sample
from adjudge.errors import ConfigError
from adjudge.rewards.base import AnswerConfig, Scorer, said

PROMPT = "prompt"


class SameLanguageConfig(AnswerConfig):
    """``language`` is wanted; ``among`` are the ISO 639-1 codes told apart. Under ``min_letters`` nothing is said.

    ``prompt`` as language is the likeliest one of the user's messages. ``leave_out`` are keys of the response's JSON
    whose texts are not its own words: quotes, names.
    """

    type: Literal["same_language"] = "same_language"
    language: str = "en"
    among: tuple[str, ...] = ("en", "de", "fr", "es", "it", "pt", "nl", "pl", "zh", "ja", "ru")
    min_letters: int = Field(default=40, ge=1)
    leave_out: tuple[str, ...] = ()


class SameLanguage(Scorer):
    """Probability that the text is in the wanted language; braces and keys of JSON are not text.

    As a gate it is open when the wanted language is the most probable one: a probability is never quite 1.

    Raises:
        ConfigError: a language code is not known.
    """

    def __init__(self, config: SameLanguageConfig, *, role: ComponentRole) -> None:
        from py3langid.langid import MODEL_FILE, LanguageIdentifier  # noqa: PLC0415  (loads a model)

        super().__init__(config.name or config.type, role, config.weight, cost=1)
        self._config = config
        # All rollouts of a group have the same prompt.
        self._asked_in = lru_cache(maxsize=256)(self._likeliest)
        self._identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
        try:
            wanted = () if config.language == PROMPT else (config.language,)
            self._identifier.set_languages(sorted({*config.among, *wanted}))
        except ValueError as error:
            raise ConfigError(
                f"The component '{self.name}' names a language that cannot be told.",
                str(error),
                "Use ISO 639-1 codes, for example en or de, in `language` and `among`.",
            ) from error

    async def score(self, sample: Sample, rollout: Rollout) -> ComponentScore:
        """The probability, or not applicable where there is too little text."""
        text = " ".join(said(rollout, self._config.read, without=self._config.leave_out))
        if not self._enough(text):
            return self.not_applicable("too little text to tell a language")
        wanted = self._config.language
        if wanted == PROMPT:
            prompt = " ".join(message.content for message in sample.messages if message.role == "user")
            if not self._enough(prompt):
                return self.not_applicable("too little text in the prompt to tell its language")
            wanted = self._asked_in(prompt)
        ranked = self._ranked(text)
        best = max(ranked, key=lambda code: ranked[code])
        value = float(best == wanted) if self.role == "gate" else min(1.0, max(0.0, ranked[wanted]))
        return self.scored(value, "" if best == wanted else f"reads as '{best}', not '{wanted}'")

    def _enough(self, text: str) -> bool:
        return sum(map(str.isalpha, text)) >= self._config.min_letters

    def _ranked(self, text: str) -> dict[str, float]:
        return {code: float(share) for code, share in self._identifier.rank(text)}

    def _likeliest(self, text: str) -> str:
        ranked = self._ranked(text)
        return max(ranked, key=lambda code: ranked[code])
