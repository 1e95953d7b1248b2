"""What group-relative training sees of a judge, on tables whose right answer is known by construction."""

import math

import numpy as np
import pytest

from adjudge.domain.rubric import BOOLEAN, Criterion, Items, Rubric
from adjudge.validation.check import Material, Outcome
from adjudge.validation.checks.group import GroupSettings, group
from adjudge.validation.gold import gold_of
from adjudge.validation.scores import Scoring, noise, response_scores
from adjudge.validation.statistics.advantage import spurious_groups
from adjudge.validation.table import table_of

pytest.importorskip("scipy")


def row(prompt, response, repeat, score, *, criterion="c", item=0, variant="base", status="ok"):
    """One answer."""
    common = {"group": f"p{prompt}", "candidate": f"p{prompt}/{response}", "judge": "J", "variant": variant,
              "repeat": repeat, "status": status}  # fmt: skip
    if status != "ok":
        return common
    return {**common, "item": f"p{prompt}/{response}/{item}", "criterion": criterion, "answer": f"{score:.3f}",
            "score": float(score)}  # fmt: skip


def material(rows, resamples=300):
    table = table_of(rows)
    return Material(table=table, everyone=table, gold=gold_of([]), resamples=resamples)


def normal_rows(rho, *, prompts=60, size=6, repeats=3, seed=0, variants=("base",), wording=0.0):
    """Scores with the reliability `rho` within prompts; `wording` is the standard deviation between wordings."""
    dice = np.random.default_rng(seed)
    rows = []
    for prompt in range(prompts):
        middle = dice.normal(0.5, 0.05)
        for response in range(size):
            own = dice.normal(0, 0.08 * math.sqrt(rho))
            for variant in variants:
                words = dice.normal(0, wording)
                for repeat in range(repeats):
                    seen = middle + own + words + dice.normal(0, 0.08 * math.sqrt(1 - rho))
                    rows.append(row(prompt, response, repeat, min(1.0, max(0.0, seen)), variant=variant))
    return rows


def boolean_rows(dice, *, prompts, size, repeats, error, rate, criteria=("c",)):
    """Boolean answers with errors; each response is good with chance `rate`, for each criterion."""
    rows = []
    for prompt in range(prompts):
        for response in range(size):
            for criterion in criteria:
                good = dice.random() < rate
                rows += [
                    row(prompt, response, repeat, good != (dice.random() < error), criterion=criterion)
                    for repeat in range(repeats)
                ]
    return rows


def figures(check):
    """Figures about the whole, by name."""
    return {found.name: found for found in check.figures if not found.about}


@pytest.mark.parametrize(("rho", "outcome"), [(0.9, Outcome.PASS), (0.4, Outcome.FAIL)])
def test_the_reliability_decides(rho, outcome):
    """A judge well above or below 0.7 is told so."""
    check = group(material(normal_rows(rho)), GroupSettings())
    found = figures(check)["rho_g"]
    assert (found.outcome, check.outcome) == (outcome, outcome)
    assert found.value.n == 60


def test_the_interval_holds_the_truth():
    """In at least 16 of 20 tables; at 95 % fewer come about once in 2,500 times."""
    held = 0
    for seed in range(20):
        rows = material(normal_rows(0.6, prompts=30, seed=seed), resamples=200)
        value = figures(group(rows, GroupSettings()))["rho_g"].value
        held += value.low < 0.6 < value.high
    assert held >= 16


def test_more_calls_mend_a_noisy_judge():
    """What fails at one call passes at five, by the calls that training will use."""
    rows = material(normal_rows(0.45, repeats=5, prompts=80))
    assert figures(group(rows, GroupSettings()))["rho_g"].outcome is Outcome.FAIL
    assert figures(group(rows, GroupSettings(calls=5)))["rho_g"].outcome is Outcome.PASS


