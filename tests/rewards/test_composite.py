"""The composite, attacked by what it is made of."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adjudge.domain import (
    ComponentScore,
    ComponentStatus,
    CriterionVerdict,
    FailureKind,
    ItemVerdict,
    JudgeFailure,
    RewardStatus,
    Usage,
    Verdict,
)
from adjudge.errors import ConfigError, MissingError, RewardError
from adjudge.judges.rubric import RubricJudge
from adjudge.rewards.base import Scorer
from adjudge.rewards.composite import CompositeReward
from adjudge.rewards.failure import Neutral
from adjudge.rewards.judged import Judged, JudgedConfig
from adjudge.testing.builders import make_comment, make_group, make_review, make_rollout, make_rubric, make_sample
from adjudge.testing.judges import agreeing, flaky

USAGE = Usage(calls=1, prompt_tokens=100, completion_tokens=10, seconds=0.5, cost_usd=0.25)


class Told(Scorer):
    """A fake component: says what it was told to say, and counts how often."""

    def __init__(self, name, says=1.0, *, role="term", weight=1.0, cost=0):
        super().__init__(name, role, weight, cost)
        self.says, self.asked = says, 0

    async def score(self, sample, rollout):
        self.asked += 1
        if isinstance(self.says, Exception):
            raise self.says
        if isinstance(self.says, ComponentScore):
            return self.says
        return self.not_applicable("nothing") if self.says is None else self.scored(self.says)


class FailsOn:
    """A fake judge: fails on the rollouts named, else gives 0.75; every judgement costs `USAGE`."""

    name = fingerprint = "fails-on"

    def __init__(self, ids=()):
        self.ids, self.asked = ids, 0

    async def judge(self, sample, rollout):
        self.asked += 1
        if rollout.id in self.ids:
            return JudgeFailure(judge="fails-on", rollout_id=rollout.id, kind=FailureKind.TRUNCATED, usage=USAGE)
        criterion = CriterionVerdict(criterion="good", answer="yes", score=0.75)
        items = (ItemVerdict(item=0, criteria=(criterion,), score=0.75),)
        return Verdict(judge="fails-on", rollout_id=rollout.id, items=items, score=0.75, usage=USAGE)


def judged(judge, *, role="term", name=None, weight=1.0):
    return Judged(judge, JudgedConfig(name=name, weight=weight), role=role)


def score(reward, response=None):
    return asyncio.run(reward.score(make_sample(), make_rollout(response=response)))


def bad(**fields):
    """A score that its own type would refuse."""
    whole = {name: field.get_default() for name, field in ComponentScore.model_fields.items()}
    return ComponentScore.model_construct(**{**whole, **fields})


@given(st.floats(0, 1), st.integers(0, 2**20), st.sampled_from(["mask", Neutral(neutral=0.5)]))
def test_a_real_judge_that_fails_at_random_never_scores_by_failing(rate, seed, policy):
    """Whatever an endpoint returns, the good review's reward is the full score or says that the judge failed."""
    rubric = make_rubric()
    judge = RubricJudge(rubric, flaky(agreeing(rubric), rate, seed=seed))
    reward = CompositeReward([judged(judge), Told("other", 1.0)], policy)
    failed_status = RewardStatus.MASKED if policy == "mask" else RewardStatus.FALLBACK
    for place in range(4):
        comment = make_comment(comment=f"The payment term of 90 days is too long; remark {place}.")
        result = score(reward, make_review([comment]))
        failed = result.component("judged").status is ComponentStatus.FAILED
        assert result.status is (failed_status if failed else RewardStatus.SCORED)
        assert result.value == (1.0 if not failed else None if policy == "mask" else 0.5)


