"""What tokens cost."""

from pydantic import Field

from adjudge.domain.base import Frozen, Number
from adjudge.domain.usage import Usage


class Prices(Frozen):
    """US dollars per million tokens."""

    prompt_usd: Number = Field(ge=0)
    completion_usd: Number = Field(ge=0)

    def cost(self, usage: Usage) -> float:
        """Price of the tokens that the server counted; tokens read from a server's cache count in full."""
        return self.cost_of(usage.prompt_tokens, usage.completion_tokens)

    def cost_of(self, prompt_tokens: int, completion_tokens: int) -> float:
        """Price of so many tokens."""
        return (prompt_tokens * self.prompt_usd + completion_tokens * self.completion_usd) / 1e6
