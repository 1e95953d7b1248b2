"""Requests and tokens a minute: reserve an estimate, call, settle with what was used.

The limit holds for *every* window of a minute, not for calendar minutes or on average: a token bucket that begins full
lets nearly twice its limit through in its first minute, and a server that counts says 429.
"""

import asyncio
import math
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from adjudge.domain.verdict import FailureKind
from adjudge.endpoints.base import ChatRequest, EndpointFailure
from adjudge.endpoints.calls.gate import Outcome
from adjudge.endpoints.calls.line import Line

WINDOW_SECONDS: Final = 60.0
PACE_SECONDS: Final = 1.0
CHARS_PER_TOKEN: Final = 4.0


def estimate_tokens(request: ChatRequest) -> int:
    """Tokens that a call may take, at most: characters of the prompt / 4, and all it may write."""
    return math.ceil(sum([len(message.content) for message in request.messages]) / CHARS_PER_TOKEN) + request.max_tokens


@dataclass(slots=True)
class Reservation:
    """A call's place in the window. ``number`` is unique within its quota."""

    number: str | int
    tokens: int


class Quota(Protocol):
    """Who keeps count: this process, this host, or a server for many hosts."""

    @property
    def tokens_limit(self) -> int | None:
        """Most tokens in a window; None: any number."""
        ...

    @property
    def poll_seconds(self) -> float:
        """Longest sleep before asking again: others may have given room back; infinite where they would tell."""
        ...

    async def take(self, tokens: int) -> Reservation | float | EndpointFailure:
        """A reservation, seconds after which there may be room, or why nobody can tell."""
        ...

    def settle(self, reservation: Reservation, tokens: int) -> None:
        """What the call really took; from now on that counts."""
        ...

    def cancel(self, reservation: Reservation) -> None:
        """The call was not made."""
        ...

    async def aclose(self) -> None:
        """Write what is not written yet."""
        ...


