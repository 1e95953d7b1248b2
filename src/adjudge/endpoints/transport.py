"""One HTTP client for all endpoints that are servers: bytes out, bytes or a typed failure back.

It knows nothing of models. It follows no redirect (a key must not travel), reads no proxy or netrc from the environment
(netrc would put a password of its own in place of the key), keeps no cookies, and reads no more than 8 MiB of a body,
packed or unpacked.
"""

import asyncio
import io
import zlib
from collections.abc import AsyncGenerator, Mapping
from typing import Any, Final, NamedTuple

import aiohttp
from yarl import URL

from adjudge.domain.verdict import FailureKind
from adjudge.endpoints.base import EndpointFailure

BODY_BYTES: Final = 8 * 1024 * 1024
"""Most of a body that is read; a completion is some kilobytes."""

_CONNECTIONS: Final = 900
"""Below the 1,024 open files that most systems allow a process: one more caller waits instead of failing."""

_LARGE_BYTES: Final = 1 << 20

_DETAIL_CHARS: Final = 300


class HttpCall(NamedTuple):
    """One POST. ``url`` is sent as it is written, escapes included: a signature may cover it."""

    url: str
    headers: dict[str, str]
    body: bytes


class HttpReply(NamedTuple):
    """What came back, unpacked; any status. ``headers`` do not care for upper and lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Transport:
    """Connections that endpoints share. Use it from one event loop at a time; several in turn are fine.

    Args:
        connections: most that are open at the same time; who bounds calls is the call path, not this.
    """

    def __init__(self, *, connections: int = _CONNECTIONS) -> None:
        self._connections = connections
        self._loop: asyncio.AbstractEventLoop | None = None
        self._session: aiohttp.ClientSession | None = None
        self._lifetime: AsyncGenerator[None, None] | None = None

    async def post(self, call: HttpCall, seconds: float) -> HttpReply | EndpointFailure:
        """The answer within `seconds`, or TIMEOUT, UNREACHABLE (no connection, cut, TLS) or UNPARSABLE (too large)."""
        if seconds <= 0:
            return EndpointFailure(kind=FailureKind.TIMEOUT, detail="no time left")
        session = await self._connected()
        try:
            async with (
                asyncio.timeout(seconds),
                session.post(
                    URL(call.url, encoded=True), data=_sendable(call.body), headers=call.headers, allow_redirects=False
                ) as response,
            ):
                content = response.content
                body = await content.read(BODY_BYTES + 1)
                if not content.at_eof():
                    body = await _rest(content, body)
        except TimeoutError:
            return EndpointFailure(kind=FailureKind.TIMEOUT, detail=f"no answer within {seconds:.1f} s")
        except (aiohttp.ClientError, OSError, ValueError) as error:
            # ValueError: a status line or header that no client can read.
            detail = f"{type(error).__name__}: {error}"[:_DETAIL_CHARS]
            return EndpointFailure(kind=FailureKind.UNREACHABLE, detail=detail)
        whole = _whole(body, response.headers.get("Content-Encoding"))
        if isinstance(whole, bytes):
            return HttpReply(response.status, response.headers, whole)
        if response.status != 200:
            # What an error says is of no weight beside its status.
            return HttpReply(response.status, response.headers, b"")
        return EndpointFailure(kind=FailureKind.UNPARSABLE, detail=whole)

    async def _connected(self) -> aiohttp.ClientSession:
        """The session of the running loop: sessions belong to one, and a command may run several after each other."""
        loop = asyncio.get_running_loop()
        if self._session is None or loop is not self._loop:
            self._loop = loop
            session = self._session = aiohttp.ClientSession(
                connector=_Connector(limit=self._connections),
                timeout=aiohttp.ClientTimeout(total=None),
                # Unpacked here, in bounded pieces; replies are small, so packing would only cost time.
                auto_decompress=False,
                headers={"Accept-Encoding": "identity", "User-Agent": "adjudge"},
                cookie_jar=aiohttp.DummyCookieJar(),
            )
            # An event loop that ends closes the generators that were begun in it, and so this session, in time.
            self._lifetime = _lifetime(session)
            await anext(self._lifetime)
            return session
        return self._session

    async def aclose(self) -> None:
        """Close the connections."""
        if self._session is not None:
            session, self._session = self._session, None
            await session.close()


class _Connector(aiohttp.TCPConnector):
    """Leaves connections on which a server has sent what nobody asked for.

    aiohttp would take it for the answer to the next request; RFC 9112, 9.2 tells clients not to.
    """

    async def connect(
        self,
        req: aiohttp.ClientRequest,
        traces: list[Any],
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109  (aiohttp's own signature)
    ) -> aiohttp.connector.Connection:
        while True:
            connection = await super().connect(req, traces, timeout)
            if connection.protocol is None or not connection.protocol.should_close:
                return connection
            connection.close()


def _sendable(body: bytes) -> bytes | io.BytesIO:
    """The client warns of plain bytes from 1 MiB on: written in one go they would hold up the event loop."""
    return body if len(body) < _LARGE_BYTES else io.BytesIO(body)


async def _lifetime(session: aiohttp.ClientSession) -> AsyncGenerator[None, None]:
    try:
        yield
    finally:
        await session.close()


async def _rest(content: aiohttp.StreamReader, first: bytes) -> bytes:
    """The whole body, or one byte more than is allowed."""
    pieces, size = [first], len(first)
    while size <= BODY_BYTES and not content.at_eof():
        piece = await content.read(BODY_BYTES + 1 - size)
        pieces.append(piece)
        size += len(piece)
    return b"".join(pieces)


def _whole(body: bytes, packing: str | None) -> bytes | str:
    """The body, unpacked and within its bound, or what is wrong with it."""
    plain = body if packing is None or len(body) > BODY_BYTES else unpack(body, packing)
    return "the body is larger than 8 MiB" if len(plain) > BODY_BYTES else plain


def unpack(body: bytes, packing: str) -> bytes | str:
    """The body without its ``Content-Encoding``, at most one byte longer than allowed; a string says what is wrong.

    No more than that is ever unpacked, so a gzip bomb costs 8 MiB.
    """
    packing = packing.strip().lower()
    if packing in {"", "identity"}:
        return body
    if packing not in {"gzip", "x-gzip", "deflate"}:
        return f"the body is packed as {packing!r:.40}, which was not asked for"
    # 32: the header says whether it is zlib or gzip (zlib manual, inflateInit2).
    unpacker = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)
    try:
        plain = unpacker.decompress(body, BODY_BYTES + 1)
    except zlib.error as error:
        return f"the packed body is damaged: {error}"
    if not unpacker.eof and len(plain) <= BODY_BYTES:
        return "the packed body ends too early"
    return plain
