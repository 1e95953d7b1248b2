"""The reward inside TRL's own trainer, on CPU, with a tiny random model."""

import asyncio

import pytest
import torch

pytest.importorskip("trl", reason="the adapter is run in TRL: pip install 'adjudge[dev]'")

from datasets import Dataset
from transformers import LlamaForCausalLM
from trl import GRPOConfig, GRPOTrainer

from adjudge.domain import ComponentScore, Reward, RewardStatus
from adjudge.models.load import tiny
from adjudge.serving.adapters.door import Door
from adjudge.serving.adapters.trl import TrlReward
from adjudge.training.advantage import advantages

# TRL calls what transformers has since renamed.
pytestmark = pytest.mark.filterwarnings("ignore:.*gradient_checkpointing.*:FutureWarning")


class Listed:
    """A fake reward: the n-th rollout of a group gets the n-th of the listed values; None is a failed judge."""

    def __init__(self, values, other=None):
        self.values, self.other, self.seen = values, other, []

    def of(self, number, rollout_id):
        value = self.values[number]
        if value is None:
            return Reward(rollout_id=rollout_id, value=None, status=RewardStatus.MASKED)
        parts = [ComponentScore(name="told", value=value, weight=3.0)]
        if self.other is not None:
            parts.append(ComponentScore(name="other", value=self.other[number]))
        return Reward(rollout_id=rollout_id, value=value, status=RewardStatus.SCORED, components=tuple(parts))

    async def score_group(self, group):
        self.seen.append(group)
        await asyncio.sleep(0)
        return tuple(self.of(number, rollout.id) for number, rollout in enumerate(group.rollouts))


def train(folder, reward_funcs, size, **arguments):
    """Two steps (or `max_steps`) of TRL's trainer on two rows, groups of `size`; the trainer afterwards."""
    local = tiny()
    local.model.config._attn_implementation = "eager"
    plain = LlamaForCausalLM(local.model.config)
    plain.load_state_dict(local.model.state_dict())
    config = GRPOConfig(
        output_dir=str(folder), use_cpu=True, bf16=False, report_to=[], logging_steps=1, save_strategy="no",
        per_device_train_batch_size=size, num_generations=size, max_completion_length=4, beta=0.0,
        **{"max_steps": 2, "shuffle_dataset": False, **arguments},
    )  # fmt: skip
    rows = Dataset.from_dict(
        {
            "prompt": ["one", "two"],
            "id": ["a", "b"],
            "target_document": ["A text.", None],
            "solution": ["x", "y"],
        }
    )
    trainer = GRPOTrainer(
        model=plain, reward_funcs=reward_funcs, args=config, train_dataset=rows, processing_class=local.tokenizer
    )
    trainer.train()
    return trainer


def test_two_steps_of_trl_with_our_reward(tmp_path):
    """The trainer trains; its columns became samples, its groups ours; the figures are in its log."""
    fake = Listed([0.9, 0.1, None, 0.2])
    with Door.of(fake) as door:
        trainer = train(tmp_path, TrlReward(door, reference="solution"), 4)
    assert trainer.state.global_step == 2
    samples = [group.sample for group in fake.seen]
    assert [(s.id, s.reference_answer, s.metadata) for s in samples] == [
        ("a", "x", {"target_document": "A text."}),
        ("b", "y", {}),
    ]
    assert [len(group.rollouts) for group in fake.seen] == [4, 4]
    logged = trainer.state.log_history[0]
    assert logged["rewards/adjudge/mean"] == pytest.approx(0.4)
    assert logged["adjudge/unscored"] == 0.25
    assert list(trainer._logs["extra"]["adjudge"])[:3:2] == ["0.90 = 1.00 x told 0.90", "masked"]


@pytest.mark.parametrize("scale", ["group", "batch", "none"])
def test_a_masked_completion_leaves_its_siblings_where_they_are(tmp_path, scale):
    """In TRL's own code: advantages of a group with one masked are those of the group without it; its own is 0."""
    got = {}
    for values in ([0.9, 0.1, None, 0.2], [0.9, 0.1, 0.2]):
        with Door.of(Listed(values)) as door:
            trainer = train(tmp_path, TrlReward(door), len(values), scale_rewards=scale, max_steps=1)
        got[len(values)] = list(trainer._logs["advantages"])
    assert got[4][2] == 0.0
    assert [got[4][place] for place in (0, 1, 3)] == pytest.approx(got[3], abs=1e-6)
    if scale == "none":
        ours = advantages([Listed([0.9, 0.1, None, 0.2]).of(number, str(number)) for number in range(4)])
        assert got[4] == pytest.approx([value or 0.0 for value in ours], abs=1e-6)


def test_a_second_function_of_somebody_else_undoes_the_mask(tmp_path):
    """TRL leaves out only what every function left out: the page says so, this is the number."""

    def short(completions, **_):
        return [1.0] * len(completions)

    with Door.of(Listed([1.0, 1.0, None, 1.0])) as door:
        trainer = train(tmp_path, [TrlReward(door), short], 4, scale_rewards="none", max_steps=1)
    assert list(trainer._logs["advantages"]) == pytest.approx([0.25, 0.25, -0.75, 0.25])


def test_components_reach_trl_apart(tmp_path):
    """One function a term, scored once, normalised by TRL: a masked completion is left out of all of them."""
    got = {}
    for keep in ([0, 1, 2, 3], [0, 1, 3]):
        told, other = [0.9, 0.1, None, 0.2], [0.5, 0.4, 0.3, 0.6]
        fake = Listed([told[place] for place in keep], [other[place] for place in keep])
        with Door.of(fake) as door:
            functions = TrlReward(door).components(["told", "other"])
            trainer = train(
                tmp_path, functions, len(keep), max_steps=1,
                multi_objective_aggregation="normalize_then_sum", reward_weights=[3.0, 1.0],
            )  # fmt: skip
        assert len(fake.seen) == 1
        got[len(keep)] = list(trainer._logs["advantages"])
        assert "rewards/told/mean" in trainer.state.log_history[0]
    assert got[4][2] == 0.0
    assert [got[4][place] for place in (0, 1, 3)] == pytest.approx(got[3], abs=1e-5)


def test_nothing_is_not_a_number():
    """What TRL gets is a float or None, whatever the reward's status."""
    with Door.of(Listed([0.5, None])) as door:
        values = TrlReward(door)(prompts=["p", "p"], completions=["a", [{"role": "assistant", "content": "b"}]])
    assert values == [0.5, None]
    assert torch.tensor([0.0 if value is None else value for value in values]).isfinite().all()
