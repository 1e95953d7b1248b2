"""``POST /compare``: siblings of a group come in requests of their own and are judged together.

A cohort is held until all its siblings are here or its time is over; then those that are here are judged side by side,
and every waiting request gets the rewards of its own. A sibling that comes after that is masked, never given a number.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from adjudge.domain import Group, Rollout, Sample
from adjudge.serving.http.desk import Desk, Result
from adjudge.serving.http.door import Answer, Door, Query
from adjudge.serving.http.messages import CompareRequest, CompareResponse
from adjudge.serving.http.metrics import Metrics
from adjudge.serving.http.refused import RefusedError
from adjudge.serving.http.results import Rows, rollout_of, sample_of, told
from adjudge.serving.http.score import unlike
from adjudge.serving.http.settings import HttpSettings

_REMEMBERED: Final = 1000
"""Judged cohorts whose results are kept, for requests that are sent again."""

Results = dict[str, Result]


@dataclass
class Cohort:
    """Siblings that wait for each other."""

    key: str
    named: bool
    sample: Sample
    size: int
    done: asyncio.Future[Results]
    rollouts: dict[str, Rollout] = field(default_factory=dict)
    timer: asyncio.TimerHandle | None = None


class Cohorts:
    """Cohorts by key. Use it from one event loop."""

    def __init__(self, desk: Desk, settings: HttpSettings, metrics: Metrics) -> None:
        self._desk, self._settings, self._metrics = desk, settings, metrics
        self._open: dict[str, Cohort] = {}
        self._judged: OrderedDict[str, tuple[dict[str, Rollout], Results]] = OrderedDict()
        self._judging: dict[str, Cohort] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._held = 0
        self._closed = False

    async def join(
        self, key: str, size: int, seconds: float | None, sample: Sample, rollouts: Sequence[Rollout], *, named: bool
    ) -> tuple[list[Result], int]:
        """Wait with the siblings; one result a rollout, in order, and how many were judged together.

        Args:
            key: of the group.
            size: siblings it has.
            seconds: longest wait, from the first one; None: the service's own.
            sample: what they answer.
            rollouts: some of them.
            named: the key is the client's own, so that what comes late or again is known as such; else the next
                sibling opens a new cohort.

        Raises:
            RefusedError: 409 it does not fit to those that are here; 413 too many; 429 too many are held.
        """
        if named and (before := self._judged.get(key)) is not None:
            return [_again(before, rollout) for rollout in rollouts], len(before[0])
        cohort = (self._judging.get(key) if named else None) or self._open.get(key)
        if cohort is None:
            self._let_in(size, len(rollouts))
            cohort = self._begin(key, size, seconds, sample, named=named)
        waiting = self._open.get(key) is cohort
        _fits(cohort, size, sample, rollouts, waiting=waiting)
        if waiting:
            new = {rollout.id: rollout for rollout in rollouts if rollout.id not in cohort.rollouts}
            cohort.rollouts |= new
            self._hold(len(new))
            if len(cohort.rollouts) == cohort.size or self._closed:
                self._judge(cohort)
        # Shielded: a client that goes away takes nobody's reward along.
        results = await asyncio.shield(cohort.done)
        found = (results.get(rollout.id) or _too_late(rollout) for rollout in rollouts)
        return list(found), len(cohort.rollouts)

    def close(self) -> None:
        """Wait for nobody any more."""
        self._closed = True
        for cohort in list(self._open.values()):
            self._judge(cohort)

    def _hold(self, change: int) -> None:
        self._held += change
        self._metrics.held(change)

    def _let_in(self, size: int, count: int) -> None:
        if count > size:
            raise RefusedError(
                409,
                f"{count} of {size} siblings.",
                "A request has some of the siblings of a group, or all.",
                "Correct the size.",
            )
        if self._held + count > self._settings.held:
            raise self._desk.busy(f"{self._held} samples wait for siblings.")

    def _begin(self, key: str, size: int, seconds: float | None, sample: Sample, *, named: bool) -> Cohort:
        loop = asyncio.get_running_loop()
        cohort = self._open[key] = Cohort(key, named, sample, size, loop.create_future())
        longest = self._settings.cohort_seconds
        cohort.timer = loop.call_later(min(longest, seconds or longest), self._judge, cohort)
        return cohort

    def _judge(self, cohort: Cohort) -> None:
        del self._open[cohort.key]
        if cohort.named:
            self._judging[cohort.key] = cohort
        if cohort.timer is not None:
            cohort.timer.cancel()
        self._hold(-len(cohort.rollouts))
        task = asyncio.create_task(self._judged_now(cohort))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _judged_now(self, cohort: Cohort) -> None:
        results: Results = {}
        try:
            group = Group(sample=cohort.sample, rollouts=tuple(cohort.rollouts.values()))
            results = {result.id: result for result in await self._desk.score_group(group)}
        finally:
            if cohort.named:
                del self._judging[cohort.key]
                self._judged[cohort.key] = (cohort.rollouts, results)
                while len(self._judged) > _REMEMBERED:
                    self._judged.popitem(last=False)
            cohort.done.set_result(results)


def _fits(cohort: Cohort, size: int, sample: Sample, rollouts: Sequence[Rollout], *, waiting: bool) -> None:
    """Raises: RefusedError: 409."""
    known = cohort.rollouts
    new = [rollout for rollout in rollouts if rollout.id not in known]
    changed = [rollout.id for rollout in rollouts if rollout.id in known and known[rollout.id] != rollout]
    if cohort.size != size:
        why = f"It has {cohort.size} siblings, this request says {size}."
    elif cohort.sample != sample:
        why = "Its siblings answer another sample."
    elif changed:
        why = f"The response '{changed[0][:200]}' is another one there."
    elif waiting and len(known) + len(new) > size:
        why = f"{len(known)} of its {size} siblings are here, and {len(new)} more came."
    else:
        return
    raise RefusedError(
        409,
        f"The request does not fit to the group '{cohort.key[:200]}'.",
        why,
        "Give every group of every step a name of its own, and all its requests the same size and sample.",
    )


def _again(before: tuple[dict[str, Rollout], Results], rollout: Rollout) -> Result:
    known, results = before
    return results[rollout.id] if known.get(rollout.id) == rollout and rollout.id in results else _too_late(rollout)


def _too_late(rollout: Rollout) -> Result:
    return Result(rollout.id, late="it came after its group was judged")


def compare_door(cohorts: Cohorts, rows: Rows) -> Door:
    """The native door for groups."""

    async def ask(request: CompareRequest, query: Query, lines: bool) -> Answer:  # noqa: ARG001  (a door's shape)
        unlike(request.rollouts)
        sample = sample_of(request.sample, rows)
        rollouts = [rollout_of(one, sample) for one in request.rollouts]
        results, siblings = await cohorts.join(
            request.group, request.size, request.deadline_seconds, sample, rollouts, named=True
        )
        return CompareResponse(
            group=request.group, siblings=siblings, results=tuple(told(result) for result in results)
        )

    return Door(
        path="/compare",
        summary="Judge the siblings of a group side by side; holds until all are here, or the deadline.",
        request=CompareRequest,
        response=CompareResponse,
        ask=ask,
        keys=lambda request, query: frozenset({request.group}),  # noqa: ARG005  (a door's shape)
        refuses={
            404: "the sample names a row that the task does not have",
            409: "two rollouts have the same id, or the request does not fit to its group",
        },
    )
