from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from adjudge.domain import Group, Message, Policy, Reward, RewardStatus, Rollout, Sample
from adjudge.domain.interval import Interval
from adjudge.evaluation.run import ModelOutputs, evaluate
from adjudge.evaluation.statistics import Bootstrap
from adjudge.release.gate import Gate, GateResult, PairedDifference, Rule, check_gate


@dataclass(frozen=True)
class Delta:
    """A paired difference."""

    estimate: float
    low: float | None
    high: float | None
    higher_is_better: bool | None = True


@dataclass
class Results:
    """An evaluation by hand."""

    figures: dict[tuple[str, str, str], Interval] = field(default_factory=dict)
    differences: dict[tuple[str, str, str, str], Delta] = field(default_factory=dict)

    def figure(self, model: str, metric: str, rows: str = "all", /) -> Interval | None:
        """As stored."""
        return self.figures.get((model, metric, rows))

    def difference(self, model: str, baseline: str, metric: str, rows: str = "all", /) -> PairedDifference | None:
        """As stored."""
        return self.differences.get((model, baseline, metric, rows))


def interval(low: float, estimate: float, high: float) -> Interval:
    """Of 40 rows."""
    return Interval(estimate=estimate, low=low, high=high, n=40, clusters=40)


def check(rule: dict[str, Any], results: Results) -> GateResult:
    """The gate with this one rule."""
    return check_gate(Gate(rules=(Rule.model_validate(rule),)), results)


RESULTS = Results({("rft", "schema_ok", "all"): interval(0.90, 0.96, 0.99)})


@pytest.mark.parametrize(
    ("rule", "passed"),
    [
        ({"at_least": 0.9}, True),
        ({"at_least": 0.95}, False),
        ({"at_least": 0.95, "bound": "estimate"}, True),
        ({"at_most": 0.98}, False),
        ({"at_most": 0.99}, True),
        ({"at_most": 0.95, "bound": "low"}, True),
    ],
)
def test_limits_hold_at_the_asked_bound(rule: dict[str, Any], *, passed: bool):
    """A floor holds at the lower end and a ceiling at the upper one, unless the rule names another."""
    found = check({"metric": "schema_ok", **rule}, RESULTS)
    assert found.passed is passed
    assert found.rows[0].value is not None


@pytest.mark.parametrize("rule", [{"at_least": 0.0}, {"at_most": 1.0}, {"no_worse_than": "sft"}])
def test_missing_data_never_passes(rule: dict[str, Any]):
    """Even a demand that any value meets fails where nothing was measured."""
    found = check({"metric": "schema_ok", **rule}, Results())
    assert not found.passed
    assert "no data, no pass" in found.rows[0].why
    assert found.rows[0].value is None


def test_one_contract_does_not_pass():
    """A figure without interval meets no demand on its ends."""
    single = Results({("rft", "schema_ok", "all"): Interval(estimate=1.0, low=None, high=None, n=9, clusters=1)})
    assert not check({"metric": "schema_ok", "at_least": 0.5}, single).passed


@pytest.mark.parametrize(
    ("delta", "margin", "passed"),
    [
        (Delta(-0.01, -0.05, 0.03), None, True),
        (Delta(-0.05, -0.08, -0.01), None, False),
        (Delta(-0.01, -0.05, 0.03), 0.02, False),
        (Delta(0.01, -0.01, 0.03), 0.02, True),
        (Delta(0.05, 0.01, 0.08, higher_is_better=False), None, False),
        (Delta(-0.05, -0.08, -0.01, higher_is_better=False), 0.0, True),
        (Delta(0.0, None, None), None, False),
        (Delta(0.2, 0.1, 0.3, higher_is_better=None), None, False),
    ],
)
def test_no_worse_than(delta: Delta, margin: float | None, *, passed: bool):
    """Without margin a shown loss fails; with one the loss must be shown to be smaller; direction is the metric's."""
    results = Results(differences={("rft", "sft", "f1", "all"): delta})
    rule = {"metric": "f1", "no_worse_than": "sft", "margin": margin}
    assert check(rule, results).passed is passed


