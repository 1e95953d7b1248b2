"""The call path: all decorators around an endpoint, in the right order.

``cache -> retry -> hedge -> gates (place, circuit, ledger, buckets) -> prices -> endpoint``. A kept reply passes none
of the others. Every attempt, also a retry or a second call, passes all gates. The deadline runs from when the first
attempt has passed them; the waits of later attempts count.
"""

import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from pydantic import Field, field_validator, model_validator

from adjudge.domain.base import Count, Frozen, Number, Score, digest
from adjudge.domain.usage import Money, Usage
from adjudge.endpoints.base import ChatRequest, Endpoint
from adjudge.endpoints.calls.around import Around
from adjudge.endpoints.calls.breaker import Breaker, BreakerPolicy, State
from adjudge.endpoints.calls.buckets import Buckets, ProcessQuota, Quota
from adjudge.endpoints.calls.cache import FILE, CachedEndpoint, ReplyStore
from adjudge.endpoints.calls.concurrency import Places
from adjudge.endpoints.calls.gate import Attempts, Gate, GatedEndpoint, Outcome
from adjudge.endpoints.calls.hedge import HedgedEndpoint, HedgePolicy
from adjudge.endpoints.calls.ledger import Ledger, PricedEndpoint, Spending
from adjudge.endpoints.calls.retry import RetryBudget, RetryingEndpoint, RetryPolicy
from adjudge.endpoints.prices import Prices
from adjudge.errors import ConfigError

_QUOTAS: Final = "limits.sqlite"


class CallConfig(Frozen):
    """How an endpoint is called again and again."""

    concurrency: int = Field(default=16, ge=1)
    """Most calls under way at once; fewer while the server says 429."""
    requests_per_minute: int | None = Field(default=None, ge=1)
    """Most calls in any window of a minute, retries included."""
    tokens_per_minute: int | None = Field(default=None, ge=1)
    """Most tokens in any window of a minute, prompt and reply."""
    share: str = Field(default="process", min_length=1)
    """Who counts together for the limits a minute: ``process``, ``host``, or ``redis://host:port/number``."""
    attempts: int = Field(default=5, ge=1)
    """Most calls for one answer."""
    attempt_seconds: Number = Field(default=45.0, gt=0)
    """Longest single call."""
    retry_share: Score = 0.2
    """Retries that the endpoint bears, as a share of the calls..."""
    retry_floor: Count | None = None
    """... and these on top; None: five for each of ``concurrency``."""
    queue_seconds: Number | None = Field(default=None, gt=0)
    """Longest wait for a place and for room in the limits before the first attempt; None: as long as it takes."""
    breaker_failures: int | None = Field(default=20, ge=1)
    """Failures in a row (and nothing answered for 10 s) after which the endpoint is left alone; None: never."""
    hedge_share: Score = 0.0
    """Second calls for answers slower than 95 %, as a share of the calls; 0: none."""
    prompt_usd: Money | None = None
    """US dollars per million tokens of prompt."""
    completion_usd: Money | None = None
    """US dollars per million tokens of reply."""
    budget_usd: Money | None = None
    """Most US dollars in all, with what earlier runs spent; needs both prices."""
    budget_calls: Count | None = None
    """Most calls in all."""
    cache: bool = False
    """Keep replies across runs."""

    @field_validator("share")
    @classmethod
    def _somebody(cls, share: str) -> str:
        named = share in {"process", "host"}
        if not named and (not share.startswith(("redis://", "rediss://")) or "@" in share or "?" in share):
            msg = "write process, host, or redis://host:port/number without user or password"
            raise ValueError(msg)
        return share

    @model_validator(mode="after")
    def _priced(self) -> "CallConfig":
        if (self.prompt_usd is None) != (self.completion_usd is None):
            msg = "prompt_usd and completion_usd go together"
            raise ValueError(msg)
        if self.budget_usd is not None and self.prompt_usd is None:
            msg = "budget_usd needs prompt_usd and completion_usd: what a call costs must be known before it is made"
            raise ValueError(msg)
        return self

    @property
    def prices(self) -> Prices | None:
        """What tokens cost, where it is said."""
        if self.prompt_usd is None or self.completion_usd is None:
            return None
        return Prices(prompt_usd=self.prompt_usd, completion_usd=self.completion_usd)


class CallStats(Frozen):
    """What a path did so far."""

    calls: Count
    """Answers asked of it."""
    retries: Count
    hedges: Count
    waits: Count
    """Attempts that had to wait for a place or for room in the limits."""
    cache_hits: Count
    opened_circuits: Count
    limit: Count
    """Calls allowed at once now."""
    cuts: Count
    """How often a 429 halved it."""
    spending: Spending


