"""The backend protocol: five narrow operations. Scaling out replaces the backend, never the loop.

The shape is that of the Tinker API. Losses are sums over tokens divided by a constant, so length normalisation, loss
scale and importance weights are folded in on our side.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from adjudge.domain import Group, Policy, Rollout, Sample

Ended = Callable[[Sample, Rollout], None]
"""Called from the sampling thread, once a rollout, as soon as it is complete."""


@dataclass(frozen=True)
class Sequenced:
    """One response to learn from: its tokens, and per token the sampling log-probability and the advantage.

    For SFT the advantages are token weights and the log-probabilities are unused (empty).
    """

    tokens: tuple[int, ...]
    advantages: tuple[float, ...]
    sampled_logprobs: tuple[float, ...] = ()


@dataclass(frozen=True)
class TrainGroup:
    """The responses that share one prompt; the prompt is computed once."""

    prompt: tuple[int, ...]
    responses: tuple[Sequenced, ...]


PACK_TOKENS = 1500
"""Tokens of one forward pass: enough to keep the cores busy, few enough to bound memory (about 2 GB)."""


def packs(groups: Sequence[TrainGroup], limit: int) -> list[list[TrainGroup]]:
    """Micro-batches of whole groups of about `limit` tokens each, in order."""
    out: list[list[TrainGroup]] = []
    room = 0
    for group in groups:
        size = len(group.prompt) + sum(len(response.tokens) for response in group.responses)
        if not out or size > room:
            out.append([])
            room = limit
        out[-1].append(group)
        room -= size
    return out


@dataclass(frozen=True)
class Clip:
    """Clip range of the policy-gradient loss: ratio in [1 - low, 1 + high]."""

    low: float = 0.2
    high: float = 0.28


class Backend(Protocol):
    """Who holds the weights."""

    @property
    def policy(self) -> Policy:
        """Name and version of the published weights, the ones that sample."""
        ...

    def prompt_ids(self, sample: Sample) -> tuple[int, ...]:
        """Token ids of a sample's conversation."""
        ...

    def response_ids(self, text: str) -> tuple[int, ...]:
        """Token ids of a response, with the token that ends it."""
        ...

    def sample(self, samples: Sequence[Sample], group_size: int, seed: int, ended: Ended | None = None) -> list[Group]:
        """`group_size` rollouts for each sample from the published weights; `ended` hears of each as it ends."""
        ...

    def forward_backward(self, groups: Sequence[TrainGroup], normaliser: float, clip: Clip | None) -> dict[str, float]:
        """Add the gradient of the loss; `clip` None means cross-entropy. Returns sums over tokens by name."""
        ...

    def optim_step(self, learning_rate: float) -> dict[str, float]:
        """One optimizer step over the added gradients, which are then cleared. Returns norms by name."""
        ...

    def publish(self) -> Policy:
        """Make the trained weights the ones that sample; the version goes up by one."""
        ...

    def save(self, folder: Path) -> None:
        """Everything needed to go on: adapter, optimizer, version."""
        ...

    def load(self, folder: Path) -> None:
        """Go on from what `save` wrote."""
        ...
