"""SetMatch: does the response name the same things as the reference answer? F1 of two sets; no judge needed.

It also makes silence right or wrong: an empty review matches an empty reference fully, and any other not at all.
"""

from typing import Any, Literal

from adjudge.domain import ComponentRole, ComponentScore, Rollout, Sample
from adjudge.domain.base import Score
from adjudge.errors import DataError
from adjudge.rewards.base import ItemsConfig, Scorer, items_in, items_of


class SetMatchConfig(ItemsConfig):
    """Values of ``key`` over the items of response and reference answer."""

    type: Literal["set_match"] = "set_match"
    key: str = "guideline_id"
    both_empty: Score = 1.0
    """What right silence is worth. Silence is the easiest answer: where it earns as much as a perfect review, a policy
    may learn to say nothing at all before it learns to review."""


class SetMatch(Scorer):
    """``2 |A and B| / (|A| + |B|)``; both empty is ``both_empty``. A response without such a list is 0."""

    def __init__(self, config: SetMatchConfig, *, role: ComponentRole) -> None:
        super().__init__(config.name or config.type, role, config.weight)
        self._config = config

    async def score(self, sample: Sample, rollout: Rollout) -> ComponentScore:
        """F1, or not applicable for a sample without a reference answer of this form.

        Raises:
            DataError: an item of the reference answer has no such key.
        """
        wanted = items_of(sample.reference_answer, self._config.items)
        if wanted is None:
            return self.not_applicable("the sample has no reference answer with items")
        expected = self._expected(sample, wanted)
        given = items_in(rollout, self._config)
        if given is None:
            return self.scored(0.0, "the response has no items to compare")
        values = [item.get(self._config.key) for item in given]
        named = {str(value) for value in values if value is not None}
        # Items that name nothing are together one more wrong name, not a match of "nothing" with "nothing".
        size = len(expected) + len(named) + any(value is None for value in values)
        if not size:
            return self.scored(self._config.both_empty, "rightly silent")
        value = 2 * len(expected & named) / size
        return self.scored(value, "" if value == 1 else f"{len(expected & named)} of {len(expected)} expected")

    def _expected(self, sample: Sample, wanted: list[dict[str, Any]]) -> set[str]:
        for number, item in enumerate(wanted, 1):
            if item.get(self._config.key) is None:
                raise DataError(
                    f"Sample '{sample.id}': item {number} of the reference answer has no '{self._config.key}'.",
                    f"The reward's component '{self.name}' compares the values of this key.",
                    "Add it to the reference answer, or name another `key` in the component.",
                )
        return {str(item[self._config.key]) for item in wanted}
