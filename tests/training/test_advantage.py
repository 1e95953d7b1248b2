"""Advantages: centred on the evidence, blind to everything that is none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adjudge.domain import Reward, RewardStatus
from adjudge.training.advantage import advantages, is_flat

VALUES = st.floats(0.0, 1.0)
KINDS = st.sampled_from([RewardStatus.SCORED, RewardStatus.GATED, RewardStatus.MASKED, RewardStatus.FALLBACK])
GROUPS = st.lists(st.tuples(VALUES, KINDS), min_size=1, max_size=12)
SPREADS = st.sampled_from(["none", "group"])


def rewards(pairs):
    return [
        Reward(rollout_id=f"r{n}", value=None if kind is RewardStatus.MASKED else value, status=kind)
        for n, (value, kind) in enumerate(pairs)
    ]


def scored(values):
    return rewards((value, RewardStatus.SCORED) for value in values)


@given(GROUPS, SPREADS)
def test_a_left_out_rollout_is_as_if_it_had_not_been_sampled(pairs, spread):
    """Masked and fallback rollouts get None, and their siblings what the group without them would give, to the bit."""
    out = advantages(rewards(pairs), spread=spread)
    evidence = [kind in {RewardStatus.SCORED, RewardStatus.GATED} for _, kind in pairs]
    assert [value is not None for value in out] == evidence
    alone = rewards(pair for pair, counts in zip(pairs, evidence, strict=True) if counts)
    assert tuple(value for value in out if value is not None) == advantages(alone, spread=spread)


@given(GROUPS, VALUES)
def test_the_neutral_value_of_a_fallback_moves_nobody(pairs, value):
    """Whatever number a fallback carries, all advantages stay."""
    moved = [(value if kind is RewardStatus.FALLBACK else own, kind) for own, kind in pairs]
    assert advantages(rewards(pairs)) == advantages(rewards(moved))


@given(st.lists(VALUES, min_size=1, max_size=12), SPREADS)
def test_advantages_add_up_to_nothing(values, spread):
    """What some rollouts gain the others lose."""
    assert sum(advantages(scored(values), spread=spread)) == pytest.approx(0.0, abs=1e-12)


@given(st.lists(st.floats(0.0, 0.5), min_size=1, max_size=12), st.floats(0.0, 0.5), SPREADS)
def test_a_constant_added_to_all_rewards_changes_nothing(values, shift, spread):
    """Only differences within the group count."""
    moved = advantages(scored(value + shift for value in values), spread=spread)
    assert moved == pytest.approx(advantages(scored(values), spread=spread), abs=1e-12)


def test_without_spread_the_advantage_is_reward_minus_mean():
    """The default divides by nothing."""
    assert advantages(scored([1.0, 0.5, 0.0, 0.5])) == (0.5, 0.0, -0.5, 0.0)


def test_with_spread_the_advantage_is_in_standard_deviations():
    """GRPO's own form: two rewards on either side of their mean are one deviation away from it."""
    assert advantages(scored([0.2, 0.8]), spread="group") == pytest.approx((-1.0, 1.0))


def test_judge_jitter_is_not_blown_up():
    """Differences below the floor are divided by the floor, not by themselves."""
    assert advantages(scored([0.49, 0.51]), spread="group", floor=0.1) == pytest.approx((-0.1, 0.1))


@pytest.mark.parametrize(
    ("advantage", "flat"),
    [((), True), ((None, None), True), ((0.0, 0.0), True), ((0.5, None), True), ((0.0, None, 0.0), True),
     ((0.5, -0.5), False), ((None, 0.5, -0.5), False)],
)  # fmt: skip
def test_a_group_is_flat_when_it_cannot_teach(advantage, flat):
    """Fewer than two rewards that are evidence, or all of them equal."""
    assert is_flat(advantage) is flat


@given(st.lists(VALUES, min_size=2, max_size=12))
def test_groups_are_flat_exactly_when_their_rewards_are_equal(values):
    """Rounding of the mean neither makes nor hides a difference."""
    apart = max(values) - min(values)
    if apart == 0 or apart > 1e-6:
        assert is_flat(advantages(scored(values))) is (apart == 0)
