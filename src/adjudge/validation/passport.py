"""The **passport**: the record that a judge (by fingerprint) was measured, with every figure, and whether it may train.

It says yes where nothing that was measured speaks against the judge and something speaks for it: known answers, people,
or its regression suite. A check that fails can be accepted in the task, with a reason that every artefact repeats.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, Literal

from pydantic import Field, computed_field, model_validator

from adjudge.domain.base import Frozen
from adjudge.errors import DataError
from adjudge.store.atomic import read_model
from adjudge.validation.anchors import Anchors
from adjudge.validation.check import Check, Figure, Outcome, Rule, figure
from adjudge.validation.labelled import Figures, LabelledCase, Threshold, figures_of, row_line, row_name
from adjudge.validation.scores import JudgeNoise

Status = Literal["usable", "not usable", "not validated"]

AGREEMENT: Final = "agreement"
VALIDITY: Final = frozenset((AGREEMENT, "people", "suite"))
"""Checks that can speak for a judge: they hold its answers against right ones. All others can only speak against it."""


class Passport(Frozen):
    """What is known about a judge. It belongs to one fingerprint: another prompt, model or rubric needs another."""

    format: Literal[2] = 2
    judge: str
    """What people call it."""
    fingerprint: str
    made: str = ""
    """Date, ISO 8601."""
    adjudge_version: str = ""
    threshold: Threshold = Threshold()
    overall: Figures | None = None
    """Agreement with known labels, all criteria pooled; None where there are no labelled cases."""
    criteria: tuple[Figures, ...] = ()
    by_source: tuple[Figures, ...] = ()
    unmeasured: tuple[str, ...] = ()
    """Criteria of the rubric without any case: nothing is known about them."""
    labels: str = ""
    """Where the known answers come from."""
    checks: tuple[Check, ...] = ()
    """All else that was measured."""
    accepted: dict[str, str] = Field(default_factory=dict)
    """Check -> why its failure is accepted."""
    must_pass: tuple[str, ...] = ()
    """Checks that have to pass: for them not enough data is not enough."""
    data: dict[str, str] = Field(default_factory=dict)
    """What was measured on -> its hash."""
    noise: JudgeNoise | None = Field(default=None, exclude_if=lambda value: value is None)
    """How far repeats of one response's score differ; None where nothing was asked twice."""
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
        """``usable``: nothing that counts speaks against the judge, and something speaks for it."""
        if self.against:
            return "not usable"
        spoken = {check.name for check in self.all_checks if check.outcome is Outcome.PASS}
        return "usable" if spoken & VALIDITY else "not validated"

    @property
    def usable(self) -> bool:
        """Fit to train on, with the weak criteria left out."""
        return self.status == "usable"

    @property
    def against(self) -> tuple[str, ...]:
        """Checks that speak against the judge: failed and not accepted, or undecided where they must pass."""
        return tuple(
            check.name
            for check in self.all_checks
            if check.name not in self.accepted
            and (check.outcome is Outcome.FAIL or (check.name in self.must_pass and check.outcome is not Outcome.PASS))
        )

    @property
    def all_checks(self) -> tuple[Check, ...]:
        """Agreement with known labels first, then the others."""
        return (self._agreement(), *self.checks)

    @computed_field  # type: ignore[prop-decorator]  # the same
    @property
    def weak_criteria(self) -> tuple[str, ...]:
        """Criteria that do not reach the threshold, or were not measured: do not train on them."""
        weak = [str(part.criterion) for part in self.criteria if not part.reaches(self.threshold)]
        return (*weak, *self.unmeasured)

    def sentence(self) -> str:
        """The passport in one sentence."""
        parts = []
        if self.overall is not None:
            found = self.overall.auc.text() if self.overall.auc else "not measurable"
            parts.append(f"AUC {found} on {self.overall.cases} labelled cases")
            if self.weak_criteria:
                parts.append(f"weak: {', '.join(self.weak_criteria)}")
        failed = [check.name for check in self.all_checks if check.outcome is Outcome.FAIL]
        undecided = [name for name in self.against if name not in failed]
        accepted = [name for name in failed if name in self.accepted]
        parts += [f"fails: {', '.join(name for name in failed if name not in accepted)}"] if failed != accepted else []
        parts += [f"fails, accepted: {', '.join(accepted)}"] if accepted else []
        parts += [f"not enough data for: {', '.join(undecided)}"] if undecided else []
        if self.status == "not validated":
            parts.append("no labelled cases, labels or tests decide, so nothing is known about its agreement")
        return f"{self.judge} is {self.status}: {'; '.join(parts) or 'its tests pass'}."

    def lines(self) -> list[str]:
        """For the terminal: the sentence, agreement by criterion and source, then every check."""
        lines = [self.sentence(), *self._agreement_lines()]
        for check in self.checks:
            lines += check.lines()
            if check.outcome is Outcome.FAIL and check.name in self.accepted:
                lines.append(f"{'':17}Accepted: {self.accepted[check.name]}")
        return lines

    def brief(self) -> list[str]:
        """The same in short, without the sentence: what failed in full, the other checks by name."""
        lines = self._agreement_lines()
        for check in self.checks:
            if check.outcome is Outcome.FAIL:
                lines.append(f"FAIL {check.title}: {check.detail}")
                lines += [f"     {found.line()}" for found in check.figures if found.outcome is Outcome.FAIL]
                lines.append(
                    f"     Accepted: {self.accepted[check.name]}"
                    if check.name in self.accepted
                    else f"     {check.fix}"
                )
        for outcome in (Outcome.PASS, Outcome.NOT_ENOUGH_DATA):
            names = [check.name for check in self.checks if check.outcome is outcome]
            lines += [f"{outcome}: {', '.join(names)}"] if names else []
        return lines

    def _agreement_lines(self) -> list[str]:
        if self.overall is None:
            return []
        rows = [*self.criteria, self.overall, *self.by_source]
        width = max(len(row_name(row)) for row in rows)
        head = f"{'cases':>6}  {'AUC':<17}  {'kappa':<19}  {'accuracy':<17}  {'TPR':<5} {'TNR':<5} {'Brier':<5}"
        return [
            f"{'':{width}}  {head.rstrip()}",
            *(row_line(row, width, weak=not row.reaches(self.threshold)) for row in rows),
            *(f"{name:{width}}  no labelled case" for name in self.unmeasured),
        ]

    def _agreement(self) -> Check:
        """The labelled cases as a check: the pooled AUC and at least one criterion reach the threshold."""
        limit = self.threshold
        rule = Rule(at_least=limit.auc, bound="estimate" if limit.bound == "estimate" else "interval")
        figures = [_auc(row, rule, limit) for row in (*self.criteria, *([self.overall] if self.overall else ()))]
        outcome, detail = Outcome.NOT_ENOUGH_DATA, "no labelled cases"
        if self.overall is not None:
            good = self.overall.reaches(limit) and any(part.reaches(limit) for part in self.criteria)
            enough = self.overall.auc is not None and self.overall.decides(limit)
            outcome = Outcome.PASS if good else Outcome.FAIL if enough else Outcome.NOT_ENOUGH_DATA
            weak = f"; weak: {', '.join(self.weak_criteria)}" if self.weak_criteria else ""
            detail = f"{self.overall.cases} labelled cases{weak}"
        return Check(
            name=AGREEMENT,
            title="Agreement with known answers",
            outcome=outcome,
            figures=tuple(figures),
            detail=detail,
            fix="Use a better judge (judge.model), mend the rubric, or add labelled rows.",
            needs=f"At least {limit.min_cases} good and as many bad cases of a criterion would decide.",
        )

    @staticmethod
    def read(path: Path) -> "Passport":
        """The passport in a file.

        Raises:
            RunError: the file is not a passport of this format.
        """
        return read_model(Passport, path, "passport", "Run the judge stage again.")


def _auc(row: Figures, rule: Rule, threshold: Threshold) -> Figure:
    found = figure("auc", row.auc, rule, about={"criterion": row.criterion or "all criteria"})
    if row.decides(threshold):
        return found
    return found.model_copy(update={"outcome": Outcome.NOT_ENOUGH_DATA, "needed": 2 * threshold.min_cases})


def make_passport(
    judge: str,
    fingerprint: str,
    cases: Sequence[LabelledCase],
    probabilities: Mapping[str, float | None],
    *,
    criteria: Sequence[str] = (),
    threshold: Threshold | None = None,
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
        labels=labels,
    )
