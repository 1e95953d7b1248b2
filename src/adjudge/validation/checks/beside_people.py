"""What both checks against people need: the judge beside people on one criterion, and what people's answer is."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from adjudge.validation.check import Material
from adjudge.validation.gold import Paired, paired
from adjudge.validation.table import Numbers

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

NEEDS = (
    "Rows of people's labels (gold.jsonl: item, criterion, rater, score) for items that the judge has judged "
    "as they are (variant base, order base). Collect them with `adjudge judge label`; 100 items by 3 people are a "
    "good beginning."
)


@dataclass(frozen=True)
class Beside:
    """The judge beside people on one criterion.

    Attributes:
        criterion: the question.
        pair: scores of both.
        boolean: the answers are yes and no: people say 0 or 1, and the judge has two answers at most.
    """

    criterion: str
    pair: Paired
    boolean: bool

    def kept(self, items: Mask) -> "Beside":
        """Only these items."""
        pair = self.pair
        chosen = Paired(
            items=tuple(item for item, keep in zip(pair.items, items, strict=True) if keep),
            judge=pair.judge[items],
            people=Numbers(pair.people.values[items], pair.people.known[items]),
            clusters=pair.clusters[items],
            weights=pair.weights[items],
            lengths=pair.lengths[items],
        )
        return Beside(self.criterion, chosen, self.boolean)

    def decided(self) -> "Beside":
        """Only the items on which people are not split; all items of a criterion with grades."""
        return self.kept(np.abs(self.pair.consensus - 0.5) > 1e-9) if self.boolean else self

    def labels(self, good_from: float = 0.5) -> Floats:
        """1 where people say yes, or a grade of `good_from` or better; by the majority, or the mean grade."""
        return (self.pair.consensus >= good_from - 1e-9).astype(np.float64)


def beside_people(material: Material) -> list[Beside]:
    """The judge beside people, for each criterion that both answered."""
    found = []
    for criterion in material.criteria():
        pair = paired(material.table, material.gold, criterion)
        if pair.items:
            given = material.table.of(criterion=criterion).plain.scored.answer.present()
            boolean = bool(np.isin(pair.people.some, (0.0, 1.0)).all()) and len(given) <= 2
            found.append(Beside(criterion, pair, boolean))
    return found


def unmatched(material: Material) -> int:
    """Labels of items that the judge was not asked about, or on criteria that it did not answer: they say nothing."""
    rows = material.table.plain.scored
    judged = set(zip(rows.item.texts(), rows.criterion.texts(), strict=True))
    return sum(
        pair not in judged for pair in zip(material.gold.item.texts(), material.gold.criterion.texts(), strict=True)
    )
