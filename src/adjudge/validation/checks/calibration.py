"""Check: do the judge's scores mean what they say? A curve, not a gate, but for one thing that is always asked.

A judge whose Brier score is no better than that of always saying the base rate tells nothing about single responses.
Whatever else a calibration would mend changes no advantage that is z-scored in its group, so it is told.
"""

from dataclasses import replace

import numpy as np
from pydantic import Field

from adjudge.domain.base import Count, Frozen, Number, Score
from adjudge.domain.interval import Interval
from adjudge.validation.check import Check, Figure, Material, Outcome, Rule, figure, overall
from adjudge.validation.checks.beside_people import NEEDS, Beside, beside_people
from adjudge.validation.statistics.bootstrap import Draws, bootstrap_sums
from adjudge.validation.statistics.calibration import (
    Scored,
    brier_skill,
    calibration_error,
    cross_fitted,
    fitting,
    reliability,
)
from adjudge.validation.statistics.conformal import conformal_trial
from adjudge.validation.statistics.ppi import ppi_mean

NAME = "calibration"
TITLE = "Scores mean what they say"

BIASED = "biased upwards with few items; read it beside the Brier score"


class CalibrationSettings(Frozen):
    """What is asked of scores as chances."""

    good_from: Score = 0.5
    """Mean grade of people from which a response counts as good, for criteria with more than two answers."""
    bins: int = Field(default=10, ge=1)
    """Ranges of the reliability curve."""
    skill: Number = 0.0
    """Least Brier skill, ``1 - Brier / Brier of the base rate``; its whole interval must reach it."""
    min_items: Count = 30
    """Fewer labelled items never decide."""
    miss: float = Field(default=0.1, gt=0.0, lt=1.0)
    """Chance with which a conformal range may miss."""


def calibration(material: Material, settings: CalibrationSettings) -> Check:
    """Reliability curve, Brier score, ECE, what a calibration would give, and how wide the range of one score is.

    For grades the rule is put to the cross-fitted scores: a grade is not a chance, and only its calibration is.
    """
    found = [beside.decided() for beside in beside_people(material)]
    found = [beside for beside in found if beside.pair.items]
    if not found:
        return Check(name=NAME, title=TITLE, outcome=Outcome.NOT_ENOUGH_DATA, detail="no labels", needs=NEEDS)
    figures: list[Figure] = []
    curves = {"reliability": _points(_pooled(found, settings), settings.bins)}
    for beside in found:
        figures += _figures(beside, material, settings)
        curves[f"reliability/{beside.criterion}"] = _points(_scored(beside, settings), settings.bins)
    blind = [f.about["criterion"] for f in figures if f.name == "brier_skill" and f.outcome is Outcome.FAIL]
    return Check(
        name=NAME,
        title=TITLE,
        outcome=overall(figures),
        figures=tuple(figures),
        curves=curves,
        detail=f"no better than the base rate: {', '.join(blind)}" if blind else "",
        fix="Take these criteria out of the reward, rewrite them, or use a better judge: their scores say nothing "
        "about single responses.",
        needs=f"Labels of both kinds (good and bad) on at least {settings.min_items} items a criterion.",
    )


def _scored(beside: Beside, settings: CalibrationSettings) -> Scored:
    good_from = 0.5 if beside.boolean else settings.good_from
    pair = beside.pair
    return Scored(pair.judge, beside.labels(good_from), pair.clusters.tolist(), pair.weights)


def _pooled(found: list[Beside], settings: CalibrationSettings) -> Scored:
    """All criteria together; clusters stay what was drawn together."""
    cases = [_scored(beside, settings) for beside in found]
    return Scored(
        np.concatenate([each.scores for each in cases]),
        np.concatenate([each.labels for each in cases]),
        [cluster for each in cases for cluster in each.clusters],
        np.concatenate([each.weights for each in cases]),
    )