class _Span:
    """What was taken in the last `seconds`, in order of time."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.taken: OrderedDict[int, list[float]] = OrderedDict()
        self.tokens = 0

    def forget(self, now: float) -> None:
        """Drop what is as old as the span."""
        while self.taken:
            number, (at, amount) = next(iter(self.taken.items()))
            if now - at < self.seconds:
                return
            del self.taken[number]
            self.tokens -= int(amount)

    def wait(self, now: float, calls_over: float, tokens_over: float) -> float:
        """Seconds until so many calls and tokens of the oldest have left; 0 where none need to."""
        if calls_over <= 0 and tokens_over <= 0:
            return 0.0
        for at, amount in self.taken.values():
            calls_over -= 1
            tokens_over -= amount
            if calls_over <= 0 and tokens_over <= 0:
                return max(self.seconds - (now - at), 1e-3)
        return math.inf

    def add(self, number: int, now: float, tokens: int) -> None:
        """Something was taken now."""
        self.taken[number] = [now, tokens]
        self.tokens += tokens

    def settle(self, number: int, tokens: int) -> None:
        """It took `tokens`; nothing where it is forgotten."""
        entry = self.taken.get(number)
        if entry is not None:
            self.tokens += tokens - int(entry[1])
            entry[1] = tokens

    def cancel(self, number: int) -> None:
        """As if it had never been."""
        self.settle(number, 0)
        self.taken.pop(number, None)


class Window:
    """Two limits over every window of `WINDOW_SECONDS`, as a state machine; amortised O(1) a call.

    A pace keeps calls from coming all at once and then not for a minute, which servers that look closer than by the
    minute refuse, and in which a retry would find no room in time: in any `PACE_SECONDS` their share of the calls, and
    a new call only while less than their share of the tokens is taken.

    Args:
        requests: most calls in a window; None: any number.
        tokens: most tokens in a window; None: any number.
    """

    def __init__(self, requests: int | None, tokens: int | None) -> None:
        self._requests = math.inf if requests is None else requests
        self._tokens = math.inf if tokens is None else tokens
        self._pace_requests = math.inf if requests is None else pace_of(requests)
        self._pace_tokens = math.inf if tokens is None else pace_of(tokens)
        self._window, self._pace = _Span(WINDOW_SECONDS), _Span(PACE_SECONDS)
        self._next = 0

    @property
    def used_tokens(self) -> int:
        """Tokens in the window as of the last `take`."""
        return self._window.tokens

    def take(self, now: float, tokens: int) -> Reservation | float:
        """A reservation at `now`, or seconds until what is in the way has left the window."""
        window, pace = self._window, self._pace
        window.forget(now)
        pace.forget(now)
        wait = max(
            window.wait(now, len(window.taken) + 1 - self._requests, window.tokens + tokens - self._tokens),
            pace.wait(now, len(pace.taken) + 1 - self._pace_requests, pace.tokens + 1 - self._pace_tokens),
        )
        if wait > 0:
            return wait
        self._next += 1
        window.add(self._next, now, tokens)
        pace.add(self._next, now, tokens)
        return Reservation(self._next, tokens)

    def settle(self, reservation: Reservation, tokens: int) -> None:
        """Count `tokens` for it from now on; nothing when it has left the window."""
        self._window.settle(int(reservation.number), tokens)
        self._pace.settle(int(reservation.number), tokens)

    def cancel(self, reservation: Reservation) -> None:
        """As if it had never been."""
        self._window.cancel(int(reservation.number))
        self._pace.cancel(int(reservation.number))


def pace_of(limit: int) -> int:
    """What of a limit a minute goes into `PACE_SECONDS`, at least 1."""
    return math.ceil(limit * PACE_SECONDS / WINDOW_SECONDS)


class ProcessQuota:
    """A `Quota` of this process alone."""

    poll_seconds = math.inf

    def __init__(
        self, requests: int | None, tokens: int | None, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.tokens_limit = tokens
        self._window = Window(requests, tokens)
        self._clock = clock

    async def take(self, tokens: int) -> Reservation | float:
        """From the window in memory."""
        return self._window.take(self._clock(), tokens)

    def settle(self, reservation: Reservation, tokens: int) -> None:
        """At once."""
        self._window.settle(reservation, tokens)

    def cancel(self, reservation: Reservation) -> None:
        """At once."""
        self._window.cancel(reservation)

    async def aclose(self) -> None:
        """Nothing to write."""


class Buckets:
    """A quota as a gate: first come, first served; calls whose deadline runs go first.

    A wait that cannot end in time is not begun: `RATE_LIMITED` at once, without a call. It stands last among the gates,
    so that what it lets through is sent at once.
    """

    def __init__(self, quota: Quota) -> None:
        self._quota = quota
        self._loop: asyncio.AbstractEventLoop | None = None
        self._line = Line(self._pass_on)
        self._room = asyncio.Event()
        self._head = False
        self.waited = 0

    async def enter(self, request: ChatRequest, wait_seconds: float, *, first: bool) -> "_Settlement | EndpointFailure":
        """A reservation for the call's estimate."""
        self._enter_loop()
        tokens = estimate_tokens(request)
        most = self._quota.tokens_limit
        if most is not None and tokens > most:
            return _refused(f"the call may take {tokens} tokens, more than the {most} allowed a minute", None)
        loop = asyncio.get_running_loop()
        ends = loop.time() + wait_seconds
        # Whoever has a deadline need not stand behind a head that has none.
        if not self._head or not (first or self._line.ahead(first=False)):
            taken = await self._quota.take(tokens)
            if not isinstance(taken, float):
                return self._settled_by(taken)
            if taken > wait_seconds:
                return _refused(f"there is room in {taken:.1f} s, and {wait_seconds:.1f} s are left", taken)
        self.waited += 1
        if self._head and not await self._line.wait(wait_seconds, first=first):
            return _refused(f"no room within {wait_seconds:.1f} s", None)
        return await self._as_head(tokens, ends)

    async def _as_head(self, tokens: int, ends: float) -> "_Settlement | EndpointFailure":
        """The first in line asks until there is room; then the next one is the first."""
        self._head = True
        clock = asyncio.get_running_loop().time
        try:
            while True:
                self._room.clear()
                taken = await self._quota.take(tokens)
                if not isinstance(taken, float):
                    return self._settled_by(taken)
                left = ends - clock()
                if min(taken, self._quota.poll_seconds) > left:
                    return _refused(f"there is room in {taken:.1f} s, and {max(0.0, left):.1f} s are left", taken)
                await _within(self._room, min(taken, self._quota.poll_seconds))
        finally:
            self._pass_on()

    def _settled_by(self, taken: Reservation | EndpointFailure) -> "_Settlement | EndpointFailure":
        return taken if isinstance(taken, EndpointFailure) else _Settlement(self, taken)

    def settle(self, reservation: Reservation, outcome: Outcome | None) -> None:
        """Count what was used; where that is unknown, the estimate stands."""
        usage = None if outcome is None else outcome.usage
        if usage is not None and usage.prompt_tokens + usage.completion_tokens:
            self._quota.settle(reservation, usage.prompt_tokens + usage.completion_tokens)
            self._room.set()

    def cancel(self, reservation: Reservation) -> None:
        """The call was not made: its room is there again."""
        self._quota.cancel(reservation)
        self._room.set()

    async def aclose(self) -> None:
        """Close the quota."""
        await self._quota.aclose()

    def _pass_on(self) -> None:
        self._head = self._line.serve()

    def _enter_loop(self) -> None:
        """Futures belong to one event loop; a command may run several, one after the other."""
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._loop, self._head = loop, False
            self._line, self._room = Line(self._pass_on), asyncio.Event()


@dataclass(slots=True)
class _Settlement:
    buckets: Buckets
    reservation: Reservation

    def leave(self, outcome: Outcome | None) -> None:
        self.buckets.settle(self.reservation, outcome)

    def give_back(self) -> None:
        self.buckets.cancel(self.reservation)


async def _within(event: asyncio.Event, seconds: float) -> None:
    """Until `event`, at most `seconds`."""
    try:
        async with asyncio.timeout(None if math.isinf(seconds) else seconds):
            await event.wait()
    except TimeoutError:
        return


def _refused(detail: str, asked_seconds: float | None) -> EndpointFailure:
    asked = None if asked_seconds is None or math.isinf(asked_seconds) else asked_seconds
    return EndpointFailure(
        kind=FailureKind.RATE_LIMITED,
        detail=f"our own limit a minute: {detail}; no call was made",
        retry_after_seconds=asked,
    )
