"""SFT and GRPO on the tiny model: they learn, they resume to the bit, they survive failing judges."""

import asyncio
import json
import zlib

import pytest
import torch
from safetensors.torch import load_file

from adjudge.domain import GroupScored, Message, Request, Reward, RewardStatus, Sample, StepEnded
from adjudge.errors import DataError
from adjudge.models.load import LocalModel, tiny
from adjudge.training.checkpoint import best_checkpoint, checkpoints, commit_checkpoint, newest_checkpoint
from adjudge.training.config import LoraSettings, SamplingSettings, SftConfig, TrainConfig
from adjudge.training.grpo import train_grpo
from adjudge.training.local import LocalBackend
from adjudge.training.order import batch_at
from adjudge.training.sft import train_sft

SAMPLES = [
    Sample(id=f"s{n}", messages=(Message(role="user", content=f"say {n}"),), reference_answer="aaaa") for n in range(6)
]
CONFIG = TrainConfig(
    max_steps=3, global_batch_size=8, number_generation=4, max_length=200, max_new_tokens=24, learning_rate=0.01,
    save_steps=1, validation_samples=0,
)  # fmt: skip


class Brief(LocalModel):
    """A fake: a random model hardly ever draws its one end token, so here every eighth token ends a response."""

    @property
    def end_tokens(self):
        return frozenset(range(0, 258, 8))


def backend():
    local = tiny()
    brief = Brief(name=local.name, model=local.model, tokenizer=local.tokenizer, identity=local.identity)
    return LocalBackend(brief, LoraSettings(rank=4, alpha=8), SamplingSettings(max_new_tokens=24))


class Watch:
    """A fake observer: keeps events, asks to stop after `stop` steps."""

    def __init__(self, stop=None):
        self.events, self.stop = [], stop

    def on_event(self, event):
        self.events.append(event)
        over = self.stop is not None and isinstance(event, StepEnded) and event.step >= self.stop
        return Request.STOP if over else Request.NONE

    @property
    def steps(self):
        ended = [event for event in self.events if isinstance(event, StepEnded)]
        return [{k: v for k, v in event.metrics.items() if not k.endswith("_seconds")} for event in ended]


class Long:
    """A fake reward: long responses are good; masked for every rollout whose id hashes under `masked`."""

    def __init__(self, masked=0.0):
        self.masked, self.asked = masked, []

    async def score(self, sample, rollout):
        self.asked.append(rollout.id)
        await asyncio.sleep(0)
        if zlib.crc32(rollout.id.encode()) % 100 < 100 * self.masked:
            return Reward(rollout_id=rollout.id, value=None, status=RewardStatus.MASKED)
        share = len(rollout.tokens) / 24
        return Reward(rollout_id=rollout.id, value=share, status=RewardStatus.SCORED)


def grpo(folder, *, stop=None, reward=None, config=CONFIG):
    watch, engine = Watch(stop), backend()
    result = asyncio.run(train_grpo(engine, SAMPLES, reward or Long(), config, folder=folder, observer=watch))
    return result, watch, engine


def adapter(folder):
    return load_file(newest_checkpoint(folder).folder / "adapter" / "adapter_model.safetensors")


def same(one, other):
    return one.keys() == other.keys() and all(torch.equal(one[key], other[key]) for key in one)


def test_supervised_steps_learn(tmp_path):
    """The loss on repeated answers falls."""
    watch = Watch()
    train_sft(
        backend(), SAMPLES, SftConfig(max_steps=8, batch_size=6, learning_rate=0.02), folder=tmp_path, observer=watch
    )
    losses = [step["loss"] for step in watch.steps]
    assert losses[-1] < losses[0] - 0.1


def test_a_stopped_warm_start_resumes_to_the_bit(tmp_path):
    """Stop after two of five steps, resume in a new process' state: same losses, same adapter."""
    config = SftConfig(max_steps=5, batch_size=4, learning_rate=0.02, save_steps=1)
    whole, first, second = Watch(), Watch(stop=2), Watch()
    train_sft(backend(), SAMPLES, config, folder=tmp_path / "a", observer=whole)
    train_sft(backend(), SAMPLES, config, folder=tmp_path / "b", observer=first)
    train_sft(backend(), SAMPLES, config, folder=tmp_path / "b", observer=second)
    assert first.steps + second.steps == whole.steps
    assert same(adapter(tmp_path / "a"), adapter(tmp_path / "b"))


