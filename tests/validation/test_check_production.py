import json
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from adjudge.errors import DataError, MissingError
from adjudge.validation.check import Outcome
from adjudge.validation.checks.production import ProductionSettings, production
from adjudge.validation.checks.success import SuccessCriterion
from adjudge.validation.metric_table import MetricTable, metric_table, read_metrics


def judged(made, noise: float, *, prompts: int = 40, per: int = 8, seed: int = 0, checkpoints: int = 1):
    """A judge of one criterion with this much noise beside a metric, a better policy at each checkpoint."""
    dice = np.random.default_rng(seed)
    verdicts, values = [], []
    for prompt in range(prompts):
        for place in range(per):
            name, version = f"p{prompt}r{place}", place % checkpoints
            quality = dice.normal(0.1 * version, 0.2)
            score = float(np.clip(0.5 + quality + dice.normal(0, noise), 0, 1))
            verdicts.append(
                made.verdict(
                    f"{name}/0",
                    score,
                    candidate=name,
                    group=f"p{prompt}",
                    length=int(dice.integers(100, 900)),
                    policy_version=version,
                )
            )
            values.append({"candidate": name, "metric": "accepted", "value": 10 * quality})
    return made.material(verdicts, []), values


def settings(**more) -> ProductionSettings:
    success = SuccessCriterion(metric="accepted", at_least=0.0, criteria=("good",))
    return ProductionSettings(success=(success,), **more)


def test_a_judge_that_stands_for_the_metric_passes(made):
    """Correlation within prompts, AUC and the gain of choosing are all above chance; the curve rises to the best."""
    material, values = judged(made, 0.1)
    check = production(material, settings(), metric_table(values))
    assert check.outcome is Outcome.PASS, check.lines()
    curve = check.curves["best_of/accepted"]
    assert [point["n"] for point in curve] == [1, 2, 4, 8]
    assert [point["judge"] for point in curve] == sorted(point["judge"] for point in curve)
    assert curve[-1]["judge"] <= curve[-1]["best"]
    assert made.value(check, "r2_over_length") > 0.3
    assert made.value(check, "auc") > 0.8


def test_a_judge_that_is_right_about_prompts_only_fails(made):
    """Scores that know the prompt and turn the order round within it: high over all, and wrong for training."""
    dice = np.random.default_rng(0)
    verdicts, values = [], []
    for prompt in range(40):
        for place in range(4):
            name, inside = f"p{prompt}r{place}", float(dice.normal(0, 0.05))
            score = float(np.clip(prompt / 40 - inside, 0, 1))
            verdicts.append(made.verdict(f"{name}/0", score, candidate=name, group=f"p{prompt}"))
            values.append({"candidate": name, "metric": "accepted", "value": prompt / 40 + inside})
    check = production(made.material(verdicts, []), settings(), metric_table(values))
    assert made.value(check, "spearman") > 0.9
    assert made.value(check, "within_prompt") < -0.5
    assert check.outcome is Outcome.FAIL
    assert "worse" in check.detail


def test_less_may_be_better(made):
    """A metric with at_most is turned round, and so is a vice: the figures are as those of more is better."""
    material, values = judged(made, 0.1)
    table = metric_table([{**row, "value": -row["value"]} for row in values])
    success = SuccessCriterion(metric="accepted", at_most=0.0, criteria=("good",))
    check = production(material, ProductionSettings(success=(success,)), table)
    plain = production(material, settings(), metric_table(values))
    for name in ("spearman", "within_prompt", "auc", "best_of_gain", "r2_over_length"):
        assert made.value(check, name) == pytest.approx(made.value(plain, name))
    assert check.curves["best_of/accepted"][-1]["judge"] < 0
    vice = SuccessCriterion(metric="accepted", at_least=0.0, criteria=("good",), vices=("good",))
    turned = production(material, ProductionSettings(success=(vice,)), metric_table(values))
    assert made.value(turned, "spearman") == pytest.approx(-made.value(plain, "spearman"))


def test_what_is_not_mapped_is_told(made):
    """A criterion that no metric needs and a metric that no criterion stands for are in detail and figures."""
    material, values = judged(made, 0.1)
    success = (*settings().success, SuccessCriterion(metric="returns", at_most=0.1))
    other = [made.verdict(f"p{n}r0/0", 1.0, "polite") for n in range(5)]
    rows = judged(made, 0.1)[0].table
    assert rows.criterion.present() == ("good",)
    both = made.material([*_rows(made), *other], [])
    check = production(both, ProductionSettings(success=success), metric_table(values))
    assert "polite" in check.detail
    assert "returns" in check.detail
    assert made.figures(check, "criterion_without_metric")[0].about == {"criterion": "polite"}
    assert made.figures(check, "metric_without_criteria")[0].about == {"metric": "returns"}
    assert material.criteria() == ("good",)


def _rows(made) -> list[dict]:
    dice = np.random.default_rng(0)
    return [
        made.verdict(f"p{p}r{r}/0", float(dice.uniform()), candidate=f"p{p}r{r}", group=f"p{p}")
        for p in range(10)
        for r in range(4)
    ]


