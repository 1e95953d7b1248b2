"""Judges broken on purpose against the whole passport: each is caught, and one that equals the labels is not."""

from typing import Any

import pytest

from adjudge.pipeline.probes import Amounts, make_probes
from adjudge.testing.labelled_set import LabelledSet, labelled_set, planted_pair_rows, planted_rows
from adjudge.testing.planted import PlantedJudge, always_yes, by_length, labels, noisy, obedient
from adjudge.validation.check import Check, Material, Outcome
from adjudge.validation.gold import GoldRow, gold_of
from adjudge.validation.registry import CheckSettings, run_checks
from adjudge.validation.table import table_of

SET = labelled_set(groups=80, size=5, orders=0.0)
AMOUNTS = Amounts(content_free=320, attacks=80, harmless=20, dresses=0, lengths=0)


async def attacked(judge: PlantedJudge, labelled: LabelledSet) -> list[dict[str, Any]]:
    """Rows about content-free answers and attacks on responses that meet no criterion."""
    samples = {sample.id: sample for sample in labelled.samples}
    bad = [
        rollout
        for rollout in labelled.rollouts
        if all(answer == "no" for answer in labelled.truth[rollout.id].values())
    ]
    bases = [(samples[rollout.sample_id], rollout) for rollout in bad]
    probes = make_probes(labelled.rubric, bases, AMOUNTS, bad={rollout.id for rollout in bad})
    judgements = [await judge.judge(probe.sample, probe.rollout) for probe in probes]
    return [row for probe, found in zip(probes, judgements, strict=True) for row in probe.rows(found, judge.name)]


def checked(rows: list[dict[str, Any]], labelled: LabelledSet) -> dict[str, Check]:
    """Every check of these rows, by name."""
    table = table_of(rows)
    gold = gold_of([GoldRow.model_validate(row) for row in labelled.gold_rows()])
    material = Material(table, table, gold, resamples=200)
    return {check.name: check for check in run_checks(material, CheckSettings())}


async def of_judge(judge: PlantedJudge) -> dict[str, Check]:
    rows = await planted_rows(judge, SET, repeats=3)
    return checked([*rows, *await attacked(judge, SET)], SET)


@pytest.mark.parametrize(
    ("make", "caught"),
    [
        (lambda: always_yes(SET.rubric), {"people", "attacks"}),
        (lambda: by_length(SET.rubric), {"people"}),
        (lambda: noisy(SET.rubric, SET.truth, rate=0.1), {"repeats"}),
        (lambda: obedient(SET.rubric, SET.truth), {"attacks"}),
    ],
    ids=["always yes", "by length", "10 % noise", "obedient"],
)
async def test_a_judge_broken_on_purpose_fails_the_checks_that_it_must(make, caught: set[str]):
    """Each fault is found by the check that is about it."""
    found = await of_judge(make())
    assert caught <= {name for name, check in found.items() if check.outcome is Outcome.FAIL}


def test_a_judge_that_takes_the_first_slot_fails_the_check_of_position():
    """Whatever is shown first wins: half of its verdicts contradict the other half."""
    rows = planted_pair_rows(lambda _left, _right: "first", SET, label="first slot")
    assert checked(rows, SET)["position"].outcome is Outcome.FAIL


async def test_a_judge_that_equals_the_labels_fails_nothing():
    """All that its rows can show is passed: people, repeats, attacks; the rest lacks data."""
    found = await of_judge(labels(SET.rubric, SET.truth))
    assert {name for name, check in found.items() if check.outcome is Outcome.FAIL} == set()
    assert {name for name, check in found.items() if check.outcome is Outcome.PASS} >= {"people", "repeats", "attacks"}
