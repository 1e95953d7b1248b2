"""Losses against a ten-line reference and finite differences."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from adjudge.training.losses import clipped_policy_gradient, cross_entropy

TOKENS = st.lists(st.tuples(st.floats(-5, -0.01), st.floats(-5, -0.01), st.floats(-2, 2)), min_size=1, max_size=12)


def reference(rows, low, high, normaliser):
    """PPO's clipped objective, written out token by token."""
    total = 0.0
    for new, old, advantage in rows:
        ratio = math.exp(new - old)
        clipped = min(max(ratio, 1 - low), 1 + high)
        total += min(ratio * advantage, clipped * advantage)
    return -total / normaliser


def loss(rows, low=0.2, high=0.28, normaliser=10.0, grad=False):
    new, old, advantage = (torch.tensor(column, dtype=torch.float64) for column in zip(*rows, strict=True))
    new.requires_grad_(grad)
    return clipped_policy_gradient(new, old, advantage, clip_low=low, clip_high=high, normaliser=normaliser), new


@given(TOKENS, st.floats(0.05, 0.5), st.floats(0.05, 0.5), st.floats(0.5, 100))
def test_the_loss_is_ppos_clipped_objective(rows, low, high, normaliser):
    """Equal to the ten-line loop for any tokens, clip range and normaliser."""
    assert float(loss(rows, low, high, normaliser)[0].loss) == pytest.approx(reference(rows, low, high, normaliser))


@pytest.mark.parametrize(
    ("ratio", "advantage", "moves"),
    [
        (1.27, 1.0, True),
        (1.29, 1.0, False),
        (0.81, -1.0, True),
        (0.79, -1.0, False),
        (1.5, -1.0, True),
        (0.5, 1.0, True),
    ],
)
def test_clipping_is_asymmetric(ratio, advantage, moves):
    """Upwards the ratio may go to 1.28, downwards to 0.8; a wrong step is never held back."""
    result, new = loss([(math.log(ratio) - 1, -1.0, advantage)], grad=True)
    result.loss.backward()
    assert bool(new.grad.abs() > 0) is moves


def test_a_token_without_advantage_is_left_out():
    """Advantage 0 gives no loss and no gradient, whatever the ratio."""
    result, new = loss([(-0.1, -3.0, 0.0), (-1.0, -1.0, 1.0)], grad=True)
    result.loss.backward()
    assert new.grad[0] == 0
    assert new.grad[1] != 0


def test_the_gradient_agrees_with_finite_differences():
    """Central differences of the reference at points away from the kinks."""
    rows = [(-1.0, -1.1, 0.7), (-2.0, -1.9, -0.4), (-0.5, -1.5, -1.0)]
    result, new = loss(rows, grad=True)
    result.loss.backward()
    for place in range(len(rows)):
        shifted = []
        for step in (1e-6, -1e-6):
            moved = [(n + step * (i == place), o, a) for i, (n, o, a) in enumerate(rows)]
            shifted.append(reference(moved, 0.2, 0.28, 10.0))
        assert float(new.grad[place]) == pytest.approx((shifted[0] - shifted[1]) / 2e-6, rel=1e-5)


def test_no_response_is_divided_by_its_own_length():
    """Two equal responses cost twice one: the normaliser is a constant."""
    row = (-1.0, -1.2, 0.5)
    assert float(loss([row] * 6)[0].loss) == pytest.approx(6 * float(loss([row])[0].loss))


def test_cross_entropy_is_the_weighted_negative_log_likelihood():
    """The closed formula on three tokens, one of them left out."""
    value = cross_entropy(torch.tensor([-1.0, -2.0, -9.0]), torch.tensor([1.0, 0.5, 0.0]), normaliser=2.0)
    assert float(value) == 1.0
