"""Stopping on request: the first Ctrl-C finishes what is under way and saves; the command to go on is told."""

from typing import ClassVar

from adjudge.domain import Event, Observer, Request
from adjudge.errors import AdjudgeError


class StoppedError(AdjudgeError):
    """The run was stopped on request and can be resumed (exit code 130)."""

    exit_code: ClassVar[int] = 130

    def __init__(self, where: str) -> None:
        super().__init__(
            f"Stopped on request {where}.",
            "Everything done so far is saved.",
            "Add --resume to the same command to go on from here.",
        )


class StopSwitch:
    """An `Observer` that asks for a stop once it was switched."""

    def __init__(self) -> None:
        self.requested = False

    def request(self) -> None:
        """Ask for a stop at the next chance."""
        self.requested = True

    def on_event(self, event: Event) -> Request:  # noqa: ARG002  (the protocol's signature)
        """STOP once it was switched."""
        return Request.STOP if self.requested else Request.NONE


def tell(observer: Observer, event: Event) -> None:
    """Tell the event, and stop where an observer asks for it.

    Raises:
        StoppedError: an observer asked to stop.
    """
    if observer.on_event(event) is Request.STOP:
        raise StoppedError(f"in stage {event.stage}" if hasattr(event, "stage") else "")
