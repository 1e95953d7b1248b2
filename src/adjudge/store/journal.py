"""The journal of paid replies: on disk before they are used, so that a killed run never pays twice.

It knows nothing about what was paid for: a key names the call (`call_key`), a row is the reply as JSON data. Failed and
truncated replies are not handed to it.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from adjudge.domain.base import digest
from adjudge.errors import RunError
from adjudge.store.jsonl import JsonlFile

Row = dict[str, Any]

GATHER_SECONDS: Final = 0.03
"""Least time from one sync to the next while other calls are under way: their replies then share it."""


def call_key(kind: str, endpoint: Row, request: Row) -> str:
    """The address of a call: SHA-256 over what is asked and all that can change the answer. 64 hex characters."""
    return digest({"kind": kind, "endpoint": endpoint, "request": request}, length=64)


class Journal:
    """Content-addressed replies in one JSONL file. Use it from one event loop at a time."""

    def __init__(self, path: Path) -> None:
        self._file = JsonlFile(path)
        self._replies: dict[str, Row] = {}
        for number, row in enumerate(self._file.rows_at_open, 1):
            key, reply = row.get("key"), row.get("reply")
            if not isinstance(key, str) or not isinstance(reply, dict):
                self._file.close()
                raise RunError(
                    f"{path}, line {number}: not a row of a journal.",
                    "A journal row is {key, at, endpoint, reply}.",
                    "Point to the journal.jsonl of a run.",
                )
            self._replies[key] = reply
        self._written = len(self._replies)
        self._synced = self._written
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waiting: list[asyncio.Future[None]] = []
        self._syncing: asyncio.Task[None] | None = None
        self._sync_from = 0.0
        self._hurry = asyncio.Event()
        self._flying: dict[str, asyncio.Future[Row | None]] = {}

    def __len__(self) -> int:
        return len(self._replies)

    def __contains__(self, key: str) -> bool:
        return key in self._replies

    def replies(self) -> Iterator[Row]:
        """All replies, in the order in which they were paid for."""
        return iter(self._replies.values())

    async def get(self, key: str) -> Row | None:
        """The reply stored under `key`, surely on disk, or None."""
        reply = self._replies.get(key)
        if reply is not None:
            await self._on_disk()
        return reply

    async def put(self, key: str, endpoint: str, reply: Row) -> None:
        """Store a paid reply; it is on disk when this returns.

        Raises:
            MissingError: the disk refuses; the reply must not be used then.
        """
        if key not in self._replies:
            # Append and remember without a pause between: a caller that is cancelled later has still not paid in vain.
            now = datetime.now(UTC).isoformat(timespec="seconds")
            self._file.append({"key": key, "at": now, "endpoint": endpoint, "reply": reply})
            self._replies[key] = reply
            self._written += 1
        await self._on_disk()

    async def once(self, key: str, endpoint: str, pay: Callable[[], Awaitable[tuple[Row, bool]]]) -> tuple[Row, bool]:
        """The reply under `key`: from disk, from an equal call that is under way, or paid for now.

        Args:
            key: from `call_key`.
            endpoint: its name, for people who read the journal.
            pay: makes the call; returns the reply and whether to keep it (False for failures and truncated replies).

        Returns:
            The reply, and whether this very call paid for it. A reply that is not kept goes to all who waited for it.
        """
        self._enter_loop()
        while True:
            if (stored := await self.get(key)) is not None:
                return stored, False
            under_way = self._flying.get(key)
            if under_way is None:
                return await self._pay(key, endpoint, pay), True
            await asyncio.wait([under_way])
            if (shared := under_way.result()) is not None:
                return shared, False
            # Its payer was cancelled or raised: the next one tries.

    async def _pay(self, key: str, endpoint: str, pay: Callable[[], Awaitable[tuple[Row, bool]]]) -> Row:
        done = self._flying[key] = asyncio.get_running_loop().create_future()
        shared: Row | None = None
        try:
            reply, keep = await pay()
            if keep:
                await self.put(key, endpoint, reply)
            shared = reply
            return reply
        finally:
            del self._flying[key]
            self._hurry_up()
            done.set_result(shared)

    async def _on_disk(self) -> None:
        """Wait until everything appended so far is synced; one fsync serves all who wait.

        Raises:
            MissingError: the disk refuses.
        """
        if self._synced == self._written:
            return
        loop = self._enter_loop()
        synced: asyncio.Future[None] = loop.create_future()
        self._waiting.append(synced)
        self._hurry_up()
        if self._syncing is None:
            self._syncing = loop.create_task(self._sync_all())
        await synced

    @property
    def _more_to_come(self) -> bool:
        return len(self._flying) > len(self._waiting)

    def _hurry_up(self) -> None:
        """Whoever waits for more need not, once nothing more is to come."""
        if not self._more_to_come:
            self._hurry.set()

    async def _sync_all(self) -> None:
        """Sync as long as somebody waits for it; in a task of its own, which no caller's cancellation ends."""
        try:
            while self._waiting:
                await self._gather()
                waited, upto = self._waiting, self._written
                self._waiting = []
                try:
                    await asyncio.to_thread(self._file.sync)
                except Exception as error:  # noqa: BLE001  (whoever waits must hear of it, whatever it is)
                    _tell(waited, error)
                else:
                    self._synced = upto
                    _tell(waited, None)
                self._sync_from = asyncio.get_running_loop().time() + GATHER_SECONDS
        finally:
            self._syncing = None

    async def _gather(self) -> None:
        """While more is about to come, wait for it, so that there is a sync every `GATHER_SECONDS` at most."""
        left = self._sync_from - asyncio.get_running_loop().time()
        if self._more_to_come and left > 0.0:
            self._hurry.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(left):
                    await self._hurry.wait()

    def _enter_loop(self) -> asyncio.AbstractEventLoop:
        """Locks and futures belong to one event loop; a command may run several, one after the other."""
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._loop, self._flying, self._waiting, self._syncing = loop, {}, [], None
            self._sync_from, self._hurry = 0.0, asyncio.Event()
        return loop

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


def _tell(waited: Iterable[asyncio.Future[None]], error: Exception | None) -> None:
    """All who still wait go on, or get the error."""
    for synced in waited:
        if synced.done():
            continue
        if error is None:
            synced.set_result(None)
        else:
            synced.set_exception(error)
