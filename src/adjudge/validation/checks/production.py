"""Check: does a better score mean a better product? The judge beside the metrics that decide about release.

At three levels, because they come apart: over all responses (what a report sees), within a prompt (what training sees)
and over checkpoints (what the curve of a run sees). A criterion that no metric needs and a metric that no criterion
stands for are both told: the first is trained for nothing, the second is not trained for.
"""

import math
from collections.abc import Sequence

import numpy as np

from adjudge.domain.base import Count, Frozen, Number, Score
from adjudge.domain.interval import Interval
from adjudge.validation.agreement import Labelled, auc
from adjudge.validation.check import Check, Figure, Material, Outcome, Rule, figure, overall
from adjudge.validation.checks.beside_metric import BesideMetric, beside_metric, by_checkpoint
from adjudge.validation.checks.own_metric import own_margins
from adjudge.validation.checks.success import SuccessCriterion
from adjudge.validation.metric_table import MetricTable
from adjudge.validation.statistics.correlation import kendall, spearman
from adjudge.validation.statistics.proportion import proportion
from adjudge.validation.statistics.selection import COUNTS, BestOf, best_of, incremental_r2
from adjudge.validation.statistics.within import within_correlation

NAME = "production"
TITLE = "Stands for production metrics"

NEEDS = (
    "Values of the production metrics on responses that the judge has judged: rows of "
    '{"item" or "candidate": ..., "metric": ..., "value": ...}, several responses a prompt.'
)


class ProductionSettings(Frozen):
    """Which metrics count, and how well the judge must stand for them."""

    success: tuple[SuccessCriterion, ...] = ()
    within: Number = 0.0
    """Least rank correlation within prompts; its whole interval must reach it."""
    auc: Score = 0.5
    """Least chance that a response that reaches the metric's threshold scores higher than one that does not."""
    gain: Number = 0.0
    """Least gain in the metric (in its own units) of the judge's pick over a random response, at the largest n."""
    counts: tuple[int, ...] = COUNTS
    """Numbers of responses of the best-of-n curve."""
    min_items: Count = 30
    """Fewer values never decide."""


def production(material: Material, settings: ProductionSettings, metrics: MetricTable) -> Check:
    """The judge's mean score of the mapped criteria beside each production metric."""
    if not settings.success:
        detail = "no success criterion is declared"
        return Check(name=NAME, title=TITLE, outcome=Outcome.NOT_APPLICABLE, detail=detail, needs=NEEDS)
    figures: list[Figure] = []
    curves: dict[str, tuple[dict[str, float], ...]] = {}
    turning: list[str] = []
    for success in settings.success:
        if not success.criteria:
            figures.append(_lone("metric_without_criteria", {"metric": success.metric}))
            continue
        made, points = _figures(success, material, settings, metrics)
        figures += made
        if points:
            curves[f"best_of/{success.metric}"] = _points(points, success)
            if _turns(points):
                turning.append(success.metric)
    figures += own_margins(material.table, settings.success, metrics)
    strangers = [
        f.about["criterion"] for f in figures if f.name == "own_metric_margin" and f.value and f.value.estimate < 0
    ]
    mapped = {name for success in settings.success for name in success.criteria}
    unmapped = [name for name in material.criteria() if name not in mapped]
    figures += [_lone("criterion_without_metric", {"criterion": name}) for name in unmapped]
    return Check(
        name=NAME,
        title=TITLE,
        outcome=overall(figures),
        figures=tuple(figures),
        curves=curves,
        detail=_detail(settings, unmapped, turning, strangers),
        fix="Do not train on criteria that do not move the metric: rewrite them after what separates good from bad "
        "responses by the metric, or map other criteria to it.",
        needs=NEEDS,
    )


def _lone(name: str, about: dict[str, str]) -> Figure:
    """What is told without a number."""
    return figure(name, None, about=about)


def _detail(
    settings: ProductionSettings, unmapped: Sequence[str], turning: Sequence[str], strangers: Sequence[str]
) -> str:
    unserved = [success.metric for success in settings.success if not success.criteria]
    told = [f"no criterion stands for {', '.join(unserved)}"] if unserved else []
    told += [f"no metric needs {', '.join(unmapped)}"] if unmapped else []
    told += [f"choosing among more responses makes {', '.join(turning)} worse"] if turning else []
    told += [f"nearer to the metric of another criterion: {', '.join(dict.fromkeys(strangers))}"] if strangers else []
    return "; ".join(told)


