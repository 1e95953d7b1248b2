"""Replies kept across runs, by content: who asks the same endpoint the same thing again is not charged.

One SQLite file, which several processes may use at once. Only complete answers are kept: never a failure, a refusal or
a reply that was cut. A file or row that is damaged is a miss, never an answer.
"""

import asyncio
import contextlib
import hashlib
import json
import sqlite3
import time
from pathlib import Path
from typing import Final

from adjudge.domain.base import digest
from adjudge.domain.usage import Usage
from adjudge.endpoints.base import ChatRequest, Completion, Endpoint
from adjudge.endpoints.calls.around import Around
from adjudge.endpoints.calls.gate import Outcome
from adjudge.errors import MissingError

FILE: Final = "replies.sqlite"
_BUSY_SECONDS: Final = 5.0


class ReplyStore:
    """The file. Use it from one thread at a time.

    Args:
        path: made where it is not there; its folder too.

    Raises:
        MissingError: the file cannot be made or is no such store.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
            self._write_ahead()
            # The journal of a run is what must not be lost; here a lost row costs one more call.
            self._db.execute("PRAGMA synchronous=OFF")
            self._db.execute("CREATE TABLE IF NOT EXISTS replies (key TEXT PRIMARY KEY, sum TEXT, reply TEXT)")
        except (OSError, sqlite3.Error) as error:
            raise MissingError(
                f"The reply cache {path} cannot be used: {error}.",
                "Replies shall be kept there across runs.",
                "Free or delete the file, or switch the cache off (judge.limits.cache: false).",
            ) from error

    def _write_ahead(self) -> None:
        """Readers and a writer at once. For this one change SQLite does not wait where another process makes it too."""
        end = time.monotonic() + _BUSY_SECONDS
        while True:
            try:
                self._db.execute("PRAGMA journal_mode=WAL")
            except sqlite3.OperationalError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.01)
            else:
                return

    def get(self, key: str) -> str | None:
        """The text under `key`, or None; damage of any kind is None."""
        try:
            row = self._db.execute("SELECT sum, reply FROM replies WHERE key = ?", (key,)).fetchone()
        except sqlite3.Error:
            return None
        if row is None or not isinstance(row[1], str) or row[0] != _sum(key, row[1]):
            return None
        return row[1]

    def put(self, key: str, reply: str) -> None:
        """Keep it; the cache is a help, so a disk that refuses costs nothing but the help."""
        with contextlib.suppress(sqlite3.Error):
            self._db.execute("INSERT OR REPLACE INTO replies VALUES (?, ?, ?)", (key, _sum(key, reply), reply))

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()


class CachedEndpoint(Around):
    """An endpoint with a `ReplyStore` before it. A kept reply has the usage of nothing: it is free."""

    def __init__(self, inner: Endpoint, store: ReplyStore) -> None:
        super().__init__(inner)
        self._store = store
        self._turn = asyncio.Lock()
        self.hits = 0

    async def complete(self, request: ChatRequest, deadline_seconds: float) -> Outcome:
        """From the store, or by a call."""
        content = {"endpoint": self.inner.identity, "request": request.model_dump(mode="json")}
        key = digest(content, length=64)
        async with self._turn:
            kept = await asyncio.to_thread(self._store.get, key)
        if kept is not None:
            with contextlib.suppress(ValueError):
                reply = Completion.model_validate(json.loads(kept))
                self.hits += 1
                return reply.model_copy(update={"usage": Usage()})
        outcome = await self.inner.complete(request, deadline_seconds)
        if isinstance(outcome, Completion) and outcome.stop == "stop":
            # Escaped: half a surrogate pair, which a model may write, has no UTF-8 form.
            text = json.dumps(outcome.model_dump(mode="json"), allow_nan=False)
            async with self._turn:
                await asyncio.to_thread(self._store.put, key, text)
        return outcome

    async def aclose(self) -> None:
        """Close the endpoint and the store."""
        await self.inner.aclose()
        self._store.close()


def _sum(key: str, reply: str) -> str:
    """Tells a reply that belongs to this key and is whole."""
    return hashlib.sha256(f"{key}\n{reply}".encode()).hexdigest()
