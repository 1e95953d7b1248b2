"""The desk: lets samples in up to a bound, scores them, and gives exactly one result for each, by id."""

import asyncio
import logging
import math
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, Final

from adjudge.domain import Group, Reward, RewardFunction, Rollout, Sample
from adjudge.errors import AdjudgeError, RewardError
from adjudge.serving.http.metrics import Metrics
from adjudge.serving.http.refused import RefusedError
from adjudge.serving.http.settings import HttpSettings

_log = logging.getLogger(__name__)

_LONGEST_RETRY: Final = 60
_NEWEST: Final = 0.05
"""Share of the newest sample in the mean time of one."""


@dataclass(frozen=True)
class Result:
    """What became of a rollout: a reward; an error that somebody must mend; or neither, and why."""

    id: str
    reward: Reward | None = None
    error: AdjudgeError | None = None
    late: str = ""


class Desk:
    """Scores rollouts. Use it from one event loop.

    Args:
        reward: the reward function.
        settings: the bounds.
        metrics: told of every result.
    """

    def __init__(self, reward: RewardFunction, settings: HttpSettings, metrics: Metrics) -> None:
        self._reward, self._settings, self._metrics = reward, settings, metrics
        self._places = asyncio.Semaphore(settings.concurrency)
        self._inside = 0
        self._mean_seconds = 1.0

    def start(self, work: Sequence[tuple[Sample, Rollout]]) -> "Run":
        """Begin to score each rollout by itself.

        Raises:
            RefusedError: 413 too many for one request; 429 too many are waiting.
        """
        self.check_size(len(work))
        if self._inside + len(work) > self._settings.room:
            raise self.busy(f"{self._inside} samples are in work or waiting.")
        return Run(work, self._one, self._entered, self._settings.request_seconds)

    def check_size(self, count: int) -> None:
        """Whether a request may have so many samples.

        Raises:
            RefusedError: 413.
        """
        most = min(self._settings.items, self._settings.room)
        if count > most:
            raise RefusedError(
                413,
                f"The request has {count} samples.",
                f"One request may have {most}.",
                "Send them in several requests.",
            )

    def busy(self, what: str) -> RefusedError:
        """429, with the time after which there should be room."""
        rounds = max(1.0, self._inside / self._settings.concurrency)
        seconds = min(_LONGEST_RETRY, max(1, math.ceil(self._mean_seconds * rounds)))
        return RefusedError(
            429,
            what,
            "More would wait longer than their trainer does.",
            f"Send the request again in {seconds} s, or ask for fewer samples at once.",
            retry_seconds=seconds,
        )

    async def score_group(self, group: Group) -> list[Result]:
        """The rollouts of a group side by side; one result each, in their order. They have been let in before."""
        self._entered(len(group.rollouts))
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._settings.request_seconds) as limit, self._places:
                began = loop.time()
                rewards = await self._reward.score_group(group)
                results = _matched(group.rollouts, rewards)
                self._took(loop.time() - began)
        except Exception as error:  # noqa: BLE001  (whatever breaks is this group's matter; it is told, not scored)
            if isinstance(error, TimeoutError) and limit.expired():
                results = [_late(rollout.id, self._settings.request_seconds) for rollout in group.rollouts]
            else:
                told = _told(error)
                results = [Result(rollout.id, error=told) for rollout in group.rollouts]
        finally:
            self._entered(-len(group.rollouts))
        for result in results:
            self._metrics.ended(result.reward, None, failed=result.error is not None)
        return results

    async def _one(self, sample: Sample, rollout: Rollout) -> Result:
        loop = asyncio.get_running_loop()
        seconds: float | None = None
        try:
            async with self._places:
                began = loop.time()
                reward = await self._reward.score(sample, rollout)
                seconds = loop.time() - began
            self._took(seconds)
            result = _matched([rollout], [reward])[0]
        except asyncio.CancelledError:
            self._metrics.ended(None, None, failed=False)
            raise
        except Exception as error:  # noqa: BLE001  (whatever breaks on one rollout is that rollout's matter)
            result = Result(rollout.id, error=_told(error))
        self._metrics.ended(result.reward, seconds, failed=result.error is not None)
        return result

    def _took(self, seconds: float) -> None:
        self._mean_seconds += _NEWEST * (seconds - self._mean_seconds)

    def _entered(self, count: int) -> None:
        self._inside += count
        self._metrics.inside(count)


class Run:
    """The rollouts of one request, under way from the moment it is made; see `Desk.start`."""

    def __init__(
        self,
        work: Sequence[tuple[Sample, Rollout]],
        score: Callable[[Sample, Rollout], Coroutine[Any, Any, Result]],
        entered: Callable[[int], None],
        seconds: float,
    ) -> None:
        self._ids = [rollout.id for _, rollout in work]
        self._ends = asyncio.get_running_loop().time() + seconds
        self._seconds = seconds
        self._done: asyncio.Queue[Result] = asyncio.Queue()
        entered(len(work))
        self._tasks = []
        for sample, rollout in work:
            task = asyncio.create_task(score(sample, rollout))
            # By the task itself: the place is given back also where nobody comes for the results.
            task.add_done_callback(lambda ended: self._ended(ended, entered))
            self._tasks.append(task)

    def _ended(self, task: asyncio.Task[Result], entered: Callable[[int], None]) -> None:
        entered(-1)
        if not task.cancelled():
            self._done.put_nowait(task.result())

    async def results(self) -> AsyncIterator[Result]:
        """One result each, as they finish; at the end of the time those that did not, without a reward."""
        missing = dict.fromkeys(self._ids)
        try:
            while missing:
                try:
                    async with asyncio.timeout_at(self._ends):
                        result = await self._done.get()
                except TimeoutError:
                    break
                del missing[result.id]
                yield result
            for lost in missing:
                yield _late(lost, self._seconds)
        finally:
            for task in self._tasks:
                task.cancel()

    async def in_order(self) -> list[Result]:
        """All results, in the order of the request."""
        found = {result.id: result async for result in self.results()}
        return [found[name] for name in self._ids]


def _late(name: str, seconds: float) -> Result:
    return Result(name, late=f"not scored within {seconds:g} s")


def _told(error: Exception) -> AdjudgeError:
    if isinstance(error, AdjudgeError):
        return error
    _log.error("a reward broke", exc_info=error)
    return RewardError(
        "The reward broke.",
        f"{type(error).__name__}: {error}"[:300],
        "This is a fault in the reward's code: mend it; no number was given.",
    )


def _matched(rollouts: Sequence[Rollout], rewards: Sequence[Reward]) -> list[Result]:
    """Results by id.

    Raises:
        RewardError: a reward is missing, there twice, or of another rollout.
    """
    by_id = {reward.rollout_id: reward for reward in rewards}
    if len(by_id) != len(rewards) or by_id.keys() != {rollout.id for rollout in rollouts}:
        raise RewardError(
            f"{len(rollouts)} rollouts were scored, and the rewards are not theirs.",
            f"Rewards came for: {', '.join(sorted(by_id))[:200]}.",
            "A reward function must give exactly one reward for each rollout, under its id.",
        )
    return [Result(rollout.id, by_id[rollout.id]) for rollout in rollouts]
