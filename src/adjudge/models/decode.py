"""Sampling of whole groups: prompts prefilled once, all rows of all groups decoded together, finished rows dropped.

The log-probability of a token is that of the full distribution at the sampling temperature (``top_k`` restricts what
can be drawn, not what is recorded), so that it is the quantity that the trainer computes.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from adjudge.models.attention import DecodePlan, PackPlan, Span


@dataclass
class Drawn:
    """One sampled sequence: tokens (the end token included when it was drawn), log-probabilities, how it stopped."""

    tokens: list[int] = field(default_factory=list)
    logprobs: list[float] = field(default_factory=list)
    ended: bool = False


RowEnded = Callable[[int, int, Drawn], None]


def _prefill(model: Any, prompts: Sequence[Sequence[int]]) -> tuple[list[list[tuple[Tensor, Tensor]]], Tensor]:  # noqa: ANN401
    """Keys and values of each prompt by layer, and the last hidden state (prompts, hidden)."""
    spans, start = [], 0
    for prompt in prompts:
        spans.append(Span((start, start + len(prompt))))
        start += len(prompt)
    plan = PackPlan(tuple(spans), capture=True)
    ids = torch.tensor([[token for prompt in prompts for token in prompt]])
    positions = torch.tensor([[place for prompt in prompts for place in range(len(prompt))]])
    hidden = model.model(input_ids=ids, position_ids=positions, use_cache=False, plan=plan).last_hidden_state[0]
    kept = [
        [(k[:, a:b].contiguous(), v[:, a:b].contiguous()) for a, b in (span.prefix for span in spans)]
        for k, v in plan.captured
    ]
    return kept, hidden[[span.prefix[1] - 1 for span in spans]]


def _draw(logits: Tensor, temperature: float, top_k: int, noise: torch.Generator) -> tuple[Tensor, Tensor]:
    """Tokens (R,) and their log-probabilities (R,); temperature 0 takes the most likely token."""
    if temperature == 0:
        logprobs = torch.log_softmax(logits, dim=-1)
        best = logprobs.argmax(dim=-1)
        return best, logprobs.gather(1, best[:, None])[:, 0]
    logprobs = torch.log_softmax(logits / temperature, dim=-1)
    allowed = logprobs
    if 0 < top_k < logits.shape[-1]:
        least = logprobs.topk(top_k, dim=-1).values[:, -1:]
        allowed = logprobs.masked_fill(logprobs < least, -torch.inf)
    # Gumbel-max: one uniform number a token, no cumulative sum over the vocabulary, and repeatable by seed.
    uniform = torch.rand(allowed.shape, generator=noise).clamp_(min=1e-20)
    tokens = (allowed - (-uniform.log()).log()).argmax(dim=-1)
    return tokens, logprobs.gather(1, tokens[:, None])[:, 0]


@torch.inference_mode()
def sample_groups(
    model: Any,  # noqa: ANN401
    prompts: Sequence[Sequence[int]],
    group_size: int,
    *,
    max_new_tokens: int,
    temperature: float,
    top_k: int,
    end_tokens: frozenset[int],
    seed: int,
    ended: RowEnded,
) -> None:
    """Draw `group_size` sequences for each prompt; `ended` gets each one as soon as it is complete.

    Args:
        model: a causal language model loaded with the shared-prefix attention.
        prompts: token ids of each prompt.
        group_size: rows for each prompt (> 0).
        max_new_tokens: most tokens a row gets.
        temperature: 0 for greedy.
        top_k: 0 for the whole vocabulary.
        end_tokens: ids that end a row.
        seed: equal seeds, prompts and weights give equal rows.
        ended: called once a row with (prompt's place, row's number in its group, what was drawn).
    """
    noise = torch.Generator().manual_seed(seed)
    prefix, last = _prefill(model, prompts)
    rows = [(place, number, Drawn()) for place in range(len(prompts)) for number in range(group_size)]
    plan = DecodePlan(prefix, [group_size] * len(prompts), max_new_tokens)
    positions = torch.tensor([len(prompt) for prompt in prompts for _ in range(group_size)])
    logits = model.lm_head(last).float().repeat_interleave(group_size, dim=0)
    for step in range(max_new_tokens):
        tokens, logprobs = _draw(logits, temperature, top_k, noise)
        alive = torch.ones(len(rows), dtype=torch.bool)
        for at, (row, token, logprob) in enumerate(zip(rows, tokens.tolist(), logprobs.tolist(), strict=True)):
            drawn = row[2]
            drawn.tokens.append(token)
            drawn.logprobs.append(logprob)
            drawn.ended = token in end_tokens
            if drawn.ended or step + 1 == max_new_tokens:
                alive[at] = False
                ended(*row)
        if not alive.any():
            break
        if not alive.all():
            plan.keep(alive)
            rows = [row for row, lives in zip(rows, alive.tolist(), strict=True) if lives]
            tokens, positions = tokens[alive], positions[alive]
        plan.step = step
        hidden = model.model(
            input_ids=tokens[:, None], position_ids=positions[:, None] + step, use_cache=False, plan=plan
        ).last_hidden_state
        logits = model.lm_head(hidden[:, 0]).float()
