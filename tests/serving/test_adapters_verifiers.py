"""The reward as an environment of verifiers, in the real package."""

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from adjudge.errors import MissingError
from adjudge.serving.adapters.door import Door
from adjudge.serving.adapters.verifiers import taskset_class

SCORED = textwrap.dedent(
    """
    import asyncio, json
    import verifiers.v1 as vf
    from verifiers.v1.errors import TaskError
    from adjudge.domain import ComponentScore, Reward, RewardStatus
    from adjudge.serving.adapters.door import Door
    from adjudge.serving.adapters.verifiers import taskset_class
    from adjudge.testing.builders import make_sample


    class Told:
        async def score_group(self, group):
            (rollout,) = group.rollouts
            if rollout.response == "masked":
                return (Reward(rollout_id=rollout.id, value=None, status=RewardStatus.MASKED),)
            value = float(rollout.response)
            part = ComponentScore(name="told", value=value)
            return (Reward(rollout_id=rollout.id, value=value, status=RewardStatus.SCORED, components=(part,)),)


    door = Door.of(Told())
    samples = [make_sample("a"), make_sample("b")]
    taskset = taskset_class(door, samples)(vf.TasksetConfig())
    tasks = list(taskset)
    out = {"ids": [task.data.id for task in tasks], "keys": [task.key for task in tasks],
           "prompt": [m.content for m in tasks[0].data.prompt] == [samples[0].messages[0].content]}


    async def scored(task, reply):
        trace = vf.Trace(task=vf.TraceTask(type=type(task).__name__, data=task.data, key=task.key), agent=AGENT)
        trace.root_reply = reply
        try:
            await task.score(trace)
        except TaskError as error:
            return {"error": str(error.__cause__ or error).splitlines()[0], "rewards": trace.rewards}
        return {"reward": trace.reward, "metrics": trace.metrics, "info": trace.info}


    AGENT = vf.AgentInfo.model_construct()
    out["good"] = asyncio.run(scored(tasks[0], "0.25"))
    out["bad"] = asyncio.run(scored(tasks[1], "masked"))
    door.close()
    print(json.dumps(out))
    """
)


def test_verifiers_scores_with_the_reward(tmp_path):
    """Tasks are the samples; a score is the trace's reward, with metrics; a failed judge is an error of the trace."""
    python = os.environ.get("ADJUDGE_VERIFIERS_PYTHON", sys.executable)
    if subprocess.run([python, "-c", "import verifiers.v1"], capture_output=True, check=False).returncode:
        pytest.skip("verifiers is not installed: pip install verifiers==0.4.0")
    source = str(Path(__file__).parents[2] / "src")
    done = subprocess.run(
        [python, "-c", SCORED], capture_output=True, text=True, check=False, cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": source},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout.splitlines()[-1])
    assert (found["ids"], found["keys"], found["prompt"]) == (["a", "b"], ["a", "b"], True)
    assert found["good"] == {
        "reward": 0.25, "metrics": {"adjudge/told": 0.25}, "info": {"adjudge": "0.25 = 1.00 x told 0.25"},
    }  # fmt: skip
    assert found["bad"] == {"error": "Sample 'b' has no reward: masked.", "rewards": {"adjudge": None}}


def test_without_verifiers_the_package_is_named(monkeypatch):
    """The error says what to install."""
    monkeypatch.setitem(sys.modules, "verifiers", None)
    monkeypatch.setitem(sys.modules, "verifiers.v1", None)
    with pytest.raises(MissingError, match="verifiers"):
        taskset_class(Door.of(None), [])
