"""Judgements without a verdict, and what the judge takes."""

from dataclasses import replace

import pytest

from adjudge.domain import Usage
from adjudge.validation.check import Material, Outcome
from adjudge.validation.checks.cost import CostSettings, cost
from adjudge.validation.checks.failures import FailuresSettings, failures
from adjudge.validation.gold import gold_of
from adjudge.validation.table import Numbers, table_of


def rows_of(judgements, failing=(), kind="timeout", prompts=100, **extra):
    """Rows of so many judgements of two criteria; those whose number is in `failing` have one row, with the failure."""
    rows = []
    for number in range(judgements):
        common = {"judge": "J", "group": f"p{number % prompts}", "candidate": f"r{number}", **extra}
        if number in failing:
            rows.append({**common, "status": kind})
            continue
        for criterion in ("a", "b"):
            item = {"item": f"r{number}/0", "criterion": criterion, "answer": "yes", "score": 1.0}
            rows.append({**common, "status": "ok", **item})
    return rows


def material(rows, table=None):
    table = table or table_of(rows)
    return Material(table=table, everyone=table, gold=gold_of([]), resamples=300)


def figures(check):
    return {(found.name, *found.about.values()): found for found in check.figures}


def test_no_failure_in_400_passes():
    """None of 400 judgements failed: the upper bound is below 1 %. Judgements are counted, not rows."""
    check = failures(material(rows_of(400)), FailuresSettings())
    found = figures(check)["no_verdict",]
    assert (found.value.n, found.value.estimate) == (400, 0.0)
    assert found.value.high < 0.01
    assert check.outcome is Outcome.PASS


def test_few_judgements_do_not_decide():
    """None of 100 does not show 1 %."""
    check = failures(material(rows_of(100)), FailuresSettings())
    assert check.outcome is Outcome.NOT_ENOUGH_DATA
    assert figures(check)["no_verdict",].needed > 100


def test_many_failures_fail_and_are_told_by_kind():
    """Each kind has its share; timeouts are no unreadable replies."""
    rows = rows_of(400, failing=range(40), kind="timeout") + rows_of(400, failing=range(20), kind="unparsable")
    check = failures(material([{**row, "repeat": at // 780} for at, row in enumerate(rows)]), FailuresSettings())
    found = figures(check)
    assert check.outcome is Outcome.FAIL
    assert found["kind", "timeout"].value.estimate == pytest.approx(40 / 800, abs=0.003)
    assert found["unreadable",].value.estimate == pytest.approx(20 / 800, abs=0.003)
    assert "timeout" in check.detail


def test_failures_of_one_prompt_go_together():
    """Where one prompt has all the failures the interval is that of few prompts, not of many judgements."""
    scattered = failures(material(rows_of(400, failing=range(20), prompts=400)), FailuresSettings())
    together = failures(material(rows_of(400, failing=range(0, 400, 20), prompts=20)), FailuresSettings())

    def width(check):
        value = figures(check)["no_verdict",].value
        return value.high - value.low

    assert width(together) > 2 * width(scattered)


def test_a_failure_with_a_score_fails():
    """No code path may have given one; if a table has one nevertheless, it is found."""
    table = table_of(rows_of(400, failing=[0]))
    scores = Numbers(table.score.values, table.score.known | table.failed)
    spoilt = material([], replace(table, score=scores))
    found = figures(failures(spoilt, FailuresSettings()))["failures_with_a_score",]
    assert (found.value.estimate, found.outcome) == (1.0, Outcome.FAIL)


def test_no_rows_no_answer():
    """Nothing recorded, nothing claimed."""
    assert failures(material([]), FailuresSettings()).outcome is Outcome.NOT_ENOUGH_DATA


def paid(judgements, **first):
    """Rows whose judgements' first ones carry what was paid."""
    rows = rows_of(judgements)
    return [{**row, **first} if at % 2 == 0 else row for at, row in enumerate(rows)]


def test_cost_is_summed_and_forecast():
    """Each judgement is paid once, though it has two rows; the forecast is per judging times rollouts."""
    rows = paid(50, calls=2, cost_usd=0.01, latency_seconds=3.0)
    found = figures(cost(material(rows), CostSettings(rollouts=1000, concurrency=10)))
    values = {name: figure.value.estimate for (name,), figure in found.items() if figure.value}
    assert values["calls"] == 100
    assert values["cost_usd"] == pytest.approx(0.5)
    assert values["forecast_calls"] == pytest.approx(2000)
    assert values["forecast_usd"] == pytest.approx(10.0)
    assert values["forecast_hours"] == pytest.approx(1000 * 3.0 / 10 / 3600)
    assert "prompt_tokens" not in values


def test_an_unknown_price_is_not_free():
    """One row without a price, and there is no sum of money."""
    rows = paid(3, calls=1, cost_usd=0.01)
    rows[0] = {**rows[0], "cost_usd": None}
    check = cost(material(rows), CostSettings(rollouts=10))
    assert figures(check)["cost_usd",].value is None
    assert figures(check)["forecast_usd",].value is None
    assert "no price known" in check.detail
    assert check.outcome is Outcome.NOT_APPLICABLE


def test_what_endpoints_counted_goes_first():
    """They know tokens, and calls whose reply is in no row."""
    spent = Usage(calls=7, prompt_tokens=100, completion_tokens=20, cost_usd=0.2)
    found = figures(cost(material(rows_of(2)), CostSettings(spent=spent)))
    assert found["calls",].value.estimate == 7
    assert found["prompt_tokens",].value.estimate == 100


def test_rows_without_calls_cost_nothing():
    """Replies from a journal were paid for before: no call, no figure a judging."""
    found = figures(cost(material(paid(4, calls=0, cost_usd=None)), CostSettings(rollouts=5)))
    assert found["calls",].value.estimate == 0
    assert found["forecast_calls",].value is None
