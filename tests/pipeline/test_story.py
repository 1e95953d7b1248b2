"""What is told."""

import io

import pytest

from adjudge.domain import Note, Progress, Request, StageEnded, StageStarted, StepEnded
from adjudge.pipeline.story import PAUSE_SECONDS, PlainStory, open_story, sentence


def test_progress_is_told_at_intervals_and_at_the_end():
    """Plain lines are not flooded: one a pause, and always the last."""
    lines: list[str] = []
    now = [0.0]
    story = PlainStory(lines.append, clock=lambda: now[0])
    story.on_event(StageStarted(stage="train"))
    for step in range(1, 101):
        now[0] += PAUSE_SECONDS / 10
        story.on_event(StepEnded(step=step, steps=100, metrics={"reward": 0.5}))
    assert len(lines) == 1 + 10
    assert lines[-1].strip().startswith("100/100")


def test_intervals_in_brackets_stay_as_they_are():
    """Square brackets are figures, not markup."""
    stream = io.StringIO()
    with open_story(stream) as story:
        story.on_event(Note(stage="judge", text="AUC 0.81 [0.75, 0.86]"))
    assert "AUC 0.81 [0.75, 0.86]" in stream.getvalue()


def test_a_terminal_gets_a_live_story(monkeypatch: pytest.MonkeyPatch):
    """The live story says the same sentences and never asks for a stop."""

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setenv("TERM", "xterm")
    stream = Terminal()
    with open_story(stream) as story:
        events = (
            StageStarted(stage="judge"),
            Progress(stage="judge", done=1, total=2, detail="cases [1]"),
            Note(stage="judge", text="AUC 0.81 [0.75, 0.86]"),
            Progress(stage="judge", done=3, total=4, detail="more"),
            StageEnded(stage="judge", detail="usable", seconds=3.0),
        )
        assert {story.on_event(event) for event in events} == {Request.NONE}
    assert "AUC 0.81 [0.75, 0.86]" in stream.getvalue()
    assert "usable" in stream.getvalue()


def test_warnings_are_marked():
    """A warning is told as one."""
    assert sentence(Note(stage="judge", text="weak", level="warning")) == "  warning: weak"