def _figures(beside: Beside, material: Material, settings: CalibrationSettings) -> list[Figure]:
    cases, about = _scored(beside, settings), {"criterion": beside.criterion}
    method = fitting(len(cases.scores))
    fitted = cross_fitted(cases, method, seed=material.seed)
    better = None if fitted is None else replace(cases, scores=fitted)
    judged = cases if beside.boolean else better
    rule = Rule(at_least=settings.skill, min_n=settings.min_items)
    skill = None if judged is None else brier_skill(judged, seed=material.seed, resamples=material.resamples)
    note = "" if beside.boolean else f"after {method}, fitted on other groups"
    return [
        figure("brier_skill", skill, rule, about=about, note=note),
        figure("brier", _brier(cases, material), about=about),
        figure("ece", _error(cases, settings), about=about, note=BIASED),
        figure(f"brier_{method}", _brier(better, material), about=about, note="cross-fitted"),
        figure(f"ece_{method}", _error(better, settings), about=about, note="cross-fitted"),
        *_ranges(beside, material, settings),
        *_people_mean(beside, material),
    ]


def _brier(cases: Scored | None, material: Material) -> Interval | None:
    if cases is None:
        return None
    sums = np.column_stack([cases.weights * (cases.scores - cases.labels) ** 2, cases.weights])
    draws = Draws(material.seed, material.resamples)
    return bootstrap_sums(lambda sums: (sums[:, 0], sums[:, 1]), sums, cases.clusters, (0.0, 1.0), draws)


def _error(cases: Scored | None, settings: CalibrationSettings) -> Interval | None:
    value = None if cases is None else calibration_error(cases, settings.bins)
    return None if cases is None or value is None else _alone(value, len(cases.scores), len(set(cases.clusters)))


def _ranges(beside: Beside, material: Material, settings: CalibrationSettings) -> list[Figure]:
    """Of a grade: how often people's is in the range around the judge's, and how wide that range is."""
    pair, about = beside.pair, {"criterion": beside.criterion}
    single = int(pair.people.known.sum(axis=1).max()) == 1
    trial = conformal_trial(
        pair.judge,
        pair.consensus,
        pair.clusters.tolist(),
        # The mean of several people can lie between grades.
        grades=tuple(np.unique(pair.people.some).tolist()) if single else None,
        miss=settings.miss,
        seed=material.seed,
    )
    if trial is None:
        return [figure("conformal_width", None, about=about, note="too few labelled items in too few groups")]
    width = _alone(trial.width, trial.coverage.n, trial.coverage.clusters)
    note = f"range of one score that misses people's in {settings.miss:.0%} of the items; 1 says nothing"
    return [
        figure("conformal_width", width, about=about, note=note),
        figure("conformal_coverage", trial.coverage, about=about),
    ]


def _people_mean(beside: Beside, material: Material) -> list[Figure]:
    """What people would say on average about all judged items, and what the judge saves of their work."""
    pair, about = beside.pair, {"criterion": beside.criterion}
    rows = material.table.of(criterion=beside.criterion).plain.scored
    rows = rows.where(rows.repeat == 0)
    labelled = frozenset(pair.items)
    # Items drawn with unequal chances leave a rest that is no fair sample, so then all items stand for it.
    equal = bool(np.ptp(pair.weights) < 1e-9)
    others = rows.where(~rows.item.when(labelled.__contains__)) if equal else rows
    clusters = [*pair.clusters.tolist(), *others.drawn_with().tolist()]
    found = ppi_mean(pair.consensus, pair.judge, others.score.values, clusters, weights=pair.weights)
    if found is None:
        return []
    size = found.mean.n, found.mean.clusters
    worth = None if found.worth is None else _alone(found.worth, *size)
    return [
        figure("people_mean", found.mean, about=about, note="prediction-powered: labels and all verdicts together"),
        figure("label_worth", worth, about=about, note="labels that one label is worth beside the judge"),
        figure("judge_bias", _alone(found.bias, *size), about=about, note="mean of judge less people"),
    ]


def _alone(value: float, n: int, clusters: int) -> Interval:
    """A figure without an interval."""
    return Interval(estimate=value, low=None, high=None, n=n, clusters=clusters)


def _points(cases: Scored, bins: int) -> tuple[dict[str, float], ...]:
    points = []
    for part in reliability(cases, bins):
        point = {"score": part.score, "share": part.share.estimate, "n": float(part.share.n), "weight": part.weight}
        if part.share.low is not None and part.share.high is not None:
            point |= {"low": part.share.low, "high": part.share.high}
        points.append(point)
    return tuple(points)
