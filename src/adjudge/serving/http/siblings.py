"""Several workers, one cohort: whoever gets a request of a group hands it to the worker that holds the group.

Workers listen on sockets of the file system beside the common port, in a folder that only this user can open.
"""

import asyncio
import time
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import aiohttp

from adjudge.serving.http.refused import RefusedError

_HEADERS: Final = ("authorization", "content-type", "accept")
_PAUSE_SECONDS: Final = 0.05


@dataclass
class Siblings:
    """The workers of one service.

    Attributes:
        index: number of this one, from 0.
        workers: how many there are.
        folder: of their sockets.
        patience_seconds: how long a worker that is still starting is waited for.
    """

    index: int = 0
    workers: int = 1
    folder: Path | None = None
    patience_seconds: float = 5.0
    _sessions: dict[int, aiohttp.ClientSession] = field(default_factory=dict)

    def socket_path(self, index: int) -> Path:
        """Where worker `index` listens for the others."""
        if self.folder is None:
            msg = "a lone worker has no socket"
            raise ValueError(msg)
        return self.folder / f"worker-{index}.sock"

    def owner(self, keys: frozenset[str]) -> int | None:
        """The worker that holds these groups; None where any will do.

        Raises:
            RefusedError: 409, they belong to several workers.
        """
        if self.workers == 1 or not keys:
            return None
        owners = {zlib.crc32(key.encode("utf-8", "surrogatepass")) % self.workers for key in keys}
        if len(owners) > 1:
            raise RefusedError(
                409,
                f"The request has responses of {len(keys)} groups, which {len(owners)} workers hold.",
                "Siblings are judged together by one worker, and a request goes to one worker.",
                "Send the groups in requests of their own, or start the service with --workers 1.",
            )
        return owners.pop()

    async def hand_over(
        self, owner: int, target: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body of the answer of worker `owner`.

        Args:
            owner: from `owner`.
            target: path and query.
            headers: of the request, by lower-case name.
            body: of the request.

        Raises:
            RefusedError: 503, that worker does not answer.
        """
        session = self._sessions.get(owner)
        if session is None:
            connector = aiohttp.UnixConnector(str(self.socket_path(owner)), limit=0)
            session = aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=None))
            self._sessions[owner] = session
        passed = {name: headers[name] for name in _HEADERS if name in headers}
        end = time.monotonic() + self.patience_seconds
        try:
            while True:
                try:
                    return await _asked(session, target, passed, body)
                except aiohttp.ClientConnectorError:
                    # Nothing was sent: the worker is not there yet, at the start or after a restart.
                    if time.monotonic() > end:
                        raise
                    await asyncio.sleep(_PAUSE_SECONDS)
        except aiohttp.ClientError as error:
            raise RefusedError(
                503,
                "The worker that holds this group does not answer.",
                f"{type(error).__name__}; it may be starting again.",
                "Send the group's requests again.",
                retry_seconds=1,
            ) from error

    async def aclose(self) -> None:
        """Close the connections."""
        for session in self._sessions.values():
            await session.close()


async def _asked(
    session: aiohttp.ClientSession, target: str, headers: Mapping[str, str], body: bytes
) -> tuple[int, dict[str, str], bytes]:
    async with session.post(f"http://localhost{target}", data=body, headers=headers) as answer:
        kept = {name: answer.headers[name] for name in ("Content-Type", "Retry-After") if name in answer.headers}
        return answer.status, kept, await answer.read()
