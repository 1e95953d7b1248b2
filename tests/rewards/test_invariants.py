"""The reward, attacked: judges that fail, responses that jam, components that lie."""

import asyncio
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from adjudge.domain import (
    ComponentScore,
    ComponentStatus,
    FailureKind,
    ItemVerdict,
    JudgeFailure,
    Reward,
    RewardStatus,
    Verdict,
)
from adjudge.domain.verdict import CriterionVerdict
from adjudge.errors import ConfigError, RewardError
from adjudge.rewards.base import Scorer
from adjudge.rewards.composite import CompositeReward, matched
from adjudge.rewards.failure import Neutral
from adjudge.rewards.json_schema import JsonSchema
from adjudge.rewards.judged import Judged, JudgedConfig
from adjudge.testing.builders import make_comment, make_group, make_review, make_rollout, make_sample
from adjudge.training.advantage import advantages

SCHEMA = {"type": "object", "required": ["comments"], "properties": {"comments": {"type": "array"}}}


class CountingJudge:
    """A fake: fails at `rate`, else gives `score`; counts what it was asked."""

    name = "fake"
    fingerprint = "fake"

    def __init__(self, rate=0.0, score=0.8, seed=0, raising=False):
        self.rate, self.value, self.asked, self.raising = rate, score, 0, raising
        self.dice = random.Random(seed)

    async def judge(self, sample, rollout):
        self.asked += 1
        if self.dice.random() < self.rate:
            if self.raising:
                raise RuntimeError("jammed")
            return JudgeFailure(judge="fake", rollout_id=rollout.id, kind=FailureKind.TIMEOUT)
        criterion = CriterionVerdict(criterion="good", answer="yes", score=self.value)
        items = (ItemVerdict(item=0, criteria=(criterion,), score=self.value),)
        return Verdict(judge="fake", rollout_id=rollout.id, items=items, score=self.value)


class Fixed(Scorer):
    """A fake component with a fixed value."""

    def __init__(self, name, value, weight=1.0, role="term"):
        super().__init__(name, role, weight)
        self.value = value

    async def score(self, sample, rollout):
        return self.not_applicable("nothing") if self.value is None else self.scored(self.value)


def composite(judge, on_failure="mask", items=None):
    gate = JsonSchema(SCHEMA, name="json_schema", role="gate", weight=1.0)
    return CompositeReward(
        [gate, Judged(judge, JudgedConfig(items=items), role="term"), Fixed("other", 1.0)], on_failure
    )


def score(reward, response=None):
    return asyncio.run(reward.score(make_sample(), make_rollout(response=response)))


@pytest.mark.parametrize("rate", [0.0, 0.1, 0.5, 1.0])
@pytest.mark.parametrize("raising", [False, True])
@pytest.mark.parametrize("policy", ["mask", Neutral(neutral=0.5)])
async def test_a_failed_judge_never_scores_the_policy(rate, raising, policy):
    """However often the judge fails or raises, a reward with a failed judge is masked or marked, never scored."""
    judge = CountingJudge(rate, raising=raising)
    reward = composite(judge, policy)
    seen = [await reward.score(make_sample(), make_rollout(f"r{n}")) for n in range(60)]
    for result in seen:
        failed = result.component("judged").status is ComponentStatus.FAILED
        wanted = RewardStatus.MASKED if policy == "mask" else RewardStatus.FALLBACK
        assert result.status is (wanted if failed else RewardStatus.SCORED)
        assert result.is_evidence is not failed
    failures = sum(not result.is_evidence for result in seen)
    assert failures == {0.0: 0, 1.0: 60}.get(rate, failures)
    assert rate not in {0.1, 0.5} or 0 < failures < 60


def test_the_policy_raise_ends_the_run_with_the_judges_reason():
    """`on_failure: raise` is an error that names component and rollout."""
    with pytest.raises(RewardError, match=r"judged.*r1"):
        score(composite(CountingJudge(1.0), "raise"))


@pytest.mark.parametrize("response", ["", "no json", "[1, 2]", '{"comments": 3}', '{"comments": [NaN]}', "[" * 100_000])
def test_what_the_policy_did_wrong_is_gated_without_a_call(response):
    """A malformed response gets the floor even where the judge would fail: the neutral value cannot be earned."""
    judge = CountingJudge(1.0)
    result = score(composite(judge, Neutral(neutral=0.5)), response)
    assert (result.value, result.status, judge.asked) == (0.0, RewardStatus.GATED, 0)


def test_an_empty_review_is_not_judged():
    """A review without comments costs no call; the other terms decide."""
    judge = CountingJudge()
    result = score(composite(judge, items="comments"), make_review([]))
    assert judge.asked == 0
    assert result.value == 1.0


