"""From components to one number, or to several: sum, product, decoupled normalisation, and when a run pauses."""

import asyncio
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adjudge.domain import (
    ComponentScore,
    CriterionVerdict,
    ItemVerdict,
    Reward,
    RewardStatus,
    Verdict,
)
from adjudge.errors import RewardError
from adjudge.rewards.base import Scorer
from adjudge.rewards.composite import CompositeReward, combined
from adjudge.rewards.decoupled import EPSILON, component_values, decoupled, normalised
from adjudge.rewards.failure import PauseOver, UnscoredShare
from adjudge.testing.builders import make_rollout, make_sample
from adjudge.training.advantage import advantages

UNIT = st.floats(0, 1)
PARTS = st.lists(st.tuples(UNIT, st.floats(0.01, 100)), min_size=1, max_size=6)


class Fixed(Scorer):
    """A fake component with a fixed value."""

    def __init__(self, name, value, weight=1.0):
        super().__init__(name, "term", weight)
        self.value = value

    async def score(self, sample, rollout):
        return self.not_applicable("nothing") if self.value is None else self.scored(self.value, "why\nnot")


def scored(name, weights=(1.0, 1.0), **values):
    parts = tuple(
        ComponentScore(name=key, value=value, weight=weight)
        for (key, value), weight in zip(values.items(), weights, strict=True)
    )
    total = sum(weights)
    number = sum(part.weight / total * part.value for part in parts)
    return Reward(rollout_id=name, value=number, status=RewardStatus.SCORED, components=parts)


def gated(name, floor=0.0):
    gate = ComponentScore(name="schema", role="gate", value=0.0)
    return Reward(rollout_id=name, value=floor, status=RewardStatus.GATED, components=(gate,))


MASKED = Reward(rollout_id="m", value=None, status=RewardStatus.MASKED)
FALLBACK = Reward(rollout_id="f", value=0.5, status=RewardStatus.FALLBACK)


@given(PARTS)
def test_a_product_is_at_most_the_mean_and_within_its_terms(parts):
    """The geometric mean lies between the lowest and the highest term, and never above the arithmetic one."""
    values = [value for value, _ in parts]
    found = combined(parts, "product")
    assert min(values) - 1e-9 <= found <= max(values) + 1e-9
    assert found <= combined(parts, "sum") + 1e-9


@given(PARTS, st.floats(0.01, 100))
def test_a_term_of_zero_makes_the_product_zero(parts, weight):
    """No other term makes up for it."""
    assert combined([*parts, (0.0, weight)], "product") == 0.0


def test_the_product_has_its_closed_form_and_says_so():
    """0.25 and 1 at weights 1 and 1: the root of 0.25; the line shows powers, and each reason in one line."""
    reward = CompositeReward([Fixed("a", 0.25), Fixed("b", 1.0), Fixed("c", None)], combine="product")
    result = asyncio.run(reward.score(make_sample(), make_rollout()))
    assert result.value == pytest.approx(math.sqrt(0.25))
    assert result.explain() == "0.50 = a 0.25^0.50 (why not) x b 1.00^0.50 (why not)"


def test_an_explanation_quotes_the_lowest_answers_in_one_line():
    """Answers of a judge come with their reasons, the lowest first, without what would steer a terminal."""
    answers = [("a", "yes", 1.0, "fine"), ("b", "no", 0.0, "too\n\x1b[31mlong"), ("c", "partly", 0.5, "x" * 200)]
    criteria = tuple(
        CriterionVerdict(criterion=name, answer=answer, score=score, rationale=why)
        for name, answer, score, why in [*answers, ("d", "yes", 1.0, "good")]
    )
    item = ItemVerdict(item=0, criteria=criteria, score=0.6)
    verdict = Verdict(judge="j", rollout_id="r", items=(item,), score=0.6)
    part = ComponentScore(name="judged", value=0.6, judgement=verdict)
    line = Reward(rollout_id="r", value=0.6, status=RewardStatus.SCORED, components=(part,)).explain()
    long = "x" * 97
    assert line == f"0.60 = 1.00 x judged 0.60 (b no: too [31mlong; c partly: {long}...; a yes: fine; 1 more)"


