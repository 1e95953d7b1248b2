"""The check ``length`` on rows with known drift."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adjudge.validation.check import Check, Figure, Material, Outcome
from adjudge.validation.checks.length import LengthSettings, length
from adjudge.validation.gold import GoldRow, gold_of
from adjudge.validation.table import table_of

SETTINGS = LengthSettings()


def row(item: int, score: float, variant: str = "base", **more: object) -> dict[str, object]:
    return {
        "judge": "j",
        "status": "ok",
        "item": f"r{item}/0",
        "group": f"g{item}",
        "candidate": f"r{item}",
        "criterion": "clear",
        "variant": variant,
        "answer": "yes" if score >= 0.5 else "no",
        "score": score,
        **more,
    }


def checked(rows: list[dict[str, object]], gold: list[GoldRow] | None = None) -> Check:
    table = table_of(rows)
    return length(Material(table, table, gold_of(gold or []), resamples=200), SETTINGS)


def drifting(padded: float, condensed: float = 0.0, n: int = 120) -> list[dict[str, object]]:
    """Base scores, and the same moved by a constant and a little noise."""
    dice = np.random.default_rng(0)
    rows = []
    for item in range(n):
        base = float(dice.uniform(0.3, 0.6))
        rows.append(row(item, base, length=200 + item))
        for name, drift in (("padded", padded), ("condensed", condensed)):
            rows.append(row(item, base + drift + float(dice.normal(0, 0.01)), name, length=200 + item))
    return rows


def of(check: Check, name: str, **about: str) -> Figure:
    return next(found for found in check.figures if found.name == name and about.items() <= found.about.items())


@pytest.mark.parametrize(
    ("padded", "condensed", "outcome"),
    [(0.0, 0.0, Outcome.PASS), (0.2, 0.0, Outcome.FAIL), (0.0, -0.2, Outcome.FAIL), (-0.2, 0.0, Outcome.FAIL)],
)
def test_the_gate_is_on_the_drift_of_both_variants(padded: float, condensed: float, outcome: Outcome):
    """Within +-0.05 in both passes; beyond it in either, up or down, fails."""
    found = checked(drifting(padded, condensed))
    assert found.outcome is outcome
    drift = of(found, "drift", variant="padded").value
    assert drift is not None
    assert drift.estimate == pytest.approx(padded, abs=0.005)


def test_few_items_are_not_enough_and_none_asks_for_the_variants():
    """Three items cannot show equivalence; without padded ones the check says which rows it wants."""
    assert checked(drifting(0.0, n=3)).outcome is Outcome.NOT_ENOUGH_DATA
    found = checked([row(item, 0.5, length=100 + item) for item in range(30)])
    assert found.outcome is Outcome.NOT_ENOUGH_DATA
    assert "padded" in found.needs


def test_responses_that_cannot_be_condensed_are_no_gap():
    """Padded rows alone decide; a condensed variant that is there is judged too."""
    rows = [one for one in drifting(0.0, 0.3) if one["variant"] != "condensed"]
    assert checked(rows).outcome is Outcome.PASS
    assert checked(drifting(0.0, 0.3)).outcome is Outcome.FAIL


def test_a_variant_without_its_base_is_no_pair():
    """Failed and unpaired rows are left out and told."""
    rows = [*drifting(0.0), row(999, 0.9, "padded")]
    rows.append({"judge": "j", "status": "timeout", "candidate": "r3", "variant": "padded"})
    found = checked(rows)
    drift = of(found, "drift", variant="padded")
    assert drift.value is not None
    assert drift.value.n == 120
    assert "2 rows" in drift.note


@given(st.lists(st.tuples(st.integers(1, 20), st.sampled_from([0.0, 0.25, 0.5, 1.0])), min_size=2, max_size=30))
def test_the_correlation_is_spearmans(drawn: list[tuple[int, float]]):
    """As scipy has it; None where length or score does not vary."""
    stats = pytest.importorskip("scipy.stats")
    found = checked([row(item, score, length=size) for item, (size, score) in enumerate(drawn)])
    value = of(found, "length_correlation", criterion="clear").value
    sizes, scores = [size for size, _ in drawn], [score for _, score in drawn]
    if len(set(sizes)) == 1 or len(set(scores)) == 1:
        assert value is None
    else:
        assert value is not None
        assert value.estimate == pytest.approx(stats.spearmanr(sizes, scores).statistic)


def test_peoples_correlation_stands_beside_the_judges():
    """A judge that follows length where people do not: 1 beside 0, on the same items."""
    rows = [row(item, item / 40, length=100 + item) for item in range(40)]
    gold = [GoldRow(item=f"r{i}/0", criterion="clear", rater="ada", score=float(i % 2)) for i in range(40)]
    found = checked(rows, gold)
    judge, people = of(found, "length_correlation").value, of(found, "length_correlation_people").value
    assert judge is not None
    assert people is not None
    assert judge.estimate == pytest.approx(1.0)
    assert abs(people.estimate) < 0.1
    curve = found.curves["clear"]
    assert [point["score"] for point in curve] == sorted(point["score"] for point in curve)
    assert all(math.isclose(point["people"], 0.5, abs_tol=0.2) for point in curve)
    assert sum(point["n"] for point in curve) == 40


def test_answers_without_a_call_do_not_correlate():
    """Our own rules give short responses the lowest answer: that is not the judge's liking for length."""
    rows = [row(item, 0.0, length=item, rationale="No call: passage not found for this item.") for item in range(20)]
    rows += [row(100 + item, 0.5 + 0.1 * (item % 2), length=100 + item) for item in range(20)]
    value = of(checked(rows), "length_correlation").value
    assert value is not None
    assert value.n == 20
    assert value.estimate < 0.2


def test_judges_of_pairs_are_not_asked():
    """A pair has two lengths; the check does not apply."""
    rows = [{"judge": "j", "status": "ok", "item": "p", "criterion": "c", "answer": "first", "score": 1.0}]
    assert checked(rows).outcome is Outcome.NOT_APPLICABLE
