import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from adjudge.domain import Broadcast, Note, Request, StepEnded

EVENT = Note(stage="train", text="hello")


class Listener:
    """A fake observer: notes what it hears, then answers or raises."""

    def __init__(self, answer):
        self.answer, self.heard = answer, []

    def on_event(self, event):
        self.heard.append(event)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@given(st.lists(st.sampled_from(["none", "stop", "raise"]), max_size=6))
def test_everybody_hears_and_anybody_can_stop(kinds):
    """Whoever raises, all observers hear the event, and STOP is reported exactly when one asks for it."""
    logging.disable(logging.CRITICAL)
    try:
        answers = {"none": Request.NONE, "stop": Request.STOP}
        listeners = [Listener(answers.get(kind, RuntimeError("broken"))) for kind in kinds]
        answer = Broadcast(listeners).on_event(EVENT)
    finally:
        logging.disable(logging.NOTSET)
    assert answer is (Request.STOP if "stop" in kinds else Request.NONE)
    assert all(listener.heard == [EVENT] for listener in listeners)


def test_a_raising_observer_is_logged_by_name(caplog):
    """Its fault is not silent: the log names the observer and the event, with the exception."""
    Broadcast([Listener(ValueError("no disk"))]).on_event(EVENT)
    assert "observer Listener failed on Note" in caplog.text
    assert "no disk" in caplog.text


def test_ctrl_c_is_not_swallowed():
    """A person's interrupt reaches the run through an observer too."""

    class Interrupted:
        def on_event(self, event):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Broadcast([Interrupted()]).on_event(EVENT)


@pytest.mark.parametrize("wrong", [float("nan"), float("inf"), True, "0.5", None])
def test_a_metric_is_a_finite_number(wrong):
    """A step cannot tell a loss that is no number."""
    with pytest.raises(ValidationError, match="loss"):
        StepEnded(step=1, steps=2, metrics={"loss": wrong})


def test_an_event_cannot_change():
    """Observers get values: one cannot alter what the next hears."""
    with pytest.raises(ValidationError, match="frozen"):
        Note(stage="train", text="hello").text = "bye"
