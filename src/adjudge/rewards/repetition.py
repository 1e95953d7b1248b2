"""Repetition: a text that says the same again and again. Repeated items are the matter of `duplicates`."""

import zlib
from itertools import chain
from typing import Literal

from pydantic import Field

from adjudge.domain import ComponentRole, ComponentScore, Rollout, Sample
from adjudge.domain.base import Score
from adjudge.rewards.base import AnswerConfig, Scorer, said

SHORTEST = 200
"""Bytes from which a compression ratio says something: the format's own bytes weigh on a shorter text."""


class RepetitionConfig(AnswerConfig):
    """``n``-grams of ``unit`` that stood before may be ``allowed`` (a share); zlib must leave ``least_ratio``.

    Under ``min_words`` nothing is said. Prose in English compresses to 0.4 to 0.7 of its bytes at these lengths.
    """

    type: Literal["repetition"] = "repetition"
    n: int = Field(default=4, ge=1, le=50)
    unit: Literal["words", "characters"] = "words"
    allowed: Score = Field(default=0.1, lt=1.0)
    least_ratio: Score = 0.25
    min_words: int = Field(default=20, ge=1)


class Repetition(Scorer):
    """The lower of two: 1 - (rep-n - allowed) / (1 - allowed), and ratio / ``least_ratio``; neither above 1.

    rep-n is 1 - distinct n-grams / n-grams (Welleck et al. 2020), over the texts of the JSON, none across two texts.
    """

    def __init__(self, config: RepetitionConfig, *, role: ComponentRole) -> None:
        super().__init__(config.name or config.type, role, config.weight)
        self._config = config

    async def score(self, sample: Sample, rollout: Rollout) -> ComponentScore:  # noqa: ARG002 (the protocol's shape)
        """The lower of the two scores; not applicable to a short text."""
        config = self._config
        texts = said(rollout, config.read)
        units = [text.casefold().split() if config.unit == "words" else list(text.casefold()) for text in texts]
        if sum(map(len, units)) < config.min_words:
            return self.not_applicable(f"fewer than {config.min_words} {config.unit}")
        repeated, ratio = rep_n(units, config.n), compression_ratio(" ".join(texts))
        by_grams = 1 - max(0.0, repeated - config.allowed) / (1 - config.allowed)
        by_size = min(1.0, ratio / config.least_ratio) if ratio is not None and config.least_ratio else 1.0
        if by_grams == by_size == 1.0:
            return self.scored(1.0)
        if by_grams <= by_size:
            return self.scored(by_grams, f"{repeated:.0%} of the {config.n}-grams stood before")
        return self.scored(by_size, f"compresses to {ratio or 0.0:.0%} of its size")


def rep_n(texts: list[list[str]], n: int) -> float:
    """Share of n-grams that stood before; 0 where there is none."""
    grams = list(chain.from_iterable(zip(*(units[shift:] for shift in range(n)), strict=False) for units in texts))
    return 1 - len(set(grams)) / len(grams) if grams else 0.0


def compression_ratio(text: str) -> float | None:
    """Bytes after zlib through bytes before; None for a text too short to tell."""
    data = text.encode("utf-8", "surrogatepass")
    return len(zlib.compress(data, 6)) / len(data) if len(data) >= SHORTEST else None
