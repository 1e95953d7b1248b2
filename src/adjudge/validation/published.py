"""How recorded judges agree with people, slice by slice: the figures that studies of judges publish.

Shares are plain numbers, as in their tables, so that they can be compared digit by digit; their intervals, and what is
required of a judge, are the checks' business.

A reply without a verdict moves such a number, and studies differ in what they make of it: some count it as a tie, some
as a wrong answer. So every share is given under both readings.
"""

from itertools import combinations
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from adjudge.domain.base import Count, Frozen, Score
from adjudge.domain.interval import Interval
from adjudge.validation.gold import Gold, paired
from adjudge.validation.statistics.alpha import alpha
from adjudge.validation.statistics.bootstrap import Draws
from adjudge.validation.statistics.correlation import spearman
from adjudge.validation.statistics.kappa import cohen, gwet_ac1
from adjudge.validation.statistics.units import counts_of
from adjudge.validation.table import BASE, SWAPPED, Mask, Numbers, VerdictTable, numbered

CHOICES: Final = (0.0, 0.5, 1.0)
"""Scores of yes and no, and of pairs with ties: answers that are right or wrong, not near or far."""

FEWEST: Final = 3
"""Items below which a correlation is not told."""


class BothWays(Frozen):
    """A share, with replies without a verdict read in both ways; equal where there are none."""

    as_tie: Score
    as_wrong: Score


class Agreement(Frozen):
    """One judge beside people, on one criterion and slice."""

    judge: str
    name: str
    criterion: str
    slice: str | None
    """None: all slices together."""
    verdicts: Count
    """Replies about the response as it is (pairs: in either order) to items with a label, unreadable ones too."""
    unreadable: Count
    accuracy: BothWays | None = None
    """Share of verdicts that are people's majority: of both orders, where there are two."""
    swap_agreement: BothWays | None = None
    """Share of pairs with the same winner in both orders."""
    spearman: Interval | None = None
    """Rank correlation of the first asking's score with the mean of people's."""


class People(Frozen):
    """How people agree with one another on one criterion; at least two labelled each item that counts."""

    criterion: str
    items: Count
    raters: Count
    alpha: Interval | None
    """Krippendorff's, ordinal."""
    ac1: Interval | None
    """Gwet's: does not fall where nearly all answers are the same."""
    kappas: dict[str, Interval]
    """Cohen's, of each two raters: where answers are right or wrong."""


def agreement_with_people(table: VerdictTable, gold: Gold) -> tuple[Agreement, ...]:
    """Every judge's agreement on each criterion that has labels: in all, then by slice where there are several.

    Args:
        table: verdicts of one or several judges.
        gold: people's labels.
    """
    found: list[Agreement] = []
    for criterion in table.criterion.present():
        rows = table.of(criterion=criterion, variant=BASE)
        rows = rows.where(rows.item.known)
        people = gold.matrix(criterion, rows.item.levels)
        if not people.known.any():
            continue
        choice = _choices(people.some) and _choices(rows.score.some)
        majority = _majority(people) if choice else None
        for judge in rows.judge.present():
            mine = rows.of(judge=judge)
            for part in _parts(mine):
                cut = mine.of(slice=part)
                about = {
                    "judge": judge,
                    "name": next(iter(cut.judge_name.present()), judge),
                    "criterion": criterion,
                    "slice": part,
                }
                found.append(
                    _by_answers(cut, majority, about) if majority is not None else _by_ranks(cut, gold, people, about)
                )
    return tuple(row for row in found if row.verdicts)