@given(
    st.lists(st.tuples(st.floats(0, 1), st.floats(0.01, 100), st.booleans()), min_size=1, max_size=6),
    st.randoms(use_true_random=False),
)
def test_the_reward_is_the_weighted_mean_of_what_applies(parts, dice):
    """In [0, 1], equal to the closed formula over applicable terms, whatever their order."""
    components = [Fixed(f"c{n}", v if applies else None, w) for n, (v, w, applies) in enumerate(parts)]
    result = score(CompositeReward(components))
    known = [(v, w) for v, w, applies in parts if applies]
    if not known:
        assert (result.status, result.value) == (RewardStatus.GATED, 0.0)
        return
    assert result.value == pytest.approx(sum(v * w for v, w in known) / sum(w for _, w in known))
    assert 0 <= result.value <= 1
    dice.shuffle(components)
    assert score(CompositeReward(components)).value == pytest.approx(result.value)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), True, -0.1, 1.1, "0.5"])
def test_only_finite_numbers_in_range_are_scores(value):
    """A component that gives anything else is a fault with a name, not a number."""
    with pytest.raises(RewardError, match="liar"):
        score(CompositeReward([Fixed("liar", value)]))


def test_a_score_cannot_stand_beside_a_failed_judgement():
    """The type itself refuses a value for a failed judge."""
    failure = JudgeFailure(judge="j", rollout_id="r1", kind=FailureKind.EMPTY)
    with pytest.raises(ValidationError, match="failed judge"):
        ComponentScore(name="judged", value=0.5, judgement=failure)


class Wrong:
    """A fake judge that answers about another rollout."""

    name = fingerprint = "wrong"

    async def judge(self, sample, rollout):
        return await CountingJudge().judge(sample, make_rollout("somebody-else"))


def test_a_verdict_about_another_rollout_is_a_failure():
    """Judgements are matched by id too."""
    assert score(composite(Wrong())).status is RewardStatus.MASKED


@pytest.mark.parametrize(
    ("ids", "problem"), [(["r0"], "missing"), (["r0", "r1", "r1"], "twice"), (["r0", "r1", "x"], "no rollout")]
)
def test_rewards_are_matched_by_id(ids, problem):
    """A missing, repeated or foreign reward is an error; order does not matter."""
    group = make_group(["a", "b"])
    rewards = [Reward(rollout_id=i, value=n / 10, status=RewardStatus.SCORED) for n, i in enumerate(ids)]
    with pytest.raises(RewardError, match=problem):
        matched(group, rewards)
    right = [Reward(rollout_id=i, value=0.1, status=RewardStatus.SCORED) for i in ("r1", "r0")]
    assert [reward.rollout_id for reward in matched(group, right)] == ["r0", "r1"]


@given(st.lists(st.floats(0, 1), min_size=2, max_size=8), st.data())
def test_siblings_of_a_masked_rollout_do_not_move(values, data):
    """The others' advantages are what they would be if the masked rollout had never been sampled."""
    out = data.draw(st.sets(st.integers(0, len(values) - 1), max_size=len(values) - 1))
    kinds = data.draw(st.sampled_from([(RewardStatus.MASKED, None), (RewardStatus.FALLBACK, 0.5)]))
    rewards = [
        Reward(rollout_id=str(n), value=kinds[1], status=kinds[0])
        if n in out
        else Reward(rollout_id=str(n), value=v, status=RewardStatus.SCORED)
        for n, v in enumerate(values)
    ]
    got = advantages(rewards)
    alone = advantages([reward for n, reward in enumerate(rewards) if n not in out])
    assert [value for n, value in enumerate(got) if n not in out] == list(alone)
    assert all(got[n] is None for n in out)
    assert sum(alone) == pytest.approx(0, abs=1e-9)


def test_two_components_of_one_name_are_refused():
    """Scores are kept by name, so names are unique."""
    with pytest.raises(ConfigError, match="'a'"):
        CompositeReward([Fixed("a", 1.0), Fixed("a", 0.5)])


def test_a_schema_cannot_fetch_another_document():
    """A reference to a file or address outside the schema is refused when the reward is built."""
    with pytest.raises(ConfigError, match="schema"):
        JsonSchema({"$ref": "file:///etc/passwd"}, name="s", role="gate", weight=1.0)


def test_one_good_comment_passes_the_whole():
    """The default good review is scored, with its explanation as a sum."""
    result = score(composite(CountingJudge(score=0.5)), make_review([make_comment()]))
    assert result.value == 0.75
    assert result.explain() == "0.75 = 0.50 x judged 0.50 + 0.50 x other 1.00"
