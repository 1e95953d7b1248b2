import json

import pytest

from adjudge.domain import (
    ComponentScore,
    ComponentStatus,
    CriterionVerdict,
    FailureKind,
    ItemVerdict,
    JudgeFailure,
    Reward,
    RewardStatus,
    Usage,
    Verdict,
)
from adjudge.errors import DataError
from adjudge.wire.nova_result import Rank, Scored, nova_answer, nova_result
from adjudge.wire.nova_rft import read_event


def verdict(*scores: float) -> Verdict:
    items = tuple(
        ItemVerdict(item=place, criteria=(CriterionVerdict(criterion="right", answer="yes", score=score),), score=score)
        for place, score in enumerate(scores)
    )
    return Verdict(judge="j", rollout_id="r", items=items, score=sum(scores) / len(scores))


JUDGED = ComponentScore(name="judged", value=0.5, judgement=verdict(1.0, 0.0))
FAILED = ComponentScore(
    name="judged",
    status=ComponentStatus.FAILED,
    judgement=JudgeFailure(judge="j", rollout_id="r", kind=FailureKind.TIMEOUT),
)


def reward(
    value: float | None = 0.5,
    status: RewardStatus = RewardStatus.SCORED,
    *,
    components: tuple[ComponentScore, ...] = (JUDGED,),
    usage: Usage | None = None,
) -> Reward:
    return Reward(rollout_id="r", value=value, status=status, components=components, usage=usage or Usage())


def scored(found: Reward | None, row: object = None, *, problem: str = "", is_late: bool = False) -> Scored:
    message = {"role": "user", "content": "x"}
    given = row or {"id": "7", "messages": [message, {"role": "assistant", "content": "y"}]}
    return Scored(read_event([given])[0], found, 12.5, problem, is_late)


def metrics(one: Scored) -> dict[str, tuple[float, str]]:
    found = nova_result(one, 0.5).as_json()["metrics_list"]
    assert len({metric["name"] for metric in found}) == len(found)
    return {metric["name"]: (metric["value"], metric["type"]) for metric in found}


def test_a_result_has_components_and_diagnostics():
    """Gates and terms are rewards; metrics, marks, latency, cost and criteria are only told."""
    length = ComponentScore(name="length", role="metric", value=0.25)
    told = metrics(scored(reward(components=(JUDGED, length), usage=Usage(calls=1, cost_usd=0.001))))
    assert told == {
        "adjudge_fallback": (0.0, "Metric"),
        "adjudge_gated": (0.0, "Metric"),
        "adjudge_late": (0.0, "Metric"),
        "adjudge_bad_row": (0.0, "Metric"),
        "adjudge_no_response": (0.0, "Metric"),
        "judged": (0.5, "Reward"),
        "judged.right": (0.5, "Metric"),
        "length": (0.25, "Metric"),
        "adjudge_latency_ms": (12.5, "Metric"),
        "adjudge_cost_usd": (0.001, "Metric"),
    }


@pytest.mark.parametrize(
    ("one", "status", "score", "mark"),
    [
        (scored(reward(0.8)), "scored", 0.8, None),
        (scored(reward(0.0, RewardStatus.GATED)), "gated", 0.0, "adjudge_gated"),
        (scored(reward(None, RewardStatus.MASKED, components=(FAILED,))), "masked", 0.5, "adjudge_fallback"),
        (scored(reward(0.3, RewardStatus.FALLBACK, components=(FAILED,))), "fallback", 0.3, "adjudge_fallback"),
        (scored(None, is_late=True), "late", 0.5, "adjudge_late"),
        (scored(None, problem="broke"), "failed", 0.5, "adjudge_fallback"),
        (scored(None, row=4), "bad_row", 0.5, "adjudge_bad_row"),
    ],
)
def test_a_number_that_is_no_evidence_is_marked(one: Scored, status: str, score: float, mark: str | None):
    """Where there is no score, the neutral value stands, with the fallback mark and what led to it."""
    assert one.status == status
    assert nova_result(one, 0.5).score == score
    told = metrics(one)
    assert told["adjudge_fallback"][0] == float(status not in {"scored", "gated"})
    assert mark is None or told[mark][0] == 1.0


def test_a_failed_component_has_no_number():
    """Neither a failed judge nor an unknown cost becomes a 0 in the list."""
    told = metrics(scored(reward(None, RewardStatus.MASKED, components=(FAILED,), usage=Usage(calls=2))))
    assert "judged" not in told
    assert "adjudge_cost_usd" not in told


def test_a_row_without_a_generated_turn_is_marked():
    """Preflight rows are told apart from empty responses."""
    found = scored(reward(0.0, RewardStatus.GATED), row={"messages": [{"role": "user", "content": "x"}]})
    assert metrics(found)["adjudge_no_response"][0] == 1.0


def test_an_answer_that_would_be_too_large_loses_diagnostics_first():
    """Criteria go first, then latency and cost, then components, then the marks; scores and ids never."""
    results = [nova_result(scored(reward()), 0.5)] * 20
    seen = []
    for most in range(30_000, 0, -10):
        try:
            answer = nova_answer(results, most_bytes=most)
        except DataError:
            break
        assert len(json.dumps(answer)) <= most
        assert [(one["id"], one["aggregate_reward_score"]) for one in answer] == [("7", 0.5)] * 20  # type: ignore[index]
        ranks = {metric.rank for metric in results[0].metrics if metric.as_json() in answer[0].get("metrics_list", [])}  # type: ignore[index, union-attr]
        if ranks not in seen:
            seen.append(ranks)
    everything = set(Rank)
    assert seen == [everything - set(list(Rank)[4 - lost :]) for lost in range(5)]


def test_an_answer_that_cannot_be_made_small_is_an_error():
    """A cut answer would lose all scores, so it is refused with what to change."""
    with pytest.raises(DataError, match="lambda_batch_size"):
        nova_answer([nova_result(scored(reward()), 0.5)] * 20, most_bytes=500)


def test_the_envelope_holds_the_list_as_text():
    """Open-weight models under RLVR get {statusCode, headers, body}, with the same results in the body."""
    results = [nova_result(scored(reward()), 0.5)]
    answer = nova_answer(results, most_bytes=10_000, envelope=True)
    assert isinstance(answer, dict)
    assert answer["statusCode"] == 200
    assert json.loads(answer["body"]) == nova_answer(results, most_bytes=10_000)
