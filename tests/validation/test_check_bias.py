"""The check ``bias`` on rows of judges with planted biases."""

import numpy as np
import pytest

from adjudge.validation.check import Check, Figure, Material, Outcome
from adjudge.validation.checks.bias import BiasSettings, bias
from adjudge.validation.gold import GoldRow, gold_of
from adjudge.validation.table import table_of

PROBES = ("authority", "confident", "formatting")


def row(item: int, score: float, variant: str = "base", **more: object) -> dict[str, object]:
    answer = "yes" if score >= 0.5 else "no"
    return {
        "judge": "j",
        "status": "ok",
        "item": f"r{item}/0",
        "group": f"g{item}",
        "criterion": "clear",
        "variant": variant,
        "answer": answer,
        "score": score,
        "rationale": f"{variant}: {answer}",
        **more,
    }


def judged(
    *, moved: float = 0.0, wavers: float = 0.0, n: int = 150, repeats: bool = True, seed: int = 0
) -> list[dict[str, object]]:
    """Base, one repeat and three probes; `authority` turns this share of no to yes; any asking turns `wavers` round."""
    dice = np.random.default_rng(seed)
    rows = []
    for item in range(n):
        base = float(item % 2)
        again = [1 - base if dice.random() < wavers else base for _ in range(len(PROBES) + 1)]
        if dice.random() < moved:
            again[0] = 1.0
        rows.append(row(item, base))
        rows += [row(item, score, f"bias/{name}") for name, score in zip(PROBES, again, strict=False)]
        if repeats:
            rows.append(row(item, again[-1], repeat=1))
    return rows


def checked(
    rows: list[dict[str, object]], settings: BiasSettings | None = None, gold: list[GoldRow] | None = None
) -> Check:
    table = table_of(rows)
    return bias(Material(table, table, gold_of(gold or []), resamples=300), settings or BiasSettings())


def of(check: Check, name: str, **about: str) -> Figure:
    return next(found for found in check.figures if found.name == name and about.items() <= found.about.items())


def test_a_judge_that_nothing_moves_passes():
    """All answers stay: robustness 1, change 0."""
    found = checked(judged())
    assert found.outcome is Outcome.PASS
    stays = of(found, "robustness", probe="authority").value
    assert stays is not None
    assert stays.estimate == 1.0


def test_a_judge_that_authority_moves_fails_and_the_probe_is_named():
    """Half of the bad answers become good with a title beside them; the others stay. Moved answers are shown."""
    found = checked(judged(moved=0.5))
    assert found.outcome is Outcome.FAIL
    assert "authority" in found.detail
    assert "confident" not in found.detail
    assert of(found, "drift_size", probe="confident").outcome is Outcome.PASS
    change = of(found, "change", probe="authority").value
    assert change is not None
    assert change.estimate == pytest.approx(0.25, abs=0.06)
    assert {shown["variant"] for shown in found.examples} == {"bias/authority"}
    assert all(shown["rationale"] == "bias/authority: yes" for shown in found.examples)


def test_noise_is_not_counted_as_bias():
    """A judge that wavers by itself loses robustness, and so does the floor: the excess is near nothing."""
    found = checked(judged(wavers=0.15, n=600))
    robustness, floor = of(found, "robustness", probe="confident").value, of(found, "repeat_agreement").value
    excess = of(found, "excess_flips", probe="confident")
    assert robustness is not None
    assert floor is not None
    assert excess.value is not None
    assert robustness.estimate < 0.9
    assert excess.value.estimate == pytest.approx(floor.estimate - robustness.estimate)
    assert excess.outcome is Outcome.PASS


