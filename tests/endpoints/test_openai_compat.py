"""The OpenAI-compatible endpoint against a real loopback server: every fault is a typed value, never an exception."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

import pytest

from adjudge.domain import FailureKind, Message
from adjudge.endpoints.base import ChatRequest, Completion, EndpointFailure
from adjudge.endpoints.openai_compat import OpenAICompatEndpoint, Prices, checked_url
from adjudge.endpoints.retry import RetryPolicy
from adjudge.errors import ConfigError, MissingError
from adjudge.testing.server import Answer, Plan, fault_server

REQUEST = ChatRequest(messages=(Message(role="user", content="hi"),), json_schema={"type": "object"})
FAST = RetryPolicy(attempts=3, first_wait_seconds=0.001, longest_wait_seconds=0.01)
KEY = "sk-planted-key"


async def ask(
    plan: Plan | list[Answer], *, deadline: float = 10.0, retry: RetryPolicy = FAST
) -> tuple[Completion | EndpointFailure, int]:
    """The outcome of one request against a server with this plan, and how often the server was called."""
    async with fault_server(plan) as server:
        endpoint = OpenAICompatEndpoint("m", server.url, retry=retry, api_key=KEY)
        try:
            outcome = await endpoint.complete(REQUEST, deadline)
        finally:
            await endpoint.aclose()
        return outcome, server.calls


async def test_a_good_answer_comes_back_with_its_usage():
    """Text, model and tokens of a completion arrive."""
    outcome, _ = await ask([Answer(text="yes")])
    assert isinstance(outcome, Completion)
    assert (outcome.text, outcome.stop, outcome.model) == ("yes", "stop", "m")
    assert (outcome.usage.calls, outcome.usage.prompt_tokens, outcome.usage.completion_tokens) == (1, 10, 5)
    assert outcome.usage.cost_usd is None


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (Answer(body=b"<html>"), FailureKind.UNPARSABLE),
        (Answer(body=b"[]"), FailureKind.UNPARSABLE),
        (Answer(body=b'{"choices": [{"message": {"content": NaN}}]}'), FailureKind.UNPARSABLE),
        (Answer(body=b'{"choices": [7]}'), FailureKind.UNPARSABLE),
        (Answer(body=b'{"choices": []}'), FailureKind.EMPTY),
        (Answer(body=b"{}"), FailureKind.EMPTY),
        (Answer(text=None), FailureKind.EMPTY),
        (Answer(text="  "), FailureKind.EMPTY),
        (Answer(finish=None), FailureKind.SERVER),
        (Answer(finish="abort"), FailureKind.SERVER),
        (Answer(status=400), FailureKind.REFUSED_REQUEST),
        (Answer(status=401), FailureKind.REFUSED_REQUEST),
        (Answer(status=404), FailureKind.REFUSED_REQUEST),
        (Answer(status=307, headers={"Location": "http://127.0.0.1:1/"}), FailureKind.REFUSED_REQUEST),
    ],
)
async def test_useless_answers_are_failures_of_their_kind(answer: Answer, kind: FailureKind):
    """What is no completion is a typed failure."""
    outcome, _ = await ask([answer])
    assert isinstance(outcome, EndpointFailure)
    assert outcome.kind is kind


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422])
async def test_rejected_requests_are_not_repeated(status: int):
    """A 4xx is the same the next time, so it is asked once."""
    _, calls = await ask([Answer(status=status)])
    assert calls == 1


@pytest.mark.parametrize(
    "fault",
    [Answer(status=429), Answer(status=500), Answer(status=529), Answer(reset=True), Answer(truncate=True)],
    ids=["429", "500", "529", "reset", "truncated"],
)
async def test_passing_faults_are_overcome_and_counted(fault: Answer):
    """A fault that passes costs another call, which usage tells, and no answer."""
    outcome, calls = await ask([fault, fault, Answer(text="at last")])
    assert isinstance(outcome, Completion)
    assert outcome.text == "at last"
    assert outcome.usage.calls == calls == 3


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (Answer(status=429), FailureKind.RATE_LIMITED),
        (Answer(status=503), FailureKind.SERVER),
        (Answer(reset=True), FailureKind.UNREACHABLE),
    ],
)
async def test_lasting_faults_end_after_the_allowed_attempts(fault: Answer, kind: FailureKind):
    """A fault that stays is a failure after as many calls as allowed, all counted."""
    outcome, calls = await ask([fault])
    assert isinstance(outcome, EndpointFailure)
    assert outcome.kind is kind
    assert outcome.usage.calls == calls == FAST.attempts


async def test_an_exhausted_account_is_no_rate_limit():
    """Waiting does not refill an account, so it is asked once."""
    body = b'{"error": {"message": "pay first", "code": "insufficient_quota"}}'
    outcome, calls = await ask([Answer(status=429, body=body)])
    assert isinstance(outcome, EndpointFailure)
    assert (outcome.kind, calls) == (FailureKind.REFUSED_REQUEST, 1)


async def test_the_server_is_given_the_pause_it_asks_for():
    """Retry-After in seconds is waited for."""
    start = time.monotonic()
    outcome, calls = await ask([Answer(status=429, headers={"Retry-After": "0.3"}), Answer()])
    assert isinstance(outcome, Completion)
    assert calls == 2
    assert time.monotonic() - start >= 0.3


async def test_a_pause_beyond_the_deadline_is_not_begun():
    """When the server asks for more time than there is, the failure comes at once and says how long."""
    start = time.monotonic()
    outcome, calls = await ask([Answer(status=429, headers={"Retry-After": "60"})], deadline=5.0)
    assert time.monotonic() - start < 3.0
    assert isinstance(outcome, EndpointFailure)
    assert (outcome.retry_after_seconds, calls) == (60.0, 1)


@pytest.mark.parametrize("header", ["soon", "-5", "1e999", "nan", ""])
async def test_senseless_pauses_are_ignored(header: str):
    """Garbage in Retry-After does not stop or stall anything."""
    outcome, _ = await ask([Answer(status=503, headers={"Retry-After": header}), Answer()])
    assert isinstance(outcome, Completion)


async def test_a_slow_server_is_a_timeout_within_the_deadline():
    """The deadline holds, retries included."""
    start = time.monotonic()
    outcome, _ = await ask([Answer(delay_seconds=5)], deadline=0.3)
    assert time.monotonic() - start < 3.0
    assert isinstance(outcome, EndpointFailure)
    assert outcome.kind is FailureKind.TIMEOUT


async def test_one_hanging_attempt_leaves_time_for_another():
    """A connection that hangs is given up before the deadline, and the next attempt answers."""
    retry = FAST.model_copy(update={"attempt_seconds": 0.2})
    outcome, calls = await ask([Answer(delay_seconds=5), Answer(text="ok")], retry=retry)
    assert isinstance(outcome, Completion)
    assert calls == 2


async def test_no_server_is_unreachable():
    """A refused connection is a value."""
    async with fault_server([Answer()]) as server:
        url = server.url
    endpoint = OpenAICompatEndpoint("m", url, retry=FAST)
    outcome = await endpoint.complete(REQUEST, 5.0)
    await endpoint.aclose()
    assert isinstance(outcome, EndpointFailure)
    assert outcome.kind is FailureKind.UNREACHABLE


@pytest.mark.parametrize(
    ("answer", "stop"),
    [
        (Answer(text='{"a":', finish="length"), "length"),
        (Answer(text=None, finish="length"), "length"),
        (Answer(text="part", finish="content_filter"), "refusal"),
        (Answer(text=None, message={"refusal": "I cannot"}), "refusal"),
    ],
)
async def test_cut_and_declined_answers_say_so(answer: Answer, stop: str):
    """A cut or declined reply never looks like a complete one."""
    outcome, _ = await ask([answer])
    assert isinstance(outcome, Completion)
    assert outcome.stop == stop


async def test_calls_under_way_are_bounded():
    """No more calls are under way than allowed."""
    async with fault_server([Answer(delay_seconds=0.02)]) as server:
        endpoint = OpenAICompatEndpoint("m", server.url, concurrency=3)
        outcomes = await asyncio.gather(*(endpoint.complete(REQUEST, 10.0) for _ in range(12)))
        await endpoint.aclose()
        assert all(isinstance(outcome, Completion) for outcome in outcomes)
        assert server.most_at_once == 3


async def test_waiting_for_a_place_does_not_use_up_the_deadline():
    """A long queue is no timeout: the deadline of a call runs while it is under way."""
    async with fault_server([Answer(delay_seconds=0.2)]) as server:
        endpoint = OpenAICompatEndpoint("m", server.url, concurrency=1, retry=FAST)
        outcomes = await asyncio.gather(*(endpoint.complete(REQUEST, 0.7) for _ in range(5)))
        await endpoint.aclose()
    assert all(isinstance(outcome, Completion) for outcome in outcomes)


async def test_the_request_is_sent_as_asked():
    """Model, sampling and schema arrive; the number of the repeat does not."""
    async with fault_server([Answer()]) as server:
        endpoint = OpenAICompatEndpoint("m", server.url, api_key=KEY)
        await endpoint.complete(REQUEST.model_copy(update={"seed": 7, "repeat": 3}), 10.0)
        await endpoint.aclose()
    body = server.requests[0]
    assert (body["model"], body["seed"], body["max_tokens"]) == ("m", 7, 600)
    assert body["response_format"]["json_schema"]["schema"] == {"type": "object"}
    assert "repeat" not in body
    assert server.headers[0]["Authorization"] == f"Bearer {KEY}"


async def test_the_key_stays_out_of_everything_that_is_kept():
    """Neither a failure's detail nor the identity holds the key, even when the server repeats it."""
    body = f'{{"error": {{"message": "bad key {KEY}"}}}}'.encode()
    outcome, _ = await ask([Answer(status=401, body=body)])
    endpoint = OpenAICompatEndpoint("m", "http://127.0.0.1:1/v1", api_key=KEY)
    assert isinstance(outcome, EndpointFailure)
    assert "bad key" in outcome.detail
    for kept in (str(outcome), str(endpoint.identity), endpoint.name):
        assert KEY not in kept


