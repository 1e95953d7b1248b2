"""``local:NAME``: a judge on this machine that chooses between options, read from log-probabilities.

``local:contract-judge`` is the embedded judge: the SmolLM2-135M base with a LoRA adapter of ours. Each prompt is one
forward pass of its own, so an answer depends on nothing but its prompt and is bit-equal however calls are grouped.
"""

import asyncio
import functools
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from adjudge.domain import Usage
from adjudge.endpoints.base import ChoiceReply, ChoiceRequest
from adjudge.models.cache import EMBEDDED_JUDGES, embedded_adapter
from adjudge.models.load import LocalModel, load
from adjudge.models.packed import Branches, hidden_states, pack, token_scores


class LocalChoiceEndpoint:
    """A `ChoiceEndpoint` in this process.

    Args:
        local: the model with its adapter merged in.
        name: what it is called.
    """

    def __init__(self, local: LocalModel, name: str) -> None:
        self._local = local
        self._name = name
        self._turn = asyncio.Lock()
        # Siblings quote the same passage and repeat comments: what was answered once is not computed again.
        self._answer = functools.lru_cache(maxsize=1 << 16)(self._forward)

    @classmethod
    def load(cls, reference: str, adapter: Path | None = None) -> "LocalChoiceEndpoint":
        """By name (``contract-judge``), or a base model (``smollm2-135m``, ``tiny``, a folder) and an adapter.

        Raises:
            MissingError: the model or adapter is not on this machine.
        """
        base, folder = EMBEDDED_JUDGES.get(reference, (reference, None))
        chosen = adapter or (embedded_adapter(folder) if folder else None)
        return cls(load(base, chosen), f"local:{reference}")

    @property
    def name(self) -> str:
        """What people call it."""
        return self._name

    @property
    def identity(self) -> dict[str, Any]:
        """Weights of base and adapter."""
        return {"provider": "local", "weights": self._local.identity}

    async def choose(self, requests: Sequence[ChoiceRequest]) -> list[ChoiceReply]:
        """Probabilities of the options of each request; one forward pass each, one at a time."""
        async with self._turn:
            return [await asyncio.to_thread(self._one, request) for request in requests]

    def _one(self, request: ChoiceRequest) -> ChoiceReply:
        began = time.perf_counter()
        prompt_tokens, logprobs = self._answer(request)
        return ChoiceReply(
            logprobs=dict(zip(request.options, logprobs, strict=True)),
            usage=Usage(calls=1, prompt_tokens=prompt_tokens, seconds=time.perf_counter() - began, cost_usd=0.0),
        )

    @torch.inference_mode()
    def _forward(self, request: ChoiceRequest) -> tuple[int, tuple[float, ...]]:
        """Tokens of the prompt, and the options' log-probabilities: a function of the request alone."""
        prompt = self._local.text_ids(request.prompt)
        branches = [self._local.text_ids(option) for option in request.options]
        packed = pack([Branches(prompt, branches)])
        if all(len(branch) == 1 for branch in branches):
            # Single tokens: only their rows of the output matrix are needed.
            last = hidden_states(self._local.model, packed)[0]
            scores = self._local.model.lm_head.weight[packed.targets] @ last
        else:
            tokens = token_scores(self._local.model, packed).logprobs
            scores = torch.stack([part.sum() for part in torch.split(tokens, list(packed.lengths))])
        return len(prompt), tuple(torch.log_softmax(scores.double(), dim=0).tolist())
