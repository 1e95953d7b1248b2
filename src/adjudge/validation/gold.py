"""**Gold**: people's labels, one a person, item and criterion; ``gold.jsonl``.

A row: ``{"item": "r1/0", "criterion": "grounded", "rater": "ada", "answer": "yes", "score": 1.0, "weight": 2.5}``.
``weight`` is the inverse of the chance with which the item was drawn for labelling (1 where all had the same).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, ValidationError

from adjudge.domain.base import Frozen, Number, Score
from adjudge.errors import DataError
from adjudge.validation.table import Numbers, Texts, VerdictTable, read_rows


class GoldRow(Frozen):
    """One person's answer to one criterion about one item."""

    item: str = Field(min_length=1)
    criterion: str = Field(min_length=1)
    rater: str = Field(min_length=1)
    score: Score
    answer: str | None = None
    group: str | None = None
    weight: Number = Field(default=1.0, gt=0.0)
    note: str = ""


@dataclass(frozen=True)
class Gold:
    """People's labels; M rows.

    Attributes:
        item: what was labelled.
        criterion: the question.
        rater: who.
        score: in [0, 1]; shape (M,).
        weight: inverse of the chance of having been drawn; shape (M,).
        group: what the item was drawn with, where the label says so.
    """

    item: Texts
    criterion: Texts
    rater: Texts
    score: NDArray[np.float64]
    weight: NDArray[np.float64]
    group: Texts

    def __len__(self) -> int:
        return len(self.score)

    def where(self, rows: NDArray[Any]) -> "Gold":
        """These rows (a mask, or their numbers)."""
        return Gold(**{field.name: getattr(self, field.name)[rows] for field in fields(self)})

    def matrix(self, criterion: str, items: Sequence[str]) -> Numbers:
        """Scores of `items` by rater, for one criterion.

        Returns:
            Numbers of shape (items, raters), raters in order of appearance; a rater's last answer counts.
        """
        mine = self.where(self.criterion.any_of(criterion))
        raters = {code: place for place, code in enumerate(np.unique(mine.rater.codes))}
        places = {item: place for place, item in enumerate(items)}
        values = np.zeros((len(items), len(raters)))
        known = np.zeros((len(items), len(raters)), dtype=np.bool_)
        for item, rater, score in zip(mine.item.texts(), mine.rater.codes, mine.score, strict=True):
            place = places.get(item or "")
            if place is not None:
                values[place, raters[rater]] = score
                known[place, raters[rater]] = True
        return Numbers(values, known)

    def weights(self, criterion: str, items: Sequence[str]) -> NDArray[np.float64]:
        """Weight of each of `items`; 1 for one without label."""
        mine = self.where(self.criterion.any_of(criterion))
        known = dict(zip(mine.item.texts(), mine.weight.tolist(), strict=True))
        return np.asarray([known.get(item, 1.0) for item in items], dtype=np.float64)

    def clusters(self, items: Sequence[str]) -> list[str]:
        """What each of `items` was drawn with: the group that a label of it names, else the item alone."""
        known = {item: group for item, group in zip(self.item.texts(), self.group.texts(), strict=True) if group}
        return [known.get(item, item) for item in items]

    def means(self, criterion: str, items: Sequence[str]) -> Numbers:
        """Mean score over the raters of each of `items`; shape (items,), unknown where nobody labelled it."""
        matrix = self.matrix(criterion, items)
        counts = matrix.known.sum(axis=1)
        sums = np.where(matrix.known, matrix.values, 0.0).sum(axis=1)
        return Numbers(sums / np.maximum(counts, 1), counts > 0)


def gold_of(rows: Sequence[GoldRow]) -> Gold:
    """The labels in these rows."""
    return Gold(
        item=Texts.of(row.item for row in rows),
        criterion=Texts.of(row.criterion for row in rows),
        rater=Texts.of(row.rater for row in rows),
        score=np.asarray([row.score for row in rows], dtype=np.float64),
        weight=np.asarray([row.weight for row in rows], dtype=np.float64),
        group=Texts.of(row.group for row in rows),
    )


def read_gold(path: Path) -> Gold:
    """The labels in a file.

    Raises:
        MissingError: the file is not there.
        DataError: a line is not a label; names it.
    """
    rows = read_rows(path, "Collect labels with `adjudge judge label`, or correct the path.")
    return gold_of(parse_gold(rows, str(path)))


def parse_gold(rows: Iterable[Mapping[str, Any]], source: str) -> list[GoldRow]:
    """The labels that these rows say; checksums (``_crc``) are left unread.

    Raises:
        DataError: a row is not a label; names it.
    """
    labels = []
    for number, row in enumerate(rows, 1):
        try:
            labels.append(GoldRow.model_validate({key: value for key, value in row.items() if key != "_crc"}))
        except ValidationError as error:
            first = error.errors()[0]
            raise DataError(
                f"{source}, label {number}: {'.'.join(map(str, first['loc']))}: {first['msg']}.",
                "A label says item, criterion, rater and a score within [0, 1].",
                "Mend the line.",
            ) from error
    return labels


def told_gold(table: VerdictTable) -> Gold:
    """The labels that the verdict table itself brings (its column ``human``): raters are numbered."""
    rows: dict[tuple[str, str, int], float] = {}
    groups = dict(zip(table.item.texts(), table.group.texts(), strict=True))
    for item, criterion, people in zip(table.item.texts(), table.criterion.texts(), table.human, strict=True):
        if people is not None and item is not None and criterion is not None:
            for number, score in enumerate(people):
                if score is not None:
                    rows[item, criterion, number] = score
    return gold_of(
        [
            GoldRow(item=item, criterion=criterion, rater=f"rater {number + 1}", score=score, group=groups[item])
            for (item, criterion, number), score in rows.items()
        ]
    )


@dataclass(frozen=True)
class Paired:
    """One judge beside people on one criterion; n items, each once.

    Attributes:
        items: what was judged and labelled.
        judge: the judge's score of each in [0, 1], at its first asking; shape (n,).
        people: scores by rater; shape (n, raters).
        clusters: number of what each was drawn with, the same in all criteria of the table; shape (n,).
        weights: inverse chance of having been drawn for labelling; shape (n,).
        lengths: characters of the response; shape (n,).
    """

    items: tuple[str, ...]
    judge: NDArray[np.float64]
    people: Numbers
    clusters: NDArray[np.int64]
    weights: NDArray[np.float64]
    lengths: Numbers

    @property
    def consensus(self) -> NDArray[np.float64]:
        """Mean score of the people; shape (n,)."""
        counts = self.people.known.sum(axis=1)
        return np.asarray(np.where(self.people.known, self.people.values, 0.0).sum(axis=1) / counts)


def paired(table: VerdictTable, gold: Gold, criterion: str) -> Paired:
    """One judge's plain verdicts at the first asking beside people's labels; items that lack either are left out.

    Args:
        table: rows of one judge.
        gold: labels.
        criterion: the question.
    """
    rows = table.of(criterion=criterion).plain.scored
    rows = rows.where(rows.repeat == 0)
    _, first = np.unique(rows.item.codes, return_index=True)
    rows = rows.where(np.sort(first))
    people = gold.matrix(criterion, [item or "" for item in rows.item.texts()])
    both = np.asarray(people.known.any(axis=1), dtype=np.bool_)
    rows, people = rows.where(both), Numbers(people.values[both], people.known[both])
    items = tuple(item for item in rows.item.texts() if item is not None)
    return Paired(
        items=items,
        judge=rows.score.values,
        people=people,
        clusters=rows.drawn_with(),
        weights=gold.weights(criterion, items),
        lengths=rows.length,
    )
