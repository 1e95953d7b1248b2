"""Which responses people should label next, and how far they are. Pure: the command asks, writes and remembers.

Items are drawn by chance, the more often the rarer their score: every range of a criterion's scores gets the same
number, the top range more, because that is where a policy that has found a hole would be. A label carries the inverse
of its chance, so that figures stay those of all items. Wherever a person stops, what is labelled is such a draw.
"""

import hashlib
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Final

from adjudge.domain.rubric import Scale
from adjudge.validation.gold import GoldRow
from adjudge.validation.table import VerdictTable

EDGES: Final = (0.25, 0.5, 0.75, 0.99)
"""Borders of the ranges of scores; the top one begins where hacked rewards are looked for."""

COMMANDS: Final = ("u", "s", "q")
"""Keys that are no answers: undo, skip, quit."""

_KEYS: Final = "123456789abcdefghijklmnoprtvwxyz"


@dataclass(frozen=True)
class Unit:
    """An item that people could label.

    Attributes:
        item: its id, as in the verdict table.
        group: id of its sample.
        scores: the judge's score by criterion, where there is one; never shown to people.
    """

    item: str
    group: str
    scores: Mapping[str, float]


@dataclass(frozen=True)
class Drawn:
    """An item to label.

    Attributes:
        unit: the item.
        weight: inverse of its chance of being drawn, 1 where all have the same.
    """

    unit: Unit
    weight: float


@dataclass(frozen=True)
class Question:
    """One criterion about one item, for one person."""

    drawn: Drawn
    criterion: str


def told_scores(table: VerdictTable) -> dict[str, dict[str, float]]:
    """The judge's scores by item and criterion: plain rows at the first asking."""
    rows = table.plain.scored
    rows = rows.where(rows.repeat == 0)
    found: dict[str, dict[str, float]] = {}
    for item, criterion, score in zip(rows.item.texts(), rows.criterion.texts(), rows.score.values, strict=True):
        if item is not None and criterion is not None:
            found.setdefault(item, {}).setdefault(criterion, float(score))
    return found


def draw(
    units: Sequence[Unit], criteria: Sequence[str], *, most: int | None = None, top: float = 2.0, seed: int = 0
) -> tuple[Drawn, ...]:
    """Items to label, in the order in which to ask.

    Sequential Poisson sampling (Ohlsson 1998): an item's chance is that of its rarest range over the criteria. Its
    number of the lot depends on its id and the seed alone, so more items later are these and further ones.

    Args:
        units: all items.
        criteria: that are asked.
        most: items to draw; default all.
        top: how much more often the top range is drawn than another of the same size; 1 is no more often.
        seed: of the lots.

    Raises:
        ValueError: top is not positive, or there are two units of one item.
    """
    if top <= 0.0 or len({unit.item for unit in units}) < len(units):
        msg = "the top range is drawn more than 0 times as often, and every item is there once"
        raise ValueError(msg)
    size = len(units) if most is None else min(most, len(units))
    if not size:
        return ()
    rates = _rates(units, criteria, top)
    chances = _chances(rates, size)
    lots = [_lot(unit.item, seed) / chance for unit, chance in zip(units, chances, strict=True)]
    order = sorted(range(len(units)), key=lots.__getitem__)[:size]
    return tuple(Drawn(units[place], size / len(units) / chances[place]) for place in order)


def _rates(units: Sequence[Unit], criteria: Sequence[str], top: float) -> list[float]:
    """Chance of each unit up to a common factor."""
    rates = [0.0] * len(units)
    for criterion in criteria or ("",):
        places = [_range(unit.scores.get(criterion)) for unit in units]
        sizes = Counter(places)
        shares = {place: top if place == len(EDGES) else 1.0 for place in sizes}
        for number, place in enumerate(places):
            rates[number] = max(rates[number], shares[place] / sizes[place])
    return rates


def _range(score: float | None) -> int:
    """Number of the range of a score; -1 where the judge gave none."""
    return -1 if score is None else bisect_right(EDGES, score)


