"""Cohorts: held until all siblings are here or the time is over; each sibling gets its own reward, once."""

import asyncio

from adjudge.serving.http.compare import Cohorts
from adjudge.serving.http.desk import Desk
from adjudge.serving.http.metrics import Metrics
from adjudge.serving.http.settings import HttpSettings
from adjudge.testing.builders import make_rollout, make_sample

ROW = make_sample("row-1")


def asks(group: str, *rollouts: tuple[str, str], size: int = 3, **more):
    found = [{"id": name, "response": text} for name, text in rollouts]
    return {"group": group, "size": size, "sample": "row-1", "rollouts": found, **more}


def rewards(body):
    return {one["id"]: one["reward"] for one in body["results"]}


async def test_siblings_of_several_requests_are_judged_together(start):
    """Three requests, one judging; each is told its own rollouts only, in its order."""
    client = await start()
    bodies = [asks("g", ("a", "0.1")), asks("g", ("b", "0.2")), asks("g", ("c", "0.3"))]
    answers = await asyncio.gather(*(client.post("/compare", body) for body in bodies))
    assert [status for status, _ in answers] == [200, 200, 200]
    assert [rewards(body) for _, body in answers] == [{"a": 0.1}, {"b": 0.2}, {"c": 0.3}]
    assert [body["siblings"] for _, body in answers] == [3, 3, 3]
    assert [sorted(group) for group in client.reward.groups] == [["a", "b", "c"]]


async def test_a_whole_group_in_one_request_does_not_wait(start):
    """Nothing is held where all siblings are here."""
    client = await start(cohort_seconds=1000)
    status, body = await client.post("/compare", asks("g", ("a", "0.1"), ("b", "mask"), ("c", "0.3")))
    assert status == 200
    assert rewards(body) == {"a": 0.1, "b": None, "c": 0.3}


async def test_a_partial_cohort_is_answered_at_the_deadline(start):
    """Two of three come: they are judged together, and told how many they were."""
    client = await start()
    bodies = [asks("g", (name, "0.5"), deadline_seconds=0.3) for name in "ab"]
    answers = await asyncio.gather(*(client.post("/compare", body) for body in bodies))
    assert [(status, body["siblings"]) for status, body in answers] == [(200, 2), (200, 2)]
    assert [sorted(group) for group in client.reward.groups] == [["a", "b"]]


async def test_a_sibling_that_comes_late_is_masked(start):
    """It gets no number: it was compared with nobody."""
    client = await start()
    await client.post("/compare", asks("g", ("a", "0.5"), deadline_seconds=0.1))
    status, body = await client.post("/compare", asks("g", ("late", "0.9")))
    assert status == 200
    assert body["results"][0]["status"] == "masked"
    assert "after its group" in body["results"][0]["explanation"]
    assert client.reward.groups == [["a"]]


async def test_a_request_that_is_sent_again_gets_the_same_rewards(start):
    """While the cohort waits and after it was judged, an equal sibling is the same sibling."""
    client = await start()
    first = [asyncio.create_task(client.post("/compare", asks("g", ("a", "0.1"), size=2))) for _ in range(2)]
    await asyncio.sleep(0.1)
    assert client.reward.groups == []
    await client.post("/compare", asks("g", ("b", "0.2"), size=2))
    again = await client.post("/compare", asks("g", ("a", "0.1"), size=2))
    assert [rewards(body) for _, body in [*await asyncio.gather(*first), again]] == [{"a": 0.1}] * 3
    assert client.reward.groups == [["a", "b"]]


async def test_what_does_not_fit_to_the_group_is_refused(start):
    """Another size, sample, response or one sibling too many: refused with the reason, and the group goes on."""
    client = await start()
    waiting = asyncio.create_task(client.post("/compare", asks("g", ("a", "0.1"), ("b", "0.2"))))
    await asyncio.sleep(0.1)
    other = {"messages": [{"role": "user", "content": "Something else"}]}
    for body, reason in (
        (asks("g", ("c", "0.3"), size=4), "3 siblings"),
        (asks("g", ("c", "0.3")) | {"sample": other}, "another sample"),
        (asks("g", ("a", "0.9")), "another one there"),
        (asks("g", ("c", "0.3"), ("d", "0.4")), "2 more came"),
    ):
        status, told = await client.post("/compare", body)
        assert (status, reason in told["why"]) == (409, True), told
    await client.post("/compare", asks("g", ("c", "0.3")))
    assert rewards((await waiting)[1]) == {"a": 0.1, "b": 0.2}


async def test_equal_ids_in_different_groups_do_not_meet(start):
    """A group's name keeps it apart."""
    client = await start()
    bodies = [asks(group, (name, "0.5"), size=2) for name in "ab" for group in ("g", "h")]
    answers = await asyncio.gather(*(client.post("/compare", body) for body in bodies))
    assert {body["siblings"] for _, body in answers} == {2}
    assert sorted(sorted(group) for group in client.reward.groups) == [["a", "b"], ["a", "b"]]


async def test_a_client_that_goes_away_takes_no_siblings_along(start):
    """Its rollout stays in the group; the others get their rewards."""
    client = await start()
    gone = asyncio.create_task(client.post("/compare", asks("g", ("a", "0.1"), size=2)))
    await asyncio.sleep(0.1)
    gone.cancel()
    status, body = await client.post("/compare", asks("g", ("b", "0.2"), size=2))
    assert (status, rewards(body), body["siblings"]) == (200, {"b": 0.2}, 2)


async def test_a_reward_that_breaks_on_the_group_is_told_to_all(start):
    """No sibling gets a number, none hangs."""
    client = await start()
    status, body = await client.post("/compare", asks("g", ("a", "crash"), ("b", "0.5"), size=2))
    assert status == 200
    assert [(one["reward"], one["status"]) for one in body["results"]] == [(None, "error"), (None, "error")]


async def test_too_many_that_wait_for_siblings_are_refused(start):
    """429 with the time to come again; those that wait are not harmed."""
    client = await start(held=2, cohort_seconds=0.5)
    waiting = [asyncio.create_task(client.post("/compare", asks(g, ("a", "0.5")))) for g in ("g", "h")]
    await asyncio.sleep(0.1)
    async with client.http.post(f"{client.url}/compare", json=asks("i", ("a", "0.5"))) as answer:
        assert answer.status == 429
        assert int(answer.headers["Retry-After"]) >= 1
    assert [status for status, _ in await asyncio.gather(*waiting)] == [200, 200]


async def test_a_request_that_is_cut_off_leaves_the_group_whole(start):
    """Where a waiting request is cancelled, its siblings still get their rewards."""
    settings = HttpSettings()
    metrics = Metrics()
    reward = (await start()).reward
    cohorts = Cohorts(Desk(reward, settings, metrics), settings, metrics)
    one, two = (make_rollout(name, sample_id=ROW.id, response="0.5") for name in ("a", "b"))
    cut = asyncio.create_task(cohorts.join("g", 2, None, ROW, [one], named=True))
    await asyncio.sleep(0)
    cut.cancel()
    await asyncio.wait([cut])
    results, siblings = await cohorts.join("g", 2, None, ROW, [two], named=True)
    assert ([result.reward.value for result in results], siblings) == ([0.5], 2)
