"""Losses as pure functions of token tensors. Shapes: every tensor is (N,), all response tokens of a batch in order.

All are sums divided by a *constant*: no response is divided by its own length (Dr. GRPO, arXiv 2503.20783), so a long
wrong answer is not punished less per token than a short one.
"""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class PolicyLoss:
    """A loss to call ``backward`` on, and what it did: sums over tokens, to be added up over micro-batches."""

    loss: Tensor
    clipped_low: float
    clipped_high: float
    kl: float
    """Sum of the k3 estimate of KL(sampler || trainer) per token (Schulman 2020), >= 0."""


def clipped_policy_gradient(
    logprobs: Tensor,
    sampled_logprobs: Tensor,
    advantages: Tensor,
    *,
    clip_low: float,
    clip_high: float,
    normaliser: float,
) -> PolicyLoss:
    """Token-level PPO objective with asymmetric clipping (DAPO's clip-higher, arXiv 2503.14476), as a loss.

    ``-sum(min(r A, clip(r, 1 - clip_low, 1 + clip_high) A)) / normaliser`` with ``r = exp(logprobs - sampled)``.

    Args:
        logprobs: under the weights being trained (carries the gradient).
        sampled_logprobs: under the weights that sampled.
        advantages: one a token; 0 leaves a token out.
        clip_low: in (0, 1).
        clip_high: > 0.
        normaliser: constant > 0, for example rollouts a step times the token limit.
    """
    difference = logprobs - sampled_logprobs
    ratio = difference.exp()
    clipped = ratio.clamp(1 - clip_low, 1 + clip_high)
    gain = torch.minimum(ratio * advantages, clipped * advantages)
    with torch.no_grad():
        low = float(((ratio < 1 - clip_low) & (advantages < 0)).sum())
        high = float(((ratio > 1 + clip_high) & (advantages > 0)).sum())
        kl = float((ratio - 1 - difference).sum())
    return PolicyLoss(loss=-gain.sum() / normaliser, clipped_low=low, clipped_high=high, kl=kl)


def cross_entropy(logprobs: Tensor, weights: Tensor, *, normaliser: float) -> Tensor:
    """Weighted negative log-likelihood of the tokens (SFT): ``-sum(w * logprob) / normaliser``."""
    return -(logprobs * weights).sum() / normaliser
