"""**Success criterion**: a production metric, what it must reach, and which criteria of the rubric stand for it."""

from collections.abc import Sequence

import numpy as np
from pydantic import Field, model_validator

from adjudge.domain.base import Frozen, Number
from adjudge.domain.interval import Interval
from adjudge.validation.check import Figure, figure
from adjudge.validation.checks.beside_metric import beside_metric
from adjudge.validation.metric_table import MetricTable
from adjudge.validation.statistics.correlation import spearman
from adjudge.validation.table import VerdictTable


class SuccessCriterion(Frozen):
    """What a production metric must reach, and which criteria of the rubric stand for it."""

    metric: str = Field(min_length=1)
    at_least: Number | None = None
    at_most: Number | None = None
    criteria: tuple[str, ...] = ()
    """Criteria whose mean score stands for the metric; empty: none does, which is told."""
    vices: tuple[str, ...] = ()
    """Those of them with a negative weight in the rubric: their score is turned round."""

    @model_validator(mode="after")
    def _one_limit(self) -> "SuccessCriterion":
        if (self.at_least is None) == (self.at_most is None):
            msg = "a success criterion has either at_least or at_most"
            raise ValueError(msg)
        strange = [name for name in self.vices if name not in self.criteria]
        if strange:
            msg = f"the vice '{strange[0]}' is none of the criteria"
            raise ValueError(msg)
        return self

    def reached(self, value: float) -> bool:
        """Whether a value is a success."""
        return value >= self.at_least if self.at_least is not None else value <= (self.at_most or 0.0)

    def better(self, value: float) -> float:
        """The value, turned round where less is better."""
        return value if self.at_least is not None else -value


def own_margins(table: VerdictTable, success: Sequence[SuccessCriterion], metrics: MetricTable) -> list[Figure]:
    """The multitrait table in a number: each criterion's correlation with its own metric, less the best of the others.

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
