"""The **passport**: the record that a judge (by fingerprint) was measured on known answers, with every figure."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

from pydantic import Field, computed_field, model_validator

from adjudge.domain.base import Count, Frozen, Score
from adjudge.domain.interval import Interval
from adjudge.errors import DataError
from adjudge.store.atomic import read_model
from adjudge.validation.agreement import Labelled, accuracy, auc, brier, kappa, true_rate
from adjudge.validation.anchors import Anchors
from adjudge.validation.consistency import Consistency

Status = Literal["usable", "not usable", "not validated"]


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

    def reaches(self, threshold: Threshold) -> bool:
        """Enough good and bad cases, and the AUC is there. A figure that is missing reaches nothing."""
        verdicts = self.cases - self.failures
        if self.auc is None or min(self.positives, verdicts - self.positives) < threshold.min_cases:
            return False
        value = self.auc.estimate if threshold.bound == "estimate" else self.auc.low
        return value is not None and value >= threshold.auc


class Passport(Frozen):
    """What is known about a judge. It belongs to one fingerprint: another prompt, model or rubric needs another."""

    format: Literal[1] = 1
    judge: str
    """What people call it."""
    fingerprint: str
    threshold: Threshold
    overall: Figures | None
    """All criteria pooled; None for a judge that was not validated."""
    criteria: tuple[Figures, ...] = ()
    by_source: tuple[Figures, ...] = ()
    unmeasured: tuple[str, ...] = ()
    """Criteria of the rubric without any case: nothing is known about them."""
    consistency: Consistency | None = None
    labels: str = ""
    """Where the known answers come from."""
    anchors: Anchors | None = Field(default=None, exclude_if=lambda value: value is None)
    """Responses with their scores, to which the judge is held while training; None: not wanted, or too few."""

    @model_validator(mode="before")
    @classmethod
    def _ours_to_say(cls, data: object) -> object:
        """Status and weak criteria stand in the file for its readers; they always follow from the figures."""
        if isinstance(data, dict):
            return {key: value for key, value in data.items() if key not in {"status", "weak_criteria"}}
        return data

    @computed_field  # type: ignore[prop-decorator]  # mypy does not know decorated properties
    @property
    def status(self) -> Status:
        """``usable``: the pooled AUC and at least one criterion reach the threshold."""
        if self.overall is None:
            return "not validated"
        good = self.overall.reaches(self.threshold) and any(part.reaches(self.threshold) for part in self.criteria)
        return "usable" if good else "not usable"

    @property
    def usable(self) -> bool:
        """Fit to train on, with the weak criteria left out."""
        return self.status == "usable"

    @computed_field  # type: ignore[prop-decorator]  # the same
    @property
    def weak_criteria(self) -> tuple[str, ...]:
        """Criteria that do not reach the threshold, or were not measured: do not train on them."""
        weak = [str(part.criterion) for part in self.criteria if not part.reaches(self.threshold)]
        return (*weak, *self.unmeasured)

    def sentence(self) -> str:
        """The passport in one sentence."""
        if self.overall is None:
            return f"{self.judge} is not validated: no labelled cases, so nothing is known about its agreement."
        found = self.overall.auc.text() if self.overall.auc else "not measurable"
        weak = f"; weak: {', '.join(self.weak_criteria)}" if self.weak_criteria else ""
        return f"{self.judge} is {self.status}: AUC {found} on {self.overall.cases} labelled cases{weak}."

    def lines(self) -> list[str]:
        """A table for the terminal: one line a criterion, then by source."""
        lines = [self.sentence()]
        if self.overall is None:
            return lines
        rows = [*self.criteria, self.overall, *self.by_source]
        width = max(len(_name(row)) for row in rows)
        head = f"{'cases':>6}  {'AUC':<17}  {'kappa':<19}  {'accuracy':<17}  {'TPR':<5} {'TNR':<5} {'Brier':<5}"
        lines.append(f"{'':{width}}  {head.rstrip()}")
        lines.extend(_line(row, width, weak=not row.reaches(self.threshold)) for row in rows)
        lines.extend(f"{name:{width}}  no labelled case" for name in self.unmeasured)
        if self.consistency is not None and self.consistency.equal is not None:
            lines.append(
                f"consistency: {self.consistency.equal.text()} of {self.consistency.questions} repeated questions "
                "got equal answers"
            )
        return lines

    @staticmethod
    def read(path: Path) -> "Passport":
        """The passport in a file.

        Raises:
            RunError: the file is not a passport of this format.
        """
        return read_model(Passport, path, "passport", "Run the judge stage again.")


def make_passport(
    judge: str,
    fingerprint: str,
    cases: Sequence[LabelledCase],
    probabilities: Mapping[str, float | None],
    *,
    criteria: Sequence[str] = (),
    threshold: Threshold | None = None,
    consistency: Consistency | None = None,
    labels: str = "",
    seed: int = 0,
    resamples: int = 2000,
) -> Passport:
    """Measure a judge: its probability of yes for each case (by id; None where it failed) against the labels.

    Args:
        judge: what people call it.
        fingerprint: of rubric, prompt, model and sampling.
        cases: with known answers; none gives a passport that says "not validated".
        probabilities: exactly one entry a case.
        criteria: all criteria of the rubric, so that one without cases is named.
        threshold: what must be reached; default AUC 0.75.
        consistency: of the same judge over repeats, if it was measured.
        labels: where the known answers come from, in a few words.
        seed: of the bootstrap.
        resamples: bootstrap draws behind an interval.

    Raises:
        DataError: two cases have the same id, or probabilities and cases do not match by id.
    """
    ids = {case.id for case in cases}
    if len(ids) != len(cases) or ids != set(probabilities):
        raise DataError(
            f"{len(cases)} labelled cases with {len(ids)} ids and {len(probabilities)} probabilities do not match.",
            "Answers are matched to cases by id; a missing one must be there as None.",
            "Give every case its own id and ask the judge about each of them.",
        )

    def figures(criterion: str | None, source: str | None) -> Figures:
        chosen = [c for c in cases if criterion in {None, c.criterion} and source in {None, c.source}]
        return figures_of(chosen, probabilities, criterion, source, seed=seed, resamples=resamples)

    measured = list(dict.fromkeys([*criteria, *sorted({c.criterion for c in cases})]))
    known = {case.criterion for case in cases}
    sources = sorted({case.source for case in cases})
    pairs = sorted({(case.criterion, case.source) for case in cases})
    return Passport(
        judge=judge,
        fingerprint=fingerprint,
        threshold=threshold or Threshold(),
        overall=figures(None, None) if cases else None,
        criteria=tuple(figures(name, None) for name in measured if name in known),
        by_source=tuple(figures(*pair) for pair in pairs) if len(sources) > 1 else (),
        unmeasured=tuple(name for name in measured if name not in known),
        consistency=consistency,
        labels=labels,
    )


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


def _name(row: Figures) -> str:
    return " / ".join(part for part in (row.criterion or "all criteria", row.source) if part)


def _line(row: Figures, width: int, *, weak: bool) -> str:
    def text(value: Interval | None, size: int) -> str:
        return f"{value.text() if value else '-':<{size}}"

    def point(value: float | None) -> str:
        return f"{'-' if value is None else f'{value:.2f}':<5}"

    rates = " ".join(point(rate.estimate if rate else None) for rate in (row.tpr, row.tnr))
    marks = " ".join(
        mark for mark in ("weak" if weak else "", f"{row.failures} failed" if row.failures else "") if mark
    )
    line = f"{_name(row):{width}}  {row.cases:>6}  {text(row.auc, 17)}  {text(row.kappa, 19)}  {text(row.accuracy, 17)}"
    return f"{line}  {rates} {point(row.brier)}  {marks}".rstrip()
