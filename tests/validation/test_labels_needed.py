import pytest
from hypothesis import given
from hypothesis import strategies as st

from adjudge.domain.interval import wilson
from adjudge.validation.statistics.labels_needed import (
    design_effect,
    labels_for_width,
    labels_to_decide,
    trials_without_failure,
    zero_failure_bound,
)


@pytest.mark.parametrize(
    ("share", "row"),
    [
        (0.5, (97, 171, 385, 1068)),
        (0.8, (62, 110, 246, 683)),
        (0.85, (49, 88, 196, 545)),
        (0.9, (35, 62, 139, 385)),
        (0.95, (19, 33, 73, 203)),
    ],
)
def test_the_published_table_of_widths(share: float, row: tuple[int, ...]):
    """Half-widths of 10, 7.5, 5 and 3 points at 95 %."""
    assert tuple(labels_for_width(share, half) for half in (0.10, 0.075, 0.05, 0.03)) == row


@pytest.mark.parametrize(("trials", "bound"), [(59, 0.05), (100, 0.03), (300, 0.01)])
def test_no_failure_in_n(trials: int, bound: float):
    """The upper bounds that n trials without failure give."""
    found = zero_failure_bound(trials)
    assert found is not None
    assert found == pytest.approx(bound, abs=0.0005)
    assert zero_failure_bound(0) is None


@given(st.floats(0.001, 0.5))
def test_trials_for_a_bound_are_the_fewest(rate: float):
    """That many trials without failure show the rate, one fewer does not."""
    trials = trials_without_failure(rate)
    assert zero_failure_bound(trials) <= rate + 1e-12
    assert trials == 1 or zero_failure_bound(trials - 1) > rate - 1e-12


@given(st.integers(0, 20), st.integers(2, 18))
def test_labels_to_decide_are_the_fewest(right: int, limit: int):
    """With that many labels of the same share Wilson's interval is on one side of the limit, with one fewer not."""
    share, bar = right / 20, limit / 20
    needed = labels_to_decide(share, bar)
    if right == limit:
        assert needed is None
        return
    assert needed is not None

    def decided(labels: int) -> bool:
        if labels == 0:
            return False
        z2 = 1.959963984540054**2
        centre = (share + z2 / (2 * labels)) / (1 + z2 / labels)
        half = (z2 * (share * (1 - share) / labels + z2 / (4 * labels**2))) ** 0.5 / (1 + z2 / labels)
        return centre - half >= bar or centre + half <= bar

    assert decided(needed)
    assert not decided(needed - 1)


def test_labels_to_decide_agree_with_the_interval_of_counts():
    """Where the share is a whole number of successes, the interval of the counts is decided at that number."""
    needed = labels_to_decide(0.9, 0.8)
    assert needed is not None
    for labels, decided in ((needed - needed % 10 - 10, False), (needed - needed % 10 + 10, True)):
        found = wilson(labels * 9 // 10, labels)
        assert found is not None
        assert (found.low >= 0.8) is decided


def test_clusters_cost_labels():
    """Eight of a prompt at an ICC of 0.5 are worth 8/4.5 each; then 4.5 times the labels decide."""
    effect = design_effect(8, 0.5)
    assert effect == 4.5
    assert design_effect(8, -0.1) == 1.0
    alone, clustered = labels_to_decide(0.9, 0.8), labels_to_decide(0.9, 0.8, effect=effect)
    assert alone is not None
    assert clustered is not None
    assert clustered == pytest.approx(alone * effect, abs=effect)


def test_a_share_on_the_limit_is_never_decided():
    """No number of labels decides there, nor a hair beside it."""
    assert labels_to_decide(0.8, 0.8) is None
    assert labels_to_decide(0.8000001, 0.8) is None


@pytest.mark.parametrize("wrong", [(1.2, 0.1), (0.5, 0.0)])
def test_impossible_widths_are_refused(wrong: tuple[float, float]):
    """A share outside [0, 1] or no width is an error."""
    with pytest.raises(ValueError, match="half-width"):
        labels_for_width(*wrong)


def test_a_failure_rate_of_nothing_is_refused():
    """No number of trials shows that there is no failure."""
    with pytest.raises(ValueError, match="failure rate"):
        trials_without_failure(0.0)
