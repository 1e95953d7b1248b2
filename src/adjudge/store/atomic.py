"""Write a file wholly or not at all: temporary file, fsync, rename, fsync of the folder."""

import contextlib
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from adjudge.errors import AdjudgeError, MissingError, RunError

Model = TypeVar("Model", bound=BaseModel)


def disk_error(path: Path, error: OSError) -> AdjudgeError:
    """The error to tell when the disk refuses."""
    return MissingError(
        f"{path} cannot be written: {error.strerror or error}.",
        "A run keeps every paid reply and every result on disk before it is used, so it cannot go on without.",
        "Free some space or choose another folder with --out, then start the same command again: it resumes.",
    )


def sync_path(path: Path) -> None:
    """Make a file, or the names in a folder, survive a power cut; nothing on Windows, which opens no folders."""
    if sys.platform == "win32":
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_bytes(path: Path, data: bytes) -> None:
    """Replace `path` with `data`; readers see the old file or the new one, never a part.

    Raises:
        MissingError: the disk is full or read-only; the old file is still there.
    """
    temporary: str | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        # mkstemp makes private files; a run folder is read by colleagues and their tools.
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
        sync_path(path.parent)
    except OSError as error:
        if temporary is not None:
            with contextlib.suppress(OSError):
                Path(temporary).unlink()
        raise disk_error(path, error) from error


def write_json(path: Path, data: dict[str, Any] | list[Any]) -> None:
    """Replace `path` with indented JSON.

    Raises:
        ValueError: a number is not finite.
        MissingError: the disk refuses.
    """
    text = json.dumps(data, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    # A lone surrogate (from a model's reply) has no UTF-8 form; replaced it is just its JSON escape.
    write_bytes(path, text.encode("utf-8", "backslashreplace"))


def read_json(path: Path) -> dict[str, Any]:
    """The JSON object in `path`.

    Raises:
        MissingError: the file is not there.
        RunError: it holds something else.
    """
    try:
        data = json.loads(path.read_bytes())
    except FileNotFoundError as error:
        raise MissingError(
            f"{path} is not there.",
            "A finished stage of the run writes it.",
            "Run the stage that makes it, or point to the right run folder.",
        ) from error
    except ValueError as error:
        raise _not_ours(path, str(error)) from error
    if not isinstance(data, dict):
        raise _not_ours(path, f"{type(data).__name__}, not an object")
    return data


def _not_ours(path: Path, problem: str) -> RunError:
    return RunError(
        f"{path} is damaged: {problem}.",
        "adjudge replaces this file as a whole, so something else has changed it.",
        "Restore it from a copy, or delete it and run its stage again.",
    )


def read_model(kind: type[Model], path: Path, what: str, again: str) -> Model:
    """A typed result of a stage from its JSON file.

    Args:
        kind: type of the result.
        path: its file.
        what: what the file should hold, for example "evaluation".
        again: what to do where it does not, as a sentence.

    Raises:
        RunError: the file is not there or holds something else.
    """
    try:
        return kind.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise RunError(
            f"{path} holds no {what}.", f"It cannot be read as one: {str(error).splitlines()[0]}", again
        ) from error
