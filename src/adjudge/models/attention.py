"""Attention over a shared prefix: a group's prompt is computed once, in sampling and in the forward/backward pass.

A *pack* is one row of tokens without padding: ``prefix, branch, branch, ..., prefix, branch, ...``. Each branch sees
its own prefix and itself, causally; no branch sees another. The result (and its gradient) equals that of running
every ``prefix + branch`` on its own, at a fraction of the work: of G responses to a prompt of P tokens, the prompt
costs P instead of G*P.

The function is registered with transformers' attention interface, so that any decoder that uses it (Llama, Qwen,
SmolLM ...) runs unchanged; what to attend to travels as the keyword ``plan``.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from transformers import AttentionInterface

NAME = "adjudge_shared_prefix"


@dataclass(frozen=True)
class Span:
    """Where a prefix and its branches stand in the pack: ``[start, end)`` token ranges."""

    prefix: tuple[int, int]
    branches: tuple[tuple[int, int], ...] = ()


@dataclass
class PackPlan:
    """A forward pass over a pack. With ``capture`` the keys and values of each layer are kept for decoding."""

    spans: tuple[Span, ...]
    capture: bool = False
    captured: list[tuple[Tensor, Tensor]] = field(default_factory=list)

    def attend(self, _layer: int, query: Tensor, key: Tensor, value: Tensor, scaling: float) -> Tensor:
        """Shapes: query (1, H, L, D), key and value (1, KV, L, D) -> (1, H, L, D)."""
        if self.capture:
            self.captured.append((key[0], value[0]))
        repeat = query.shape[1] // key.shape[1]
        # One expansion of the shared heads for the whole pack is cheaper than one in each small attention below.
        key, value = key.repeat_interleave(repeat, dim=1), value.repeat_interleave(repeat, dim=1)
        out: list[Tensor] = []
        for span in self.spans:
            start, end = span.prefix
            prefix_k, prefix_v = key[:, :, start:end], value[:, :, start:end]
            out.append(
                functional.scaled_dot_product_attention(
                    query[:, :, start:end], prefix_k, prefix_v, is_causal=True, scale=scaling
                )
            )
            for first, last in span.branches:
                size = last - first
                mask = torch.ones(size, end - start + size, dtype=torch.bool, device=query.device)
                mask[:, end - start :].tril_()
                out.append(
                    functional.scaled_dot_product_attention(
                        query[:, :, first:last],
                        torch.cat([prefix_k, key[:, :, first:last]], dim=2),
                        torch.cat([prefix_v, value[:, :, first:last]], dim=2),
                        attn_mask=mask,
                        scale=scaling,
                    )
                )
        return torch.cat(out, dim=2)


class DecodePlan:
    """One token a row at a time; the rows of a group share the keys and values of their prompt.

    Args:
        prefix: for each layer, for each group, keys and values (KV, P, D) of the prompt.
        rows: number of rows of each group; rows of a group are neighbours.
        room: most new tokens a row can get.
    """

    def __init__(self, prefix: list[list[tuple[Tensor, Tensor]]], rows: Sequence[int], room: int) -> None:
        self.prefix = prefix
        self.rows = list(rows)
        keys = prefix[0][0][0]
        shape = (len(prefix), sum(rows), keys.shape[0], room, keys.shape[2])
        self.keys = torch.empty(shape, dtype=keys.dtype)
        self.values = torch.empty(shape, dtype=keys.dtype)
        self.step = 0

    def keep(self, alive: Tensor) -> None:
        """Drop the rows whose mask entry in `alive` (rows,) is False: finished rows cost nothing."""
        rows, start = [], 0
        for size in self.rows:
            rows.append(int(alive[start : start + size].sum()))
            start += size
        self.keys, self.values, self.rows = self.keys[:, alive], self.values[:, alive], rows

    def attend(self, layer: int, query: Tensor, key: Tensor, value: Tensor, scaling: float) -> Tensor:
        """Shapes: query (R, H, 1, D), key and value (R, KV, 1, D) -> (R, H, 1, D)."""
        rows, heads, _, depth = query.shape
        shared = key.shape[1]
        now = self.step + 1
        self.keys[layer, :, :, self.step] = key[:, :, 0]
        self.values[layer, :, :, self.step] = value[:, :, 0]
        asked = query.view(rows, shared, heads // shared, depth) * scaling
        suffix = asked @ self.keys[layer, :, :, :now].transpose(-1, -2)
        out, start = [], 0
        for (prefix_k, prefix_v), size in zip(self.prefix[layer], self.rows, strict=True):
            if not size:
                continue
            part = slice(start, start + size)
            start += size
            # (KV, rows * repeat, D): all rows of the group ask the prompt in one matrix product.
            packed = asked[part].transpose(0, 1).reshape(shared, -1, depth)
            scores = (packed @ prefix_k.transpose(-1, -2)).view(shared, size, heads // shared, -1).transpose(0, 1)
            weights = torch.cat([scores, suffix[part]], dim=-1).softmax(dim=-1)
            length = prefix_k.shape[1]
            seen = weights[..., :length].transpose(0, 1).reshape(shared, -1, length) @ prefix_v
            seen = seen.view(shared, size, heads // shared, depth).transpose(0, 1)
            out.append(seen + weights[..., length:] @ self.values[layer, part, :, :now])
        return torch.cat(out).view(rows, heads, 1, depth)


def _attention(  # noqa: PLR0917 (the interface's order)
    module: torch.nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,  # noqa: ARG001 (the interface passes it; a plan replaces it)
    scaling: float,
    plan: PackPlan | DecodePlan,
    **unused: Any,  # noqa: ANN401, ARG001 (transformers passes its own keywords along)
) -> tuple[Tensor, None]:
    layer = module.layer_idx
    assert isinstance(layer, int)
    return plan.attend(layer, query, key, value, scaling).transpose(1, 2), None


def register() -> str:
    """Make the function known to transformers; returns its name for ``attn_implementation``."""
    AttentionInterface.register(NAME, _attention)
    return NAME
