"""The shared-prefix engine against plain transformers: same numbers, same gradient, same draws."""

import pytest
import torch
from peft import get_peft_model
from transformers import LlamaForCausalLM

from adjudge.models.decode import sample_groups
from adjudge.models.load import tiny
from adjudge.models.packed import Branches, pack, token_scores
from adjudge.training.config import LoraSettings
from adjudge.training.lora import lora_config

GROUPS = [
    Branches([5, 6, 7, 8, 9, 10], [[11, 12, 13], [14], [15, 16, 17, 18, 19]]),
    Branches([20, 21, 22], [[23, 24], [23, 24]]),
]


def plain(model):
    """The same weights in an untouched transformers model."""
    config = model.config.__class__.from_dict(model.config.to_dict() | {"attn_implementation": "eager"})
    twin = LlamaForCausalLM(config)
    twin.load_state_dict(model.state_dict())
    return twin.eval()


def one_by_one(model, groups):
    """Log-probabilities of every branch, each run on its own behind its prefix."""
    out = []
    for group in groups:
        for branch in group.branches:
            ids = torch.tensor([[*group.prefix, *branch]])
            logprobs = torch.log_softmax(model(ids).logits[0], dim=-1)[len(group.prefix) - 1 : -1]
            out.append(logprobs.gather(1, torch.tensor(branch)[:, None])[:, 0])
    return torch.cat(out)


def test_a_pack_scores_as_its_sequences_do_alone():
    """Branches see their own prefix and nothing of each other."""
    local = tiny()
    with torch.no_grad():
        packed = token_scores(local.model, pack(GROUPS)).logprobs
        alone = one_by_one(plain(local.model), GROUPS)
    torch.testing.assert_close(packed, alone, atol=1e-5, rtol=1e-5)


def test_the_gradient_of_a_pack_is_exact():
    """LoRA gradients of the packed pass equal those of the sequences run one by one."""
    grads = []
    for scores in (lambda m: token_scores(m, pack(GROUPS)).logprobs, lambda m: one_by_one(m, GROUPS)):
        local = tiny()
        base = local.model if not grads else plain(local.model)
        torch.manual_seed(0)
        model = get_peft_model(base, lora_config(LoraSettings(rank=4, alpha=8)))
        with torch.no_grad():
            for number, (name, weight) in enumerate(model.named_parameters()):
                if "lora_B" in name:
                    noise = torch.Generator().manual_seed(number)
                    weight.copy_(torch.randn(weight.shape, generator=noise) * 0.05)
        values = scores(model.base_model.model)
        (values * torch.linspace(-1, 1, len(values))).sum().backward()
        grads.append([w.grad for _, w in model.named_parameters() if w.grad is not None])
    assert len(grads[0]) == len(grads[1]) > 0
    for ours, theirs in zip(*grads, strict=True):
        assert float((ours - theirs).norm()) <= 1e-5 * float(theirs.norm())
        assert float(theirs.norm()) > 0


def draw(local, **changes):
    rows = {}
    settings = {"max_new_tokens": 12, "temperature": 1.0, "top_k": 0, "seed": 3, "end_tokens": local.end_tokens}
    sample_groups(
        local.model,
        [[5, 6, 7, 8], [9, 10]],
        3,
        ended=lambda place, number, row: rows.setdefault((place, number), row),
        **(settings | changes),
    )
    return rows


def test_every_row_ends_once_and_within_the_limit():
    """Each row of each group is told of once, with one log-probability a token."""
    rows = draw(tiny())
    assert sorted(rows) == [(p, n) for p in range(2) for n in range(3)]
    assert all(1 <= len(row.tokens) == len(row.logprobs) <= 12 for row in rows.values())


def test_equal_seeds_draw_equal_rows():
    """The draw is a function of seed, prompts and weights."""
    local = tiny()
    first, again, other = draw(local), draw(local), draw(local, seed=4)
    assert first == again
    assert first != other


def test_a_row_stops_at_its_end_token_while_others_go_on():
    """With half the vocabulary as end tokens rows end early and apart, and only on an end token."""
    ends = frozenset(range(0, 258, 20))
    rows = draw(tiny(), end_tokens=ends, max_new_tokens=60)
    assert len({len(row.tokens) for row in rows.values()}) > 1
    for row in rows.values():
        assert row.ended == (row.tokens[-1] in ends)
        assert not ends & set(row.tokens[:-1])


@pytest.mark.parametrize("temperature", [1.0, 0.7])
def test_sampled_log_probabilities_are_the_trainers(temperature):
    """What the sampler recorded is what the trainer computes for the same tokens, at the same temperature."""
    local = tiny()
    rows = draw(local, temperature=temperature)
    groups = [
        Branches(prompt, [rows[place, n].tokens for n in range(3)])
        for place, prompt in enumerate([[5, 6, 7, 8], [9, 10]])
    ]
    with torch.no_grad():
        trainer = token_scores(local.model, pack(groups), temperature).logprobs
    sampler = torch.tensor([p for place in range(2) for n in range(3) for p in rows[place, n].logprobs])
    torch.testing.assert_close(sampler, trainer, atol=1e-4, rtol=1e-4)


def test_greedy_takes_the_most_likely_token():
    """Temperature 0 follows the argmax of the plain model."""
    local = tiny()
    rows = draw(local, temperature=0.0, max_new_tokens=5, end_tokens=frozenset())
    ids = [5, 6, 7, 8]
    model = plain(local.model)
    with torch.no_grad():
        for token in rows[0, 0].tokens:
            assert int(model(torch.tensor([ids])).logits[0, -1].argmax()) == token
            ids.append(token)
