"""The policy loss against TRL's own trainer, on the same model and the same tokens."""

import pytest
import torch

pytest.importorskip("trl", reason="the comparison needs TRL: pip install 'adjudge[dev]'")

from datasets import Dataset
from transformers import LlamaForCausalLM
from trl import GRPOConfig, GRPOTrainer

from adjudge.models.load import tiny
from adjudge.training.losses import clipped_policy_gradient

LIMIT = 12
LENGTHS = (12, 5, 9, 1)
ADVANTAGES = torch.tensor([0.7, -1.3, 0.0, 0.9])


@pytest.fixture
def trainer(tmp_path):
    """TRL's trainer with its Dr. GRPO loss and our clips; it is asked for its loss and never trains."""
    local = tiny()
    config = local.model.config
    config._attn_implementation = "eager"
    plain = LlamaForCausalLM(config)
    plain.load_state_dict(local.model.state_dict())
    arguments = GRPOConfig(
        output_dir=str(tmp_path), loss_type="dr_grpo", epsilon=0.2, epsilon_high=0.28, beta=0.0, use_cpu=True,
        per_device_train_batch_size=4, num_generations=4, max_completion_length=LIMIT, report_to=[], bf16=False,
    )  # fmt: skip
    return GRPOTrainer(
        model=plain.eval(),
        reward_funcs=lambda completions, **_: [0.0] * len(completions),
        args=arguments,
        train_dataset=Dataset.from_dict({"prompt": ["a"]}),
        processing_class=local.tokenizer,
    )


@pytest.fixture
def inputs():
    """Four responses of different lengths, one of them with advantage 0, sampled by somewhat other weights."""
    generator = torch.Generator().manual_seed(5)
    mask = (torch.arange(LIMIT)[None, :] < torch.tensor(LENGTHS)[:, None]).long()
    return {
        "prompt_ids": torch.randint(0, 250, (4, 6), generator=generator),
        "prompt_mask": torch.ones(4, 6, dtype=torch.long),
        "completion_ids": torch.randint(0, 250, (4, LIMIT), generator=generator),
        "completion_mask": mask,
        "advantages": ADVANTAGES,
        "drift": 0.4 * torch.randn(4, LIMIT, generator=generator),
    }


def logprobs_of(model, inputs):
    ids = torch.cat([inputs["prompt_ids"], inputs["completion_ids"]], dim=1)
    logits = model(input_ids=ids).logits[:, 5:-1]
    return torch.log_softmax(logits, dim=-1).gather(2, inputs["completion_ids"][..., None])[..., 0]


def test_loss_and_gradient_are_trls(trainer, inputs):
    """Both clips bind and one response is neutral: loss and the gradient of every weight equal TRL's `dr_grpo`."""
    model = trainer.model
    sampled = (logprobs_of(model, inputs) - inputs.pop("drift")).detach()
    theirs = trainer._compute_loss(model, inputs | {"old_per_token_logps": sampled})
    theirs.backward()
    gradients = {name: weight.grad.clone() for name, weight in model.named_parameters()}
    model.zero_grad()

    kept = inputs["completion_mask"].bool()
    ours = clipped_policy_gradient(
        logprobs_of(model, inputs)[kept],
        sampled[kept],
        ADVANTAGES[:, None].expand(4, LIMIT)[kept],
        clip_low=0.2,
        clip_high=0.28,
        normaliser=4 * LIMIT,
    )
    ours.loss.backward()
    assert ours.clipped_low > 0
    assert ours.clipped_high > 0
    torch.testing.assert_close(ours.loss, theirs, rtol=1e-6, atol=1e-7)
    for name, weight in model.named_parameters():
        torch.testing.assert_close(weight.grad, gradients[name], rtol=1e-4, atol=1e-7)
