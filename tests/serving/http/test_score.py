"""Single responses: one result each, by id; a number only where there is one."""

import asyncio
import json

from adjudge.domain import RewardStatus


async def test_every_response_gets_its_own_reward_in_the_order_of_the_request(start):
    """Ids, order and numbers are those of the request."""
    client = await start()
    results = await client.score("0.25", "1.0", "0.5")
    assert [(one["id"], one["reward"], one["status"]) for one in results] == [
        ("i0", 0.25, "scored"),
        ("i1", 1.0, "scored"),
        ("i2", 0.5, "scored"),
    ]
    assert results[0]["explanation"] == "0.25 = 1.00 x judged 0.25"
    assert results[0]["usage"]["calls"] == 1


async def test_a_masked_reward_is_null_and_says_why(start):
    """A failed judge gives no number; its siblings are not touched."""
    client = await start()
    bad, good = await client.score("mask", "0.5")
    assert (bad["reward"], bad["status"], bad["explanation"]) == (None, "masked", "masked: judged: timeout: late")
    assert (good["reward"], good["status"]) == (0.5, "scored")


async def test_a_fallback_keeps_its_number_and_its_mark(start):
    """What the task declared neutral is told as such."""
    client = await start()
    (one,) = await client.score("fallback")
    assert (one["reward"], one["status"]) == (0.25, RewardStatus.FALLBACK)


async def test_what_somebody_must_mend_is_an_error_of_that_response_only(start):
    """Bad data, a broken reward and a reward under another id give no number, and harm nobody else."""
    client = await start()
    results = await client.score("data", "crash", "stranger", "0.5")
    assert [one["status"] for one in results] == ["error", "error", "error", "scored"]
    assert [one["reward"] for one in results] == [None, None, None, 0.5]
    assert "has no document" in results[0]["explanation"]
    assert "ZeroDivisionError" in results[1]["explanation"]


async def test_a_bad_sample_in_a_batch_is_its_own_matter(start):
    """A sample whose last message is the assistant's is an error; the others are scored."""
    client = await start()
    answered = {"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}
    items = [
        {"id": "bad", "response": "1", "sample": answered},
        {"id": "good", "response": "0.75", "sample": "row-1"},
    ]
    status, body = await client.post("/score", {"items": items})
    assert status == 200
    assert [(one["id"], one["status"], one["reward"]) for one in body["results"]] == [
        ("bad", "error", None),
        ("good", "scored", 0.75),
    ]


async def test_what_the_judge_wrote_stays_inside(start):
    """Answers hold scores and details, not the judge's replies."""
    client = await start()
    assert "what the judge wrote" not in json.dumps(await client.score("0.5"))


async def test_two_equal_ids_are_refused(start):
    """Results are matched by id, so a request with two equal ones is not scored at all."""
    client = await start()
    item = {"id": "twin", "response": "1", "sample": "row-1"}
    status, body = await client.post("/score", {"items": [item, item]})
    assert status == 409
    assert "'twin'" in body["what"]
    assert client.reward.seen == []


async def test_a_row_that_the_task_does_not_have_is_refused(start):
    """The refusal names the id and one that there is."""
    client = await start()
    status, body = await client.post("/score", {"items": [{"id": "a", "response": "1", "sample": "row-9"}]})
    assert status == 404
    assert "'row-9'" in body["what"]
    assert "'row-1'" in body["why"]


async def test_unknown_keys_and_wrong_types_are_refused_by_name(start):
    """A misspelt key is told; a number for a text is no text."""
    client = await start()
    item = {"id": "a", "response": "1", "sample": "row-1"}
    status, body = await client.post("/score", {"items": [{**item, "responce": "2"}]})
    assert status == 422
    assert "responce" in body["what"]
    status, body = await client.post("/score", {"items": [{**item, "response": 2}]})
    assert status == 422
    assert "items.0.response" in body["what"]


async def test_lines_come_as_responses_finish(start):
    """With Accept: application/x-ndjson the quick one is told while the slow one is in work."""
    client = await start()
    items = [
        {"id": "slow", "response": "wait 0.5", "sample": "row-1"},
        {"id": "quick", "response": "0.25", "sample": "row-1"},
    ]
    accept = {"Accept": "application/x-ndjson"}
    async with client.http.post(f"{client.url}/score", json={"items": items}, headers=accept) as answer:
        assert answer.content_type == "application/x-ndjson"
        first = json.loads(await answer.content.readline())
        assert (first["id"], first["reward"]) == ("quick", 0.25)
        client.reward.go.set()
        second = json.loads(await answer.content.readline())
        assert (second["id"], second["reward"]) == ("slow", 0.5)
        assert await answer.content.readline() == b""


async def test_what_is_not_scored_in_time_is_masked_and_the_rest_kept(start):
    """The time cap loses no finished reward and makes none up."""
    client = await start(request_seconds=0.3)
    slow, quick = await client.score("wait 0.5", "0.25")
    assert (slow["reward"], slow["status"]) == (None, "masked")
    assert "0.3 s" in slow["explanation"]
    assert (quick["reward"], quick["status"]) == (0.25, "scored")


async def test_an_odd_text_is_carried_as_it_is(start):
    """Half a surrogate pair in a response, quotes and line ends in an id break nothing."""
    client = await start()
    name = 'a "name"\n\x00 \u2028'
    body = json.dumps({"items": [{"id": name, "response": "\ud83d 0.5", "sample": "row-1"}]})
    headers = {"Content-Type": "application/json"}
    async with client.http.post(f"{client.url}/score", data=body, headers=headers) as answer:
        (one,) = (await answer.json())["results"]
    assert (one["id"], one["reward"]) == (name, 0.5)


async def test_a_client_that_goes_away_gives_its_place_back(start):
    """Streams that nobody reads end, and do not use up the room."""
    client = await start(concurrency=1, waiting=1)
    body = {"items": [{"id": "a", "response": "wait 1", "sample": "row-1"}]}
    accept = {"Accept": "application/x-ndjson"}
    asked = asyncio.create_task(client.post("/score", body, headers=accept))
    await client.until(1)
    asked.cancel()
    await client.until(0)
    assert (await client.score("0.5"))[0]["reward"] == 0.5