def agreement_of_people(gold: Gold, draws: Draws) -> tuple[People, ...]:
    """How people agree on each criterion that at least two of them labelled the same items for."""
    found = []
    for criterion in gold.criterion.present():
        mine = gold.where(gold.criterion.any_of(criterion))
        items = mine.item.present()
        matrix = mine.matrix(criterion, items)
        several = np.asarray(matrix.known.sum(axis=1) >= 2, dtype=np.bool_)
        if not several.any():
            continue
        matrix, clusters = matrix[several], np.asarray(mine.clusters(items))[several].tolist()
        levels, places = np.unique(matrix.some, return_inverse=True)
        codes = np.full(matrix.values.shape, -1, dtype=np.int64)
        codes[matrix.known] = places.reshape(-1)
        raters = [mine.rater.levels[code] for code in np.unique(mine.rater.codes)]
        kappas: dict[str, Interval] = {}
        if _choices(levels):
            for first, second in combinations(range(len(raters)), 2):
                kappa = cohen(codes[:, first], codes[:, second], levels, clusters, draws)
                kappas |= {f"{raters[first]}, {raters[second]}": kappa} if kappa else {}
        found.append(
            People(
                criterion=criterion,
                items=len(matrix),
                raters=len(raters),
                alpha=alpha(matrix, "ordinal", clusters, draws),
                ac1=gwet_ac1(counts_of(codes, len(levels)), clusters, draws),
                kappas=kappas,
            )
        )
    return tuple(found)


def _parts(rows: VerdictTable) -> tuple[str | None, ...]:
    slices = rows.slice.present()
    return (None, *slices) if len(slices) > 1 else (None,)


def _choices(scores: NDArray[np.float64]) -> bool:
    return bool(np.isin(scores, CHOICES).all())


def _majority(people: Numbers) -> Numbers:
    """The score that most people gave; unknown where two are equally frequent. Shape (items,)."""
    votes = np.stack([((people.values == choice) & people.known).sum(axis=1) for choice in CHOICES], axis=1)
    most = votes.max(axis=1, keepdims=True)
    decided = ((votes == most).sum(axis=1) == 1) & (most[:, 0] > 0)
    return Numbers(np.asarray(CHOICES)[votes.argmax(axis=1)], np.asarray(decided, dtype=np.bool_))


def _by_answers(rows: VerdictTable, majority: Numbers, about: dict[str, Any]) -> Agreement:
    shown = rows.where(rows.order.any_of(BASE, SWAPPED) & (rows.score.known | rows.failed))
    labelled = shown.where(majority.known[shown.item.codes])
    truth = majority.values[labelled.item.codes]
    right = np.asarray(labelled.score.known & (labelled.score.values == truth), dtype=np.bool_)
    tied = np.asarray(labelled.failed & (truth == 0.5), dtype=np.bool_)
    return Agreement(
        **about,
        verdicts=len(labelled),
        unreadable=int(labelled.failed.sum()),
        accuracy=_both_ways(right, right | tied),
        swap_agreement=_swap_agreement(shown),
    )


def _by_ranks(rows: VerdictTable, gold: Gold, people: Numbers, about: dict[str, Any]) -> Agreement:
    labelled = np.asarray(people.known.any(axis=1), dtype=np.bool_)[rows.item.codes]
    first = rows.where(rows.order.any_of(BASE) & (rows.repeat == 0) & labelled)
    pairs = paired(first, gold, about["criterion"])
    return Agreement(
        **about,
        verdicts=int((first.score.known | first.failed).sum()),
        unreadable=int(first.failed.sum()),
        spearman=spearman(pairs.judge, pairs.consensus, pairs.clusters) if len(pairs.items) >= FEWEST else None,
    )


def _swap_agreement(rows: VerdictTable) -> BothWays | None:
    """Share of pairs with equal answers in both orders; None where no pair was shown in both."""
    questions = numbered(rows.item.codes, rows.repeat)
    count = int(questions.max(initial=-1)) + 1
    answers = np.full((2, count), -1.0)
    read = np.zeros((2, count), dtype=np.bool_)
    for place, order in enumerate((BASE, SWAPPED)):
        mine = rows.order.any_of(order)
        # A reply without a verdict, read as a tie, agrees with a tie and with another such reply.
        answers[place, questions[mine]] = np.where(rows.score.known, rows.score.values, 0.5)[mine]
        read[place, questions[mine]] = rows.score.known[mine]
    both = np.asarray((answers >= 0).all(axis=0), dtype=np.bool_)
    equal = np.asarray(answers[0] == answers[1], dtype=np.bool_)[both]
    return _both_ways(equal & (read[0] & read[1])[both], equal)


def _both_ways(as_wrong: Mask, as_tie: Mask) -> BothWays | None:
    return BothWays(as_tie=float(as_tie.mean()), as_wrong=float(as_wrong.mean())) if len(as_wrong) else None