def test_stopped_training_resumes_to_the_bit(tmp_path):
    """Stop after one of three steps and resume: same metrics, same adapter, and staleness 0 throughout."""
    _, whole, _ = grpo(tmp_path / "a")
    early, first, _ = grpo(tmp_path / "b", stop=1)
    assert (early.steps, early.stopped_early) == (1, True)
    _, second, _ = grpo(tmp_path / "b")
    assert first.steps + second.steps == whole.steps
    assert same(adapter(tmp_path / "a"), adapter(tmp_path / "b"))
    groups = [event for event in whole.events if isinstance(event, GroupScored)]
    assert [event.group.staleness(event.step - 1) for event in groups] == [0] * len(groups)


def test_each_rollout_is_judged_once(tmp_path):
    """One reward a rollout, from the moment it ends."""
    reward = Long()
    _, watch, _ = grpo(tmp_path, reward=reward)
    seen = [r.id for event in watch.events if isinstance(event, GroupScored) for r in event.group.rollouts]
    assert sorted(reward.asked) == sorted(seen)
    assert len(set(seen)) == len(seen)


@pytest.mark.parametrize("masked", [0.5, 1.0])
def test_failing_judges_do_not_move_the_weights(tmp_path, masked):
    """With every judgement failed nothing is learnt; with half of them the run goes on."""
    before = {name: w.clone() for name, w in backend()._trained.state_dict().items()}
    result, watch, engine = grpo(tmp_path, reward=Long(masked))
    assert result.steps == 3
    moved = not same(before, dict(engine._trained.state_dict()))
    assert moved is (masked < 1.0)
    assert all(("skipped" in step) is (masked == 1.0) for step in watch.steps)


def test_flat_groups_are_refilled_a_bounded_number_of_times(tmp_path):
    """Where all rewards are equal a step draws again, at most `refill` times, and learns nothing."""

    class Flat(Long):
        async def score(self, sample, rollout):
            return Reward(rollout_id=rollout.id, value=0.5, status=RewardStatus.SCORED)

    _, watch, _ = grpo(tmp_path, reward=Flat())
    assert [step["groups"] for step in watch.steps] == [6.0, 6.0, 6.0]
    assert all(step["groups_flat"] == 1.0 and step["skipped"] == 1.0 for step in watch.steps)


def test_publishing_moves_the_sampling_weights(tmp_path):
    """After a step the sampler's log-probabilities agree with the changed trainer's."""
    _, _, engine = grpo(tmp_path)
    assert engine.policy.version == 3
    ids = torch.tensor([[5, 6, 7, 8]])
    from adjudge.models.attention import PackPlan, Span

    outs = []
    for model in (engine._trained.base_model.model, engine._sampler):
        with torch.no_grad():
            hidden = model.model(
                input_ids=ids, position_ids=torch.arange(4)[None], use_cache=False, plan=PackPlan((Span((0, 4)),))
            )
        outs.append(hidden.last_hidden_state)
    torch.testing.assert_close(outs[0], outs[1], atol=1e-4, rtol=1e-4)


def test_a_prompt_that_does_not_fit_is_an_error_not_a_cut(tmp_path):
    """The row is named before anything is sampled."""
    with pytest.raises(DataError, match="s0"):
        grpo(tmp_path, config=CONFIG.model_copy(update={"max_length": 20}))


def test_only_complete_checkpoints_count(tmp_path):
    """A leftover of a killed write is ignored; the newest `keep` stay."""
    for step in (1, 2, 3):
        commit_checkpoint(tmp_path, step, lambda folder: folder.mkdir(), keep=2, extra={"n": step})
    (tmp_path / ".step-4.part").mkdir()
    (tmp_path / "step-5").mkdir()
    assert [checkpoint.step for checkpoint in checkpoints(tmp_path)] == [2, 3]
    assert newest_checkpoint(tmp_path).extra == {"n": 3}


