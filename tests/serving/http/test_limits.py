"""Who may ask, how much, how deep, how slow; and what happens when too many ask."""

import asyncio
import json

import pytest

from adjudge.errors import ConfigError, MissingError
from adjudge.serving.http.access import Access, is_loopback, token_from

TOKEN = "a-token-of-the-tests-0123456789"  # noqa: S105  (made up)
BODY = {"items": [{"id": "a", "response": "0.5", "sample": "row-1"}]}
JSON_TYPE = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": TOKEN},
        {"Authorization": "Bearer wrong-token-0123456789"},
        {"Authorization": f"Bearer {TOKEN}x"},
        {"Authorization": f"Basic {TOKEN}"},
    ],
)
async def test_without_the_token_nothing_is_scored(start, headers):
    """No header, another token or another scheme: 401 for every path but the health, and no word of the token."""
    client = await start(token=TOKEN)
    async with client.http.post(f"{client.url}/score", json=BODY, headers=headers) as answer:
        assert answer.status == 401
        assert answer.headers["WWW-Authenticate"] == "Bearer"
        assert TOKEN not in await answer.text()
    for path, status in (("/metrics", 401), ("/openapi.json", 401), ("/healthz", 200)):
        async with client.http.get(client.url + path, headers=headers) as answer:
            assert answer.status == status
    assert client.reward.seen == []


async def test_with_the_token_it_is(start):
    """The right token is let in."""
    client = await start(token=TOKEN)
    status, _ = await client.post("/score", BODY, headers={"Authorization": f"Bearer {TOKEN}"})
    assert status == 200


async def test_without_a_token_only_loopback_names_are_answered(start):
    """A page that points its own name at this machine is refused."""
    client = await start()
    status, told = await client.post("/score", BODY, headers={"Host": "evil.example"})
    assert (status, "not addressed to this machine" in told["what"]) == (403, True)


def test_loopback_names():
    """With and without port, both families; nothing that only looks like one."""
    assert all(map(is_loopback, ("localhost", "LOCALHOST:80", "127.0.0.1:8000", "127.3.2.1", "[::1]:8000", "::1")))
    assert not any(map(is_loopback, ("0.0.0.0", "", "127.0.0.1.evil.example", "localhost.evil.example", "10.0.0.1")))  # noqa: S104


def test_another_host_needs_a_token_from_the_environment():
    """Refused by name without one; a variable that is not set is missing; a short token is refused."""
    with pytest.raises(ConfigError, match=r"0\.0\.0\.0 without a token"):
        token_from(None, {}, "0.0.0.0")  # noqa: S104
    with pytest.raises(MissingError, match="THE_TOKEN is not set"):
        token_from("THE_TOKEN", {"THE_TOKEN": " "}, "127.0.0.1")
    assert token_from("THE_TOKEN", {"THE_TOKEN": TOKEN}, "0.0.0.0") == TOKEN  # noqa: S104
    assert token_from(None, {}, "127.0.0.1") is None
    with pytest.raises(ConfigError, match="shorter than 16"):
        Access("short")


async def test_a_body_that_is_too_large_is_refused(start):
    """Both where its length is stated and where it is not."""
    client = await start(body_bytes=2000)
    large = json.dumps({"items": [{"id": "a", "response": "x" * 3000, "sample": "row-1"}]}).encode()

    async def chunks():
        for at in range(0, len(large), 500):
            yield large[at : at + 500]

    for data in (large, chunks()):
        async with client.http.post(f"{client.url}/score", data=data, headers=JSON_TYPE) as answer:
            assert answer.status == 413
            assert "2000 bytes" in (await answer.json())["what"]
    assert client.reward.seen == []


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"{", "not strict JSON"),
        (b'{"items": NaN}', "NaN"),
        (b'{"items": [], "items": []}', "twice"),
        (b"\xff\xfe", "not strict JSON"),
        (b"[" * 100_000 + b"]" * 100_000, "nested deeper"),
        (b'{"a":' * 70 + b"1" + b"}" * 70, "nested deeper"),
        (b'{"items": ' + b"9" * 5000 + b"}", "not strict JSON"),
    ],
)
async def test_what_is_not_strict_json_is_refused(start, body, reason):
    """Cut, with NaN, with a key twice, not UTF-8, nested too deeply: 400 and why."""
    client = await start()
    async with client.http.post(f"{client.url}/score", data=body, headers=JSON_TYPE) as answer:
        assert answer.status == 400
        assert reason in (await answer.json())["what"]


async def test_another_type_of_body_is_refused(start):
    """A form, which pages of other sites may send without asking, is no JSON."""
    client = await start()
    async with client.http.post(
        f"{client.url}/score", data=json.dumps(BODY), headers={"Content-Type": "text/plain"}
    ) as a:
        assert a.status == 415


async def test_too_many_items_are_refused(start):
    """One request may not take all places."""
    client = await start(items=2)
    items = [{"id": str(n), "response": "0.5", "sample": "row-1"} for n in range(3)]
    assert (await client.post("/score", {"items": items}))[0] == 413
    assert (await client.post("/score", {"items": items[:2]}))[0] == 200


async def test_a_slow_body_is_cut_off(start):
    """A client that stops in the middle of its body is told 408, and its connection is closed."""
    client = await start(body_seconds=0.3)
    reader, writer = await _connection(client.url)
    writer.write(
        b"POST /score HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"
    )
    answer = await asyncio.wait_for(reader.read(), 20)
    assert answer.startswith(b"HTTP/1.1 408 ")
    writer.close()


