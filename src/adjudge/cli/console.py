"""What commands share: the options, the story on stderr, Ctrl-C, and the one document on stdout."""

import asyncio
import contextlib
import json
import signal
import sys
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, TypeVar

import typer

if TYPE_CHECKING:
    from adjudge.domain import Observer
    from adjudge.errors import AdjudgeError

T = TypeVar("T")

TaskPath = Annotated[Path, typer.Argument(metavar="TASK", help="Folder with task.yaml, or the file itself.")]
RunPath = Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a run.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on stdout; progress on stderr.")]
Out = Annotated[Path | None, typer.Option("--out", help="Folder to write to. Default: runs/NAME-OF-TASK.")]
Resume = Annotated[bool, typer.Option("--resume", help="Go on with the run that is in the folder.")]
Unproven = Annotated[
    bool,
    typer.Option("--allow-unproven", help="Train on a judge whose passport does not say yes; everything is marked."),
]


def emit(data: Mapping[str, Any], lines: Sequence[str], *, as_json: bool) -> None:
    """The outcome on stdout: one JSON document, or lines for people."""
    text = json.dumps(data, ensure_ascii=False, allow_nan=False) if as_json else "\n".join(lines)
    # A lone surrogate (from a model's reply) has no UTF-8 form.
    sys.stdout.write(text.encode("utf-8", "backslashreplace").decode() + "\n")


def says_no(error: "AdjudgeError") -> NoReturn:
    """End a command that has printed its outcome, where that is a no: three lines on stderr, nothing on stdout."""
    sys.stderr.write(f"{error}\n")
    raise typer.Exit(error.exit_code)


def note(line: str) -> None:
    """A line on stderr."""
    sys.stderr.write(f"  {line}\n")


def run_told(work: Callable[["Observer"], Coroutine[Any, Any, T]]) -> T:
    """Run the coroutine that `work` makes, with the story on stderr and Ctrl-C as a polite request.

    The first Ctrl-C asks for a stop at the next chance, which saves what is done; the second one interrupts at once.
    """
    with observed() as observer:
        return asyncio.run(work(observer))


@contextlib.contextmanager
def observed() -> Iterator["Observer"]:
    """An observer that tells the story on stderr and asks for a stop after Ctrl-C."""
    from adjudge.domain import Broadcast  # noqa: PLC0415  (pydantic; keeps `--help` fast)
    from adjudge.pipeline.stop import StopSwitch  # noqa: PLC0415
    from adjudge.pipeline.story import open_story  # noqa: PLC0415

    switch = StopSwitch()

    def interrupted(number: int, frame: FrameType | None) -> None:  # noqa: ARG001  (the signal's signature)
        switch.request()
        signal.signal(signal.SIGINT, signal.default_int_handler)
        sys.stderr.write("\nStopping after what is under way; press Ctrl-C again to break off at once.\n")

    before = signal.signal(signal.SIGINT, interrupted)
    try:
        with open_story(sys.stderr) as story:
            yield Broadcast([story, switch])
    finally:
        signal.signal(signal.SIGINT, before)