def test_slices_are_told_apart():
    """A rule on clean rows reads the figure on clean rows."""
    results = Results({("rft", "silent", "clean"): interval(0.8, 0.9, 1.0)})
    assert check({"metric": "silent", "rows": "clean", "at_least": 0.7}, results).passed
    assert not check({"metric": "silent", "at_least": 0.7}, results).passed


def test_one_failed_rule_fails_the_gate():
    """All rules are checked and told; one that fails is enough."""
    rules = (Rule(metric="schema_ok", at_least=0.5), Rule(metric="schema_ok", at_least=0.99))
    found = check_gate(Gate(rules=rules), RESULTS)
    assert [row.passed for row in found.rows] == [True, False]
    assert not found.passed
    assert [line[:4] for line in found.lines()] == ["pass", "FAIL"]
    assert "1 of 2" in found.sentence()


@settings(deadline=None)
@given(st.lists(st.floats(0, 1), min_size=2, max_size=20), st.floats(0, 1))
def test_a_careful_bound_never_passes_what_the_estimate_fails(values: list[float], limit: float):
    """Whatever passes at the careful end also passes at the estimate."""
    figure = Bootstrap(resamples=100).mean(values, range(len(values)), (0.0, 1.0))
    results = Results({("rft", "m", "all"): figure})
    for kind in ("at_least", "at_most"):
        careful = check({"metric": "m", kind: limit}, results)
        lenient = check({"metric": "m", kind: limit, "bound": "estimate"}, results)
        assert lenient.passed or not careful.passed


@pytest.mark.parametrize(
    "rule",
    [
        {},
        {"at_least": 0.5, "at_most": 0.9},
        {"at_least": 0.5, "margin": 0.1},
        {"no_worse_than": "sft", "bound": "low"},
        {"no_worse_than": "rft"},
        {"at_least": float("nan")},
        {"at_least": True},
    ],
)
def test_refuses_rules_that_demand_nothing_clear(rule: dict[str, Any]):
    """A rule makes exactly one demand, with a finite number, against another model."""
    with pytest.raises(ValidationError):
        Rule.model_validate({"metric": "m", **rule})


def test_refuses_a_gate_without_rules():
    """No rules would let anything pass; and a stored result cannot contradict its rows."""
    with pytest.raises(ValidationError):
        Gate(rules=())
    failed = check({"metric": "x", "at_least": 0.5}, Results())
    with pytest.raises(ValidationError, match="exactly when"):
        GateResult.model_validate({**failed.model_dump(), "passed": True})


def test_holds_against_a_real_evaluation():
    """What the evaluation computes is what the gate asks for: figures by model and slice, paired differences."""
    groups, rewards = [], {"sft": {}, "rft": {}}
    for place in range(20):
        question = Message(role="user", content="?")
        sample = Sample(id=f"s{place}", messages=(question,), metadata={"contract_id": f"c{place}"})
        rollout = Rollout(id=f"r{place}", sample_id=sample.id, policy=Policy(name="p"), response="x")
        groups.append(Group(sample=sample, rollouts=(rollout,)))
        for model, value in (("sft", 0.5), ("rft", 0.4 - 0.01 * (place % 3))):
            rewards[model][rollout.id] = Reward(rollout_id=rollout.id, value=value, status=RewardStatus.SCORED)
    found = evaluate({name: ModelOutputs(tuple(groups), part) for name, part in rewards.items()}, resamples=200)
    gate = Gate(
        rules=(
            Rule(metric="reward", at_least=0.3),
            Rule(metric="reward", no_worse_than="sft"),
            Rule(metric="truncated", no_worse_than="sft"),
            Rule(metric="reward", rows="issue", at_least=0.3),
        )
    )
    assert [row.passed for row in check_gate(gate, found).rows] == [True, False, True, False]