def _figures(
    success: SuccessCriterion, material: Material, settings: ProductionSettings, metrics: MetricTable
) -> tuple[list[Figure], tuple[BestOf, ...]]:
    beside = beside_metric(material.table, metrics.of(success.metric), success.criteria, success.vices)
    value = np.asarray([success.better(found) for found in beside.value])
    about = {"metric": success.metric}
    drawn = {"seed": material.seed, "resamples": material.resamples}
    points = best_of(beside.score, value, beside.groups, counts=settings.counts, **drawn)
    reached = [success.reached(found) for found in beside.value]
    area = auc(Labelled(reached, beside.score.tolist(), beside.groups), **drawn)
    lengths = np.column_stack([beside.length, np.log1p(beside.length)])
    added = incremental_r2(value, beside.score, lengths, beside.groups, **drawn) if beside.has_lengths else None
    within = Rule(at_least=settings.within, min_n=settings.min_items)
    gain = f"in units of the metric, pick of {points[-1].count}" if points else "no prompt has two responses"
    return [
        figure("spearman", spearman(beside.score, value, beside.groups), about=about, note="over all responses"),
        figure("within_prompt", within_correlation(beside.score, value, beside.groups), within, about=about),
        *_over_checkpoints(success, material, metrics),
        figure("auc", area, Rule(at_least=settings.auc, min_n=settings.min_items), about=about),
        *_at_threshold(beside, reached, about),
        figure("best_of_gain", _gain(points), Rule(at_least=settings.gain), about=about, note=gain),
        figure("r2_over_length", added, about=about, note="share of variance that the score explains beyond length"),
    ], points


def _gain(points: Sequence[BestOf]) -> Interval | None:
    return points[-1].gain if points else None


def _at_threshold(beside: BesideMetric, reached: Sequence[bool], about: dict[str, str]) -> list[Figure]:
    """Precision and recall of "the judge scores a half or more" for reaching the threshold."""
    good, called = np.asarray(reached, dtype=np.bool_), beside.score >= 0.5
    groups = np.asarray(beside.groups, dtype=np.int64)
    return [
        figure("precision", proportion(good[called], groups[called].tolist()), about=about, note="of scores from 0.5"),
        figure("recall", proportion(called[good], groups[good].tolist()), about=about, note="of scores from 0.5"),
    ]


def _over_checkpoints(success: SuccessCriterion, material: Material, metrics: MetricTable) -> list[Figure]:
    """Rank correlation of means by policy version; each checkpoint is one value, so the intervals are wide."""
    score, value = by_checkpoint(material.table, metrics.of(success.metric), success.criteria, success.vices)
    if len(score) < 3:
        return []
    better = np.asarray([success.better(found) for found in value])
    about, alone = {"metric": success.metric}, list(range(len(score)))
    tau = kendall(score, better, alone)
    note = f"{len(score)} checkpoints"
    return [
        figure("checkpoint_spearman", _fisher(spearman(score, better, alone)), about=about, note=note),
        figure(
            "checkpoint_kendall", tau and tau.model_copy(update={"low": None, "high": None}), about=about, note=note
        ),
    ]


def _fisher(found: Interval | None) -> Interval | None:
    """Fisher's z interval of a rank correlation of few values (Bonett and Wright 2000): no resampling fits so few."""
    if found is None:
        return None
    if found.n < 4 or abs(found.estimate) >= 1.0 - 1e-12:
        return found.model_copy(update={"low": None, "high": None})
    z, half = math.atanh(found.estimate), 1.959964 * math.sqrt((1 + found.estimate**2 / 2) / (found.n - 3))
    return found.model_copy(update={"low": math.tanh(z - half), "high": math.tanh(z + half)})


def _points(points: Sequence[BestOf], success: SuccessCriterion) -> tuple[dict[str, float], ...]:
    """The curve in the metric's own direction."""
    listed = []
    for point in points:
        listed.append({"n": float(point.count), "judge": success.better(point.judge.estimate)})
        listed[-1]["best"] = success.better(point.oracle)
        if point.judge.low is not None and point.judge.high is not None:
            ends = sorted((success.better(point.judge.low), success.better(point.judge.high)))
            listed[-1] |= {"low": ends[0], "high": ends[1]}
    return tuple(listed)


def _turns(points: Sequence[BestOf]) -> bool:
    """The pick of the most gains less than the pick of fewer, beyond what its interval allows."""
    last = points[-1].gain
    return last.high is not None and last.high < max(point.gain.estimate for point in points)
