"""Whether each criterion stands for its own metric rather than for another's: the multitrait table in a number."""

from collections.abc import Sequence

import numpy as np

from adjudge.domain.interval import Interval
from adjudge.validation.check import Figure, figure
from adjudge.validation.checks.beside_metric import beside_metric
from adjudge.validation.checks.success import SuccessCriterion
from adjudge.validation.metric_table import MetricTable
from adjudge.validation.statistics.correlation import spearman
from adjudge.validation.table import VerdictTable


def own_margins(table: VerdictTable, success: Sequence[SuccessCriterion], metrics: MetricTable) -> list[Figure]:
    """Each criterion's correlation with its own metric, less the best of the others.

    Below 0 the criterion measures something else than what it is named for. Nothing where there is one metric only.
    """
    known = [each for each in success if metrics.of(each.metric)]
    found = []
    for own in known:
        for criterion in own.criteria:
            others = [
                _correlation(table, other, criterion, metrics) for other in known if criterion not in other.criteria
            ]
            mine = _correlation(table, own, criterion, metrics)
            foreign = [other.estimate for other in others if other is not None]
            if mine is not None and foreign:
                margin = Interval(
                    estimate=mine.estimate - max(foreign), low=None, high=None, n=mine.n, clusters=mine.clusters
                )
                about = {"criterion": criterion, "metric": own.metric}
                found.append(figure("own_metric_margin", margin, about=about, note="rank correlation, own less others"))
    return found


def _correlation(
    table: VerdictTable, success: SuccessCriterion, criterion: str, metrics: MetricTable
) -> Interval | None:
    beside = beside_metric(table, metrics.of(success.metric), (criterion,), ())
    value = np.asarray([success.better(value) for value in beside.value])
    return spearman(beside.score, value, beside.groups)
