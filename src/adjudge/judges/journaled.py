"""Endpoints whose replies are on disk before anybody sees them, and which never pay for the same call twice."""

import asyncio
from collections.abc import Sequence
from typing import Any

from adjudge.domain.usage import Usage
from adjudge.endpoints.base import (
    ChatRequest,
    ChoiceEndpoint,
    ChoiceReply,
    ChoiceRequest,
    Completion,
    Endpoint,
    EndpointFailure,
)
from adjudge.endpoints.chat_key import chat_key
from adjudge.store.journal import Journal, call_key


class JournaledEndpoint:
    """An `Endpoint` with a journal. A reply from the journal has the usage of nothing: it is free.

    Only complete answers are kept; failures, refusals and cut replies are asked for again the next time. Equal requests
    that are under way at the same time become one call; the first to ask is charged.
    """

    def __init__(self, endpoint: Endpoint, journal: Journal) -> None:
        self._endpoint = endpoint
        self._journal = journal

    @property
    def inner(self) -> Endpoint:
        """The endpoint, without the journal."""
        return self._endpoint

    @property
    def name(self) -> str:
        """The endpoint's name."""
        return self._endpoint.name

    @property
    def identity(self) -> dict[str, Any]:
        """The endpoint's identity: where a reply was stored does not change it."""
        return self._endpoint.identity

    async def complete(self, request: ChatRequest, deadline_seconds: float) -> Completion | EndpointFailure:
        """From the journal, or by a call.

        Raises:
            MissingError: the disk refuses to keep the reply.
        """
        key = chat_key(self._endpoint.identity, request)
        bought: list[Completion | EndpointFailure] = []

        async def pay() -> tuple[dict[str, Any], bool]:
            outcome = await self._endpoint.complete(request, deadline_seconds)
            bought.append(outcome)
            keep = isinstance(outcome, Completion) and outcome.stop == "stop"
            return outcome.model_dump(mode="json"), keep

        reply, paid = await self._journal.once(key, self.name, pay)
        if paid:
            return bought[-1]
        outcome = Completion.model_validate(reply) if "text" in reply else EndpointFailure.model_validate(reply)
        return outcome.model_copy(update={"usage": Usage()})

    async def aclose(self) -> None:
        """Close the endpoint; the journal belongs to the run."""
        await self._endpoint.aclose()


class JournaledChoice:
    """A `ChoiceEndpoint` with a journal; requests that it holds, or that are under way, are not sent again."""

    def __init__(self, endpoint: ChoiceEndpoint, journal: Journal) -> None:
        self._endpoint = endpoint
        self._journal = journal
        self._flying: dict[str, asyncio.Future[None]] = {}

    @property
    def name(self) -> str:
        """The endpoint's name."""
        return self._endpoint.name

    @property
    def identity(self) -> dict[str, Any]:
        """The endpoint's identity."""
        return self._endpoint.identity

    async def choose(self, requests: Sequence[ChoiceRequest]) -> list[ChoiceReply]:
        """One reply a request, in their order.

        Raises:
            ValueError: the endpoint gave another number of replies than it had requests.
            MissingError: the disk refuses to keep a reply.
        """
        identity = self._endpoint.identity
        keys = [call_key("choice", identity, request.model_dump(mode="json")) for request in requests]
        asked = dict(zip(keys, requests, strict=True))
        fresh: dict[str, ChoiceReply] = {}
        while missing := [key for key in asked if key not in self._journal]:
            others = {self._flying[key] for key in missing if key in self._flying}
            fresh |= await self._paid({key: asked[key] for key in missing if key not in self._flying})
            if others:
                # Where one of them was cancelled or raised, its questions are asked in the next round.
                await asyncio.wait(others)
        return [await self._reply(key, fresh) for key in keys]

    async def _paid(self, new: dict[str, ChoiceRequest]) -> dict[str, ChoiceReply]:
        """The replies to these requests, on disk; nobody else asks them meanwhile."""
        if not new:
            return {}
        done = asyncio.get_running_loop().create_future()
        self._flying |= dict.fromkeys(new, done)
        try:
            replies = await self._endpoint.choose(list(new.values()))
            fresh = dict(zip(new, replies, strict=True))
            # Together, so that one wait for the disk serves all of them.
            await asyncio.gather(
                *(self._journal.put(key, self.name, reply.model_dump(mode="json")) for key, reply in fresh.items())
            )
            return fresh
        finally:
            for key in new:
                del self._flying[key]
            done.set_result(None)

    async def _reply(self, key: str, fresh: dict[str, ChoiceReply]) -> ChoiceReply:
        # Taken out: the second of two equal requests was not paid for.
        if key in fresh:
            return fresh.pop(key)
        stored = ChoiceReply.model_validate(await self._journal.get(key))
        return stored.model_copy(update={"usage": Usage()})
