"""Pattern: regular expressions that must or must not match. RE2: time is linear in the text, whatever is asked."""

from typing import Literal

from pydantic import field_validator, model_validator

from adjudge.domain import ComponentRole, ComponentScore, Rollout, Sample
from adjudge.rewards.base import AnswerConfig, Scorer, said
from adjudge.rewards.linear import Pattern as Compiled
from adjudge.rewards.linear import compiled, plain

LONGEST = 10_000
"""Characters of one expression."""


class PatternConfig(AnswerConfig):
    """Each of ``must`` matches somewhere, none of ``must_not`` anywhere: in the ``response`` or its ``strings``."""

    type: Literal["pattern"] = "pattern"
    must: tuple[str, ...] = ()
    must_not: tuple[str, ...] = ()
    on: Literal["response", "strings"] = "response"

    @field_validator("must", "must_not")
    @classmethod
    def _are_patterns(cls, patterns: tuple[str, ...]) -> tuple[str, ...]:
        for pattern in patterns:
            if len(pattern) > LONGEST:
                msg = f"an expression of more than {LONGEST} characters"
                raise ValueError(msg)
            compiled(pattern)
        return patterns

    @model_validator(mode="after")
    def _asks_something(self) -> "PatternConfig":
        if not (self.must or self.must_not):
            msg = "name an expression in `must` or `must_not`"
            raise ValueError(msg)
        return self


class Pattern(Scorer):
    """Share of the expressions that are as they must be."""

    def __init__(self, config: PatternConfig, *, role: ComponentRole) -> None:
        super().__init__(config.name or config.type, role, config.weight)
        self._config = config
        self._rules: list[tuple[Compiled, bool]] = [(compiled(pattern), True) for pattern in config.must]
        self._rules += [(compiled(pattern), False) for pattern in config.must_not]

    async def score(self, sample: Sample, rollout: Rollout) -> ComponentScore:  # noqa: ARG002 (the protocol's shape)
        """The share, and the first expression that is not as it must be."""
        found = [rollout.response] if self._config.on == "response" else said(rollout, self._config.read)
        texts = [plain(text) for text in found]
        wrong = [
            f"'{rule.pattern[:80]}' {'does not match' if wanted else 'matches'}"
            for rule, wanted in self._rules
            if any(rule.search(text) for text in texts) != wanted
        ]
        return self.scored(1 - len(wrong) / len(self._rules), "; ".join(wrong[:3]))
