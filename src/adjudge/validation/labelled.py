"""Agreement with known labels: cases whose right answer is known, and the figures of a judge on them."""

from collections.abc import Mapping, Sequence
from typing import Literal

from pydantic import Field

from adjudge.domain.base import Count, Frozen, Score
from adjudge.domain.interval import Interval
from adjudge.validation.agreement import Labelled, accuracy, auc, brier, kappa, true_rate


class LabelledCase(Frozen):
    """One question to a judge with its known answer. Cases of one cluster (a contract) are not independent."""

    id: str = Field(min_length=1)
    criterion: str = Field(min_length=1)
    source: str
    cluster: str
    label: bool


class Threshold(Frozen):
    """What a judge must reach: the AUC, and whether its estimate or the lower end of its interval must reach it."""

    auc: Score = 0.75
    bound: Literal["estimate", "low"] = "estimate"
    min_cases: int = Field(default=10, ge=1)
    """Good and bad cases needed, each, before a figure counts."""


class Figures(Frozen):
    """Agreement on one set of cases; a figure is None where the cases cannot give it."""

    criterion: str | None = None
    """None: all criteria together."""
    source: str | None = None
    """None: all sources together."""
    cases: Count
    positives: Count
    """Cases with a verdict whose right answer is yes."""
    failures: Count
    """Cases without a verdict: counted, in no figure."""
    auc: Interval | None
    kappa: Interval | None
    accuracy: Interval | None
    tpr: Interval | None
    tnr: Interval | None
    brier: Score | None

    def decides(self, threshold: Threshold) -> bool:
        """Enough good and bad cases for the figures to count."""
        return min(self.positives, self.cases - self.failures - self.positives) >= threshold.min_cases

    def reaches(self, threshold: Threshold) -> bool:
        """Enough good and bad cases, and the AUC is there. A figure that is missing reaches nothing."""
        if self.auc is None or not self.decides(threshold):
            return False
        value = self.auc.estimate if threshold.bound == "estimate" else self.auc.low
        return value is not None and value >= threshold.auc


def figures_of(
    cases: Sequence[LabelledCase],
    probabilities: Mapping[str, float | None],
    criterion: str | None = None,
    source: str | None = None,
    *,
    seed: int,
    resamples: int = 2000,
) -> Figures:
    """Agreement on these very cases; `criterion` and `source` say what they have in common, where they do."""
    answered = [(case, p) for case in cases if (p := probabilities[case.id]) is not None]
    labelled = Labelled(
        labels=[case.label for case, _ in answered],
        probabilities=[p for _, p in answered],
        clusters=[case.cluster for case, _ in answered],
    )
    return Figures(
        criterion=criterion,
        source=source,
        cases=len(cases),
        positives=labelled.positives,
        failures=len(cases) - len(answered),
        auc=auc(labelled, seed=seed, resamples=resamples),
        kappa=kappa(labelled, seed=seed, resamples=resamples),
        accuracy=accuracy(labelled),
        tpr=true_rate(labelled, of=True),
        tnr=true_rate(labelled, of=False),
        brier=brier(labelled),
    )


def row_name(row: Figures) -> str:
    """Criterion and source, for tables."""
    return " / ".join(part for part in (row.criterion or "all criteria", row.source) if part)


def row_line(row: Figures, width: int, *, weak: bool) -> str:
    """A line of the table of figures; `width` is that of its first column."""

    def text(value: Interval | None, size: int) -> str:
        return f"{value.text() if value else '-':<{size}}"

    def point(value: float | None) -> str:
        return f"{'-' if value is None else f'{value:.2f}':<5}"

    rates = " ".join(point(rate.estimate if rate else None) for rate in (row.tpr, row.tnr))
    marks = " ".join(
        mark for mark in ("weak" if weak else "", f"{row.failures} failed" if row.failures else "") if mark
    )
    line = (
        f"{row_name(row):{width}}  {row.cases:>6}  {text(row.auc, 17)}  {text(row.kappa, 19)}  {text(row.accuracy, 17)}"
    )
    return f"{line}  {rates} {point(row.brier)}  {marks}".rstrip()
