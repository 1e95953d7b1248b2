"""SameLanguage: the response's own words are in the wanted language (py3langid, restricted to the configured ones)."""

from typing import Literal

from pydantic import Field

from adjudge.domain import ComponentRole, ComponentScore, Rollout, Sample
from adjudge.errors import ConfigError
from adjudge.rewards.base import ComponentConfig, Scorer, parsed, strings_of


class SameLanguageConfig(ComponentConfig):
    """``language`` is wanted; ``among`` are the ISO 639-1 codes told apart. Under ``min_letters`` nothing is said."""

    type: Literal["same_language"] = "same_language"
    language: str = "en"
    among: tuple[str, ...] = ("en", "de", "fr", "es", "it", "pt", "nl", "pl", "zh", "ja", "ru")
    min_letters: int = Field(default=40, ge=1)


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
        self._identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
        try:
            self._identifier.set_languages([*{*config.among, config.language}])
        except ValueError as error:
            raise ConfigError(
                f"The component '{self.name}' names a language that cannot be told.",
                str(error),
                "Use ISO 639-1 codes, for example en or de, in `language` and `among`.",
            ) from error

    async def score(self, sample: Sample, rollout: Rollout) -> ComponentScore:  # noqa: ARG002 (the protocol's shape)
        """The probability, or not applicable where there is too little text."""
        try:
            text = " ".join(strings_of(parsed(rollout.response)))
        except ValueError:
            text = rollout.response
        if sum(char.isalpha() for char in text) < self._config.min_letters:
            return self.not_applicable("too little text to tell a language")
        ranked = dict(self._identifier.rank(text))
        best = max(ranked, key=lambda code: ranked[code])
        if self.role == "gate":
            value = float(best == self._config.language)
        else:
            value = min(1.0, max(0.0, float(ranked[self._config.language])))
        return self.scored(value, "" if best == self._config.language else f"reads as '{best}'")
