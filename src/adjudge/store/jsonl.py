"""Append-only JSONL with a checksum per line: the truth of a run, readable with ``head``, ``jq`` and pandas.

A line is one JSON object whose last key ``_crc`` is the CRC-32 of the bytes before it. A process that is killed while
it writes leaves at most one torn line, at the end and without its line break: readers leave it out, the next writer
removes it. Damage anywhere else is an error, never skipped.
"""

import json
import os
import re
import threading
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from adjudge.errors import MissingError, RunError
from adjudge.store.atomic import disk_error, sync_path

CRC_KEY: Final = "_crc"
_ROW: Final = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))
_TAIL: Final = re.compile(rb'"_crc":"([0-9a-f]{8})"\}')
_TAIL_BYTES: Final = len(b'"_crc":"00000000"}')


def seal(row: Mapping[str, Any]) -> bytes:
    """One line, with checksum and line break.

    Raises:
        ValueError: a number is not finite, or the row has the key ``_crc``.
    """
    if CRC_KEY in row:
        msg = f"the key '{CRC_KEY}' belongs to the file format"
        raise ValueError(msg)
    text = _ROW.encode(row)
    # A lone surrogate (from "\\ud83d" in a model's reply) has no UTF-8 form; replaced it is just its JSON escape again.
    body = text.encode("utf-8", "backslashreplace")
    head = body[:-1]
    comma = b"," if len(head) > 1 else b""
    return head + comma + b'"_crc":"%08x"}\n' % zlib.crc32(head)


def unseal(line: bytes) -> dict[str, Any] | None:
    """The row of one line (without line break), or None when the line is not as it was written."""
    tail = _TAIL.fullmatch(line[-_TAIL_BYTES:])
    # The checksum covers the bytes before the comma that leads to it.
    head = line[:-_TAIL_BYTES].removesuffix(b",")
    if tail is None or int(tail[1], 16) != zlib.crc32(head):
        return None
    try:
        row = json.loads(head + b"}")
    except ValueError:
        return None
    return row if isinstance(row, dict) else None


def read_jsonl(path: Path) -> list[dict[str, Any]]:
    """All rows of `path`, in order, without the checksums; one torn last line is left out.

    Raises:
        MissingError: the file is not there.
        RunError: a line before the end is damaged; names it.
    """
    return [row for _, row in _rows(path)]


def _rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Rows with the offset behind each, in bytes."""
    try:
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise MissingError(
            f"{path} is not there.",
            "The run has not come to the stage that writes it.",
            "Run that stage first, or point to the right run folder.",
        ) from error
    start, number = 0, 0
    while start < len(data):
        number += 1
        end = data.find(b"\n", start)
        if end < 0:
            # No line break: the writer was killed here, and nobody has used this row.
            return
        row = unseal(data[start:end])
        if row is None:
            raise RunError(
                f"{path}, line {number}: the line does not match its checksum.",
                "Lines are only ever appended, so the file was changed or the disk has lost something.",
                "Restore the file from a copy, or delete this line to give up what it recorded.",
            )
        start = end + 1
        yield start, row


class JsonlFile:
    """Appends rows to one file. One writer at a time (the run's lock sees to that); safe between threads.

    Raises:
        RunError: on opening, when an earlier line is damaged.
        MissingError: the disk is full or read-only.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._guard = threading.Lock()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            is_new = not path.exists()
            self.rows_at_open: tuple[dict[str, Any], ...] = ()
            self._size = 0
            if not is_new:
                found = list(_rows(path))
                self.rows_at_open = tuple(row for _, row in found)
                self._size = found[-1][0] if found else 0
            self._handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
            os.ftruncate(self._handle, self._size)
            if is_new:
                sync_path(path.parent)
        except OSError as error:
            raise disk_error(path, error) from error

    def append(self, row: Mapping[str, Any], *, sync: bool = False) -> None:
        """Add a row; with `sync` it survives a power cut when this returns."""
        line = seal(row)
        with self._guard:
            try:
                written = os.write(self._handle, line)
                while written < len(line):
                    written += os.write(self._handle, line[written:])
            except OSError as error:
                # Half a line in the middle of the file would look like damage after the next append.
                os.ftruncate(self._handle, self._size)
                raise disk_error(self.path, error) from error
            self._size += len(line)
        if sync:
            self.sync()

    def sync(self) -> None:
        """Wait until all that was appended is on disk."""
        try:
            os.fsync(self._handle)
        except OSError as error:
            raise disk_error(self.path, error) from error

    def close(self) -> None:
        """Write everything out and let go of the file; further appends fail. Closing twice is fine."""
        if self._handle >= 0:
            self.sync()
            os.close(self._handle)
            self._handle = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()