@pytest.mark.parametrize("said", [b"", b"POST /score HTTP/1.1\r\nHost: local"])
async def test_a_connection_that_does_not_say_what_it_wants_is_closed(start, said):
    """Neither an idle connection nor half a head holds a place for ever."""
    client = await start(head_seconds=0.3)
    reader, writer = await _connection(client.url)
    writer.write(said)
    assert await asyncio.wait_for(reader.read(), 20) == b""
    writer.close()


async def test_half_a_head_behind_an_answer_is_closed_too(start):
    """A connection that was used once may not stop in the middle of its next request; an idle one may wait."""
    client = await start(head_seconds=0.3)
    reader, writer = await _connection(client.url)
    writer.write(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert (await reader.readuntil(b"}")).startswith(b"HTTP/1.1 200 ")
    await asyncio.sleep(0.6)
    writer.write(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert (await reader.readuntil(b"}")).startswith(b"HTTP/1.1 200 ")
    writer.write(b"GET /heal")
    assert await asyncio.wait_for(reader.read(), 20) == b""
    writer.close()


async def test_a_slow_answer_is_not_cut_off_by_the_limit_of_the_head(start):
    """The limit is for what a client says, not for how long scoring takes."""
    client = await start(head_seconds=0.2)
    asked = asyncio.create_task(client.score("wait 0.5"))
    await client.until(1)
    await asyncio.sleep(0.5)
    client.reward.go.set()
    assert (await asked)[0]["reward"] == 0.5


async def test_more_than_can_wait_is_told_when_to_come_again(start):
    """One in work, one waiting, the third refused with 429 and Retry-After; the first two are answered."""
    client = await start(concurrency=1, waiting=1)
    asked = [asyncio.create_task(client.score("wait 0.5")) for _ in range(2)]
    await client.until(1)
    await asyncio.sleep(0.1)
    async with client.http.post(f"{client.url}/score", json=BODY) as answer:
        assert answer.status == 429
        assert 1 <= int(answer.headers["Retry-After"]) <= 60
    client.reward.go.set()
    assert [results[0]["reward"] for results in await asyncio.gather(*asked)] == [0.5, 0.5]
    assert (await client.score("0.25"))[0]["reward"] == 0.25


async def test_figures_say_what_happened(start):
    """Rewards by status, calls, cost, failures, kept replies, refusals: as they were."""
    client = await start()
    await client.score("0.5", "0.25", "mask", "data", "fallback")
    await client.post("/score", {"items": []})
    text = await client.text("/metrics")
    for line in (
        'adjudge_rewards_total{status="scored"} 2.0',
        'adjudge_rewards_total{status="masked"} 1.0',
        'adjudge_rewards_total{status="error"} 1.0',
        'adjudge_rewards_total{status="fallback"} 1.0',
        "adjudge_judge_calls_total 2.0",
        "adjudge_cost_usd_total 1.0",
        'adjudge_judge_tokens_total{side="prompt"} 20.0',
        'adjudge_judge_failures_total{kind="timeout"} 1.0',
        "adjudge_judge_seconds_count 2.0",
        'adjudge_refused_total{status="422"} 1.0',
        "adjudge_samples_inside 0.0",
    ):
        assert line in text.splitlines(), line


async def test_figures_show_the_judges_circuit_breakers(start):
    """As the judge's call path says when it is asked."""
    states = {"openai:one": "open", "openai:two": "closed"}
    client = await start(states=lambda: states)
    lines = (await client.text("/metrics")).splitlines()
    assert 'adjudge_breaker_open{judge="openai:one"} 1.0' in lines
    assert 'adjudge_breaker_open{judge="openai:two"} 0.0' in lines
    states["openai:one"] = "half-open"
    assert 'adjudge_breaker_open{judge="openai:one"} 0.5' in (await client.text("/metrics")).splitlines()


async def test_paths_and_methods_that_are_not_there(start):
    """404 and 405 in the form of every refusal."""
    client = await start()
    status, told = await client.post("/nowhere", {})
    assert (status, told["what"]) == (404, "There is no such path.")
    async with client.http.get(f"{client.url}/score") as answer:
        assert (answer.status, answer.headers["Allow"]) == (405, "POST")


async def _connection(url: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    port = int(url.rpartition(":")[2])
    return await asyncio.open_connection("127.0.0.1", port)


async def test_two_thousand_requests_in_flight_are_all_answered(start):
    """All are inside before the first is answered; each gets its own result, masked where the judge failed."""
    client = await start(concurrency=2000)

    def said(number: int) -> str:
        return "mask" if number % 7 == 0 else f"wait {number / 2000}"

    async def ask(number: int):
        item = {"id": f"id-{number}", "response": said(number), "sample": "row-1"}
        return await client.post("/score", {"items": [item]})

    asked = [asyncio.create_task(ask(number)) for number in range(2000)]
    await client.until(sum(number % 7 != 0 for number in range(2000)))
    client.reward.go.set()
    for number, (status, body) in enumerate(await asyncio.gather(*asked)):
        (one,) = body["results"]
        expected = (None, "masked") if number % 7 == 0 else (number / 2000, "scored")
        assert (status, one["id"], one["reward"], one["status"]) == (200, f"id-{number}", *expected)
