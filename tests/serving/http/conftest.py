"""The service in the test's own event loop, on a real socket, with rewards whose answers are known."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any

import aiohttp
import pytest

from adjudge.domain import (
    ComponentScore,
    ComponentStatus,
    FailureKind,
    Group,
    JudgeFailure,
    Reward,
    RewardStatus,
    Rollout,
    Sample,
    Usage,
    Verdict,
)
from adjudge.domain.verdict import CriterionVerdict, ItemVerdict
from adjudge.errors import DataError
from adjudge.testing.builders import make_sample

pytest.importorskip("uvicorn", reason="needs the extra [serve]")

from adjudge.serving.http.app import Served
from adjudge.serving.http.server import serving
from adjudge.serving.http.settings import HttpSettings

ROW = make_sample("row-1")
QUESTION = {"messages": [{"role": "user", "content": "What?"}]}


def value_of(response: str) -> float:
    """What the reward of these tests says: the number in the response."""
    return float(response.rpartition(" ")[2])


def scored(rollout: Rollout, value: float, *, calls: int = 1) -> Reward:
    """A reward with a judge's verdict behind it."""
    usage = Usage(calls=calls, prompt_tokens=10 * calls, completion_tokens=5 * calls, seconds=0.2 * calls, cost_usd=0.5)
    answer = CriterionVerdict(criterion="c", answer="yes", score=value)
    verdict = Verdict(
        judge="j",
        rollout_id=rollout.id,
        items=(ItemVerdict(item=0, criteria=(answer,), score=value),),
        score=value,
        usage=usage,
        raw=("what the judge wrote",),
    )
    part = ComponentScore(name="judged", value=value, judgement=verdict)
    return Reward(rollout_id=rollout.id, value=value, status=RewardStatus.SCORED, components=(part,), usage=usage)


def masked(rollout: Rollout) -> Reward:
    """The reward of a judge that timed out."""
    failure = JudgeFailure(judge="j", rollout_id=rollout.id, kind=FailureKind.TIMEOUT, detail="late")
    part = ComponentScore(name="judged", status=ComponentStatus.FAILED, detail="timeout: late", judgement=failure)
    return Reward(rollout_id=rollout.id, value=None, status=RewardStatus.MASKED, components=(part,))


class Scripted:
    """Scores by what a response says: a number, ``mask``, ``fallback``, ``data``, ``crash``, or ``wait`` for `go`.

    Attributes:
        go: lets those go on that wait.
        groups: groups judged together, by the ids of their rollouts.
        under_way: responses in work.
    """

    def __init__(self) -> None:
        self.go = asyncio.Event()
        self.groups: list[list[str]] = []
        self.seen: list[str] = []
        self.under_way = 0
        self.changed = asyncio.Condition()

    async def score(self, sample: Sample, rollout: Rollout) -> Reward:
        self.seen.append(rollout.response)
        await self._count(1)
        try:
            return await self._score(sample, rollout)
        finally:
            await self._count(-1)

    async def _count(self, change: int) -> None:
        async with self.changed:
            self.under_way += change
            self.changed.notify_all()

    async def _score(self, sample: Sample, rollout: Rollout) -> Reward:
        word = rollout.response.partition(" ")[0]
        if word == "mask":
            return masked(rollout)
        if word == "fallback":
            return Reward(rollout_id=rollout.id, value=0.25, status=RewardStatus.FALLBACK)
        if word == "data":
            raise DataError(f"Sample '{sample.id}' has no document.", "The reward compares with it.", "Add it.")
        if word == "crash":
            raise ZeroDivisionError(word)
        if word == "stranger":
            return scored(rollout.model_copy(update={"id": "somebody-else"}), 1.0)
        if word == "wait":
            await self.go.wait()
        return scored(rollout, value_of(rollout.response))

    async def score_group(self, group: Group) -> tuple[Reward, ...]:
        self.groups.append([rollout.id for rollout in group.rollouts])
        return tuple([await self.score(group.sample, rollout) for rollout in group.rollouts])


class Client:
    """Asks the service.

    Attributes:
        url: of the service.
        reward: what is behind it.
    """

    def __init__(self, url: str, http: aiohttp.ClientSession, reward: Scripted) -> None:
        self.url, self.http, self.reward = url, http, reward

    async def post(self, path, body, **more) -> tuple[int, Any]:
        async with self.http.post(self.url + path, json=body, **more) as answer:
            return answer.status, await answer.json()

    async def score(self, *responses: str) -> list[Any]:
        items = [{"id": f"i{n}", "response": text, "sample": QUESTION} for n, text in enumerate(responses)]
        status, body = await self.post("/score", {"items": items})
        assert status == 200, body
        return body["results"]

    async def text(self, path: str) -> str:
        async with self.http.get(self.url + path) as answer:
            assert answer.status == 200
            return await answer.text()

    async def until(self, count: int) -> None:
        """Wait until exactly so many responses are in work."""
        async with asyncio.timeout(30), self.reward.changed:
            await self.reward.changed.wait_for(lambda: self.reward.under_way == count)


Start = Callable[..., Awaitable[Client]]


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    """A function that starts a service, with a token or with other settings."""
    async with contextlib.AsyncExitStack() as stack:

        async def make(*, token: str | None = None, rows: Sequence[Sample] = (ROW,), states=None, **settings) -> Client:
            reward = Scripted()
            served = Served(reward, {row.id: row for row in rows}, states)
            url = await stack.enter_async_context(serving(served, HttpSettings(**settings), token=token))
            http = await stack.enter_async_context(aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)))
            stack.callback(reward.go.set)
            return Client(url, http, reward)

        yield make
