"""Door: a reward function for code that is not async, or runs in a loop of its own. A plain callable too.

The reward works in one loop on a thread of its own, from the first call until `close`: connections that a judge opened
for one step are there for the next, and calls from several threads or loops share its limits.
"""

import asyncio
import atexit
import contextlib
import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import Final, Self

from adjudge.domain import Group, Policy, Reward, RewardFunction, Rollout, Sample
from adjudge.serving.loop import LoopThread

Case = tuple[Sample, str]
"""A sample and one response to it."""

Opening = Callable[[], AbstractAsyncContextManager[RewardFunction]]
"""Opens the reward, in the loop that it will work in."""

_POLICY: Final = Policy(name="trainer")
"""Trainers do not say which weights a response comes from."""


class Door:
    """Rewards for cases, synchronously or from any event loop.

    Nothing is opened before the first call, so a door may be made before a trainer starts its processes.

    Args:
        opening: opens the reward.
    """

    def __init__(self, opening: Opening) -> None:
        self._opening = opening
        self._guard = threading.Lock()
        self._loop: LoopThread | None = None
        self._stack = contextlib.AsyncExitStack()
        self._reward: RewardFunction | None = None

    @classmethod
    def of(cls, reward: RewardFunction) -> "Door":
        """A door around a reward that has nothing to open."""
        return cls(lambda: contextlib.nullcontext(reward))

    def __call__(self, sample: Sample, response: str) -> float | None:
        """The number of one response; None where there is no evidence for one.

        Raises:
            RewardError: the reward's failure policy is ``raise``.
        """
        (reward,) = self.rewards([(sample, response)])
        return evidence(reward)

    def rewards(self, cases: Sequence[Case]) -> tuple[Reward, ...]:
        """One reward a case, in order. Cases of one sample are one group, so judges that compare can compare.

        Raises:
            AdjudgeError: the reward cannot be opened, or its failure policy is ``raise``; the other cases are scored to
                their end by then.
        """
        return self._ready().start(self._scored(cases)).result()

    async def rewards_async(self, cases: Sequence[Case]) -> tuple[Reward, ...]:
        """As `rewards`, awaited in the caller's loop."""
        loop = await asyncio.to_thread(self._ready)
        return await asyncio.wrap_future(loop.start(self._scored(cases)))

    def close(self) -> None:
        """Let go of connections and files; the next call would open them again."""
        with self._guard:
            loop, self._loop, self._reward = self._loop, None, None
            if loop is not None:
                loop.close(self._stack.aclose())
                atexit.unregister(self.close)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _ready(self) -> LoopThread:
        with self._guard:
            if self._loop is None:
                loop = LoopThread()
                try:
                    loop.start(self._open()).result()
                except BaseException:
                    loop.close(self._stack.aclose())
                    raise
                self._loop = loop
                # Trainers know no end: the process's is the reward's.
                atexit.register(self.close)
            return self._loop

    async def _open(self) -> None:
        self._stack = contextlib.AsyncExitStack()
        self._reward = await self._stack.enter_async_context(self._opening())

    async def _scored(self, cases: Sequence[Case]) -> tuple[Reward, ...]:
        reward = self._reward
        assert reward is not None, "it is opened before anything is scored"
        places: dict[str, list[int]] = {}
        for place, (sample, _) in enumerate(cases):
            places.setdefault(sample.id, []).append(place)
        groups = [
            Group(sample=cases[members[0]][0], rollouts=tuple(_rollout(cases[place], place) for place in members))
            for members in places.values()
        ]
        scored = await asyncio.gather(*(reward.score_group(group) for group in groups), return_exceptions=True)
        found: dict[int, Reward] = {}
        for members, rewards in zip(places.values(), scored, strict=True):
            if isinstance(rewards, BaseException):
                raise rewards
            found.update(zip(members, rewards, strict=True))
        return tuple(found[place] for place in range(len(cases)))


def evidence(reward: Reward) -> float | None:
    """The number, where it says something about the response; None for a masked and for a neutral one."""
    return reward.value if reward.is_evidence else None


def _rollout(case: Case, place: int) -> Rollout:
    sample, response = case
    return Rollout(id=f"{sample.id}/{place}", sample_id=sample.id, policy=_POLICY, response=response)
