"""The judge's scores beside a production metric, response by response and checkpoint by checkpoint."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from adjudge.validation.metric_table import MetricRow
from adjudge.validation.table import Texts, VerdictTable

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class BesideMetric:
    """Responses (or their items) that have both; n of them.

    Attributes:
        score: the judge's mean over the criteria, vices turned round, in [0, 1]; shape (n,).
        value: of the metric; shape (n,).
        groups: number of the prompt.
        length: characters of the response, 0 where not known; shape (n,).
        has_lengths: whether all lengths are known.
    """

    score: Floats
    value: Floats
    groups: Sequence[int]
    length: Floats
    has_lengths: bool


def beside_metric(
    table: VerdictTable, values: Sequence[MetricRow], criteria: Collection[str], vices: Collection[str]
) -> BesideMetric:
    """Plain rows at the first asking, folded to what the metric is of: items, or candidates over all their items."""
    rows = _rows(table, criteria)
    by_item = {row.item: row.value for row in values if row.item is not None}
    by_candidate = {row.candidate: row.value for row in values if row.candidate is not None}
    of = (rows.item, by_item) if by_item else (rows.candidate, by_candidate)
    names, known = of
    mine = np.asarray(names.when(known.__contains__))
    rows, names = rows.where(mine), names[mine]
    if not len(rows):
        return BesideMetric(np.zeros(0), np.zeros(0), [], np.zeros(0), has_lengths=False)
    places, first, codes = np.unique(names.codes, return_index=True, return_inverse=True)
    score = np.bincount(codes, _scores(rows, vices)) / np.bincount(codes)
    said = {(row.item if by_item else row.candidate): row.group for row in values}
    groups = _groups(rows, names, said)[first]
    return BesideMetric(
        score=score,
        value=np.asarray([known[names.levels[place]] for place in places]),
        groups=groups.tolist(),
        length=rows.length.values[first],
        has_lengths=bool(rows.length.known[first].all()),
    )


def by_checkpoint(
    table: VerdictTable, values: Sequence[MetricRow], criteria: Collection[str], vices: Collection[str]
) -> tuple[Floats, Floats]:
    """Mean score and mean value of each policy version that has both; shapes (checkpoints,).

    A value of the checkpoint as a whole counts before those of its responses.
    """
    rows = _rows(table, criteria)
    rows = rows.where(rows.policy_version.known)
    version_of: dict[str | None, float] = dict(zip(rows.item.texts(), rows.policy_version.values.tolist(), strict=True))
    version_of |= dict(zip(rows.candidate.texts(), rows.policy_version.values.tolist(), strict=True))
    whole: dict[float, float] = {}
    parts: dict[float, list[float]] = {}
    for row in values:
        name = row.item if row.item is not None else row.candidate
        if name is None and row.checkpoint is not None:
            whole[float(row.checkpoint)] = row.value
            continue
        version = float(row.checkpoint) if row.checkpoint is not None else version_of.get(name)
        if version is not None:
            parts.setdefault(version, []).append(row.value)
    metric = {version: float(np.mean(found)) for version, found in parts.items()} | whole
    scores = _scores(rows, vices)
    judged = np.unique(rows.policy_version.values).tolist()
    both = [version for version in judged if version in metric]
    score = [float(scores[rows.policy_version.values == version].mean()) for version in both]
    return np.asarray(score), np.asarray([metric[version] for version in both])


def _rows(table: VerdictTable, criteria: Collection[str]) -> VerdictTable:
    rows = table.plain.scored
    return rows.where((rows.repeat == 0) & rows.criterion.any_of(*criteria))


def _scores(rows: VerdictTable, vices: Collection[str]) -> Floats:
    turned = rows.criterion.any_of(*vices)
    return np.where(turned, 1.0 - rows.score.values, rows.score.values)


def _groups(rows: VerdictTable, names: Texts, said: dict[str | None, str | None]) -> NDArray[np.int64]:
    """The verdict table's groups; where it has none, what the metric's rows say."""
    numbers = rows.drawn_with()
    if rows.group.known.all():
        return numbers
    told = Texts.of(said.get(name) for name in names.texts())
    # Below the numbers of items: a group that only the metrics name is none of the table's.
    base = -3 - len(rows.item.levels)
    return np.where(rows.group.known | ~told.known, numbers, base - told.codes).astype(np.int64)