class CallPath(Around):
    """An `Endpoint` with everything around it; made by `call_path`."""

    def __init__(
        self,
        outer: Endpoint,
        *,
        retrying: RetryingEndpoint,
        places: Places,
        ledger: Ledger,
        breaker: Breaker | None,
        buckets: Buckets | None,
        hedged: HedgedEndpoint | None,
        cached: CachedEndpoint | None,
    ) -> None:
        super().__init__(outer)
        self.ledger = ledger
        self._retrying = retrying
        self._places = places
        self._breaker = breaker
        self._buckets = buckets
        self._hedged = hedged
        self._cached = cached
        self._calls = 0

    @property
    def circuit(self) -> State | None:
        """The circuit breaker's state; None where there is no breaker."""
        return None if self._breaker is None else self._breaker.circuit.state(self._breaker.clock())

    @property
    def stats(self) -> CallStats:
        """What happened so far."""
        return CallStats(
            calls=self._calls,
            retries=self._retrying.retries,
            hedges=self._hedged.hedges if self._hedged else 0,
            waits=self._places.waited + (self._buckets.waited if self._buckets else 0),
            cache_hits=self._cached.hits if self._cached else 0,
            opened_circuits=self._breaker.circuit.opened if self._breaker else 0,
            limit=self._places.limit.limit,
            cuts=self._places.limit.cuts,
            spending=self.ledger.spending,
        )

    async def complete(self, request: ChatRequest, deadline_seconds: float) -> Outcome:
        """One answer, or why there is none; `deadline_seconds` run from when the first attempt is let in."""
        self._calls += 1
        return await self.inner.complete(request, deadline_seconds)

    async def aclose(self) -> None:
        """Close the endpoint, the cache and the shared limits."""
        try:
            await self.inner.aclose()
        finally:
            if self._buckets is not None:
                await self._buckets.aclose()


def call_path(
    endpoint: Endpoint,
    config: CallConfig,
    *,
    spent: Usage | None = None,
    folder: Path | None = None,
    clock: Callable[[], float] = time.monotonic,
    rng: random.Random | None = None,
) -> CallPath:
    """`endpoint` with retries, limits, circuit breaker, second calls, books and cache as configured.

    Args:
        endpoint: makes one attempt a call; must not retry itself.
        config: what is wanted.
        spent: what earlier runs spent, for the budget.
        folder: where the reply cache and the limits of a host are kept; needed for ``cache`` and ``share: host``.
        clock: monotonic seconds.
        rng: of the waits' jitter.

    Raises:
        ConfigError: a folder is needed and not given.
        MissingError: a file cannot be used, or an extra is not installed.
        ValueError: the endpoint retries itself, or a budget in USD after a spending whose cost is unknown.
    """
    prices = config.prices
    priced: Endpoint = endpoint if prices is None else PricedEndpoint(endpoint, prices)
    places = Places(config.concurrency)
    ledger = Ledger(prices, cap_usd=config.budget_usd, cap_calls=config.budget_calls, spent=spent)
    breaker = None
    if config.breaker_failures is not None:
        breaker = Breaker(BreakerPolicy(failures=config.breaker_failures), clock=clock)
    quota = _quota(endpoint, config, folder, clock)
    buckets = None if quota is None else Buckets(quota)
    gates: list[Gate] = [gate for gate in (places, breaker, ledger, buckets) if gate is not None]
    attempts: Attempts = GatedEndpoint(priced, gates)
    hedged = None
    if config.hedge_share > 0:
        attempts = hedged = HedgedEndpoint(attempts, HedgePolicy(share=config.hedge_share))
    floor = 5 * config.concurrency if config.retry_floor is None else config.retry_floor
    retrying = RetryingEndpoint(
        attempts,
        RetryPolicy(attempts=config.attempts, attempt_seconds=config.attempt_seconds),
        RetryBudget(config.retry_share, floor),
        queue_seconds=float("inf") if config.queue_seconds is None else config.queue_seconds,
        clock=clock,
        rng=rng,
    )
    cached = CachedEndpoint(retrying, ReplyStore(_kept(folder) / FILE)) if config.cache else None
    return CallPath(
        cached or retrying,
        retrying=retrying,
        places=places,
        ledger=ledger,
        breaker=breaker,
        buckets=buckets,
        hedged=hedged,
        cached=cached,
    )


def _quota(endpoint: Endpoint, config: CallConfig, folder: Path | None, clock: Callable[[], float]) -> Quota | None:
    requests, tokens = config.requests_per_minute, config.tokens_per_minute
    if requests is None and tokens is None:
        return None
    if config.share == "process":
        return ProcessQuota(requests, tokens, clock=clock)
    key = digest(endpoint.identity)
    if config.share == "host":
        from adjudge.endpoints.calls.host_buckets import HostQuota  # noqa: PLC0415  (sqlite, for who needs it)

        return HostQuota(_kept(folder) / _QUOTAS, key, requests, tokens)
    from adjudge.endpoints.calls.redis_buckets import RedisQuota  # noqa: PLC0415  (an extra)

    return RedisQuota(config.share, key, requests, tokens)


def _kept(folder: Path | None) -> Path:
    if folder is None:
        raise ConfigError(
            "There is no folder to keep replies or shared limits in.",
            "A reply cache and limits of a whole host live in files.",
            "Name a folder, or write share: process and cache: false.",
        )
    return folder
