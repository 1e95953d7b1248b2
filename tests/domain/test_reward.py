import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from adjudge.domain import ComponentScore, ComponentStatus, FailureKind, JudgeFailure, Reward, RewardStatus

NOT_SCORES = [float("nan"), float("inf"), float("-inf"), True, False, "0.5", -0.01, 1.01]
FAILURE = JudgeFailure(judge="j", rollout_id="r1", kind=FailureKind.TIMEOUT)


@pytest.mark.parametrize("wrong", NOT_SCORES)
def test_nothing_but_a_finite_number_in_range_is_a_value(wrong):
    """Of a component and of a reward alike."""
    with pytest.raises(ValidationError, match="value"):
        ComponentScore(name="c", value=wrong)
    with pytest.raises(ValidationError, match="value"):
        Reward(rollout_id="r1", value=wrong, status=RewardStatus.SCORED)


@pytest.mark.parametrize("wrong", [float("nan"), float("inf"), True, "1", -1.0])
def test_a_weight_is_a_finite_number_from_zero(wrong):
    """A component's weight cannot be negative, endless or no number."""
    with pytest.raises(ValidationError, match="weight"):
        ComponentScore(name="c", value=0.5, weight=wrong)


@given(st.sampled_from(ComponentStatus), st.one_of(st.none(), st.floats(0, 1)))
def test_a_component_has_a_value_exactly_when_it_scored(status, value):
    """Failed and not applicable have none; scored has one."""
    if (status is ComponentStatus.SCORED) == (value is not None):
        assert ComponentScore(name="c", status=status, value=value).value == value
        return
    with pytest.raises(ValidationError, match="exactly when"):
        ComponentScore(name="c", status=status, value=value)


@given(st.floats(0, 1), st.sampled_from(["gate", "term", "metric"]))
def test_a_failed_judge_gives_no_component_a_value(value, role):
    """A value beside a failed judgement is refused, whatever the role."""
    with pytest.raises(ValidationError, match="never scores the policy"):
        ComponentScore(name="c", role=role, value=value, judgement=FAILURE)


def test_a_failure_read_from_a_file_gives_no_value_either():
    """The check holds for JSON as for code."""
    row = ComponentScore(name="c", status=ComponentStatus.FAILED, judgement=FAILURE).model_dump(mode="json")
    with pytest.raises(ValidationError, match="never scores the policy"):
        ComponentScore.model_validate({**row, "status": "scored", "value": 0.5})


@given(st.sampled_from(RewardStatus), st.one_of(st.none(), st.floats(0, 1)))
def test_a_reward_has_no_value_exactly_when_it_is_masked(status, value):
    """Masked without, everything else with a number; only scored and gated are evidence."""
    if (status is RewardStatus.MASKED) == (value is None):
        reward = Reward(rollout_id="r1", value=value, status=status)
        assert reward.is_evidence is (status in {RewardStatus.SCORED, RewardStatus.GATED})
        return
    with pytest.raises(ValidationError, match="masked"):
        Reward(rollout_id="r1", value=value, status=status)


@pytest.mark.parametrize("field", ["value", "status", "rollout_id"])
def test_a_reward_cannot_change(field):
    """A reward is a value."""
    reward = Reward(rollout_id="r1", value=0.5, status=RewardStatus.SCORED)
    with pytest.raises(ValidationError, match="frozen"):
        setattr(reward, field, getattr(reward, field))


def test_a_component_is_found_by_its_name():
    """The right one, or None."""
    part = ComponentScore(name="length", value=0.5)
    reward = Reward(rollout_id="r1", value=0.5, status=RewardStatus.SCORED, components=(part,))
    assert (reward.component("length"), reward.component("judged")) == (part, None)


@pytest.mark.parametrize(
    ("reward", "line"),
    [
        (
            Reward(
                rollout_id="r1",
                value=None,
                status=RewardStatus.MASKED,
                components=(ComponentScore(name="judged", status=ComponentStatus.FAILED, detail="timeout: 30 s"),),
            ),
            "masked: judged: timeout: 30 s",
        ),
        (
            Reward(
                rollout_id="r1",
                value=0.0,
                status=RewardStatus.GATED,
                components=(ComponentScore(name="schema", role="gate", value=0.0, detail="not JSON"),),
            ),
            "0.00 = floor, stopped by schema: not JSON",
        ),
        (Reward(rollout_id="r1", value=0.5, status=RewardStatus.FALLBACK), "0.50 (fallback)"),
        (
            Reward(
                rollout_id="r1",
                value=0.7,
                status=RewardStatus.SCORED,
                components=(
                    ComponentScore(name="judged", value=0.6, weight=3.0),
                    ComponentScore(name="length", value=1.0, weight=1.0),
                    ComponentScore(name="quotes", status=ComponentStatus.NOT_APPLICABLE, weight=6.0),
                    ComponentScore(name="held_out", role="metric", value=0.1),
                ),
            ),
            "0.70 = 0.75 x judged 0.60 + 0.25 x length 1.00",
        ),
    ],
)
def test_a_reward_explains_itself_in_one_line(reward, line):
    """Why there is no number, what stopped it, that it stands in, or the sum it is."""
    assert reward.explain() == line
