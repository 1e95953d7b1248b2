"""**Usage**: what a call took, in tokens, seconds and money."""

from adjudge.domain.base import Count, Frozen, NotNegative, Seconds

Money = NotNegative
"""US dollars, from 0."""


class Usage(Frozen):
    """Adds up: ``a + b``. ``cost_usd`` is None when no price is known: unknown is not free."""

    calls: Count = 0
    prompt_tokens: Count = 0
    completion_tokens: Count = 0
    seconds: Seconds = 0.0
    cost_usd: Money | None = None

    def __add__(self, other: "Usage") -> "Usage":
        if self._is_nothing:
            return other
        if other._is_nothing:
            return self
        # A part that made no call has no cost to know.
        costs = [part.cost_usd for part in (self, other) if part.calls or part.cost_usd is not None]
        known = [cost for cost in costs if cost is not None]
        return Usage(
            calls=self.calls + other.calls,
            prompt_tokens=self.prompt_tokens + other.prompt_tokens,
            completion_tokens=self.completion_tokens + other.completion_tokens,
            seconds=self.seconds + other.seconds,
            cost_usd=sum(known) if known and len(known) == len(costs) else None,
        )

    @property
    def _is_nothing(self) -> bool:
        spent = self.calls or self.prompt_tokens or self.completion_tokens or self.seconds
        return not spent and self.cost_usd is None
