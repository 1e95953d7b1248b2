"""The local engine: a frozen float32 base with a LoRA adapter, on the cores of this machine.

Two copies of the linear weights are held: the base under the adapter (trains), and the sum of both (samples), which
`publish` renews. So sampling pays nothing for the adapter, and its log-probabilities agree with the trainer's.
"""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from peft import PeftModel, get_peft_model, load_peft_weights, set_peft_model_state_dict
from safetensors.torch import load_file, save_file
from torch import nn

from adjudge.domain import Group, Policy, Rollout, Sample
from adjudge.errors import ConfigError, TrainingError
from adjudge.models.decode import Drawn, sample_groups
from adjudge.models.load import LocalModel
from adjudge.models.packed import Branches, pack, token_scores
from adjudge.training.backend import Clip, Ended, TrainGroup
from adjudge.training.config import LoraSettings, SamplingSettings
from adjudge.training.lora import export_half, lora_config
from adjudge.training.losses import clipped_policy_gradient, cross_entropy


class LocalBackend:
    """`Backend` on this machine.

    Args:
        base: the model; its weights are not changed.
        lora: rank and scale of the adapter.
        sampling: how rollouts are drawn.
        adapter: a PEFT folder to start from (a warm start); None starts at the base.
        seed: of the adapter's initial weights.
        weight_decay: of AdamW.
        max_grad_norm: gradients are scaled down to this norm.
    """

    def __init__(
        self,
        base: LocalModel,
        lora: LoraSettings,
        sampling: SamplingSettings,
        *,
        adapter: Path | None = None,
        seed: int = 0,
        weight_decay: float = 0.0,
        max_grad_norm: float = 1.0,
    ) -> None:
        torch.set_num_threads(os.cpu_count() or 1)
        self._local, self._sampling, self._max_grad_norm = base, sampling, max_grad_norm
        self._sampler = _twin(base.model)
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            self._trained: PeftModel = get_peft_model(base.model, lora_config(lora))
        if adapter is not None:
            set_peft_model_state_dict(self._trained, load_peft_weights(str(adapter), device="cpu"))
        self._trained.train()
        weights = [weight for weight in self._trained.parameters() if weight.requires_grad]
        self._optimizer = torch.optim.AdamW(weights, lr=1e-4, betas=(0.9, 0.95), weight_decay=weight_decay)
        self._weights = weights
        self._policy = Policy(name=base.name, version=0)
        self._refresh()

    @property
    def policy(self) -> Policy:
        """The published weights."""
        return self._policy

    def prompt_ids(self, sample: Sample) -> tuple[int, ...]:
        """Token ids of the conversation up to where the assistant answers."""
        return tuple(self._local.prompt_ids(sample.messages))

    def response_ids(self, text: str) -> tuple[int, ...]:
        """Token ids of a response and the end-of-turn token."""
        return (*self._local.text_ids(text), self._local.tokenizer.convert_tokens_to_ids("<|im_end|>"))

    def sample(self, samples: Sequence[Sample], group_size: int, seed: int, ended: Ended | None = None) -> list[Group]:
        """Draw groups; the version of the published weights is written on every rollout."""
        made: dict[tuple[int, int], Rollout] = {}

        def row_ended(place: int, number: int, row: Drawn) -> None:
            rollout = self._rollout(samples[place], row, f"s{seed}g{place}n{number}")
            made[place, number] = rollout
            if ended is not None:
                ended(samples[place], rollout)

        sample_groups(
            self._sampler,
            [self.prompt_ids(sample) for sample in samples],
            group_size,
            max_new_tokens=self._sampling.max_new_tokens,
            temperature=self._sampling.temperature,
            top_k=self._sampling.top_k,
            end_tokens=self._local.end_tokens,
            seed=seed,
            ended=row_ended,
        )
        return [
            Group(sample=sample, rollouts=tuple(made[place, number] for number in range(group_size)))
            for place, sample in enumerate(samples)
        ]

    def _rollout(self, sample: Sample, row: Drawn, draw: str) -> Rollout:
        return Rollout(
            # The group's place too: one draw may hold two groups of one sample.
            id=f"{sample.id}#v{self._policy.version}{draw}",
            sample_id=sample.id,
            policy=self._policy,
            response=self._local.decode(row.tokens),
            stop="stop" if row.ended else "length",
            tokens=tuple(row.tokens),
            logprobs=tuple(row.logprobs),
        )

    def forward_backward(self, groups: Sequence[TrainGroup], normaliser: float, clip: Clip | None) -> dict[str, float]:
        """One micro-batch of whole groups."""
        packed = pack([Branches(g.prompt, [r.tokens for r in g.responses]) for g in groups])
        weights = torch.tensor([a for g in groups for r in g.responses for a in r.advantages])
        temperature = self._sampling.temperature if clip and self._sampling.temperature > 0 else 1.0
        scores = token_scores(self._trained.base_model.model, packed, temperature)
        sums = {"tokens": float(len(weights)), "entropy": float(scores.entropies.sum())}
        if clip is None:
            loss = cross_entropy(scores.logprobs, weights, normaliser=normaliser)
        else:
            sampled = torch.tensor([p for g in groups for r in g.responses for p in r.sampled_logprobs])
            policy_loss = clipped_policy_gradient(
                scores.logprobs, sampled, weights, clip_low=clip.low, clip_high=clip.high, normaliser=normaliser
            )
            loss = policy_loss.loss
            sums |= {
                "clipped_low": policy_loss.clipped_low,
                "clipped_high": policy_loss.clipped_high,
                "sampler_kl": policy_loss.kl,
            }
        if not torch.isfinite(loss):
            raise TrainingError(
                "The loss is not finite.",
                "A weight or a log-probability has left the range of float32.",
                "Resume from the last checkpoint with a lower learning_rate.",
            )
        loss.backward()  # type: ignore[no-untyped-call]
        return sums | {"loss": float(loss.detach())}

    def optim_step(self, learning_rate: float) -> dict[str, float]:
        """AdamW on the adapter."""
        norm = nn.utils.clip_grad_norm_(self._weights, self._max_grad_norm)
        for group in self._optimizer.param_groups:
            group["lr"] = learning_rate
        self._optimizer.step()
        self._optimizer.zero_grad(set_to_none=True)
        return {"grad_norm": float(norm), "learning_rate": learning_rate}

    def publish(self) -> Policy:
        """Renew the sampling weights (well under a second for the embedded model)."""
        self._refresh()
        self._policy = Policy(name=self._policy.name, version=self._policy.version + 1)
        return self._policy

    @torch.no_grad()
    def _refresh(self) -> None:
        targets = dict(self._sampler.named_modules())
        for name, module in self._trained.base_model.model.named_modules():
            if hasattr(module, "get_delta_weight"):
                target = targets[name]
                torch.add(module.base_layer.weight, module.get_delta_weight("default"), out=target.weight.data)

    def save(self, folder: Path) -> None:
        """Adapter in PEFT's layout, optimizer state as safetensors, the rest as JSON."""
        folder.mkdir(parents=True, exist_ok=True)
        self._trained.save_pretrained(str(folder / "adapter"))
        state = self._optimizer.state_dict()["state"]
        save_file(
            {f"{index}.{key}": value for index, entry in state.items() for key, value in entry.items()},
            folder / "optimizer.safetensors",
        )
        (folder / "backend.json").write_text(
            json.dumps({"version": self._policy.version, "base": self._local.identity})
        )

    def load(self, folder: Path) -> None:
        """Adapter, optimizer and version of a checkpoint.

        Raises:
            ConfigError: it was made on another base model.
        """
        about = json.loads((folder / "backend.json").read_text())
        if about["base"] != self._local.identity:
            raise ConfigError(
                f"The checkpoint {folder} was made on another base model.",
                f"Its weights are those of {about['base']}, this one's are {self._local.identity}.",
                "Train from the start in another folder, or use the base model of the checkpoint.",
            )
        set_peft_model_state_dict(self._trained, load_peft_weights(str(folder / "adapter"), device="cpu"))
        entries: dict[int, dict[str, Any]] = {}
        for name, value in load_file(folder / "optimizer.safetensors").items():
            index, key = name.split(".", 1)
            entries.setdefault(int(index), {})[key] = value
        state = self._optimizer.state_dict()
        state["state"] = entries
        self._optimizer.load_state_dict(state)
        self._policy = Policy(name=self._policy.name, version=about["version"])
        self._refresh()

    def export(self, folder: Path) -> None:
        """The adapter alone, in half precision (what is shipped), PEFT layout."""
        export_half(self._trained, folder, self._local.name)


def _twin(model: Any) -> Any:  # noqa: ANN401 (transformers models share no useful type)
    """A second model with its own linear weights; embeddings, norms and head are shared with the first."""
    twin = type(model)(model.config).eval()
    twin.load_state_dict(model.state_dict())
    twin.model.embed_tokens.weight = model.model.embed_tokens.weight
    twin.lm_head.weight = model.lm_head.weight
    return twin.requires_grad_(False)
