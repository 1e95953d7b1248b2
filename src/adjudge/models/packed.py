"""Log-probabilities of responses, a pack at a time: prompts once, logits only where a response token is predicted."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from adjudge.models.attention import PackPlan, Span


@dataclass(frozen=True)
class Branches:
    """A prompt and the token sequences that continue it."""

    prefix: Sequence[int]
    branches: Sequence[Sequence[int]]


@dataclass(frozen=True)
class Pack:
    """Tokens, positions and spans of one forward pass, and where each branch token is predicted from.

    Shapes: ids and positions (1, L); sources and targets (N,) with N = all branch tokens in order.
    """

    ids: Tensor
    positions: Tensor
    spans: tuple[Span, ...]
    sources: Tensor
    targets: Tensor
    lengths: tuple[int, ...]


def pack(groups: Sequence[Branches]) -> Pack:
    """Lay prompts and branches out in one row. The last token of a branch is only a target, never an input."""
    ids: list[int] = []
    positions: list[int] = []
    sources: list[int] = []
    targets: list[int] = []
    spans: list[Span] = []
    for group in groups:
        start, size = len(ids), len(group.prefix)
        ids.extend(group.prefix)
        positions.extend(range(size))
        places = []
        for branch in group.branches:
            first = len(ids)
            ids.extend(branch[:-1])
            positions.extend(range(size, size + len(branch) - 1))
            # The prompt's last position predicts the first token of every branch.
            sources.extend([start + size - 1, *range(first, len(ids))] if branch else [])
            targets.extend(branch)
            if len(ids) > first:
                places.append((first, len(ids)))
        spans.append(Span((start, start + size), tuple(places)))
    return Pack(
        ids=torch.tensor([ids]),
        positions=torch.tensor([positions]),
        spans=tuple(spans),
        sources=torch.tensor(sources, dtype=torch.long),
        targets=torch.tensor(targets, dtype=torch.long),
        lengths=tuple(len(branch) for group in groups for branch in group.branches),
    )


def hidden_states(model: Any, packed: Pack) -> Tensor:  # noqa: ANN401 (transformers models share no useful type)
    """Last hidden state (N, hidden) at the positions that predict branch tokens."""
    out = model.model(
        input_ids=packed.ids, position_ids=packed.positions, use_cache=False, plan=PackPlan(packed.spans)
    ).last_hidden_state
    states: Tensor = out[0].index_select(0, packed.sources)
    return states


@dataclass(frozen=True)
class TokenScores:
    """Per branch token: log-probability under the model, and entropy of the distribution (nats). Shapes (N,)."""

    logprobs: Tensor
    entropies: Tensor


def token_scores(model: Any, packed: Pack, temperature: float = 1.0) -> TokenScores:  # noqa: ANN401
    """Log-probability and entropy of every branch token, at sampling temperature `temperature` (> 0)."""
    logits = model.lm_head(hidden_states(model, packed)).float() / temperature
    logprobs = torch.log_softmax(logits, dim=-1)
    chosen = logprobs.gather(1, packed.targets[:, None])[:, 0]
    with torch.no_grad():
        entropies = -(logprobs.exp() * logprobs).sum(dim=-1)
    return TokenScores(chosen, entropies)