def _chances(rates: Sequence[float], size: int) -> list[float]:
    """The rates, scaled so that their sum is `size`, none over 1: what reaches 1 is certain and the rest shares."""
    ordered = sorted(rates, reverse=True)
    for certain in range(size):
        factor = (size - certain) / sum(ordered[certain:])
        if ordered[certain] * factor <= 1.0 or certain == size - 1:
            break
    return [min(1.0, rate * factor) for rate in rates]


def _lot(item: str, seed: int) -> float:
    """A number in (0, 1) that belongs to the item for good."""
    return (int.from_bytes(hashlib.sha256(f"{seed}/{item}".encode()).digest()[:8]) + 1) / (2**64 + 2)


def questions(drawn: Sequence[Drawn], criteria: Sequence[str], rows: Iterable[GoldRow], rater: str) -> list[Question]:
    """What is left to ask a person: item by item, so that a response is read once."""
    done = {(row.item, row.criterion) for row in rows if row.rater == rater}
    return [Question(d, c) for d in drawn for c in criteria if (d.unit.item, c) not in done]


@dataclass
class Session:
    """One person at work: the question that is open, and the way back.

    Attributes:
        waiting: questions not yet come to.
        answered: questions answered in this session, last one last.
        skipped: how many were passed over; they come again in the next session.
    """

    waiting: list[Question]
    answered: list[Question] = field(default_factory=list)
    skipped: int = 0

    @property
    def current(self) -> Question | None:
        """The open question; None when nothing is left."""
        return self.waiting[0] if self.waiting else None

    def answer(self) -> Question:
        """The open question was answered: on to the next.

        Raises:
            IndexError: no question is open.
        """
        self.answered.append(self.waiting.pop(0))
        return self.answered[-1]

    def skip(self) -> None:
        """Leave the open question out for now.

        Raises:
            IndexError: no question is open.
        """
        self.waiting.pop(0)
        self.skipped += 1

    def undo(self) -> Question | None:
        """Open the last answered question again; None where this session has answered none."""
        if not self.answered:
            return None
        self.waiting.insert(0, self.answered.pop())
        return self.waiting[0]


def answer_keys(scale: Scale) -> dict[str, str]:
    """The key of each answer that has a score: y and n for yes and no, else 1, 2, ... from worst to best.

    "Not applicable" has no score and so no key: such a question is skipped.

    Raises:
        ValueError: the scale has more answers than there are keys.
    """
    if scale.labels == ("no", "yes"):
        return {"n": "no", "y": "yes"}
    if len(scale.labels) > len(_KEYS):
        msg = f"{len(scale.labels)} answers are more than there are keys"
        raise ValueError(msg)
    return dict(zip(_KEYS, scale.labels, strict=False))


@dataclass(frozen=True)
class Standing:
    """How far the labelling is.

    Attributes:
        asked: questions of the plan, for one person.
        by_rater: how many of them each person has answered.
        shared: by criterion, items that two or more people have answered.
        agreement: by criterion, share of pairs of people with the same answer on such items; None without any.
    """

    asked: int
    by_rater: Mapping[str, int]
    shared: Mapping[str, int]
    agreement: Mapping[str, float | None]


def standing(drawn: Sequence[Drawn], criteria: Sequence[str], rows: Iterable[GoldRow]) -> Standing:
    """How far everybody is with these items; a person's last answer to a question counts."""
    planned = {d.unit.item for d in drawn}
    scores: dict[str, dict[str, dict[str, float]]] = {criterion: {} for criterion in criteria}
    for row in rows:
        if row.item in planned and row.criterion in scores:
            scores[row.criterion].setdefault(row.item, {})[row.rater] = row.score
    by_rater = Counter(rater for items in scores.values() for given in items.values() for rater in given)
    shared, agreement = {}, {}
    for criterion, items in scores.items():
        several = [given for given in items.values() if len(given) > 1]
        pairs = [a == b for given in several for a, b in combinations(given.values(), 2)]
        shared[criterion] = len(several)
        agreement[criterion] = sum(pairs) / len(pairs) if pairs else None
    return Standing(len(planned) * len(criteria), dict(by_rater), shared, agreement)