def test_what_the_advantage_keeps_follows_from_the_reliability():
    """Correlation and wrong order are functions of rho_g, ends of the interval included."""
    found = figures(group(material(normal_rows(0.5)), GroupSettings()))
    rho, kept, wrong = found["rho_g"].value, found["correlation"].value, found["wrong_order"].value
    assert math.sqrt(rho.estimate) - 0.05 < kept.estimate < math.sqrt(rho.estimate)
    assert wrong.estimate == pytest.approx(math.acos(math.sqrt(rho.estimate)) / math.pi)
    assert wrong.high == pytest.approx(math.acos(math.sqrt(rho.low)) / math.pi)


def test_differences_between_prompts_do_not_help():
    """A judge that tells easy prompts from hard ones, and nothing within them, fails."""
    dice = np.random.default_rng(1)
    rows = [
        row(p, r, k, min(1.0, max(0.0, p / 40 + dice.normal(0, 0.05))))
        for p in range(40) for r in range(6) for k in range(3)
    ]  # fmt: skip
    found = figures(group(material(rows), GroupSettings()))["rho_g"]
    assert found.value.high < 0.2
    assert found.outcome is Outcome.FAIL


def test_dead_groups_are_counted():
    """A Boolean criterion that nearly all responses meet leaves most groups without difference: the gate says no."""
    rows = boolean_rows(np.random.default_rng(2), prompts=100, size=8, repeats=2, error=0.0, rate=0.97)
    check = group(material(rows), GroupSettings())
    dead = figures(check)["dead_groups"]
    assert abs(dead.value.estimate - (0.97**8 + 0.03**8)) < 4 * math.sqrt(0.78 * 0.22 / 100)
    assert dead.outcome is Outcome.FAIL
    assert figures(check)["noise_alive"].value.estimate == 0.0


def test_noise_that_brings_groups_to_life_is_measured():
    """All responses are good and one answer in twenty is wrong: dead groups live as often as the closed form says."""
    rows = boolean_rows(np.random.default_rng(3), prompts=300, size=8, repeats=3, error=0.05, rate=1.0)
    found = figures(group(material(rows), GroupSettings()))
    value = found["noise_alive"].value
    assert value.low < spurious_groups(0.05, 8) < value.high


def test_groups_within_noise_are_told():
    """Responses that differ by noise alone: all but about one group in twenty is within what noise can make."""
    found = figures(group(material(normal_rows(0.0, prompts=200)), GroupSettings()))["within_noise"].value
    assert abs(found.estimate - 0.95) < 4 * math.sqrt(0.95 * 0.05 / 200)
    clear = figures(group(material(normal_rows(0.95)), GroupSettings()))["within_noise"].value
    assert clear.estimate < 0.1


def test_equal_askings_have_no_noise():
    """A judge that repeats itself passes, and the check says that wording is another matter."""
    check = group(material(normal_rows(1.0)), GroupSettings())
    assert figures(check)["rho_g"].value.estimate == pytest.approx(1.0)
    assert "wording" in figures(check)["rho_g"].note
    assert check.outcome is Outcome.PASS


def test_one_asking_is_enough_for_a_deterministic_judge_only():
    """Without repeats nothing is known, unless equal answers are certain by construction."""
    rows = material(normal_rows(0.9, repeats=1))
    unknown = group(rows, GroupSettings())
    assert unknown.outcome is Outcome.NOT_ENOUGH_DATA
    assert "asked at least twice" in unknown.needs
    known = group(rows, GroupSettings(deterministic=True))
    assert figures(known)["rho_g"].value.estimate == 1.0
    assert "wording" in known.detail


def test_wording_is_noise_too():
    """With reworded rows of the same responses the reliability falls to signal over all that is not signal."""
    rows = normal_rows(1.0, prompts=150, repeats=2, variants=("base", "reworded/1", "reworded/2"), wording=0.08)
    found = figures(group(material(rows), GroupSettings()))
    assert found["rho_g"].value.estimate == pytest.approx(1.0)
    value = found["rho_g_reworded"].value
    assert value.low < 0.5 < value.high