def test_the_best_checkpoints_on_held_out_rows_are_kept_and_always_the_newest(tmp_path):
    """What training goes on from is the newest; what is exported is the best, of equals the later."""
    for step, score in ((10, 0.4), (15, None), (20, 0.7), (30, 0.7), (40, 0.5), (45, None)):
        commit_checkpoint(tmp_path, step, lambda folder: folder.mkdir(), keep=2, extra={}, score=score)
    assert [checkpoint.step for checkpoint in checkpoints(tmp_path)] == [20, 30, 45]
    assert newest_checkpoint(tmp_path).step == 45
    assert best_checkpoint(tmp_path).step == 30


def test_without_a_score_the_newest_checkpoint_is_the_best(tmp_path):
    """No validation rows: the last weights are exported; a score of 0 is still a score."""
    assert best_checkpoint(tmp_path) is None
    for step in (1, 2):
        commit_checkpoint(tmp_path, step, lambda folder: folder.mkdir(), keep=5, extra={})
    assert best_checkpoint(tmp_path).step == 2
    commit_checkpoint(tmp_path, 3, lambda folder: folder.mkdir(), keep=5, extra={}, score=0.0)
    commit_checkpoint(tmp_path, 4, lambda folder: folder.mkdir(), keep=5, extra={})
    assert best_checkpoint(tmp_path).step == 3


def test_the_exported_step_is_the_best_on_validation_rows(tmp_path):
    """Not the last one, where the held-out reward fell again."""

    class Peak:
        """A fake reward: rollouts of version 2 are good."""

        async def score(self, sample, rollout):
            value = 0.5 * (rollout.policy.version == 2) + len(rollout.tokens) / 48
            return Reward(rollout_id=rollout.id, value=value, status=RewardStatus.SCORED)

    config = CONFIG.model_copy(update={"validation_steps": 1, "validation_samples": 6, "save_steps": 3})
    told = train_grpo(backend(), SAMPLES, Peak(), config, folder=tmp_path, observer=Watch(), validation=SAMPLES)
    result = asyncio.run(told)
    assert (result.steps, result.best_step) == (3, 2)
    assert json.loads((result.best / "backend.json").read_text())["version"] == 2


def test_an_epoch_sees_each_sample_once():
    """Batches of an epoch are a permutation, another one in the next epoch, and depend on the step alone."""
    seen = [place for step in range(4) for place in batch_at(12, 3, step, seed=1)]
    again = [place for step in range(4, 8) for place in batch_at(12, 3, step, seed=1)]
    assert sorted(seen) == sorted(again) == list(range(12))
    assert seen != again
    assert batch_at(12, 3, 5, seed=1) == again[3:6]


@pytest.mark.parametrize(
    ("change", "what"),
    [({"global_batch_size": 30, "number_generation": 8}, "multiple"), ({"type": "off_policy_async"}, "type"),
     ({"refit_freq": 4}, "refit_freq"), ({"ent_coeff": 0.1}, "ent_coeff"), ({"temperature": 0}, "temperature")],
)  # fmt: skip
def test_what_the_engine_cannot_honour_is_refused(change, what):
    """A knob is honoured or refused by name, never dropped."""
    with pytest.raises(ValueError, match=what):
        TrainConfig.model_validate(json.loads(CONFIG.model_dump_json()) | change)


class InGroups(Long):
    """A fake reward that compares within a group, and says so."""

    needs_group = True

    def __init__(self):
        super().__init__()
        self.groups = []

    async def score_group(self, group):
        self.groups.append([rollout.id for rollout in group.rollouts])
        middle = sorted(len(rollout.tokens) for rollout in group.rollouts)[len(group.rollouts) // 2]
        return tuple(
            Reward(rollout_id=r.id, value=float(len(r.tokens) >= middle), status=RewardStatus.SCORED)
            for r in group.rollouts
        )


def test_a_reward_that_compares_within_a_group_is_given_whole_groups(tmp_path):
    """Nothing is scored alone; every group of every step is scored once."""
    reward = InGroups()
    _, watch, _ = grpo(tmp_path, reward=reward)
    assert reward.asked == []
    scored = [event for event in watch.events if isinstance(event, GroupScored)]
    assert {tuple(names) for names in reward.groups} == {
        tuple(rollout.id for rollout in event.group.rollouts) for event in scored
    }
    assert all(len(names) == CONFIG.number_generation for names in reward.groups)
