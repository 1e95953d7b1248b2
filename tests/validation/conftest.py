"""Verdicts and labels for tests of checks against people and metrics: the fixture ``made`` has their builders."""

import csv
import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from adjudge.validation.check import Check, Figure, Material
from adjudge.validation.gold import GoldRow, gold_of
from adjudge.validation.table import table_of

FLASK = Path(__file__).parents[3] / "shared/data/judging/flakyjudge"


def verdict(item: str, score: float, criterion: str = "good", **more) -> dict:
    answer = {0.0: "no", 1.0: "yes"}.get(score, f"grade {score}")
    told = {"item": item, "judge": "j", "criterion": criterion, "answer": answer, "score": score, "status": "ok"}
    return {**told, **more}


def material(verdicts: list[dict], labels: list[GoldRow], resamples: int = 300) -> Material:
    table = table_of(verdicts)
    return Material(table=table, everyone=table, gold=gold_of(labels), seed=0, resamples=resamples)


def simulated(
    prompts: int = 60,
    per_prompt: int = 4,
    *,
    right: float = 0.95,
    raters: int = 1,
    agree: float = 1.0,
    criterion: str = "good",
    seed: int = 0,
) -> tuple[list[dict], list[GoldRow]]:
    """Yes-or-no answers: the truth, a judge who finds it with one chance, people with another."""
    dice = np.random.default_rng(seed)
    verdicts, labels = [], []
    for prompt in range(prompts):
        for place in range(per_prompt):
            item, truth = f"p{prompt}r{place}/0", int(dice.integers(0, 2))

            def found(chance: float, truth: int = truth) -> float:
                return float(truth if dice.uniform() < chance else 1 - truth)

            verdicts.append(
                verdict(item, found(right), criterion, group=f"p{prompt}", candidate=item[:-2], rationale=f"on {item}")
            )
            labels += [
                GoldRow(item=item, criterion=criterion, rater=f"r{k}", score=found(agree)) for k in range(raters)
            ]
    return verdicts, labels


def graded(judge_noise: float, rater_noise: float, *, raters: int = 3, items: int = 300, seed: int = 0):
    """Grades on five steps: people and judge round the truth with noise."""
    dice = np.random.default_rng(seed)
    truth = dice.uniform(0, 1, items)

    def grades(noise: float) -> np.ndarray:
        return np.round(np.clip(truth + dice.normal(0, noise, items), 0, 1) * 4) / 4

    judge, people = grades(judge_noise), [grades(rater_noise) for _ in range(raters)]
    verdicts = [verdict(f"i{n}/0", float(judge[n]), group=f"p{n // 4}", candidate=f"i{n}") for n in range(items)]
    labels = [
        GoldRow(item=f"i{n}/0", criterion="good", rater=f"r{k}", score=float(people[k][n]))
        for n in range(items)
        for k in range(raters)
    ]
    return verdicts, labels


def flask(judge: str) -> Iterator[dict]:
    """One judge's recorded scores of the FLASK items beside their three people, as rows of the verdict table."""
    if not FLASK.is_dir():
        pytest.skip("the recorded judges of flakyjudge are not here")
    with (FLASK / "items.jsonl").open(encoding="utf-8") as lines:
        people = {row["item_id"]: row["human_score"] for row in map(json.loads, lines) if row["dataset"] == "flask"}
    with gzip.open(FLASK / "e1_scores.csv.gz", "rt", encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            mine = row["judge"] == judge and row["prompt_mode"] == "bare" and row["item_id"] in people
            if mine and row["score_direct"]:
                human = [(score - 1) / 4 for score in people[row["item_id"]]]
                yield verdict(row["item_id"], (float(row["score_direct"]) - 1) / 4, human=human)


def figures(check: Check, name: str) -> list[Figure]:
    return [found for found in check.figures if found.name == name]


def value(check: Check, name: str) -> float:
    (found,) = figures(check, name)
    assert found.value is not None
    return found.value.estimate


@pytest.fixture
def made() -> SimpleNamespace:
    """The builders of this file."""
    return SimpleNamespace(
        verdict=verdict,
        material=material,
        simulated=simulated,
        graded=graded,
        flask=flask,
        figures=figures,
        value=value,
    )