def test_flips_in_both_directions_are_found_where_the_mean_stays():
    """Up as often as down: no drift, but far more flips than without the probe."""
    rows = [row(item, float(item % 2)) for item in range(200)]
    rows += [row(item, float(item % 2), repeat=1) for item in range(200)]
    rows += [row(item, float((item // 2) % 2), "bias/formatting") for item in range(200)]
    found = checked(rows)
    change = of(found, "change").value
    assert change is not None
    assert change.estimate == 0.0
    assert of(found, "excess_flips").outcome is Outcome.FAIL
    assert found.outcome is Outcome.FAIL


def test_answers_without_a_call_are_no_robustness():
    """Where our own rules answered both times, that nothing changed says nothing about the judge."""
    silent = [{**one, "rationale": "No call: passage not found."} for one in judged(n=200)]
    asked = [{**one, "item": f"a{one['item']}"} for one in judged(moved=0.9, n=40)]
    stays = of(checked(silent + asked), "robustness", probe="authority").value
    assert stays is not None
    assert stays.n == 40
    assert stays.estimate < 0.7


def test_of_two_base_rows_the_first_counts():
    """A run that was resumed may have written a row twice; what was paid for first stays."""
    rows = [row(item, 0.2) for item in range(40)] + [row(item, 0.9) for item in range(40)]
    rows += [row(item, 0.3, "bias/authority") for item in range(40)]
    change = of(checked(rows), "change", probe="authority").value
    assert change is not None
    assert change.estimate == pytest.approx(0.1)


def test_without_repeats_the_floor_is_missing():
    """Then flips decide nothing, and the check asks for repeats."""
    found = checked(judged(repeats=False))
    assert found.outcome is Outcome.NOT_ENOUGH_DATA
    assert "Repeats" in found.needs
    assert of(found, "drift_size", probe="authority").outcome is Outcome.PASS


def test_without_probes_there_is_nothing():
    """Base rows alone are not enough."""
    found = checked([row(item, 1.0) for item in range(5)])
    assert found.outcome is Outcome.NOT_ENOUGH_DATA
    assert "bias/NAME" in found.needs


def test_of_many_probes_one_that_moves_by_chance_is_not_called_biased():
    """One probe of twenty with four answers up out of eight: beyond the margin, but not once twenty were tried."""
    rows = [row(item, 0.4) for item in range(30)] + [row(item, 0.4, repeat=1) for item in range(30)]
    for number in range(20):
        lift = [0.9 if number == 0 and item < 5 else 0.4 for item in range(30)]
        rows += [row(item, score, f"bias/p{number}") for item, score in enumerate(lift)]
    drift = of(checked(rows, BiasSettings(margin=0.01)), "drift_size", probe="p0")
    assert drift.value is not None
    assert drift.value.low is not None
    assert drift.value.low > 0.01
    assert drift.outcome is Outcome.NOT_ENOUGH_DATA
    alone = [one for one in rows if one["variant"] in {"base", "bias/p0"}]
    assert of(checked(alone, BiasSettings(margin=0.01)), "drift_size", probe="p0").outcome is Outcome.FAIL


def family(own_yes: float, other_yes: float) -> Check:
    """Responses that people all found good, of two policies; the judge says yes to these shares."""
    dice = np.random.default_rng(1)
    rows, gold = [], []
    for item in range(400):
        own = item % 2 == 0
        score = float(dice.random() < (own_yes if own else other_yes))
        rows.append(row(item, score, policy="ours" if own else "theirs"))
        gold.append(GoldRow(item=f"r{item}/0", criterion="clear", rater="ada", score=1.0))
    return checked(rows, BiasSettings(own_family=("ours",)), gold)


def test_self_preference_is_held_against_peoples_answers():
    """0.9 of own and 0.5 of other good responses get a yes: a gap of 0.4 fails, none passes."""
    selfish = family(0.9, 0.5)
    favoured = of(selfish, "self_preference", criterion="clear")
    assert selfish.outcome is Outcome.FAIL
    assert "own family" in selfish.detail
    assert "another family" in selfish.fix
    assert favoured.value is not None
    assert favoured.value.estimate == pytest.approx(0.4, abs=0.07)
    assert favoured.outcome is Outcome.FAIL
    assert of(family(0.95, 0.95), "self_preference").outcome is Outcome.PASS


def test_self_preference_is_asked_only_where_the_family_is_named():
    """Without a name there is no figure; with one and no labels there is not enough data."""
    assert not [found for found in checked(judged()).figures if found.name == "self_preference"]
    named = checked(judged(), BiasSettings(own_family=("ours",)))
    assert of(named, "self_preference").outcome is Outcome.NOT_ENOUGH_DATA
