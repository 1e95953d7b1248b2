"""Rows of a changed response beside the rows of the response as it is: the pairing that bias checks share."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from adjudge.judges.fields import NO_CALL
from adjudge.validation.statistics.paired import Differences
from adjudge.validation.table import BASE, Mask, VerdictTable, numbered


@dataclass(frozen=True)
class Beside:
    """N questions (item, criterion) with two verdicts each; not those that failed in either or were asked in neither.

    Attributes:
        plain: the verdict on the response as it is, at its first asking; N rows.
        changed: the other verdict; N rows.
        unpaired: rows of changed responses without a verdict, or without one to stand beside.
    """

    plain: VerdictTable
    changed: VerdictTable
    unpaired: int

    def __len__(self) -> int:
        return len(self.plain)

    def where(self, rows: NDArray[Any]) -> "Beside":
        """These questions (a mask, or their numbers)."""
        return Beside(self.plain.where(rows), self.changed.where(rows), 0)

    @property
    def same(self) -> Mask:
        """Both answers are the same; shape (N,)."""
        levels = np.asarray(self.plain.answer.levels, dtype=np.object_)
        others = np.asarray(self.changed.answer.levels, dtype=np.object_)
        # Two tables may number their texts differently.
        return np.asarray(levels[self.plain.answer.codes] == others[self.changed.answer.codes], dtype=np.bool_)

    @property
    def scored(self) -> "Beside":
        """The questions where both answers have a score."""
        return self.where(self.plain.score.known & self.changed.score.known)

    def moves(self) -> list[dict[str, Any]]:
        """One example a question: what was asked, the score before and after, and why. Both must have a score."""
        plain, changed = self.plain, self.changed
        columns = (
            *(changed.item.texts(), changed.criterion.texts(), changed.variant.texts()),
            *(plain.score.values.tolist(), changed.score.values.tolist(), changed.answer.texts()),
            *(plain.rationale.texts(), changed.rationale.texts()),
        )
        names = ("item", "criterion", "variant", "before", "after", "answer", "rationale_before", "rationale")
        return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]

    def differences(self) -> Differences:
        """Score of the changed response less that of the plain one, in [-1, 1]; of those where both have a score."""
        both = self.scored
        return Differences(both.changed.score.values - both.plain.score.values, both.plain.clusters().tolist())


def beside(table: VerdictTable, changed: Mask) -> Beside:
    """The rows in `changed` beside the plain rows of the same item and criterion.

    Args:
        table: rows of one judge.
        changed: which rows are about changed responses, or about the plain one at a later asking; shape (rows,).
    """
    plain = _answered(table.where(table.variant.any_of(BASE) & table.order.any_of(BASE) & (table.repeat == 0)))
    others = table.where(changed)
    answered = _answered(others)
    # One numbering for both sides.
    questions = numbered(
        np.concatenate([plain.item.codes, answered.item.codes]),
        np.concatenate([plain.criterion.codes, answered.criterion.codes]),
    )
    ours, theirs = questions[: len(plain)], questions[len(plain) :]
    place = np.full(int(questions.max(initial=-1)) + 1, -1)
    place[ours[::-1]] = np.arange(len(plain))[::-1]  # the first row of a question counts
    found = place[theirs]
    kept, first = answered.where(found >= 0), plain.where(found[found >= 0])
    # Where the judge was asked neither time, that nothing changed says nothing about it.
    asked = ~(kept.rationale.starting(NO_CALL) & first.rationale.starting(NO_CALL))
    return Beside(first.where(asked), kept.where(asked), len(others) - len(kept))


def _answered(table: VerdictTable) -> VerdictTable:
    """The rows with a verdict about an item."""
    return table.where(~table.failed & table.item.known & table.answer.known)


def first_askings(table: VerdictTable, variants: Mask) -> Mask:
    """The rows in `variants`, in the usual order and at their first asking."""
    return np.asarray(variants & table.order.any_of(BASE) & (table.repeat == 0), dtype=np.bool_)


def later_askings(table: VerdictTable) -> Mask:
    """The rows that ask about the response as it is once more: what a judge does without any change."""
    return np.asarray(table.variant.any_of(BASE) & table.order.any_of(BASE) & (table.repeat > 0), dtype=np.bool_)
