"""SetMatch: does the response name the same things as the reference answer? F1 of two sets; no judge needed.

It also makes silence right or wrong: an empty review matches an empty reference fully, and any other not at all.
"""

from typing import Literal

from adjudge.domain import ComponentRole, ComponentScore, Rollout, Sample
from adjudge.rewards.base import ComponentConfig, Scorer, items_of


class SetMatchConfig(ComponentConfig):
    """Values of ``key`` over the items of response and reference answer."""

    type: Literal["set_match"] = "set_match"
    items: str = "comments"
    key: str = "guideline_id"


class SetMatch(Scorer):
    """``2 |A and B| / (|A| + |B|)``; both empty is 1. A response without such a list is 0."""

    def __init__(self, config: SetMatchConfig, *, role: ComponentRole) -> None:
        super().__init__(config.name or config.type, role, config.weight)
        self._config = config

    async def score(self, sample: Sample, rollout: Rollout) -> ComponentScore:
        """F1, or not applicable for a sample without a reference answer of this form."""
        wanted = items_of(sample.reference_answer, self._config.items)
        if wanted is None:
            return self.not_applicable("the sample has no reference answer with items")
        given = items_of(rollout.response, self._config.items)
        if given is None:
            return self.scored(0.0, "the response has no items to compare")
        expected = {str(item.get(self._config.key)) for item in wanted}
        named = {str(item.get(self._config.key)) for item in given}
        if not expected and not named:
            return self.scored(1.0)
        value = 2 * len(expected & named) / (len(expected) + len(named))
        return self.scored(value, "" if value == 1 else f"{len(expected & named)} of {len(expected)} expected")
