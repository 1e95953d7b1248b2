import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adjudge.domain.interval import wilson
from adjudge.validation.statistics.proportion import proportion

hits_of = st.lists(st.booleans(), min_size=2, max_size=60)


@given(hits_of)
def test_independent_cases_give_wilsons_interval(hits: list[bool]):
    """Every case its own cluster, equal weights: Wilson's interval as it is."""
    found, plain = proportion(hits, range(len(hits)), np.full(len(hits), 3.0)), wilson(sum(hits), len(hits))
    assert found is not None
    assert plain is not None
    assert (found.estimate, found.low, found.high) == pytest.approx((plain.estimate, plain.low, plain.high))


@given(hits_of, st.integers(2, 5))
def test_copies_are_no_evidence(hits: list[bool], copies: int):
    """Each case copied within its cluster: no narrower than without copies."""
    once = proportion(hits, range(len(hits)))
    often = proportion(np.repeat(hits, copies), np.repeat(range(len(hits)), copies).tolist())
    assert once is not None
    assert often is not None
    assert often.high - often.low >= once.high - once.low - 1e-9


def test_cases_that_count_in_part_have_the_interval_of_their_mean():
    """Parts that hardly differ tell their mean closely: about 1.96 standard errors to each side."""
    found = proportion(np.tile([0.4, 0.6], 100), range(200))
    assert found is not None
    assert found.estimate == pytest.approx(0.5)
    assert (found.high - found.low) / 2 == pytest.approx(1.96 * 0.1 / 200**0.5, rel=0.05)


@pytest.mark.parametrize("share", [0.02, 0.05])
def test_a_rare_share_is_seldom_called_rarer_than_it_is(share: float):
    """Flips that come together: at most 4 of 100 intervals end below the truth."""
    below, times = 0, 400
    for run in range(times):
        dice = np.random.default_rng(run)
        chances = dice.beta(share / 0.3 - share, (1 - share) / 0.3 - (1 - share), 60)
        found = proportion(dice.random(240) < np.repeat(chances, 4), np.repeat(np.arange(60), 4))
        assert found is not None
        below += found.high < share
    assert below / times <= 0.04


def test_weights_decide_the_share():
    """A case drawn with a tenth of the chance counts ten times."""
    found = proportion([1, 0], ["a", "b"], [10, 1])
    assert found is not None
    assert found.estimate == pytest.approx(10 / 11)


def test_one_cluster_says_nothing_about_others():
    """No interval from one cluster, no figure without cases."""
    found = proportion([1, 0, 1], ["a", "a", "a"])
    assert found is not None
    assert (found.low, found.high, found.clusters) == (None, None, 1)
    assert proportion([], []) is None


def test_the_interval_covers_with_clusters_and_weights():
    """Shares that vary by cluster, half of the clusters drawn with a quarter of the chance: 95 % hold the truth."""
    dice, inside, times = np.random.default_rng(0), 0, 400
    for _ in range(times):
        # Two kinds, truth 0.5 * 0.75 + 0.5 * 0.25; the first is drawn four times as often.
        strata = (dice.uniform(size=40) < 0.2).astype(float)
        shares = np.where(strata == 0, dice.beta(6, 2, 40), dice.beta(2, 6, 40))
        hits = dice.binomial(1, np.repeat(shares, 4))
        weights = np.repeat(np.where(strata == 0, 1.0, 4.0), 4)
        found = proportion(hits, np.repeat(np.arange(40), 4).tolist(), weights)
        assert found is not None
        inside += found.low <= 0.5 <= found.high
    assert 0.925 <= inside / times <= 0.985