def test_a_metric_of_items_meets_items(made):
    """Values of items join items; a candidate's value joins the mean over its items."""
    verdicts = [
        made.verdict(f"c{c}/{i}", (c + i) % 3 / 2, candidate=f"c{c}", group=f"g{c // 4}")
        for c in range(40)
        for i in range(2)
    ]
    material = made.material(verdicts, [])
    by_item = [{"item": row["item"], "metric": "accepted", "value": row["score"]} for row in verdicts]
    check = production(material, settings(), metric_table(by_item))
    assert made.figures(check, "spearman")[0].value.n == 80
    assert made.value(check, "spearman") == pytest.approx(1.0)
    means = [
        {"candidate": f"c{c}", "metric": "accepted", "value": (c % 3 / 2 + (c + 1) % 3 / 2) / 2} for c in range(40)
    ]
    check = production(material, settings(), metric_table(means))
    assert made.figures(check, "spearman")[0].value.n == 40
    assert made.value(check, "spearman") == pytest.approx(1.0)


def test_a_criterion_that_measures_another_metric_is_named(made):
    """Each criterion must be nearest to its own metric: two that were mapped crosswise are told."""
    dice = np.random.default_rng(0)
    verdicts, values = [], []
    for n in range(120):
        name = f"c{n}"
        for criterion, metric in (("grounded", "accepted"), ("brief", "read")):
            quality = float(dice.uniform())
            verdicts.append(made.verdict(f"{name}/0", quality, criterion, candidate=name, group=f"g{n // 4}"))
            values.append({"candidate": name, "metric": metric, "value": quality + dice.normal(0, 0.1)})
    material, table = made.material(verdicts, []), metric_table(values)

    def mapped(first: str, second: str):
        success = (
            SuccessCriterion(metric="accepted", at_least=0.5, criteria=(first,)),
            SuccessCriterion(metric="read", at_least=0.5, criteria=(second,)),
        )
        return production(material, ProductionSettings(success=success), table)

    right, crossed = mapped("grounded", "brief"), mapped("brief", "grounded")
    assert all(f.value.estimate > 0.5 for f in made.figures(right, "own_metric_margin"))
    assert "nearer" not in right.detail
    assert "nearer to the metric of another criterion: brief, grounded" in crossed.detail


def test_checkpoints_are_compared_by_their_means(made):
    """Four policy versions that get better: the means rise together, by whole checkpoints or by their responses."""
    material, values = judged(made, 0.05, prompts=60, per=8, checkpoints=4)
    check = production(material, settings(), metric_table(values))
    assert made.value(check, "checkpoint_spearman") == pytest.approx(1.0)
    assert made.figures(check, "checkpoint_spearman")[0].value.n == 4
    whole = [{"checkpoint": version, "metric": "accepted", "value": float(-version)} for version in range(4)]
    against = production(material, settings(), metric_table([*values, *whole]))
    assert made.value(against, "checkpoint_kendall") == pytest.approx(-1.0)


def test_groups_may_come_with_the_metric(made):
    """Verdicts without groups are grouped as the metric's rows say."""
    material, values = judged(made, 0.1)
    bare = [
        made.verdict(f"{row['candidate']}/0", float(score), candidate=row["candidate"])
        for row, score in zip(values, material.table.score.values, strict=True)
    ]
    told = [{**row, "group": row["candidate"].split("r")[0]} for row in values]
    check = production(made.material(bare, []), settings(), metric_table(told))
    plain = production(material, settings(), metric_table(values))
    assert made.value(check, "within_prompt") == pytest.approx(made.value(plain, "within_prompt"))


@pytest.mark.parametrize("values", [0, 1, 2, 3])
def test_hardly_any_values_are_no_error(made, values: int):
    """Not enough data, and the rows that are needed."""
    material, rows = judged(made, 0.1)
    check = production(material, settings(), metric_table(rows[:values]))
    assert check.outcome is Outcome.NOT_ENOUGH_DATA
    assert '"metric"' in check.needs


def test_without_success_criteria_the_question_does_not_arise(made):
    """Nothing declared, nothing checked."""
    check = production(judged(made, 0.1)[0], ProductionSettings(), MetricTable())
    assert check.outcome is Outcome.NOT_APPLICABLE


@pytest.mark.parametrize("wrong", [{}, {"at_least": 1, "at_most": 2}, {"at_least": 1, "vices": ("other",)}])
def test_a_success_criterion_has_one_limit(wrong: dict):
    """Either limit, not both; vices are among the criteria."""
    with pytest.raises(ValidationError):
        SuccessCriterion(metric="m", **wrong)


def test_metrics_are_read_from_a_file(tmp_path: Path):
    """Rows with or without checksums; policy_version is another word for checkpoint."""
    file = tmp_path / "metrics.jsonl"
    rows = [
        {"item": "a/0", "metric": "m", "value": 1, "policy_version": 3, "_crc": "00000000"},
        {"checkpoint": 2, "metric": "n", "value": 0.5},
    ]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    table = read_metrics(file)
    assert table.metrics() == ("m", "n")
    assert table.of("m")[0].checkpoint == 3
    with pytest.raises(MissingError):
        read_metrics(tmp_path / "nothing.jsonl")


@pytest.mark.parametrize(
    "row",
    [
        {"metric": "m", "value": 1},
        {"item": "a", "candidate": "b", "metric": "m", "value": 1},
        {"item": "a", "metric": "m", "value": True},
        {"item": "a", "metric": "m", "value": float("inf")},
        {"item": "a", "value": 1},
    ],
)
def test_a_row_that_is_no_value_is_named(row: dict):
    """Of nothing, of two things, not a finite number: the line is told."""
    with pytest.raises(DataError, match="value 2"):
        metric_table([{"item": "z", "metric": "m", "value": 0}, row])


def test_two_values_of_one_thing_are_refused():
    """Which of them would count?"""
    row = {"item": "a", "metric": "m", "value": 0}
    with pytest.raises(DataError, match="same thing"):
        metric_table([row, {**row, "value": 1}])
