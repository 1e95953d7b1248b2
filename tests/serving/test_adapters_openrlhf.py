"""The reward function for OpenRLHF, as `utils/agent.py` and `samples_generator.py` of 0.11.2 use it."""

import asyncio
import importlib.util

import pytest
import torch

from adjudge.domain import Reward, RewardStatus
from adjudge.errors import DataError
from adjudge.serving.adapters.door import Door
from adjudge.serving.adapters.openrlhf import OpenRlhfReward
from adjudge.serving.adapters.rows import packed
from adjudge.testing.builders import make_sample

SAMPLE = make_sample("s")
PROMPT = "<|im_start|>user\nQ?<|im_end|>\n<|im_start|>assistant\n"


class Heard:
    """A fake reward: keeps what it was shown; an empty response is a failed judge."""

    def __init__(self):
        self.responses = []

    async def score_group(self, group):
        self.responses += [rollout.response for rollout in group.rollouts]
        return tuple(
            Reward(rollout_id=r.id, value=0.75, status=RewardStatus.SCORED)
            if r.response
            else Reward(rollout_id=r.id, value=None, status=RewardStatus.MASKED)
            for r in group.rollouts
        )


@pytest.fixture
def heard():
    return Heard()


@pytest.fixture
def reward(heard):
    with Door.of(heard) as door:
        yield OpenRlhfReward(door, neutral=0.5)


async def test_the_trainer_gets_what_it_reads(reward, heard):
    """One query in a thread, as the executor calls it; each value becomes a tensor of one number."""
    info = await asyncio.to_thread(reward, [f"{PROMPT}Fine.<|im_end|>\n"], [PROMPT], [packed(SAMPLE)])
    score = info.get("scores")
    response = {"reward": info.get("rewards"), "scores": score, "extra_logs": info.get("extra_logs") or {}}
    # `_process_response_into_experience`:
    assert torch.tensor([response["reward"]]).tolist() == [0.75]
    assert torch.tensor([response["scores"]]).shape == (1,)
    logs = {name: value.flatten()[0].item() for name, value in response["extra_logs"].items()}
    assert logs == {"adjudge_unscored": 0.0, "adjudge_gated": 0.0}
    assert heard.responses == ["Fine."]


def test_a_batch_keeps_its_order_and_marks_the_unscored(reward):
    """The neutral number where the judge failed, with its mark."""
    info = reward([f"{PROMPT}A</s>", f"{PROMPT}</s>"], [PROMPT] * 2, [packed(SAMPLE), packed(make_sample("t"))])
    assert info["rewards"].tolist() == [0.75, 0.5]
    assert info["extra_logs"]["adjudge_unscored"].tolist() == [0.0, 1.0]


def test_marks_inside_a_response_stay(reward, heard):
    """Only what ends it is taken off."""
    reward([f"{PROMPT}A </s> b </s><|im_end|>"], [PROMPT], [packed(SAMPLE)])
    assert heard.responses == ["A </s> b"]


@pytest.mark.parametrize(
    ("query", "label"), [("other", packed(SAMPLE)), (f"{PROMPT}A", "a label"), (f"{PROMPT}A", None)]
)
def test_what_cannot_be_read_is_refused(reward, query, label):
    """A cut prompt, or a label that is no sample, is no response to score."""
    with pytest.raises(DataError):
        reward([query], [PROMPT], [label])


@pytest.mark.filterwarnings("ignore:invalid escape sequence")
def test_openrlhf_loads_the_file(tmp_path, task_folder):
    """OpenRLHF's own executor loads and calls the file; training needs a GPU, they do not."""
    path = tmp_path / "reward.py"
    path.write_text(
        "from adjudge.pipeline.trainers import reward_for\n"
        "from adjudge.serving.adapters.openrlhf import OpenRlhfReward\n"
        f"reward_func = OpenRlhfReward(reward_for({str(task_folder)!r}), neutral=0.5)\n"
    )
    pytest.importorskip("openrlhf", reason="OpenRLHF is not installed (it needs vLLM): its contract is pinned above")
    from openrlhf.utils.agent import SingleTurnAgentExecutor

    executor = SingleTurnAgentExecutor(str(path))
    (found,) = asyncio.run(executor._fetch_rewards_via_func([f"{PROMPT}a fine answer"], [PROMPT], [packed(SAMPLE)]))
    assert found["rewards"].tolist() == [1.0]


def test_the_file_is_loaded_as_openrlhf_does(tmp_path, task_folder):
    """A file given by path, whose `reward_func` is called with three lists."""
    path = tmp_path / "reward.py"
    path.write_text(
        "from adjudge.pipeline.trainers import reward_for\n"
        "from adjudge.serving.adapters.openrlhf import OpenRlhfReward\n"
        f"reward_func = OpenRlhfReward(reward_for({str(task_folder)!r}), neutral=0.5)\n"
    )
    spec = importlib.util.spec_from_file_location("reward_func", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    found = module.reward_func([f"{PROMPT}a fine answer"], [PROMPT], [packed(SAMPLE)])
    assert found["rewards"].tolist() == [1.0]
    module.reward_func._door.close()
