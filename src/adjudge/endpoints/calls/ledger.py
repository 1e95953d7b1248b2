"""What calls cost: every attempt, retries and hedges too; and a cap that cannot be overshot.

Before a call the most it can take is reserved; after it, what it took is booked. Where nobody knows (a call that was
cut off), the cost stays unknown in the books and the reservation stays in force against the cap: unknown is not free.
"""

from dataclasses import asdict, dataclass
from typing import Final

from adjudge.domain.base import Count, Frozen
from adjudge.domain.usage import Money, Usage
from adjudge.domain.verdict import FailureKind
from adjudge.endpoints.base import ChatRequest, Completion, Endpoint, EndpointFailure
from adjudge.endpoints.calls.around import Around
from adjudge.endpoints.calls.buckets import estimate_tokens
from adjudge.endpoints.calls.gate import Outcome
from adjudge.endpoints.prices import Prices

_PICO: Final = 10**12

UNBILLED: Final = frozenset({FailureKind.RATE_LIMITED, FailureKind.REFUSED_REQUEST, FailureKind.SERVER})
"""Failures that a server answered with instead of a reply; without counted tokens nothing is billed for them."""


class Spending(Frozen):
    """The books at one moment.

    ``usage`` is what is known to have been spent, its cost None as soon as a part of it is unknown; ``at_most_usd``
    counts the unknown parts and the calls under way at the most they can cost; None without prices.
    """

    usage: Usage = Usage()
    at_most_usd: Money | None = None
    under_way: Count = 0


_ONE_CALL: Final = Usage(calls=1)


@dataclass(slots=True)
class _Sum:
    """What was booked: sums that change, because a new `Usage` for every call is dear."""

    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    seconds: float = 0.0
    cost_usd: float | None = 0.0

    def add(self, usage: Usage, cost: float | None) -> None:
        """One attempt, whose cost may be unknown; then the sum's is."""
        self.calls += max(1, usage.calls)
        self.prompt_tokens += usage.prompt_tokens
        self.completion_tokens += usage.completion_tokens
        self.seconds += usage.seconds
        self.cost_usd = None if cost is None or self.cost_usd is None else self.cost_usd + cost

    @property
    def usage(self) -> Usage:
        """The sums as a value; of nothing where nothing was booked."""
        return Usage(**asdict(self)) if self.calls else Usage()


class Ledger:
    """The books of one endpoint, and its caps.

    Args:
        prices: None: only calls and tokens are known.
        cap_usd: most US dollars, with what was spent before; needs `prices`.
        cap_calls: most calls, with those made before.
        spent: what earlier runs spent (from the journal), so that a run that goes on, goes on counting.

    Raises:
        ValueError: a cap in USD without prices, or after a spending whose cost is unknown.
    """

    def __init__(
        self,
        prices: Prices | None = None,
        *,
        cap_usd: float | None = None,
        cap_calls: int | None = None,
        spent: Usage | None = None,
    ) -> None:
        self._prices = prices
        self._cap_calls = cap_calls
        self._spent = spent or Usage()
        self._booked = _Sum()
        before = self._cost(self._spent)
        if cap_usd is not None and prices is None:
            msg = "a cap in USD needs prices"
            raise ValueError(msg)
        if cap_usd is not None and before is None:
            msg = "a cap in USD needs to know what was spent before"
            raise ValueError(msg)
        # Whole picodollars: sums are exact in any order, so that a cap is a cap.
        self._cap = None if cap_usd is None else _pico(cap_usd)
        self._firm = _pico(before or 0.0)
        self._reserved = 0
        self._under_way = 0
        self.refused = 0

    @property
    def spending(self) -> Spending:
        """The books now."""
        at_most = None if self._prices is None else (self._firm + self._reserved) / _PICO
        return Spending(usage=self._spent + self._booked.usage, at_most_usd=at_most, under_way=self._under_way)

    def worst_usd(self, request: ChatRequest) -> float:
        """The most that a call can cost, as far as the prompt's tokens can be told from its characters; 0 unpriced."""
        if self._prices is None:
            return 0.0
        prompt = estimate_tokens(request) - request.max_tokens
        return self._prices.cost_of(prompt, request.max_tokens)

    async def enter(self, request: ChatRequest, wait_seconds: float, *, first: bool) -> "_Entry | EndpointFailure":  # noqa: ARG002
        """Reserve the worst case, or `BUDGET` without a call."""
        made = self._spent.calls + self._booked.calls
        if self._cap_calls is not None and made + self._under_way >= self._cap_calls:
            return self._refuse(f"{self._cap_calls} calls are allowed and made or under way")
        worst = _pico(self.worst_usd(request))
        taken = self._firm + self._reserved
        if self._cap is not None and taken + worst > self._cap:
            told = f"{taken / _PICO:.4f} USD of {self._cap / _PICO:.4f} are spent or reserved"
            return self._refuse(f"{told}, a call may take {worst / _PICO:.4f}")
        self._under_way += 1
        self._reserved += worst
        return _Entry(self, worst)

    def book(self, worst: int, outcome: Outcome | None) -> None:
        """The call, for which `worst` picodollars were reserved, is over."""
        self.unbook(worst)
        usage = _ONE_CALL if outcome is None else outcome.usage
        cost = self._cost(usage)
        if cost is None and isinstance(outcome, EndpointFailure) and outcome.kind in UNBILLED:
            cost = None if self._prices is None else 0.0
        self._booked.add(usage, cost)
        self._firm += worst if cost is None else _pico(cost)

    def unbook(self, worst: int) -> None:
        """The call was not made."""
        self._under_way -= 1
        self._reserved -= worst

    def _cost(self, usage: Usage) -> float | None:
        """Known, or told by the counted tokens; nothing spent is 0."""
        if usage.cost_usd is not None:
            return usage.cost_usd
        if self._prices is not None and usage.prompt_tokens + usage.completion_tokens:
            return self._prices.cost(usage)
        return None if usage.calls else 0.0

    def _refuse(self, detail: str) -> EndpointFailure:
        self.refused += 1
        detail = f"the budget is used up: {detail}; no call was made; raise it and resume"
        return EndpointFailure(kind=FailureKind.BUDGET, detail=detail)


@dataclass(slots=True)
class _Entry:
    ledger: Ledger
    worst: int

    def leave(self, outcome: Outcome | None) -> None:
        self.ledger.book(self.worst, outcome)

    def give_back(self) -> None:
        self.ledger.unbook(self.worst)


class PricedEndpoint(Around):
    """Puts a price on the tokens that the endpoint inside counted but did not price."""

    def __init__(self, inner: Endpoint, prices: Prices) -> None:
        super().__init__(inner)
        self._prices = prices

    async def complete(self, request: ChatRequest, deadline_seconds: float) -> Completion | EndpointFailure:
        """The endpoint's outcome, with its cost where the tokens are known."""
        outcome = await self.inner.complete(request, deadline_seconds)
        usage = outcome.usage
        if usage.cost_usd is not None or not usage.prompt_tokens + usage.completion_tokens:
            return outcome
        priced = usage.model_copy(update={"cost_usd": self._prices.cost(usage)})
        return outcome.model_copy(update={"usage": priced})


def _pico(usd: float) -> int:
    """Picodollars, to the nearest."""
    return round(usd * _PICO)
