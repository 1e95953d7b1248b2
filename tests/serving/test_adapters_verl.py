"""The reward file for verl: its contract as pinned from verl 0.9.1, and verl's own loader and manager where it is."""

import asyncio
import importlib.util
import inspect
import json
import os
import subprocess
import sys
import textwrap

import numpy as np
import pytest
import yaml

from adjudge.domain import Reward, RewardStatus
from adjudge.errors import DataError, RewardError
from adjudge.serving.adapters.door import Door
from adjudge.serving.adapters.verl import VerlReward, reward_file, reward_section, verl_row
from adjudge.testing.builders import make_sample

SAMPLE = make_sample("word", reference_answer="harbour")
ROW = verl_row(SAMPLE, "letters")


class Failing:
    """A fake reward whose judge always fails."""

    async def score_group(self, group):
        return tuple(Reward(rollout_id=r.id, value=None, status=RewardStatus.MASKED) for r in group.rollouts)


def load(path):
    """As verl's `load_module` does: a file, executed as a module that is in no package."""
    spec = importlib.util.spec_from_file_location("custom_module_1", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def file(tmp_path, task_folder):
    path = tmp_path / "adjudge_reward.py"
    path.write_text(reward_file(task_folder, neutral=0.5, components=["judged"], keep=tmp_path / "keep"))
    return path


def test_a_row_is_verls_and_carries_its_sample():
    """The columns that verl's dataset and reward loop read; the prompt is the sample's messages."""
    assert ROW["prompt"] == [{"role": "user", "content": SAMPLE.messages[0].content}]
    assert (ROW["data_source"], ROW["reward_model"]) == ("letters", {"style": "rule", "ground_truth": "harbour"})


async def test_the_file_scores_as_verl_calls_it(file, monkeypatch, tmp_path):
    """Keywords of the reward loop, from any folder: a score with marks and terms, all numbers."""
    monkeypatch.chdir(tmp_path / "task")
    module = load(file)
    assert inspect.iscoroutinefunction(module.compute_score)
    extra = {**ROW["extra_info"], "num_turns": None, "rollout_reward_scores": {}}
    found = await module.compute_score(
        data_source="letters", solution_str="a fine answer", ground_truth="harbour", extra_info=extra
    )
    assert found == {"score": 1.0, "adjudge_unscored": 0.0, "adjudge_gated": 0.0, "judged": 1.0}
    batch = module.compute_scores(
        data_sources=["letters"] * 2,
        solution_strs=["a fine answer", ""],
        ground_truths=[""] * 2,
        extra_infos=[extra] * 2,
    )
    assert batch == [found, {"score": 0.0, "adjudge_unscored": 0.0, "adjudge_gated": 1.0, "judged": 0.0}]
    module._reward._door.close()


def test_an_unscored_trajectory_has_the_neutral_number_and_its_mark():
    """Where only numbers are taken, the number is the one that was asked for, and the mark says what it is."""
    with Door.of(Failing()) as door:
        (found,) = VerlReward(door, neutral=0.25).compute_scores(["x"], ["y"], [""], [ROW["extra_info"]])
    assert found == {"score": 0.25, "adjudge_unscored": 1.0, "adjudge_gated": 0.0}


@pytest.mark.parametrize("extra", [None, {}, {"adjudge_sample": "no"}])
def test_a_row_without_its_sample_is_refused(extra):
    """The prompt is nowhere else."""
    with Door.of(Failing()) as door, pytest.raises(DataError, match="adjudge_sample"):
        asyncio.run(VerlReward(door, neutral=0.5).compute_score("x", "y", "", extra))


def test_the_policy_raise_ends_verls_run(task_folder, file):
    """The error is the caller's: verl's reward worker fails with it."""

    class Raising:
        async def score_group(self, group):
            raise RewardError("No.", "The judge failed.", "Mend it.")

    with Door.of(Raising()) as door, pytest.raises(RewardError, match="judge failed"):
        VerlReward(door, neutral=0.5).compute_scores(["x"], ["y"], [""], [ROW["extra_info"]])


IN_VERL = textwrap.dedent(
    """
    import asyncio, json, sys
    import numpy as np, torch
    from omegaconf import OmegaConf
    from tensordict import TensorDict
    from verl import DataProto
    from verl.trainer.ppo.core_algos import compute_grpo_outcome_advantage
    from verl.trainer.ppo.reward import get_custom_reward_fn, load_reward_manager
    import verl

    config = OmegaConf.load(sys.argv[1])

    class Tokenizer:
        def decode(self, ids, skip_special_tokens):
            return "a fine answer" if int(ids[0]) == 7 else ""

    async def main():
        manager = load_reward_manager(config, Tokenizer())
        row = json.loads(sys.argv[2])
        found = []
        for first in (7, 8):
            batch = TensorDict(
                {"responses": torch.full((1, 3), first), "attention_mask": torch.ones(1, 5, dtype=torch.long),
                 "prompts": torch.zeros(1, 2, dtype=torch.long)}, batch_size=1)
            other = {key: np.array([value], dtype=object) for key, value in row.items()}
            found.append(await manager.run_single(DataProto(batch=batch, non_tensor_batch=other)))
        return found

    def advantages(values, by_std):
        rewards, mask = torch.tensor(values)[:, None], torch.ones(len(values), 1)
        index = np.array(["g"] * len(values))
        return [round(float(a), 3) for a in compute_grpo_outcome_advantage(
            rewards, mask, index, norm_adv_by_std_in_grpo=by_std)[0][:, 0]]

    groups = {
        f"{values} {by_std}": advantages(values, by_std)
        for values in ([1.0, 1.0, 1.0, 0.5], [0.9, 0.1, 0.2, 0.5], [0.9, 0.1, 0.2]) for by_std in (True, False)
    }
    print(json.dumps({"rewards": asyncio.run(main()), "groups": groups, "version": verl.__version__}))
    """
)


def by_hand(values, by_std):
    """Group-relative advantages: less the mean, over the standard deviation with n - 1."""
    array = np.array(values)
    return (array - array.mean()) / (array.std(ddof=1) if by_std else 1.0)


def test_verl_loads_and_scores_with_the_file(tmp_path, file):
    """With verl's own loader, reward manager and advantages, in its own process (importing verl takes ten seconds)."""
    python = os.environ.get("ADJUDGE_VERL_PYTHON", sys.executable)
    has = subprocess.run([python, "-c", "import verl, ray, tensordict"], capture_output=True, check=False)
    if has.returncode:
        pytest.skip("verl is not installed: pip install verl==0.9.1 ray; the contract above is pinned from its source")
    config = tmp_path / "verl.yaml"
    config.write_text(yaml.safe_dump({"reward": reward_section(file, workers=1)}))
    done = subprocess.run(
        [python, "-c", IN_VERL, str(config), json.dumps(ROW)],
        capture_output=True, text=True, check=False, cwd=tmp_path, env={**os.environ, "RAY_USAGE_STATS_ENABLED": "0"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout.splitlines()[-1])
    scored, gated = found["rewards"]
    assert (scored["reward_score"], scored["reward_extra_info"]["judged"]) == (1.0, 1.0)
    assert (gated["reward_score"], gated["reward_extra_info"]["adjudge_gated"]) == (0.0, 1.0)
    assert scored["reward_extra_info"].keys() == gated["reward_extra_info"].keys()
    for name, values in found["groups"].items():
        group, by_std = name.rsplit(" ", 1)
        assert values == pytest.approx(by_hand(json.loads(group), by_std == "True"), abs=1e-3)
    # What the page says: a neutral 0.5 in a group of right answers is an advantage of -1.5, and moves its siblings.
    assert found["groups"]["[1.0, 1.0, 1.0, 0.5] True"] == pytest.approx([0.5, 0.5, 0.5, -1.5], abs=1e-3)
    assert found["groups"]["[0.9, 0.1, 0.2, 0.5] False"] == pytest.approx([0.475, -0.325, -0.225, 0.075])
    assert found["groups"]["[0.9, 0.1, 0.2] False"] == pytest.approx([0.5, -0.3, -0.2])
