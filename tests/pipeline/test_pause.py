"""A run pauses where the judge mostly fails, and goes on when it is mended."""

import json
from pathlib import Path

import pytest

from adjudge.domain import Broadcast, Group, GroupScored, Note, Request, Reward, RewardStatus
from adjudge.pipeline.records import Recorder, Records
from adjudge.pipeline.run import _pinned, run
from adjudge.pipeline.stop import StoppedError
from adjudge.pipeline.taskfile import LoadedTask
from adjudge.rewards.failure import PauseOver
from adjudge.store.run import RunFolder
from adjudge.testing.builders import make_group
from adjudge.training.checkpoint import newest_checkpoint


class Listener:
    """Keeps the notes it hears."""

    def __init__(self):
        self.notes = []

    def on_event(self, event):
        if isinstance(event, Note):
            self.notes.append(event.text)
        return Request.NONE


def event(step: int, unscored: int, group: Group) -> GroupScored:
    """A group of which the first `unscored` rewards are masked."""
    rewards = tuple(
        Reward(rollout_id=rollout.id, value=None, status=RewardStatus.MASKED)
        if place < unscored
        else Reward(rollout_id=rollout.id, value=0.5, status=RewardStatus.SCORED)
        for place, rollout in enumerate(group.rollouts)
    )
    return GroupScored(step=step, group=group, rewards=rewards)


@pytest.mark.parametrize(("pause_over", "stops"), [(PauseOver(share=0.5, last=8), True), (None, False)])
def test_training_is_asked_to_stop_with_the_reason(tmp_path: Path, pause_over, stops):
    """Half of the last eight is not over the half; more asks for a stop, told once; without a limit nothing does."""
    run = RunFolder.create(tmp_path / "run", manifest={}, config="")
    listener, group = Listener(), make_group(["a", "b", "c", "d"])
    with Records(run, steps={}) as records:
        recorder = Recorder(records, "train", "j", Broadcast([listener]), pause_over)
        answers = [recorder.on_event(event(step, count, group)) for step, count in enumerate((2, 2, 4, 4))]
    assert answers == [Request.NONE, Request.NONE, *([Request.STOP] * 2 if stops else [Request.NONE] * 2)]
    told = "More than 50% of the last 8 rewards are unscored: the judge fails. Mend it and resume, or raise"
    assert [note.startswith(told) for note in listener.notes] == ([True] if stops else [])


async def test_a_run_with_a_failing_judge_pauses_at_a_checkpoint_and_goes_on(make_task, tmp_path: Path):
    """With a judge that breaks on some responses, a strict limit stops training; with a loose one it ends."""
    out, listener = tmp_path / "run", Listener()

    def task(share: float) -> LoadedTask:
        made = make_task({"reward.pause_over": {"share": share, "last": 8}})
        script = made.folder / "judge.jsonl"
        lines = [json.loads(line) for line in script.read_text().splitlines()]
        # Whatever has one letter to five breaks the judge, which is much of what a random model writes.
        for line in lines[1:-1]:
            line["reply"] = "no verdict"
        script.write_text("".join(json.dumps(line) + "\n" for line in lines))
        return made

    with pytest.raises(StoppedError):
        await run(task(0.0), out, observer=Broadcast([listener]), stage="train", allow_unproven=True)
    assert any(note.startswith("More than 0% of the last 8 rewards are unscored") for note in listener.notes)
    kept = newest_checkpoint(RunFolder.open(out).checkpoints)
    assert kept is not None
    assert kept.step < 4
    await run(task(1.0), out, observer=Broadcast(), stage="train", allow_unproven=True, resume=True)
    done = newest_checkpoint(RunFolder.open(out).checkpoints)
    assert done is not None
    assert done.step == 4


def test_the_limit_may_be_raised_in_a_run_that_goes_on(make_task):
    """It changes no number, so a run with another one is the same run."""
    assert _pinned(make_task({"reward.pause_over": {"share": 0.9, "last": 7}})) == _pinned(make_task({}))
    assert _pinned(make_task({"reward.combine": "product"})) != _pinned(make_task({}))
