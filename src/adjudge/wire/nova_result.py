"""Amazon Nova RFT: scores -> what a reward invocation answers. Pure; events are read by `adjudge.wire.nova_rft`.

A result is ``{id, aggregate_reward_score, metrics_list: [{name, value, type}]}``. ``Reward`` are the gates and terms
of the reward; ``Metric`` is what is only told: metrics, the marks below, and the mean answer to each criterion. A
component without a value (nothing to score, or a judge that failed) is left out: no number is made up for it.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final, Literal

from adjudge.domain.reward import ComponentScore, Reward, RewardStatus
from adjudge.domain.verdict import Verdict
from adjudge.errors import DataError
from adjudge.wire.nova_rft import EventRow

FALLBACK: Final = "adjudge_fallback"
"""1: the number is the declared neutral value and says nothing about the response."""
GATED: Final = "adjudge_gated"
"""1: a gate stopped the response, which has the floor; no judge was asked."""
LATE: Final = "adjudge_late"
"""1: the time was up before there was a score."""
BAD_ROW: Final = "adjudge_bad_row"
"""1: the row could not be read."""
NO_RESPONSE: Final = "adjudge_no_response"
"""1: the row has no generated turn; it was scored as an empty response."""
LATENCY: Final = "adjudge_latency_ms"
"""Milliseconds from the start of the invocation to the score."""
COST: Final = "adjudge_cost_usd"
"""US dollars for the judge; left out where no price is known."""


class Rank(IntEnum):
    """What is left out first when an answer would be too large: the highest, and then the next."""

    MARK = 0
    COMPONENT = 1
    MEASURE = 2
    """Latency and cost."""
    CRITERION = 3


@dataclass(frozen=True)
class NovaMetric:
    """One entry of ``metrics_list``."""

    name: str
    value: float
    type: Literal["Reward", "Metric"]
    rank: Rank

    def as_json(self) -> dict[str, Any]:
        """As it is sent."""
        return {"name": self.name, "value": self.value, "type": self.type}


@dataclass(frozen=True)
class Scored:
    """What became of a row.

    Attributes:
        row: of the event.
        reward: None where there is none: the row could not be read, its time was up, or something broke.
        milliseconds: from the start of the invocation to the score, or to giving up.
        problem: why there is no reward.
        is_late: the time was up.
    """

    row: EventRow
    reward: Reward | None
    milliseconds: float
    problem: str = ""
    is_late: bool = False

    @property
    def is_evidence(self) -> bool:
        """There is a number that says something about the response."""
        return self.reward is not None and self.reward.is_evidence

    @property
    def status(self) -> str:
        """scored, gated, masked, fallback, late, bad_row or failed."""
        if self.reward is not None:
            return self.reward.status.value
        return "late" if self.is_late else "failed" if self.row.case is not None else "bad_row"


@dataclass(frozen=True)
class NovaResult:
    """One result, with all that can be told of it."""

    id: str | float
    score: float
    metrics: tuple[NovaMetric, ...]

    def as_json(self, most: Rank = Rank.CRITERION) -> dict[str, Any]:
        """As it is sent, without the metrics that rank above `most`."""
        told = [metric.as_json() for metric in self.metrics if metric.rank <= most]
        return {"id": self.id, "aggregate_reward_score": self.score, "metrics_list": told}


def nova_result(scored: Scored, neutral: float) -> NovaResult:
    """The result of a row; `neutral` in [0, 1] stands, marked, where there is no number."""
    reward = scored.reward
    value = reward.value if reward is not None else None
    marks = {
        FALLBACK: not scored.is_evidence,
        GATED: reward is not None and reward.status is RewardStatus.GATED,
        LATE: scored.is_late,
        BAD_ROW: scored.row.case is None,
        NO_RESPONSE: scored.row.case is not None and not scored.row.case.is_answered,
    }
    metrics = [NovaMetric(name, float(mark), "Metric", Rank.MARK) for name, mark in marks.items()]
    metrics += _components(reward.components if reward is not None else ())
    metrics.append(NovaMetric(LATENCY, round(scored.milliseconds, 3), "Metric", Rank.MEASURE))
    if reward is not None and (not reward.usage.calls or reward.usage.cost_usd is not None):
        metrics.append(NovaMetric(COST, reward.usage.cost_usd or 0.0, "Metric", Rank.MEASURE))
    return NovaResult(scored.row.id, neutral if value is None else value, tuple(metrics))


def _components(parts: Sequence[ComponentScore]) -> Iterable[NovaMetric]:
    for part in parts:
        if part.value is not None:
            kind: Literal["Reward", "Metric"] = "Metric" if part.role == "metric" else "Reward"
            yield NovaMetric(part.name, part.value, kind, Rank.COMPONENT)
        if isinstance(part.judgement, Verdict):
            for criterion, mean in criterion_means(part.judgement).items():
                yield NovaMetric(f"{part.name}.{criterion}", mean, "Metric", Rank.CRITERION)


def criterion_means(verdict: Verdict) -> dict[str, float]:
    """Mean score of each criterion over the items to which it applies."""
    found: dict[str, list[float]] = {}
    for item in verdict.items:
        for answer in item.criteria:
            if answer.score is not None:
                found.setdefault(answer.criterion, []).append(answer.score)
    return {criterion: sum(scores) / len(scores) for criterion, scores in found.items()}


Answer = list[dict[str, Any]] | dict[str, Any]
"""The bare list, or the envelope."""


def nova_answer(results: Sequence[NovaResult], *, most_bytes: int, envelope: bool = False) -> Answer:
    """All results as the invocation's answer.

    Where they would be too large, metrics are left out of every result: the criteria first, then latency and cost,
    then components, and the marks last.

    Args:
        results: in the order of the event.
        most_bytes: of the answer as JSON, at least as much as any writer makes of it.
        envelope: wrapped as ``{statusCode, headers, body}``, for open-weight models under RLVR.

    Raises:
        DataError: ids and scores alone are too large.
    """
    for most in (*sorted(Rank, reverse=True), None):
        rows = [_bare(result) if most is None else result.as_json(most) for result in results]
        answer = _enveloped(rows) if envelope else rows
        size = len(json.dumps(answer, allow_nan=False))
        if size <= most_bytes:
            return answer
    raise DataError(
        f"The answer to {len(results)} rows has {size} bytes, also without any metric.",
        f"AWS Lambda takes at most {most_bytes}; an answer that is cut off would lose all scores.",
        "Send fewer rows in an invocation (lambda_batch_size).",
    )


def _bare(result: NovaResult) -> dict[str, Any]:
    return {"id": result.id, "aggregate_reward_score": result.score}


def _enveloped(rows: list[dict[str, Any]]) -> dict[str, Any]:
    return {"statusCode": 200, "headers": {"Content-Type": "application/json"}, "body": json.dumps(rows)}
