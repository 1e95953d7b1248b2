"""Where judge and people are furthest apart: what a person should read before they change a rubric."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from adjudge.validation.check import Material
from adjudge.validation.checks.beside_people import Beside


def disagreements(found: Sequence[Beside], material: Material, most: int) -> tuple[dict[str, Any], ...]:
    """Items by distance of the judge's score from people's mean, worst first, with the judge's reason.

    Where distances are equal, those on which people agree among themselves come first: there the judge is more likely
    to be the one who is wrong.
    """
    places = []
    for beside in found:
        pair = beside.pair
        gaps = np.abs(pair.judge - pair.consensus)
        spread = np.where(pair.people.known, np.abs(pair.people.values - pair.consensus[:, None]), 0.0).max(axis=1)
        places += [(-float(gaps[n]), float(spread[n]), beside, n) for n in np.flatnonzero(gaps > 1e-9)]
    places.sort(key=lambda place: place[:2])
    chosen = places[:most]
    said = _said(material, {(beside.criterion, beside.pair.items[n]) for _, _, beside, n in chosen})
    return tuple(_example(beside, int(n), said) for _, _, beside, n in chosen)


def _example(beside: Beside, n: int, said: dict[tuple[str, str], dict[str, Any]]) -> dict[str, Any]:
    pair, item = beside.pair, beside.pair.items[n]
    people = pair.people.values[n][pair.people.known[n]].tolist()
    return {
        "item": item,
        "criterion": beside.criterion,
        "judge": float(pair.judge[n]),
        "people": people,
        **said.get((beside.criterion, item), {}),
    }


def _said(material: Material, wanted: set[tuple[str, str]]) -> dict[tuple[str, str], dict[str, Any]]:
    """The judge's answer and rationale for these criteria and items, at the first asking."""
    items = {item for _, item in wanted}
    rows = material.table.plain.scored
    rows = rows.where((rows.repeat == 0) & rows.item.when(items.__contains__))
    said: dict[tuple[str, str], dict[str, Any]] = {}
    columns = zip(rows.criterion.texts(), rows.item.texts(), rows.answer.texts(), rows.rationale.texts(), strict=True)
    for criterion, item, answer, rationale in columns:
        if criterion is not None and item is not None and (criterion, item) in wanted:
            said.setdefault((criterion, item), {"answer": answer, "rationale": rationale or ""})
    return said
