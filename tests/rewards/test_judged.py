"""A judge as a component: what it is shown, what it is not, and what it may answer."""

import asyncio
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adjudge.domain import (
    ComponentStatus,
    CriterionVerdict,
    FailureKind,
    ItemVerdict,
    JudgeFailure,
    RewardStatus,
    Usage,
    Verdict,
)
from adjudge.errors import ConfigError, RewardError
from adjudge.judges.rubric import RubricJudge
from adjudge.rewards.base import items_of
from adjudge.rewards.composite import CompositeReward
from adjudge.rewards.failure import Neutral
from adjudge.rewards.judged import Judged, JudgedConfig
from adjudge.testing.builders import make_comment, make_group, make_review, make_rollout, make_rubric, make_sample
from adjudge.testing.judges import agreeing

USAGE = Usage(calls=2, prompt_tokens=70, completion_tokens=7, seconds=0.5, cost_usd=0.125)
ITEM = ItemVerdict(item=0, criteria=(CriterionVerdict(criterion="good", answer="yes", score=1.0),), score=1.0)


class Answers:
    """A fake judge: gives or raises what it is told, fails where it is told nothing; counts."""

    name = fingerprint = "answers"

    def __init__(self, answer=None):
        self.answer, self.asked = answer, 0

    async def judge(self, sample, rollout):
        self.asked += 1
        if isinstance(self.answer, BaseException):
            raise self.answer
        if self.answer is None:
            return JudgeFailure(judge="answers", rollout_id=rollout.id, kind=FailureKind.UNPARSABLE)
        return self.answer


class Splitting(Answers):
    """The same, telling a rubric that splits responses into comments (or not)."""

    def __init__(self, answer=None, *, items=True):
        super().__init__(answer)
        self.rubric = make_rubric(items=items)


def alone(judge, *, role="term", items=None, policy=None, floor=0.1):
    """The judge as the only component that matters, under the failure policy that pays for failures."""
    part = Judged(judge, JudgedConfig(items=items), role=role)
    parts = [part] if role == "term" else [part, Judged(Answers(verdict()), JudgedConfig(name="pad"), role="term")]
    return CompositeReward(parts, policy or Neutral(neutral=0.5), floor)


def score(reward, response=None):
    return asyncio.run(reward.score(make_sample(), make_rollout(response=response)))


def verdict(score=1.0, rollout_id="r1"):
    whole = Verdict(judge="answers", rollout_id=rollout_id, items=(ITEM,), score=1.0, usage=USAGE)
    return whole.model_copy(update={"score": score})


NO_ITEMS = ["free text", "", "[]", "3", '{"comments": 3}', '{"comments": ["x"]}', '{"remarks": []}', "[" * 5000]
NO_ITEMS += ['{"comments": [{"comment": "\\ud800"}]}', '{"comments": [{}], "comments": [{}]}', '{"comments": [NaN]}']


@pytest.mark.parametrize("response", NO_ITEMS)
@pytest.mark.parametrize("role", ["term", "gate"])
def test_what_cannot_be_split_is_gated_without_any_gate_configured(response, role):
    """A judge that needs items is not asked without them: the floor, not the neutral value, and no call."""
    judge = Splitting()
    result = score(alone(judge, role=role), response)
    assert (result.value, result.status, judge.asked) == (0.1, RewardStatus.GATED, 0)
    assert "no list 'comments' to judge" in result.explain()


KEYS = st.sampled_from(["guideline_id", "text_excerpt", "comment", "passage", "id"])
LEAVES = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.just("PAY-1"))
VALUES = LEAVES | st.lists(LEAVES, max_size=2) | st.dictionaries(st.text(max_size=3), LEAVES, max_size=2)
REVIEWS = st.lists(st.dictionaries(KEYS, VALUES) | LEAVES, max_size=3).map(lambda items: {"comments": items})


@given(st.one_of(st.text(), VALUES.map(json.dumps), REVIEWS.map(json.dumps)))
def test_no_response_earns_the_neutral_value_from_a_judge_that_works(response):
    """Whatever the policy writes, a sound judge over a sound endpoint never ends in the failure policy."""
    rubric = make_rubric()
    result = score(alone(RubricJudge(rubric, agreeing(rubric))), response)
    assert result.is_evidence
    assert items_of(response, "comments") or result.value == 0.1