@pytest.mark.parametrize("policy", ["mask", Neutral(neutral=0.5)])
@given(st.sets(st.integers(0, 5)))
def test_siblings_of_a_failed_rollout_keep_their_rewards(policy, out):
    """In one group, a failure changes nothing in the rewards of the others."""
    group = make_group([make_review([make_comment(comment=f"Remark {n}.")]) for n in range(6)])
    ids = [f"r{n}" for n in out]
    whole = asyncio.run(CompositeReward([judged(FailsOn())], policy).score_group(group))
    hurt = asyncio.run(CompositeReward([judged(FailsOn(ids))], policy).score_group(group))
    assert [reward.rollout_id for reward in hurt] == [rollout.id for rollout in group.rollouts]
    for before, after in zip(whole, hurt, strict=True):
        if after.rollout_id in ids:
            assert not after.is_evidence
        else:
            assert after == before


def test_a_shut_gate_leaves_dearer_gates_and_judges_unasked():
    """Gates are asked cheap to dear, whatever order they were given in; after the first no, nobody is asked."""
    judge = FailsOn()
    dear, shut, cheap = (
        Told("dear", 1.0, role="gate", cost=2),
        Told("shut", 0.0, role="gate", cost=1),
        Told("cheap", 1.0, role="gate"),
    )
    term, metric = Told("term"), Told("metric", role="metric")
    result = score(CompositeReward([dear, judged(judge), shut, term, metric, cheap]))
    assert result.status is RewardStatus.GATED
    assert (cheap.asked, shut.asked) == (1, 1)
    assert (dear.asked, term.asked, metric.asked, judge.asked) == (0, 0, 0, 0)
    assert result.usage == Usage()


@given(st.floats(0, 1, exclude_max=True), st.floats(0, 1))
def test_a_gate_gives_no_partial_credit(value, floor):
    """Anything below 1 shuts it, and the reward is the floor exactly."""
    result = score(CompositeReward([Told("gate", value, role="gate"), Told("term", 1.0)], floor=floor))
    assert (result.value, result.status, result.component("gate").value) == (floor, RewardStatus.GATED, 0.0)


@given(st.floats(0, 1), st.floats(0, 1))
def test_gates_and_metrics_are_not_summed(term, metric):
    """The reward is the terms' mean; an open gate and a metric leave it where it is."""
    parts = [
        Told("gate", 1.0, role="gate", weight=5.0),
        Told("term", term),
        Told("metric", metric, role="metric", weight=9.0),
    ]
    assert score(CompositeReward(parts)).value == term


@given(
    st.lists(st.tuples(st.floats(0, 1), st.floats(0, 100)), min_size=1, max_size=6).filter(
        lambda parts: any(w > 0 for _, w in parts)
    ),
    st.data(),
)
def test_a_better_term_never_lowers_the_reward(parts, data):
    """Monotone in every term."""
    place = data.draw(st.integers(0, len(parts) - 1))
    better = [*parts]
    better[place] = (data.draw(st.floats(parts[place][0], 1)), parts[place][1])
    low, high = (
        score(CompositeReward([Told(f"c{n}", value, weight=w) for n, (value, w) in enumerate(each)]))
        for each in (parts, better)
    )
    assert low.value <= high.value


@pytest.mark.parametrize("weights", [[1e308, 1e308], [float("inf")], [float("nan"), 1.0]])
def test_weights_without_a_sum_are_refused(weights):
    """Shares of infinity would turn every score into 0."""
    with pytest.raises(ConfigError, match="weights"):
        CompositeReward([Told(f"c{n}", weight=weight) for n, weight in enumerate(weights)])


@pytest.mark.parametrize("parts", [[], [Told("g", role="gate")], [Told("m", role="metric")], [Told("t", weight=0.0)]])
def test_a_reward_needs_a_term_with_weight(parts):
    """Without one, every response would be worth the same."""
    with pytest.raises(ConfigError, match="no term"):
        CompositeReward(parts)


