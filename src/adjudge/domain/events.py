"""**Events**: what a run tells its observers. Training emits; it does not know who listens.

An observer cannot stop the run by raising: `Broadcast` logs the exception and goes on. It can ask for a stop by
returning `Request.STOP` from `on_event`.
"""

import logging
from collections.abc import Sequence
from enum import Enum
from typing import Protocol

from adjudge.domain.base import Count, Frozen, Number, Seconds
from adjudge.domain.reward import Reward
from adjudge.domain.rollout import Group

_log = logging.getLogger(__name__)


class StageStarted(Frozen):
    """A stage of the pipeline begins. ``steps`` is its known length, for progress."""

    stage: str
    steps: Count = 0
    detail: str = ""


class StageEnded(Frozen):
    """A stage ended; ``detail`` is the one sentence to tell."""

    stage: str
    detail: str
    seconds: Seconds = 0.0


class Progress(Frozen):
    """`done` of `total` units of a stage's current work are done."""

    stage: str
    done: Count
    total: Count
    detail: str = ""


class GroupScored(Frozen):
    """A group has all its rewards (in the order of its rollouts)."""

    step: Count
    group: Group
    rewards: tuple[Reward, ...]


class StepEnded(Frozen):
    """An optimizer step is done; ``metrics`` are the step's series by name."""

    step: Count
    steps: Count
    metrics: dict[str, Number]


class Note(Frozen):
    """A sentence that a person should see."""

    stage: str
    text: str
    level: str = "info"


Event = StageStarted | StageEnded | Progress | GroupScored | StepEnded | Note


class Request(Enum):
    """What an observer may ask for."""

    NONE = "none"
    STOP = "stop"


class Observer(Protocol):
    """Whoever listens to a run."""

    def on_event(self, event: Event) -> Request:
        """Take note of `event`; ask for a stop at the next checkpoint by returning `Request.STOP`."""
        ...


class Broadcast:
    """Hands each event to every observer; one that raises is logged and ignored."""

    def __init__(self, observers: Sequence[Observer] = ()) -> None:
        self._observers = tuple(observers)

    def on_event(self, event: Event) -> Request:
        """Tell all observers; STOP if any of them asks for it."""
        answer = Request.NONE
        for observer in self._observers:
            try:
                if observer.on_event(event) is Request.STOP:
                    answer = Request.STOP
            except Exception:  # noqa: BLE001 (whatever an observer does wrong must not stop the run; it is logged)
                _log.exception("observer %s failed on %s", type(observer).__name__, type(event).__name__)
        return answer
