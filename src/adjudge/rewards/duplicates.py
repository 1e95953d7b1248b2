"""Duplicates: share of items that do not repeat an earlier one."""

from typing import Literal

from adjudge.domain import ComponentRole, ComponentScore, Rollout, Sample
from adjudge.domain.text import squash
from adjudge.rewards.base import ItemsConfig, Scorer, items_in


class DuplicatesConfig(ItemsConfig):
    """Two items are the same when all ``keys`` are (white space and case aside)."""

    type: Literal["duplicates"] = "duplicates"
    keys: tuple[str, ...] = ("guideline_id", "text_excerpt")


class Duplicates(Scorer):
    """1 when every item is new."""

    def __init__(self, config: DuplicatesConfig, *, role: ComponentRole) -> None:
        super().__init__(config.name or config.type, role, config.weight)
        self._config = config

    async def score(self, sample: Sample, rollout: Rollout) -> ComponentScore:  # noqa: ARG002 (the protocol's shape)
        """The share, or not applicable without items."""
        items = items_in(rollout, self._config)
        if not items:
            return self.not_applicable("no items")
        different = {tuple(squash(str(item.get(key) or "")) for key in self._config.keys) for item in items}
        repeats = len(items) - len(different)
        return self.scored(len(different) / len(items), f"{repeats} repeat an earlier item" if repeats else "")
