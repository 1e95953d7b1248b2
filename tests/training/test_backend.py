"""The local engine by its five operations: sampler and trainer agree, before and after an update."""

import pytest
import torch

from adjudge.domain import Message, Sample
from adjudge.models.load import load, merge, tiny
from adjudge.models.packed import Branches, pack, token_scores
from adjudge.training.backend import Clip, Sequenced, TrainGroup
from adjudge.training.config import LoraSettings, SamplingSettings
from adjudge.training.local import LocalBackend

SAMPLES = [Sample(id=f"s{n}", messages=(Message(role="user", content=f"say {n}"),)) for n in range(2)]
LORA = LoraSettings(rank=4, alpha=8)


def engine(temperature=1.0, **changes):
    return LocalBackend(tiny(), LORA, SamplingSettings(max_new_tokens=16, temperature=temperature), **changes)


def train_groups(backend, groups, sign=1.0):
    return [
        TrainGroup(
            backend.prompt_ids(group.sample),
            tuple(
                Sequenced(r.tokens, (sign * (1.0 if n % 2 else -1.0),) * len(r.tokens), r.logprobs)
                for n, r in enumerate(group.rollouts)
            ),
        )
        for group in groups
    ]


def update(backend, seed=0, rate=0.02):
    """One on-policy step; returns the sums of its forward pass."""
    drawn = backend.sample(SAMPLES, 4, seed)
    sums = backend.forward_backward(train_groups(backend, drawn), 64.0, Clip())
    backend.optim_step(rate)
    return sums


@pytest.mark.parametrize("temperature", [1.0, 0.6])
def test_sampler_and_trainer_agree_before_and_after_updates(tmp_path, temperature):
    """The recorded log-probabilities of fresh rollouts are the trainer's to 1e-4, after every update too."""
    backend = engine(temperature)
    for step in range(3):
        groups = backend.sample(SAMPLES, 4, seed=step)
        backend.save(tmp_path / str(step))
        # The trainer's weights as anybody else would load them: the base with the saved adapter merged in.
        trainer = merge(tiny(), tmp_path / str(step) / "adapter")
        branches = [Branches(backend.prompt_ids(g.sample), [r.tokens for r in g.rollouts]) for g in groups]
        with torch.no_grad():
            theirs = token_scores(trainer.model, pack(branches), temperature).logprobs
        ours = torch.tensor([p for g in groups for r in g.rollouts for p in r.logprobs])
        torch.testing.assert_close(ours, theirs, atol=1e-4, rtol=0)
        sums = update(backend, seed=step)
        assert abs(sums["sampler_kl"]) < 1e-4 * sums["tokens"]
        assert sums["clipped_low"] == sums["clipped_high"] == 0.0
        backend.publish()


def test_an_update_is_not_sampled_from_before_it_is_published():
    """Between optimizer step and publish the old weights sample, and the old version is written on the rollouts."""
    backend = engine()
    before = backend.sample(SAMPLES, 2, seed=5)
    update(backend)
    assert backend.sample(SAMPLES, 2, seed=5) == before
    assert backend.publish().version == 1
    after = backend.sample(SAMPLES, 2, seed=5)
    assert {r.policy.version for g in after for r in g.rollouts} == {1}
    assert [r.logprobs for g in after for r in g.rollouts] != [r.logprobs for g in before for r in g.rollouts]


def test_an_update_makes_rewarded_responses_likelier():
    """The gradient points the right way: positive advantages go up, negative ones down."""
    backend = engine()
    groups = train_groups(backend, backend.sample(SAMPLES, 4, seed=0))
    before = backend.forward_backward(groups, 64.0, Clip())["loss"]
    backend.optim_step(0.01)
    assert backend.forward_backward(groups, 64.0, Clip())["loss"] < before


def test_gradients_of_micro_batches_add_up():
    """Two passes of one group each move the weights as one pass of both."""
    adapters = []
    for together in (True, False):
        backend = engine()
        groups = train_groups(backend, backend.sample(SAMPLES, 4, seed=0))
        for micro in [groups] if together else [[group] for group in groups]:
            backend.forward_backward(micro, 64.0, Clip())
        adapters.append(backend.optim_step(0.01)["grad_norm"])
    assert adapters[0] > 0
    assert adapters[0] == pytest.approx(adapters[1], rel=1e-5)


def test_a_response_without_advantage_leaves_no_gradient():
    """Zero advantages: no loss, no norm."""
    backend = engine()
    groups = train_groups(backend, backend.sample(SAMPLES, 4, seed=0), sign=0.0)
    assert backend.forward_backward(groups, 64.0, Clip())["loss"] == 0.0
    assert backend.optim_step(0.01)["grad_norm"] == 0.0


def test_the_exported_adapter_is_the_policy_up_to_half_precision(tmp_path):
    """What is released, loaded by anybody onto the same base, scores as the trained weights do."""
    backend = engine()
    update(backend)
    backend.publish()
    groups = backend.sample(SAMPLES, 2, seed=1)
    backend.export(tmp_path / "adapter")
    released = load("tiny", tmp_path / "adapter")
    branches = [Branches(backend.prompt_ids(g.sample), [r.tokens for r in g.rollouts]) for g in groups]
    with torch.no_grad():
        theirs = token_scores(released.model, pack(branches)).logprobs
        base = token_scores(tiny().model, pack(branches)).logprobs
    ours = torch.tensor([p for g in groups for r in g.rollouts for p in r.logprobs])
    torch.testing.assert_close(ours, theirs, atol=5e-3, rtol=0)
    assert (ours - base).abs().max() > 0.02


def test_a_warm_start_begins_where_the_adapter_ended(tmp_path):
    """A backend given an adapter samples what the backend that made it samples."""
    first = engine()
    update(first)
    first.publish()
    first.save(tmp_path)
    second = engine(adapter=tmp_path / "adapter")
    drawn = [[r.tokens for g in b.sample(SAMPLES, 4, seed=2) for r in g.rollouts] for b in (first, second, engine())]
    assert drawn[0] == drawn[1] != drawn[2]


def test_two_groups_of_one_sample_have_ids_of_their_own():
    """Rewards are matched by id, so a sample drawn twice in one step must not share any."""
    groups = engine().sample([SAMPLES[0], SAMPLES[0]], 4, seed=0)
    assert len({r.id for g in groups for r in g.rollouts}) == 8


def test_each_rollout_is_told_of_once_with_what_the_groups_hold():
    """The ended-callback hears every rollout exactly once, the same one that comes back."""
    heard = []
    groups = engine().sample(SAMPLES, 3, seed=0, ended=lambda sample, rollout: heard.append((sample.id, rollout)))
    assert sorted(r.id for _, r in heard) == sorted(r.id for g in groups for r in g.rollouts)
    assert {r.id: r for _, r in heard} == {r.id: r for g in groups for r in g.rollouts}
    assert all(name == rollout.sample_id for name, rollout in heard)
