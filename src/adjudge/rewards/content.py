"""MinimumContent: the response says something, and so does each of its items."""

from typing import Literal

from pydantic import Field

from adjudge.domain import ComponentRole, ComponentScore, Rollout, Sample
from adjudge.rewards.base import ItemsConfig, Scorer, items_in


class MinimumContentConfig(ItemsConfig):
    """``min_chars`` counts characters without surrounding white space; ``fields`` must be non-empty in every item."""

    type: Literal["minimum_content"] = "minimum_content"
    min_chars: int = Field(default=1, ge=1)
    fields: tuple[str, ...] = ()


class MinimumContent(Scorer):
    """1 when the response is long enough and no item lacks a field, else 0."""

    def __init__(self, config: MinimumContentConfig, *, role: ComponentRole) -> None:
        super().__init__(config.name or config.type, role, config.weight)
        self._config = config

    async def score(self, sample: Sample, rollout: Rollout) -> ComponentScore:  # noqa: ARG002 (the protocol's shape)
        """Enough or not."""
        size = len(rollout.response.strip())
        if size < self._config.min_chars:
            return self.scored(0.0, f"{size} characters, {self._config.min_chars} are needed")
        for number, item in enumerate(items_in(rollout, self._config) or [], 1):
            for field in self._config.fields:
                if not str(item.get(field) or "").strip():
                    return self.scored(0.0, f"item {number}: '{field}' is empty")
        return self.scored(1.0)
