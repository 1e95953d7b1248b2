"""Many rollouts at once, until a time: those that are finished are kept, whatever becomes of the others."""

import asyncio
import time
from collections.abc import MutableMapping, Sequence
from dataclasses import dataclass

from adjudge.domain import Reward, RewardFunction, Rollout, Sample
from adjudge.errors import AdjudgeError


@dataclass(frozen=True)
class Outcome:
    """A reward or why there is none, and when it was there, in seconds of `time.monotonic`."""

    reward: Reward | None
    problem: str
    at: float


async def score_until(
    reward: RewardFunction,
    work: Sequence[tuple[int, Sample, Rollout]],
    found: MutableMapping[int, Outcome],
    *,
    seconds: float | None,
    concurrency: int,
    grace_seconds: float,
) -> None:
    """Score each piece of work into `found`, under its number, as soon as it is done.

    What is not there in time is cancelled: a judge's replies that were paid for by then are in its journal. No piece
    can harm another one; what it raises is its own outcome.

    Args:
        reward: scores one rollout.
        work: number, sample and rollout.
        found: filled while this runs, so that a caller has what is there even where this never returns.
        seconds: from now; None waits for all.
        concurrency: most at once.
        grace_seconds: for the cancelled ones to end in.
    """
    places = asyncio.Semaphore(concurrency)

    async def one(number: int, sample: Sample, rollout: Rollout) -> None:
        async with places:
            outcome: Reward | None = None
            try:
                outcome, problem = await reward.score(sample, rollout), ""
            except AdjudgeError as error:
                problem = f"{error.what} {error.why}"
            except Exception as error:  # noqa: BLE001  (whatever breaks on one rollout is that rollout's matter)
                problem = f"{type(error).__name__}: {error}"
            found[number] = Outcome(outcome, problem[:300], time.monotonic())

    tasks = [asyncio.create_task(one(*piece)) for piece in work]
    if not tasks:
        return
    try:
        _, late = await asyncio.wait(tasks, timeout=seconds)
    finally:
        for task in tasks:
            task.cancel()
    if late:
        await asyncio.wait(late, timeout=grace_seconds)
