"""The **gate**: what the trained model must reach before it leaves. Missing data never passes."""

from typing import Literal, Protocol

from pydantic import Field, model_validator

from adjudge.domain.base import Frozen, Number
from adjudge.domain.interval import Interval

Bound = Literal["low", "estimate", "high"]


class PairedDifference(Protocol):
    """Model less baseline, as `adjudge.evaluation` computes it."""

    @property
    def estimate(self) -> float:
        """Mean difference."""
        ...

    @property
    def low(self) -> float | None:
        """Lower end, or None when there is no interval."""
        ...

    @property
    def high(self) -> float | None:
        """Upper end, or None when there is no interval."""
        ...

    @property
    def higher_is_better(self) -> bool | None:
        """Which way is good; None where neither is."""
        ...


class Measured(Protocol):
    """What the gate asks: an `adjudge.evaluation.result.Evaluation` has it."""

    def figure(self, model: str, metric: str, rows: str = ..., /) -> Interval | None:
        """A figure, or None when there is none."""
        ...

    def difference(self, model: str, baseline: str, metric: str, rows: str = ..., /) -> PairedDifference | None:
        """A paired difference, or None when there is none."""
        ...


class Rule(Frozen):
    """One demand on one metric: exactly one of ``at_least``, ``at_most`` and ``no_worse_than``."""

    metric: str = Field(min_length=1)
    model: str = "rft"
    rows: str = "all"
    """Slice of the rows: all, issue, clean, source=..."""
    at_least: Number | None = None
    at_most: Number | None = None
    bound: Bound | None = None
    """Which end must hold; default the careful one: low for ``at_least``, high for ``at_most``."""
    no_worse_than: str | None = None
    """A model that must not be better."""
    margin: Number | None = Field(default=None, ge=0.0)
    """With ``no_worse_than``: the loss must be shown to be smaller than this (non-inferiority). Without, it fails only
    where the loss is shown: few rows show little, so a margin is the stronger demand."""

    @model_validator(mode="after")
    def _one_demand(self) -> "Rule":
        if sum(value is not None for value in (self.at_least, self.at_most, self.no_worse_than)) != 1:
            msg = f"the rule on '{self.metric}' needs exactly one of at_least, at_most, no_worse_than"
            raise ValueError(msg)
        if (self.no_worse_than is None and self.margin is not None) or (self.no_worse_than and self.bound):
            msg = f"the rule on '{self.metric}': margin goes with no_worse_than, bound with at_least and at_most"
            raise ValueError(msg)
        if self.no_worse_than == self.model:
            msg = f"the rule on '{self.metric}' compares {self.model} with itself"
            raise ValueError(msg)
        return self


class Gate(Frozen):
    """The rules; a gate without rules would pass anything and is refused."""

    rules: tuple[Rule, ...] = Field(min_length=1)


class RuleResult(Frozen):
    """What became of one rule. ``value`` is the end of the interval that was compared; None where data is missing."""

    rule: Rule
    demand: str
    value: Number | None
    figure: str
    passed: bool
    why: str


class GateResult(Frozen):
    """The outcome, as in ``gate.json``."""

    format: Literal[1] = 1
    rows: tuple[RuleResult, ...] = Field(min_length=1)
    passed: bool
    warnings: tuple[str, ...] = ()
    """What no rule is about and who reads the outcome must know: a judge that is not proven."""

    @model_validator(mode="after")
    def _follows_from_rows(self) -> "GateResult":
        if self.passed != all(row.passed for row in self.rows):
            msg = "the gate passes exactly when every rule passes"
            raise ValueError(msg)
        return self

    def lines(self) -> list[str]:
        """One line a rule, for the terminal."""
        rows = [f"{'pass' if row.passed else 'FAIL'}  {row.demand}: {row.why}" for row in self.rows]
        return [*rows, *(f"warning  {text}" for text in self.warnings)]

    def sentence(self) -> str:
        """The outcome in one sentence."""
        failed = [row.demand for row in self.rows if not row.passed]
        if not failed:
            return f"The gate passes: all {len(self.rows)} rules hold."
        return f"The gate says no: {len(failed)} of {len(self.rows)} rules fail ({'; '.join(failed)})."


def check_gate(gate: Gate, measured: Measured) -> GateResult:
    """Hold an evaluation against the rules, in order."""
    rows = tuple(_compare(rule, measured) if rule.no_worse_than else _reach(rule, measured) for rule in gate.rules)
    return GateResult(rows=rows, passed=all(row.passed for row in rows))


def _name(rule: Rule) -> str:
    return f"{rule.metric} of {rule.model}" + ("" if rule.rows == "all" else f" on {rule.rows} rows")


def _reach(rule: Rule, measured: Measured) -> RuleResult:
    """A figure against a limit."""
    floor = rule.at_least is not None
    limit = rule.at_least if rule.at_least is not None else rule.at_most
    assert limit is not None  # the rule has one demand
    bound: Bound = rule.bound or ("low" if floor else "high")
    demand = f"{_name(rule)} {'at least' if floor else 'at most'} {limit:g} ({bound})"
    found = measured.figure(rule.model, rule.metric, rule.rows)
    if found is None:
        return _missing(rule, demand, "it was not measured", "-")
    value = {"low": found.low, "estimate": found.estimate, "high": found.high}[bound]
    if value is None:
        why = f"{found.clusters} cluster gives no interval"
        return _missing(rule, demand, why, found.text(3))
    passed = value >= limit if floor else value <= limit
    return RuleResult(
        rule=rule, demand=demand, value=value, figure=found.text(3), passed=passed, why=f"measured {found.text(3)}"
    )


def _compare(rule: Rule, measured: Measured) -> RuleResult:
    """A paired difference against no loss, or against a margin."""
    baseline = str(rule.no_worse_than)
    within = "" if rule.margin is None else f" by more than {rule.margin:g}"
    demand = f"{_name(rule)} no worse than {baseline}{within}"
    found = measured.difference(rule.model, baseline, rule.metric, rule.rows)
    if found is None:
        return _missing(rule, demand, "the two were not compared", "-")
    if found.higher_is_better is None:
        return _missing(rule, demand, "more of it is neither good nor bad", "-")
    if found.low is None or found.high is None:
        return _missing(rule, demand, "too few clusters for an interval", f"{found.estimate:+.3f}")
    # Signed so that more is better: the worst and the best that the data allow.
    worst, best = (found.low, found.high) if found.higher_is_better else (-found.high, -found.low)
    value = best if rule.margin is None else worst
    passed = best >= 0.0 if rule.margin is None else worst >= -rule.margin
    figure = f"{found.estimate:+.3f} [{found.low:+.3f}, {found.high:+.3f}]"
    return RuleResult(rule=rule, demand=demand, value=value, figure=figure, passed=passed, why=f"difference {figure}")


def _missing(rule: Rule, demand: str, why: str, figure: str) -> RuleResult:
    return RuleResult(rule=rule, demand=demand, value=None, figure=figure, passed=False, why=f"{why}: no data, no pass")