async def test_known_prices_cost_every_reported_token():
    """With prices the cost is known and is theirs."""
    async with fault_server([Answer()]) as server:
        prices = Prices(prompt_usd=1.0, completion_usd=10.0)
        endpoint = OpenAICompatEndpoint("m", server.url, prices=prices)
        outcome = await endpoint.complete(REQUEST, 10.0)
        await endpoint.aclose()
    assert outcome.usage.cost_usd == pytest.approx((10 * 1.0 + 5 * 10.0) / 1e6)


def test_one_endpoint_serves_several_event_loops_in_turn():
    """A command that runs several loops, one after the other, keeps its endpoint."""
    endpoints: list[OpenAICompatEndpoint] = []

    async def call() -> Completion | EndpointFailure:
        async with fault_server([Answer()]) as server:
            if not endpoints:
                endpoints.append(OpenAICompatEndpoint("m", server.url, retry=FAST))
            endpoints[0]._url = server.url
            return await endpoints[0].complete(REQUEST, 10.0)

    async def last() -> Completion | EndpointFailure:
        outcome = await call()
        await endpoints[0].aclose()
        return outcome

    assert isinstance(asyncio.run(call()), Completion)
    assert isinstance(asyncio.run(last()), Completion)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "localhost:8000",
        "ftp://h/v1",
        "file:///etc/passwd",
        "http://",
        "http://u:p@h/v1",
        "http://h/v1?k=1",
        "http://h:x/",
    ],
)
def test_unusable_addresses_are_refused(url: str):
    """Only plain http(s) addresses without secrets are taken, and a password is not repeated."""
    with pytest.raises(ConfigError) as caught:
        checked_url(url)
    assert "u:p" not in str(caught.value)


@pytest.mark.parametrize("make", [lambda: OpenAICompatEndpoint.openai("gpt"), lambda: OpenAICompatEndpoint.openai("")])
def test_a_missing_key_is_told_before_any_call(make: Callable[[], Any], monkeypatch: pytest.MonkeyPatch):
    """``openai:`` without a key is exit code 3."""
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(MissingError, match="OPENAI_API_KEY"):
        make()


def test_a_key_is_not_sent_over_plain_http(monkeypatch: pytest.MonkeyPatch):
    """The environment's key goes to TLS servers only."""
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    assert OpenAICompatEndpoint.compat("http://127.0.0.1:8000/v1#m")._key is None
    assert OpenAICompatEndpoint.compat("https://example.org/v1#m")._key == KEY


def test_a_server_without_a_model_is_refused():
    """The model stands behind '#'."""
    with pytest.raises(ConfigError, match="does not name a model"):
        OpenAICompatEndpoint.compat("http://127.0.0.1:8000/v1")
