"""The reward service in a thread, for examples and tests; and a reward whose answers are known, without any model."""

import asyncio
import contextlib
import json
import threading
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from adjudge.domain.rubric import BOOLEAN, Criterion, Rubric
from adjudge.domain.verdict import FailureKind
from adjudge.endpoints.base import ChatRequest, EndpointFailure
from adjudge.endpoints.scripted import ScriptedEndpoint
from adjudge.judges.rubric import RubricJudge
from adjudge.rewards.composite import CompositeReward
from adjudge.rewards.registry import RewardConfig, build_reward
from adjudge.serving.http.app import Served
from adjudge.serving.http.server import serving
from adjudge.serving.http.settings import HttpSettings
from adjudge.testing.judges import reply_json

Ask = Callable[[str, Mapping[str, Any]], Any]
"""Path and JSON body of a POST -> the JSON of the answer."""

_START_SECONDS = 30.0


@contextlib.contextmanager
def http_service(served: Served, settings: HttpSettings | None = None, *, token: str | None = None) -> Iterator[str]:
    """The service in an event loop of its own, on a free port, for as long as the block lasts; gives its address.

    Raises:
        TimeoutError: it did not start.
    """
    ready, end = threading.Event(), threading.Event()
    address: list[str] = []

    async def run() -> None:
        async with serving(served, settings, token=token) as url:
            address.append(url)
            ready.set()
            await asyncio.to_thread(end.wait)

    thread = threading.Thread(target=lambda: asyncio.run(run()), name="adjudge-serve")
    thread.start()
    try:
        if not ready.wait(_START_SECONDS):
            msg = "the service did not start"
            raise TimeoutError(msg)
        yield address[0]
    finally:
        end.set()
        thread.join()


def example_reward() -> CompositeReward:
    """0 for less than two characters; else what a scripted judge says.

    It says yes to a response that has "in 30 days" and no to others, and times out on one with "(no judge)".
    """
    rubric = Rubric(
        name="payment",
        criteria=(Criterion(id="term", question="Does the response name a term of 30 days?", scale=BOOLEAN),),
    )

    def script(request: ChatRequest) -> str | EndpointFailure:
        asked = request.messages[-1].content
        if "(no judge)" in asked:
            return EndpointFailure(kind=FailureKind.TIMEOUT, detail="no answer within 60 s")
        # The question names the term too, so it is the text that must have it beside another word.
        return reply_json({"term": "yes" if "in 30 days" in asked else "no"}, quote="")

    config = RewardConfig.model_validate({"gates": [{"type": "minimum_content"}], "terms": [{"type": "judged"}]})
    return build_reward(config, RubricJudge(rubric, ScriptedEndpoint(script, name="scripted")), Path())


@contextlib.contextmanager
def example_service(settings: HttpSettings | None = None) -> Iterator[Ask]:
    """`example_reward` behind the service; gives a function that asks it."""
    with http_service(Served(example_reward(), rows={}), settings) as url:

        def ask(path: str, body: Mapping[str, Any]) -> Any:  # noqa: ANN401  (any JSON value)
            request = urllib.request.Request(  # noqa: S310  (our own address)
                url + path, json.dumps(body).encode(), {"Content-Type": "application/json"}
            )
            with urllib.request.urlopen(request) as answer:  # noqa: S310  (our own address)
                return json.load(answer)

        yield ask
