"""What the service did, as Prometheus text: rewards, judge, cost, cache, breaker, room.

With several workers the figures are kept in files that all of them read, so that any one answers for all.
"""

import os
from collections.abc import Callable, Mapping
from typing import Final

from adjudge.domain import Reward, Verdict
from adjudge.endpoints.calls.breaker import State
from adjudge.errors import missing_extra

try:
    from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest, multiprocess
except ImportError as error:
    raise missing_extra("prometheus-client", "serve") from error

TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
SHARED: Final = "PROMETHEUS_MULTIPROC_DIR"
"""Environment variable of prometheus-client: the folder of the workers' files; set before this is imported."""


States = Callable[[], Mapping[str, State]]
"""Circuit breaker of each judge, by the judge's name."""

_BUCKETS: Final = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 40.0, 80.0, 160.0)
"""Upper bounds, in seconds."""


class Metrics:
    """Counts. One for each application.

    Args:
        states: asked for the judges' breakers; None: there are none.
    """

    def __init__(self, states: States | None = None) -> None:
        self._states = states
        self._registry = registry = CollectorRegistry()
        self._rewards = Counter("adjudge_rewards", "Results given, by status.", ["status"], registry=registry)
        self._judge = Histogram(
            "adjudge_judge_seconds",
            "Seconds of the judge's calls behind one judgement.",
            buckets=_BUCKETS,
            registry=registry,
        )
        self._score = Histogram(
            "adjudge_reward_seconds", "Seconds to score one response.", buckets=_BUCKETS, registry=registry
        )
        self._failures = Counter("adjudge_judge_failures", "Failed judgements, by kind.", ["kind"], registry=registry)
        self._calls = Counter("adjudge_judge_calls", "Calls of the judge.", registry=registry)
        self._tokens = Counter("adjudge_judge_tokens", "Tokens of the judge's calls.", ["side"], registry=registry)
        self._cost = Counter("adjudge_cost_usd", "US dollars of calls whose price is known.", registry=registry)
        self._unpriced = Counter(
            "adjudge_unpriced_calls", "Calls of rewards whose price is not known.", registry=registry
        )
        self._kept = Counter(
            "adjudge_cache_hits", "Verdicts that took no call: replies kept before.", registry=registry
        )
        self._refused = Counter("adjudge_refused", "Requests refused, by HTTP status.", ["status"], registry=registry)
        self._inside = Gauge(
            "adjudge_samples_inside",
            "Samples in work or waiting.",
            registry=registry,
            multiprocess_mode="livesum",
        )
        self._held = Gauge(
            "adjudge_samples_held", "Samples that wait for siblings.", registry=registry, multiprocess_mode="livesum"
        )
        self._open = Gauge(
            "adjudge_breaker_open",
            "1 where the judge's circuit is open, 0.5 half-open, 0 closed.",
            ["judge"],
            registry=registry,
            multiprocess_mode="livemax",
        )

    def ended(self, reward: Reward | None, seconds: float | None, *, failed: bool) -> None:
        """A rollout has its result. `seconds` of scoring, where it was scored by itself."""
        if reward is None:
            self._rewards.labels("error" if failed else "masked").inc()
            return
        self._rewards.labels(reward.status.value).inc()
        if seconds is not None:
            self._score.observe(seconds)
        usage = reward.usage
        self._calls.inc(usage.calls)
        self._tokens.labels("prompt").inc(usage.prompt_tokens)
        self._tokens.labels("completion").inc(usage.completion_tokens)
        if usage.cost_usd is not None:
            self._cost.inc(usage.cost_usd)
        else:
            self._unpriced.inc(usage.calls)
        for part in reward.components:
            judgement = part.judgement
            if judgement is None:
                continue
            if judgement.usage.calls:
                self._judge.observe(judgement.usage.seconds)
            if not isinstance(judgement, Verdict):
                self._failures.labels(judgement.kind.value).inc()
            elif not judgement.usage.calls:
                self._kept.inc()
        self._look()

    def refused(self, status: int) -> None:
        """A request was refused."""
        self._refused.labels(str(status)).inc()

    def inside(self, change: int) -> None:
        """So many samples came in, or went."""
        self._inside.inc(change)

    def held(self, change: int) -> None:
        """So many samples began to wait for siblings, or ended it."""
        self._held.inc(change)

    def text(self) -> bytes:
        """All figures, of all workers."""
        self._look()
        folder = os.environ.get(SHARED)
        if not folder:
            return generate_latest(self._registry)
        shared = CollectorRegistry()
        multiprocess.MultiProcessCollector(shared, path=folder)  # type: ignore[no-untyped-call]
        return generate_latest(shared)

    def _look(self) -> None:
        if self._states is None:
            return
        for judge, state in self._states().items():
            self._open.labels(judge).set({"closed": 0.0, "half-open": 0.5, "open": 1.0}[state])


def worker_died(pid: int) -> None:
    """What a worker that is gone had in work is not counted any more; what it did is."""
    multiprocess.mark_process_dead(pid)  # type: ignore[no-untyped-call]
