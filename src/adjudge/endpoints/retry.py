"""When to try a call again, and after how long. Pure functions and data; `openai_compat` does the waiting."""

import math
import random
from typing import Final

from pydantic import Field

from adjudge.domain.base import Frozen, Number
from adjudge.domain.verdict import FailureKind

RETRIED: Final = frozenset({FailureKind.RATE_LIMITED, FailureKind.SERVER, FailureKind.UNREACHABLE, FailureKind.TIMEOUT})
"""Failures that may be gone in a moment. A rejected request (4xx) or a refusal is the same the next time."""


class RetryPolicy(Frozen):
    """How often and how slowly. Waits use full jitter: uniform between 0 and a bound that doubles each time."""

    attempts: int = Field(default=5, ge=1)
    """Most calls for one answer, the first included."""

    attempt_seconds: Number = Field(default=45.0, gt=0)
    """Longest single attempt; a connection that hangs must leave time for another try."""

    first_wait_seconds: Number = Field(default=0.5, ge=0)
    longest_wait_seconds: Number = Field(default=20.0, ge=0)

    def wait_seconds(self, tried: int, asked_seconds: float | None, rng: random.Random) -> float:
        """Seconds before the next attempt, after `tried` >= 1 of them; never less than the server asked for."""
        bound = min(self.longest_wait_seconds, self.first_wait_seconds * 2.0 ** min(tried - 1, 30))
        return max(rng.uniform(0.0, bound), asked_seconds or 0.0)


def retry_after_seconds(seconds: str | None, milliseconds: str | None = None) -> float | None:
    """The headers ``Retry-After`` (in seconds) and ``retry-after-ms``; None where absent or no sensible number."""
    for text, unit in ((milliseconds, 0.001), (seconds, 1.0)):
        if text is None:
            continue
        try:
            value = float(text) * unit
        except ValueError:
            continue
        if math.isfinite(value) and value >= 0:
            return value
    return None


def kind_of_status(status: int) -> FailureKind:
    """The failure that an HTTP status other than 200 stands for."""
    if status == 429:
        return FailureKind.RATE_LIMITED
    return FailureKind.SERVER if status >= 500 else FailureKind.REFUSED_REQUEST
