"""Check ``position``: does the slot decide? For judges of pairs, from verdicts in both orders."""

from typing import Final

import numpy as np

from adjudge.domain.base import Count, Frozen, Score
from adjudge.domain.interval import Interval
from adjudge.validation.check import Check, Figure, Material, Outcome, Rule, figure, overall
from adjudge.validation.statistics.position import BothOrders, first_slot_rate, slot_model
from adjudge.validation.statistics.proportion import proportion
from adjudge.validation.table import BASE, SWAPPED, VerdictTable

NAME: Final = "position"
TITLE: Final = "The slot does not decide"


class PositionSettings(Frozen):
    """What a judge of pairs must show when the two responses change places."""

    agreement: Score = 0.9
    """Least share of pairs with the same answer in both orders, by the whole interval. MT-Bench's prompt had 0.65 with
    GPT-4 and 0.24 with Claude-v1 (arXiv:2306.05685)."""

    both_orders_used: bool = False
    """Training asks both orders and takes their mean: then the agreement is told and not judged."""

    examples: Count = 10
    """Pairs to show in which the slot decided."""


def position(material: Material, settings: PositionSettings) -> Check:
    """Swap agreement (judged), primacy, recency and their difference, first-slot rate, slot coefficient (told).

    Needs: rows of pairs, variant ``base``, with the orders ``base`` and ``swapped`` of the same item.
    """
    table = material.table
    if not table.pairwise:
        detail = "this judge sees one response at a time"
        return Check(name=NAME, title=TITLE, outcome=Outcome.NOT_APPLICABLE, detail=detail)
    base, swapped = _orders(table)
    if not len(base):
        return Check(
            name=NAME,
            title=TITLE,
            outcome=Outcome.NOT_ENOUGH_DATA,
            detail="no pair was judged in both orders",
            needs="Rows with order 'swapped' for the same items: put every pair to the judge both ways.",
        )
    orders = BothOrders(base.score.values, swapped.score.values, base.clusters().tolist())
    agreement = proportion(orders.same, orders.clusters)
    rule = None if settings.both_orders_used else Rule(at_least=settings.agreement)
    figures = [figure("swap_agreement", agreement, rule), *_told(orders, base, material)]
    return Check(
        name=NAME,
        title=TITLE,
        outcome=Outcome.PASS if settings.both_orders_used else overall(figures),
        figures=tuple(figures),
        examples=_examples(orders, base, swapped, settings.examples),
        detail=_detail(orders, agreement, both_used=settings.both_orders_used),
        fix="Ask every pair in both orders and take the mean, an inconsistent pair being a tie (twice the calls).",
    )


def _orders(table: VerdictTable) -> tuple[VerdictTable, VerdictTable]:
    """The rows of pairs that were judged both ways, first asking, in the same order of pairs on both sides."""
    rows = table.of(variant=BASE).scored
    rows = rows.where((rows.repeat == 0) & rows.item.known)
    sides = []
    for order in (BASE, SWAPPED):
        side = rows.of(order=order)
        keys = np.stack([side.item.codes, side.criterion.codes], axis=1)
        _, first = np.unique(keys, axis=0, return_index=True)
        sides.append(side.where(first))
    names = [list(zip(side.item.codes.tolist(), side.criterion.codes.tolist(), strict=True)) for side in sides]
    known = set(names[0]) & set(names[1])
    masks = [np.asarray([name in known for name in side], dtype=np.bool_) for side in names]
    return sides[0].where(masks[0]), sides[1].where(masks[1])


def _told(orders: BothOrders, base: VerdictTable, material: Material) -> list[Figure]:
    p = orders.bias_p()
    wins = np.concatenate([orders.base, orders.swapped])
    slots = np.concatenate([np.ones(len(orders)), -np.ones(len(orders))])
    gold = _gold(base, material)
    known = np.concatenate([gold[1], gold[1]])
    clusters = np.asarray(list(orders.clusters) * 2)
    # With people's answers the model holds them equal; without any it has the slot alone.
    rows = known if known.any() else np.ones(len(wins), dtype=np.bool_)
    labels = np.concatenate([gold[0], gold[0]])[rows] if known.any() else None
    model = slot_model(wins[rows], slots[rows], clusters[rows].tolist(), gold=labels)
    slot = model and model["slot"]
    interval = slot and Interval(
        estimate=slot.estimate,
        low=slot.estimate - 1.96 * slot.error,
        high=slot.estimate + 1.96 * slot.error,
        n=int(rows.sum()),
        clusters=len(set(clusters[rows].tolist())),
    )
    return [
        figure("primacy", proportion(orders.primacy, orders.clusters)),
        figure("recency", proportion(orders.recency, orders.clusters)),
        figure(
            "slot_bias",
            orders.bias(),
            note="no pair follows its slot" if p is None else f"exact p {p:.3g}; above 0 favours what stands first",
        ),
        figure("first_slot_rate", first_slot_rate(wins, slots)),
        figure(
            "slot_coefficient",
            interval or None,
            note=f"logits, z {slot.z:.1f}" if slot else "cannot be told from these rows",
        ),
    ]


def _gold(base: VerdictTable, material: Material) -> tuple[np.ndarray, np.ndarray]:
    """People's answer for each pair, 1 the first, -1 the second, and whether it is known."""
    values, known = np.zeros(len(base)), np.zeros(len(base), dtype=np.bool_)
    items = [item or "" for item in base.item.texts()]
    for criterion in base.criterion.present():
        mine = base.criterion.any_of(criterion)
        means = material.gold.means(criterion, items)
        values, known = np.where(mine, 2 * means.values - 1, values), np.where(mine, means.known, known)
    return values, known.astype(np.bool_)


def _examples(
    orders: BothOrders, base: VerdictTable, swapped: VerdictTable, most: int
) -> tuple[dict[str, str | None], ...]:
    moved = np.flatnonzero(orders.primacy | orders.recency)[:most]
    one, other = base.where(moved), swapped.where(moved)
    columns = (one.item, one.criterion, one.answer, other.answer, one.rationale, other.rationale)
    names = ("item", "criterion", "base", "swapped", "rationale", "rationale_swapped")
    return tuple(dict(zip(names, row, strict=True)) for row in zip(*(c.texts() for c in columns), strict=True))


def _detail(orders: BothOrders, agreement: Interval | None, *, both_used: bool) -> str:
    first, second = int(orders.primacy.sum()), int(orders.recency.sum())
    told = f"{agreement.estimate:.0%} of {len(orders)} pairs keep their answer" if agreement else "no pairs"
    told += f"; {first} follow the first slot, {second} the second"
    return f"{told}; training takes the mean of both orders" if both_used else told
