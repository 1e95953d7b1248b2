"""The baseline's advice."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adjudge.domain import Reward, RewardStatus
from adjudge.errors import GateError
from adjudge.pipeline.baseline import Baseline, advise, require, summary
from adjudge.pipeline.draw import Drawn
from adjudge.pipeline.taskfile import LoadedTask
from adjudge.testing.builders import make_group, make_sample

MakeTask = Callable[..., LoadedTask]

SHARE = st.floats(0.0, 1.0)


@given(SHARE, SHARE, SHARE)
def test_the_advice_follows_the_three_thresholds(mean: float, positive: float, varied: float):
    """Above 0.95 nothing is needed; below 5 % positive the format comes first; without variance nothing is learnt."""
    advice = advise(mean, positive, varied)
    if mean > 0.95:
        assert advice == "not needed"
    elif positive < 0.05:
        assert advice == "warm start first"
    elif varied == 0.0:
        assert advice == "nothing to learn"
    else:
        assert advice == "go on"


def drawn(*groups: list[Reward]) -> Drawn:
    """One group for each list of rewards."""
    made = []
    rewards: dict[str, Reward] = {}
    for place, group in enumerate(groups):
        base = make_group(["x"] * len(group), sample=make_sample(f"s{place}"))
        named = [r.model_copy(update={"id": f"s{place}/{r.id}"}) for r in base.rollouts]
        made.append(base.model_copy(update={"rollouts": tuple(named)}))
        rewards |= {
            r.id: reward.model_copy(update={"rollout_id": r.id}) for r, reward in zip(named, group, strict=True)
        }
    return Drawn(tuple(made), rewards)


def scored(value: float) -> Reward:
    """A reward that a judge gave."""
    return Reward(rollout_id="x", value=value, status=RewardStatus.SCORED)


MASKED = Reward(rollout_id="x", value=None, status=RewardStatus.MASKED)
GATED = Reward(rollout_id="x", value=0.0, status=RewardStatus.GATED)


def test_the_figures_are_counted_over_responses_and_groups():
    """Mean over evidence, shares over all responses, variance over groups."""
    found = summary(drawn([scored(0.2), scored(0.6)], [GATED, GATED], [scored(0.4), MASKED]), floor=0.0)
    assert (found.rows, found.responses) == (3, 6)
    assert found.mean_reward == pytest.approx((0.2 + 0.6 + 0.0 + 0.0 + 0.4) / 5)
    assert found.positive == pytest.approx(3 / 6)
    assert found.passed_gates == pytest.approx(4 / 6)
    assert found.judge_failed == pytest.approx(1 / 6)
    assert found.groups_with_variance == pytest.approx(1 / 3)


def test_a_judge_that_always_fails_gives_no_mean():
    """No number is made up where the judge failed on everything."""
    found = summary(drawn([MASKED, MASKED]), floor=0.0)
    assert found.mean_reward is None
    assert "no reward at all" in found.sentence()


def of_advice(advice: str) -> Baseline:
    """A baseline that ends with this advice."""
    return Baseline.model_validate(
        {
            "rows": 1,
            "responses": 2,
            "mean_reward": 0.01,
            "positive": 0.0,
            "passed_gates": 0.0,
            "judge_failed": 0.0,
            "groups_with_variance": 0.0,
            "advice": advice,
        }
    )


@pytest.mark.parametrize("advice", ["warm start first", "nothing to learn", "not needed"])
def test_advice_against_training_stops_a_task_without_warm_start(make_task: MakeTask, advice: str):
    """Where reinforcement is the wrong tool the pipeline stops and says what to do."""
    task = make_task({"policy.warm_start": None})
    with pytest.raises(GateError) as caught:
        require(task, of_advice(advice))
    assert "evaluate.baseline.enforce" in caught.value.fix


def test_a_warm_start_answers_the_advice_to_take_one(make_task: MakeTask):
    """With a warm start a poor baseline is no reason to stop; one that is too good still is."""
    task = make_task()
    require(task, of_advice("warm start first"))
    with pytest.raises(GateError):
        require(task, of_advice("not needed"))


def test_advice_can_be_overruled(make_task: MakeTask):
    """enforce: false only says it."""
    require(make_task({"evaluate.baseline.enforce": False}), of_advice("not needed"))
