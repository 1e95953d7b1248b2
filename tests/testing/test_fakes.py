"""The shipped fakes keep their own promises: deterministic, and failing as they say."""

import pytest

from adjudge.domain import Message
from adjudge.endpoints.base import ChatRequest
from adjudge.judges.fields import item_fields, response_items, unreadable
from adjudge.testing.builders import make_group, make_review, make_rollout, make_rubric, make_sample
from adjudge.testing.judges import constant, flaky


def requests(count: int) -> list[ChatRequest]:
    """Different requests."""
    return [ChatRequest(messages=(Message(role="user", content=f"request {n}"),)) for n in range(count)]


@pytest.mark.parametrize(("rate", "low", "high"), [(0.0, 0, 0), (0.3, 30, 90), (1.0, 200, 200)])
async def test_a_flaky_judge_fails_at_its_rate_and_always_alike(rate: float, low: int, high: int):
    """About the given share of requests fails, the same ones each time, and others with another seed."""

    async def fates(seed: int) -> list[bool]:
        endpoint = flaky(constant("good"), rate, seed=seed)
        outcomes = [await endpoint.complete(request, 1.0) for request in requests(200)]
        return [getattr(outcome, "text", None) != "good" for outcome in outcomes]

    first = await fates(0)
    assert low <= sum(first) <= high
    assert first == await fates(0)
    assert rate in (0.0, 1.0) or first != await fates(1)


def test_the_builders_fit_each_other():
    """The default review is a good one: every criterion of the default rubric can be read, nothing is decided early."""
    rubric, sample, rollout = make_rubric(), make_sample(), make_rollout()
    (item,) = response_items(rubric, rollout.response) or []
    fields = item_fields(rubric, sample, rollout.response, item)
    assert [unreadable(criterion, fields) for criterion in rubric.criteria] == [None, None]
    assert len(make_group([make_review([]), rollout.response]).rollouts) == 2