def test_each_criterion_is_told():
    """A clear and a noisy criterion in one table: their reliabilities are apart."""
    rows = normal_rows(0.95, seed=1)
    rows += [{**one, "criterion": "vague"} for one in normal_rows(0.2, seed=2)]
    check = group(material(rows), GroupSettings())
    by_name = {f.about["criterion"]: f.value.estimate for f in check.figures if f.about and f.name == "rho_g"}
    assert by_name["c"] > 0.85
    assert by_name["vague"] < 0.4


def test_few_prompts_do_not_decide():
    """Nine prompts are not enough, whatever they show, and the number that is needed is told."""
    check = group(material(normal_rows(0.95, prompts=9)), GroupSettings())
    assert check.outcome is Outcome.NOT_ENOUGH_DATA
    assert figures(check)["rho_g"].needed == 10


def test_calls_that_pay_need_costs():
    """Without costs no number; with them sqrt((1 - rho) / rho x cost of a rollout / cost of a call)."""
    rows = material(normal_rows(0.5))
    assert figures(group(rows, GroupSettings()))["paying_calls"].value is None
    found = figures(group(rows, GroupSettings(generate_cost=9.0, judge_cost=1.0)))
    rho = found["rho_g"].value.estimate
    assert found["paying_calls"].value.estimate == pytest.approx(3 * math.sqrt((1 - rho) / rho))
    assert found["paying_calls"].value.low < found["paying_calls"].value.high


def test_pairs_have_no_group():
    """A judge of pairs is not asked this."""
    rows = [{**row(0, 0, 0, 1.0), "answer": "first"}]
    assert group(material(rows), GroupSettings()).outcome is Outcome.NOT_APPLICABLE


def test_scores_are_the_rubrics():
    """Weights, vices, answers that do not apply and the fold: the arithmetic of the rubric itself."""
    dice = np.random.default_rng(5)
    for fold in ("mean", "worst", "best"):
        weights = {"a": 3.0, "b": 1.0, "v": -2.0}
        criteria = [Criterion(id=name, question="?", scale=BOOLEAN, weight=weight) for name, weight in weights.items()]
        rubric = Rubric(name="r", task="t", criteria=tuple(criteria), items=Items(path="comments", fold=fold))
        rows, expected = [], []
        for response in range(12):
            items = []
            for item in range(3):
                scores = {name: float(dice.random()) for name in weights}
                applies = {name: bool(dice.random() < 0.8) or name == "a" for name in weights}
                items.append(rubric.weigh({name: scores[name] if applies[name] else None for name in weights}))
                for name in weights:
                    made = row(0, response, 0, scores[name], criterion=name, item=item)
                    if not applies[name]:
                        made = {**made, "status": "not_applicable", "score": None}
                    rows.append(made)
            expected.append(rubric.fold(items))
        found = response_scores(table_of(rows), Scoring(weights=weights, fold=fold))
        assert found.values.tolist() == pytest.approx(expected)


def test_an_asking_that_lacks_an_answer_is_left_out():
    """Half a verdict is no score: the other askings stay."""
    rows = [row(0, 0, k, 0.5, criterion=name) for k in range(3) for name in ("a", "b")]
    rows.remove(rows[3])
    found = response_scores(table_of(rows), Scoring())
    assert found.askings.tolist() == [0, 1]
    assert len(found) == 2


def test_noise_is_kept_for_training():
    """The variance between equal askings, and the degrees of freedom behind it."""
    rows = normal_rows(0.75, prompts=200)
    found = noise(table_of(rows), Scoring())
    assert found is not None
    assert found.df == 200 * 6 * 2
    assert found.sigma_e2 == pytest.approx(0.08**2 * 0.25, rel=4 * math.sqrt(2 / found.df))
    assert noise(table_of(normal_rows(0.75, repeats=1)), Scoring()) is None
