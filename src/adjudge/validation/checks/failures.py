"""Check ``failures``: how often the judge gives no verdict, and why; and that none of these has a score."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from adjudge.domain.base import Frozen
from adjudge.domain.interval import Interval, wilson
from adjudge.domain.verdict import FailureKind
from adjudge.validation.agreement import share
from adjudge.validation.check import Check, Figure, Material, Outcome, Rule, figure, overall
from adjudge.validation.table import VerdictTable, numbered

NAME: Final = "failures"
TITLE: Final = "A verdict comes back"

UNREADABLE: Final = frozenset(
    {
        FailureKind.TRUNCATED,
        FailureKind.EMPTY,
        FailureKind.UNPARSABLE,
        FailureKind.DUPLICATE_KEY,
        FailureKind.MISSING_CRITERION,
        FailureKind.EXTRA_CRITERION,
        FailureKind.DUPLICATE_CRITERION,
        FailureKind.MISSING_ITEM,
        FailureKind.EXTRA_ITEM,
        FailureKind.DUPLICATE_ITEM,
        FailureKind.OUTSIDE_SCALE,
        FailureKind.MISSING_EVIDENCE,
        FailureKind.ECHO,
        FailureKind.NOT_FINITE,
    }
)
"""The judge replied, and no valid verdict was in it."""


class FailuresSettings(Frozen):
    """How many failures are borne. At no failure at all, 1 % needs 381 judgements to be shown."""

    no_verdict: Rule = Rule(at_most=0.01)
    """For the share of judgements without a verdict, of whatever kind."""
    unreadable: Rule = Rule(at_most=0.01)
    """For the share of judgements whose reply could not be read as a verdict."""


def failures(material: Material, settings: FailuresSettings) -> Check:
    """Shares of judgements without a verdict: all, unreadable replies apart, then by kind.

    A judgement is one asking about one response; all variants and repeats count. Intervals are Wilson's; where there
    are failures and those of one prompt go together, the wider one by drawing prompts.
    """
    table = material.table
    if not len(table):
        needs = "Rows of this judge."
        return Check(name=NAME, title=TITLE, outcome=Outcome.NOT_ENOUGH_DATA, detail="No rows.", needs=needs)
    judged = _Judgements(table)
    scored = int((table.failed & table.score.known).sum())
    unreadable = table.status.when(lambda status: status in UNREADABLE)
    figures = [
        figure("no_verdict", judged.share(material, table.failed), settings.no_verdict),
        figure("unreadable", judged.share(material, unreadable), settings.unreadable),
        figure("failures_with_a_score", _count(scored, len(table)), Rule(at_most=0.0, bound="estimate")),
    ]
    kinds = table.where(table.failed).status.present()
    figures += [_of_kind(judged, material, kind) for kind in kinds]
    told = [(kind, judged.count(table.status.any_of(kind))) for kind in kinds]
    told.sort(key=lambda pair: (-pair[1], pair[0]))
    listed = f": {', '.join(f'{count} {kind}' for kind, count in told)}" if told else ""
    return Check(
        name=NAME,
        title=TITLE,
        outcome=overall(figures),
        figures=tuple(figures),
        detail=f"{judged.count(table.failed)} of {judged.total} judgements{listed}.",
        fix="Read the kinds: unreadable replies want a larger judge.max_tokens, a schema or another model; the others "
        "want judge.limits (attempts, requests_per_minute) or another endpoint.",
        needs="More judgements.",
    )


class _Judgements:
    """Rows by judgement: each asking about one response is one, however many criteria and items it has."""

    def __init__(self, table: VerdictTable) -> None:
        candidate = np.where(table.candidate.known, table.candidate.codes, -2 - table.item.codes)
        clusters = table.clusters()
        self._rows = numbered(clusters, candidate, table.variant.codes, table.order.codes, table.repeat)
        self.total = int(self._rows.max()) + 1
        self._clusters = np.empty(self.total, dtype=np.int64)
        self._clusters[self._rows] = clusters

    def _with(self, mask: NDArray[np.bool_]) -> NDArray[np.int64]:
        """For each judgement, whether one of its rows is in the mask; shape (judgements,)."""
        return np.minimum(np.bincount(self._rows, mask, minlength=self.total), 1).astype(np.int64)

    def count(self, mask: NDArray[np.bool_]) -> int:
        """Judgements with a row in the mask."""
        return int(self._with(mask).sum())

    def share(self, material: Material, mask: NDArray[np.bool_]) -> Interval | None:
        """Their share of all."""
        hit = self._with(mask)
        alone = wilson(int(hit.sum()), self.total)
        if alone is None or not hit.any():
            return alone
        ones = np.ones(self.total).tolist()
        drawn = share(
            hit.astype(float).tolist(),
            ones,
            self._clusters.tolist(),
            seed=material.seed,
            resamples=material.resamples,
        )
        wide = drawn is not None and drawn.low is not None and _width(drawn) > _width(alone)
        return drawn if wide else alone


def _width(value: Interval) -> float:
    return 0.0 if value.low is None or value.high is None else value.high - value.low


def _count(count: int, rows: int) -> Interval:
    return Interval(estimate=float(count), low=float(count), high=float(count), n=rows, clusters=rows)


def _of_kind(judged: _Judgements, material: Material, kind: str) -> Figure:
    return figure("kind", judged.share(material, material.table.status.any_of(kind)), about={"kind": kind})