@given(st.lists(st.one_of(st.none(), UNIT), min_size=1, max_size=8))
def test_what_is_not_there_moves_nobody(values):
    """The normalised values are those of the values that are there, by numpy."""
    known = np.array([value for value in values if value is not None])
    found = [value for value in normalised(tuple(values)) if value is not None]
    if len(known) < 2:
        assert found == [0.0] * len(known)
    else:
        assert found == pytest.approx((known - known.mean()) / (known.std(ddof=1) + EPSILON), abs=1e-6)
    assert [value is None for value in normalised(tuple(values))] == [value is None for value in values]


def test_a_small_component_is_not_drowned():
    """Summed first, the wide component decides alone; apart, the narrow one has its full say."""
    group = [scored("a", wide=1.0, narrow=0.50), scored("b", wide=0.0, narrow=0.52), scored("c", wide=0.0, narrow=0.50)]
    together = advantages(group, spread="group")
    apart = advantages(group, spread="components")
    assert together[1] < together[0]
    assert together[1] - together[2] < 0.05
    assert apart[1] - apart[2] == pytest.approx(0.5 * 0.02 / (np.std([0.5, 0.52, 0.5], ddof=1) + EPSILON))


def test_weights_are_shares_in_the_decoupled_sum():
    """Three quarters of one component's normalised value and a quarter of the other's."""
    group = [scored("a", (3.0, 1.0), x=1.0, y=0.2), scored("b", (3.0, 1.0), x=0.0, y=0.8)]
    x, y = normalised((1.0, 0.0)), normalised((0.2, 0.8))
    assert decoupled(group) == pytest.approx([0.75 * a + 0.25 * b for a, b in zip(x, y, strict=True)])


@given(st.lists(st.tuples(UNIT, UNIT), min_size=1, max_size=6), st.integers(0, 6), st.sampled_from([MASKED, FALLBACK]))
def test_rewards_without_evidence_leave_the_components_of_the_others(pairs, place, lost):
    """The group with a masked or fallback rollout is, for the others, the group without it."""
    group = [scored(str(number), x=x, y=y) for number, (x, y) in enumerate(pairs)]
    cut = min(place, len(group))
    found = decoupled([*group[:cut], lost, *group[cut:]])
    assert found[cut] is None
    assert [*found[:cut], *found[cut + 1 :]] == list(decoupled(group))
    assert all(values[cut] is None for values in component_values([*group[:cut], lost, *group[cut:]]).values())


def test_a_gated_rollout_has_its_floor_in_every_component():
    """It was not scored, and it was bad: it stays below those that passed, in all that they are compared by."""
    group = [scored("a", x=0.5, y=0.5), scored("b", x=0.6, y=0.4), gated("g")]
    assert component_values(group) == {"x": (0.5, 0.6, 0.0), "y": (0.5, 0.4, 0.0)}
    assert min(decoupled(group)) == decoupled(group)[2]


def test_too_many_unscored_rewards_are_noticed_once_the_window_is_full():
    """Over half of the last four: not before four are there, not at half, and no longer once others came."""
    window = UnscoredShare(PauseOver(share=0.5, last=4))
    good = scored("a", (1.0,), x=1.0)
    assert not window.add([MASKED, FALLBACK, MASKED])
    assert window.add([good])
    assert not window.add([good])
    assert not window.add([gated("g"), good])


def test_a_moment_over_the_limit_within_one_group_counts():
    """Rewards are counted in their order, whatever the groups they come in."""
    window = UnscoredShare(PauseOver(share=0.0, last=2))
    good = scored("a", (1.0,), x=1.0)
    assert window.add([MASKED, good, good, good])


def test_raise_is_told_with_the_components_name():
    """`raise` still ends it, also in a product."""

    class Failing(Scorer):
        async def score(self, sample, rollout):
            return ComponentScore(name="f", status="failed", detail="timeout: gone")

    with pytest.raises(RewardError, match=r"'f'(.|\n)*timeout: gone"):
        asyncio.run(
            CompositeReward([Failing("f", "term")], "raise", combine="product").score(make_sample(), make_rollout())
        )