FAILED = {"status": ComponentStatus.FAILED, "value": None}
LIES = {
    "NaN in a construct": bad(name="liar", value=float("nan")),
    "infinity in a construct": bad(name="liar", value=float("inf")),
    "a bool in a construct": bad(name="liar", value=True),
    "above 1 in a copy": ComponentScore(name="liar", value=0.5).model_copy(update={"value": 1.5}),
    "NaN in a copy": ComponentScore(name="liar", value=0.5).model_copy(update={"value": float("nan")}),
    "failed with a value": bad(name="liar", status=ComponentStatus.FAILED, value=0.5),
    "a value beside a failed judgement": bad(
        name="liar", value=0.5, judgement=JudgeFailure(judge="j", rollout_id="r1", kind=FailureKind.EMPTY)
    ),
    "a failed term that calls itself a metric": bad(name="liar", role="metric", **FAILED),
    "a term that calls itself a gate": ComponentScore(name="liar", role="gate", value=1.0),
    "another name": ComponentScore(name="honest", value=1.0),
    "another weight": ComponentScore(name="liar", value=1.0, weight=100.0),
    "a bug": ZeroDivisionError("division by zero"),
}


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES.keys())
@pytest.mark.parametrize("policy", ["mask", Neutral(neutral=0.5)])
def test_a_component_that_lies_gives_no_number(lie, policy):
    """The fault is told with the component's name, whatever the failure policy: it is not the judge's failure."""
    with pytest.raises(RewardError, match="'liar' broke on rollout 'r1'"):
        score(CompositeReward([Told("liar", lie), Told("honest", 1.0, weight=3.0)], policy))


def test_a_gate_cannot_add_itself_to_the_terms():
    """A gate whose score forgets its role would be summed: refused."""
    gate = Told("gate", ComponentScore(name="gate", value=1.0), role="gate")
    with pytest.raises(RewardError, match="'gate' broke"):
        score(CompositeReward([gate, Told("term", 0.0)]))


def test_what_the_user_must_mend_is_told_as_it_is():
    """An error with its own three sentences passes through a component, and through a judge, unchanged."""
    error = MissingError("No key.", "The judge needs one.", "Set it.")

    class Keyless(FailsOn):
        async def judge(self, sample, rollout):
            raise error

    for part in (Told("term", error), judged(Keyless())):
        with pytest.raises(MissingError) as caught:
            score(CompositeReward([part]))
        assert caught.value is error


def test_a_failed_metric_is_only_noted():
    """A judge that is only watched does not decide; its failure stays visible without a value."""
    result = score(CompositeReward([Told("term", 0.25), judged(FailsOn({"r1"}), role="metric", name="held_out")]))
    assert (result.value, result.status) == (0.25, RewardStatus.SCORED)
    assert result.component("held_out").status is ComponentStatus.FAILED


def test_a_failed_judge_as_gate_is_a_failure_not_a_no():
    """A gate that could not be asked is masked: the policy did nothing wrong."""
    term = Told("term")
    result = score(CompositeReward([judged(FailsOn({"r1"}), role="gate"), term]))
    assert (result.value, result.status, term.asked) == (None, RewardStatus.MASKED, 0)


def test_a_failed_judgement_is_paid_for_too():
    """Usage counts every judgement, failed ones and metrics included."""
    parts = [judged(FailsOn({"r1"})), judged(FailsOn(), role="metric", name="held_out")]
    assert score(CompositeReward(parts)).usage == USAGE + USAGE


def test_terms_are_asked_at_the_same_time():
    """Two terms that wait for each other both finish."""
    both = asyncio.Barrier(2)

    class Waits(Told):
        async def score(self, sample, rollout):
            async with asyncio.timeout(5):
                await both.wait()
            return self.scored(1.0)

    assert score(CompositeReward([Waits("a"), Waits("b")])).value == 1.0


def test_nothing_to_score_is_the_floor():
    """A response to which no term applies does not escape without a reward."""
    result = score(CompositeReward([Told("a", None), Told("zero", 1.0, weight=0.0)], Neutral(neutral=0.5), floor=0.125))
    assert (result.value, result.status) == (0.125, RewardStatus.GATED)
    assert "nothing in it can be scored" in result.explain()