@pytest.mark.parametrize("response", ["", " \n\t", "half a \ud800 pair"])
def test_a_whole_response_is_judged_only_if_there_is_one(response):
    """Without items, an empty text and one that no endpoint can send are the policy's doing: the floor, no call."""
    for judge in (Answers(), Splitting(items=False)):
        result = score(alone(judge), response)
        assert (result.value, result.status, judge.asked) == (0.1, RewardStatus.GATED, 0)


def test_free_text_is_judged_as_a_whole_where_the_rubric_has_no_items():
    """The rubric says how to split; one that does not split reads any text."""
    judge = Splitting(verdict(), items=False)
    assert score(alone(judge), "Free text, and good.").value == 1.0
    assert judge.asked == 1


def test_an_empty_list_is_not_judged():
    """No items, no call: not applicable to the term, and alone the floor."""
    judge = Splitting()
    result = score(alone(judge), make_review([]))
    assert (result.status, judge.asked) == (RewardStatus.GATED, 0)
    assert result.component("judged").status is ComponentStatus.NOT_APPLICABLE


def test_a_watched_judge_gates_nothing():
    """As a metric, a judge that could not be shown the response has nothing to say, and stops nobody."""
    judge = Splitting()
    result = score(alone(judge, role="metric"), "free text")
    assert (result.value, result.status, judge.asked) == (1.0, RewardStatus.SCORED, 0)
    assert result.component("judged").status is ComponentStatus.NOT_APPLICABLE


def test_items_that_contradict_the_rubric_are_refused():
    """Two names for the list would judge one and count the other."""
    with pytest.raises(ConfigError, match=r"'remarks'.*'comments'"):
        Judged(Splitting(), JudgedConfig(items="remarks"), role="term")


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -0.1, 1.1, True])
def test_a_verdict_with_an_impossible_score_is_a_failure(bad):
    """Not a number, not a crash: the judge failed, and what it cost is counted."""
    result = score(alone(Answers(verdict(bad)), policy="mask"))
    assert (result.value, result.status, result.usage) == (None, RewardStatus.MASKED, USAGE)
    assert result.component("judged").judgement.kind is FailureKind.NOT_FINITE


@pytest.mark.parametrize("answer", [1.0, 0.5, True, "yes", {"score": 1.0}, [], (0.7,)])
def test_an_answer_that_is_no_judgement_is_a_failure(answer):
    """A bare number from a judge is no score either."""
    result = score(alone(Answers(answer), policy="mask"))
    assert (result.value, result.status) == (None, RewardStatus.MASKED)
    assert result.component("judged").judgement.kind is FailureKind.CRASHED


@pytest.mark.parametrize("error", [RuntimeError("jam"), TimeoutError(), ValueError("0.9"), KeyError("score")])
def test_a_judge_that_raises_is_a_failure(error):
    """The exception's name is kept, and no number comes of it."""
    result = score(alone(Answers(error), policy="mask"))
    assert (result.value, result.status) == (None, RewardStatus.MASKED)
    assert type(error).__name__ in result.explain()


def test_a_cancelled_judge_is_no_failure_of_the_judge():
    """Stopping a run goes through: it must not be recorded as a judgement."""
    with pytest.raises(asyncio.CancelledError):
        score(alone(Answers(asyncio.CancelledError())))


def test_a_judgement_about_another_rollout_is_paid_for():
    """It is a failure here, and its cost is in the reward's usage."""
    result = score(alone(Answers(verdict(rollout_id="r2")), policy="mask"))
    assert (result.status, result.usage) == (RewardStatus.MASKED, USAGE)


def test_siblings_end_before_an_error_is_told():
    """Under `raise`, what was asked for the group is answered first: nothing paid for is lost on the way out."""

    class FirstFails(Answers):
        ended = 0

        async def judge(self, sample, rollout):
            if rollout.id == "r0":
                return await super().judge(sample, rollout)
            await asyncio.sleep(0.01)
            self.ended += 1
            return verdict(rollout_id=rollout.id)

    judge = FirstFails()
    group = make_group([make_review([make_comment(comment=f"Remark {n}.")]) for n in range(4)])
    with pytest.raises(RewardError, match="'r0'"):
        asyncio.run(alone(judge, policy="raise").score_group(group))
    assert judge.ended == 3


def test_a_judge_over_a_real_endpoint_scores_a_good_review():
    """From the rubric to the reward with nothing faked but the model."""
    rubric = make_rubric()
    result = score(alone(RubricJudge(rubric, agreeing(rubric))), json.dumps({"comments": [make_comment()]}))
    assert (result.value, result.status) == (1.0, RewardStatus.SCORED)
    assert result.component("judged").judgement.score == 1.0
