"""A run pauses where the judge mostly fails, and goes on when it is mended."""

from pathlib import Path

import pytest

from adjudge.domain import Broadcast, Group, GroupScored, Note, Request, Reward, RewardStatus
from adjudge.pipeline.records import Recorder, Records
from adjudge.pipeline.run import _pinned
from adjudge.rewards.failure import PauseOver
from adjudge.store.run import RunFolder
from adjudge.testing.builders import make_group


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


def test_the_limit_may_be_raised_in_a_run_that_goes_on(make_task):
    """It changes no number, so a run with another one is the same run."""
    assert _pinned(make_task({"reward.pause_over": None})) == _pinned(make_task({}))
    assert _pinned(make_task({"reward.combine": "product"})) != _pinned(make_task({}))
