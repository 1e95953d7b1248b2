"""`adjudge serve` as a process on a loopback port: under load, with a failing judge, several workers, and its end."""

import asyncio
import contextlib
import json
import os
import re
import shutil
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from importlib import resources
from pathlib import Path

import aiohttp
import pytest
import yaml

from adjudge.testing.faults.catalogue import curable
from adjudge.testing.faults.server import FaultServer, Seeded, serve
from adjudge.testing.judges import reply_json
from adjudge.testing.server import Answer, fault_server

pytest.importorskip("uvicorn", reason="needs the extra [serve]")

pytestmark = pytest.mark.slow

LABELS = ("none", "one", "two", "three", "four", "four", "six")
SCORES = {"none": 0.0, "one": 0.2, "two": 0.4, "three": 0.6, "four": 0.8, "six": 1.0}
LOAD = 2000


def label_of(response: str) -> str:
    """How many small letters it has, as the rubric of the tiny task asks."""
    return LABELS[min(6, sum(char.islower() for char in response))]


def right_reply(asked: str) -> str:
    """What a good judge says."""
    found = re.search(r"\[\[begin response \w+\]\]\n(.*?)\n\[\[end", asked, re.DOTALL)
    assert found is not None
    return reply_json({"letters": label_of(found[1])}, quote="")


def response(number: int) -> str:
    """A response like no other, with 0 to 7 letters."""
    return f"{number:05d} {'a' * (number % 8)}"


class Process:
    """A service that runs.

    Attributes:
        url: where it answers.
        process: its process.
        http: a client without a limit of connections.
    """

    def __init__(self, url: str, process: asyncio.subprocess.Process, http: aiohttp.ClientSession) -> None:
        self.url, self.process, self.http = url, process, http

    async def post(self, path, body, **more):
        async with self.http.post(self.url + path, json=body, **more) as answer:
            return answer.status, await answer.json()

    async def score(self, number: int, **more):
        item = {"id": f"id-{number}", "response": response(number), "sample": "word-00"}
        return await self.post("/score", {"items": [item]}, **more)

    async def inside(self) -> float:
        async with self.http.get(f"{self.url}/metrics") as answer:
            return float(re.search(r"^adjudge_samples_inside (\S+)$", await answer.text(), re.MULTILINE)[1])

    async def until_inside(self, count: int) -> None:
        async with asyncio.timeout(60):
            while await self.inside() != count:  # noqa: ASYNC110  (another process has no event to wait for)
                await asyncio.sleep(0.05)

    async def ended(self) -> int:
        async with asyncio.timeout(60):
            return await self.process.wait()


Run = Callable[..., Awaitable[Process]]


@pytest.fixture
async def run(tmp_path: Path) -> AsyncIterator[Run]:
    """Starts `adjudge serve` on the tiny task with a judge at an address."""
    async with contextlib.AsyncExitStack() as stack:

        async def start(judge: str, *options: str, environment=None, limits=None) -> Process:
            folder = tmp_path / "task"
            shutil.copytree(str(resources.files("adjudge") / "templates" / "tiny"), folder)
            file = folder / "task.yaml"
            data = yaml.safe_load(file.read_text())
            data["judge"] = {
                "model": judge,
                "rubric": "rubric.yaml",
                "limits": {"breaker_failures": None, **(limits or {})},
            }
            file.write_text(yaml.safe_dump(data))
            code = "from adjudge.cli.main import main; main()"
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-c", code, "serve", str(folder), "--port", "0", "--out", str(tmp_path / "out")),
                *options,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                env={**os.environ, **(environment or {})},
            )
            stack.push_async_callback(_ended, process)
            line = (await process.stdout.readline()).decode()
            found = re.search(r"(http://\S+)/score", line)
            assert found, line + (await process.stderr.read()).decode()
            connector = aiohttp.TCPConnector(limit=0)
            http = await stack.enter_async_context(aiohttp.ClientSession(connector=connector))
            return Process(found[1], process, http)

        yield start


async def _ended(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.terminate()
        try:
            await asyncio.wait_for(process.wait(), 20)
        except TimeoutError:
            process.kill()
            await process.wait()


def told_wrongly(answers, server: FaultServer) -> list[object]:
    """Answers that are not what the judge said: another number, or one where it never answered rightly."""
    answered = {
        re.search(r"\[\[begin response \w+\]\]\n(\d+)", call.asked)[1] for call in server.calls if call.fault is None
    }
    wrong = []
    for number, (status, body) in enumerate(answers):
        (one,) = body["results"]
        expected = SCORES[label_of(response(number))]
        good = status == 200 and one["id"] == f"id-{number}"
        if one["status"] == "scored":
            good = good and abs(one["reward"] - expected) < 1e-9
        else:
            good = good and one["status"] == "masked" and one["reward"] is None and f"{number:05d}" not in answered
        if not good:
            wrong.append((number, status, body))
    return wrong


async def test_under_load_with_a_failing_judge_no_reward_is_lost_or_made_up(run):
    """2,000 requests at once, a third of the judge's answers broken: each is told its own truth, once."""
    async with serve(right_reply, Seeded(0.35, 5, curable())) as judge:
        service = await run(f"openai-compat:{judge.origin}/v1#judge", limits={"attempts": 1, "concurrency": 64})
        answers = await asyncio.gather(*(service.score(number) for number in range(LOAD)))
        assert told_wrongly(answers, judge) == []
        found = Counter(body["results"][0]["status"] for _, body in answers)
        assert found.total() == LOAD
        assert min(found["scored"], found["masked"]) > 100
        assert await service.inside() == 0
        service.process.send_signal(signal.SIGTERM)
        assert await service.ended() == 0


async def test_a_drain_finishes_what_is_in_flight_and_refuses_what_is_new(run):
    """After SIGTERM: the request in flight is answered, a new one told 503 and when to come again; exit code 0."""
    answers = [Answer(text=reply_json({"letters": "two"}, quote=""), delay_seconds=3.0)]
    async with fault_server(answers) as judge:
        service = await run(f"openai-compat:{judge.url}#judge")
        asked = asyncio.create_task(service.score(2))
        await service.until_inside(1)
        service.process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(30):
            while (await _health(service)) != 503:  # noqa: ASYNC110  (another process has no event to wait for)
                await asyncio.sleep(0.02)
        body = {"items": [{"id": "new", "response": "aa", "sample": "word-00"}]}
        async with service.http.post(f"{service.url}/score", json=body) as refused:
            assert refused.status == 503
            assert int(refused.headers["Retry-After"]) >= 1
            assert "ending" in (await refused.json())["what"]
        status, told = await asked
        assert (status, told["results"][0]["reward"]) == (200, 0.4)
        assert await service.ended() == 0


async def _health(service: Process) -> int:
    async with service.http.get(f"{service.url}/healthz") as answer:
        return answer.status


async def test_a_waiting_cohort_is_judged_when_the_service_ends(run):
    """Siblings that never come are not waited for: those that are here get their rewards."""
    async with serve(right_reply) as judge:
        service = await run(f"openai-compat:{judge.origin}/v1#judge")
        body = {"group": "g", "size": 3, "sample": "word-00", "rollouts": [{"id": "a", "response": "00001 aa"}]}
        asked = asyncio.create_task(service.post("/compare", body))
        await asyncio.sleep(1)
        service.process.send_signal(signal.SIGTERM)
        status, told = await asked
        assert (status, told["siblings"], told["results"][0]["reward"]) == (200, 1, 0.4)
        assert await service.ended() == 0


async def test_several_workers_share_a_port_and_hold_a_cohort_in_one(run, tmp_path: Path):
    """Siblings come to any worker and are judged together; any worker tells all figures; the end is graceful."""
    async with serve(right_reply) as judge:
        service = await run(f"openai-compat:{judge.origin}/v1#judge", "--workers", "2")

        async def ask(group: int, sibling: int):
            rollouts = [{"id": f"{group}/{sibling}", "response": response(group * 10 + sibling)}]
            # A connection of its own for each, so that both workers are asked.
            connector = aiohttp.TCPConnector(force_close=True)
            async with aiohttp.ClientSession(connector=connector) as http:
                body = {"group": f"g{group}", "size": 4, "sample": "word-00", "rollouts": rollouts}
                async with http.post(f"{service.url}/compare", json=body) as answer:
                    return answer.status, await answer.json()

        asked = [(group, sibling) for sibling in range(4) for group in range(16)]
        answers = await asyncio.gather(*(ask(*one) for one in asked))
        assert [status for status, _ in answers] == [200] * 64
        assert {told["siblings"] for _, told in answers} == {4}
        assert [told["results"][0]["id"] for _, told in answers] == [f"{group}/{sibling}" for group, sibling in asked]
        assert [told["results"][0]["reward"] for _, told in answers] == [
            SCORES[label_of(response(group * 10 + sibling))] for group, sibling in asked
        ]
        texts = []
        for _ in range(6):
            async with service.http.get(f"{service.url}/metrics", headers={"Connection": "close"}) as answer:
                texts.append(await answer.text())
        assert all('adjudge_rewards_total{status="scored"} 64.0' in text for text in texts)
        journals = [tmp_path / "out" / f"worker-{index}.journal.jsonl" for index in range(2)]
        assert all(journal.stat().st_size for journal in journals)
        service.process.send_signal(signal.SIGTERM)
        assert await service.ended() == 0


async def test_groups_of_several_workers_in_one_request_are_refused(run):
    """A cohort that would be torn apart between workers is refused, with what to do."""
    async with serve(right_reply) as judge:
        service = await run(f"openai-compat:{judge.origin}/v1#judge", "--workers", "2")
        body = {"prompts": [f"P{n}" for n in range(20)], "completions": ["aa"] * 20}
        status, told = await service.post("/trl?cohort=2", body)
        assert (status, "--workers 1" in told["fix"]) == (409, True)


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="needs /proc to find the workers")
async def test_a_worker_that_dies_is_started_again(run):
    """A worker that is killed takes only its own requests along; the service goes on."""
    async with serve(right_reply) as judge:
        service = await run(f"openai-compat:{judge.origin}/v1#judge", "--workers", "2")
        await service.score(1)
        before = await _workers(service, 2)
        os.kill(before[0], signal.SIGKILL)
        async with asyncio.timeout(60):
            while before[0] in (await _workers(service, 2)):  # noqa: ASYNC110  (another process has no event)
                await asyncio.sleep(0.1)
        answers = await asyncio.gather(*(service.score(number) for number in range(50)))
        assert [status for status, _ in answers] == [200] * 50


async def _workers(service: Process, count: int) -> list[int]:
    """The processes of the workers, once there are `count`."""
    async with asyncio.timeout(60):
        while len(found := workers_of(service.process.pid)) != count:  # noqa: ASYNC110  (another process)
            await asyncio.sleep(0.1)
    return found


def workers_of(parent: int) -> list[int]:
    found = []
    for pid in Path(f"/proc/{parent}/task/{parent}/children").read_text().split():
        # One may end while we look.
        with contextlib.suppress(OSError):
            if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes():
                found.append(int(pid))
    return found


async def test_the_token_comes_from_the_environment_and_is_not_told(run):
    """Only its variable's name is on the command line; a request without it is refused, one with it scored."""
    token = "a-token-of-the-tests-0123456789"  # noqa: S105  (made up)
    async with serve(right_reply) as judge:
        model = f"openai-compat:{judge.origin}/v1#judge"
        service = await run(model, "--token-env", "REWARD_TOKEN", environment={"REWARD_TOKEN": token})
        assert (await service.score(1))[0] == 401
        assert (await service.score(1, headers={"Authorization": f"Bearer {token}"}))[0] == 200
        service.process.send_signal(signal.SIGTERM)
        assert await service.ended() == 0
        assert token not in (await service.process.stderr.read() + await service.process.stdout.read()).decode()
        assert token not in json.dumps([call.asked for call in judge.calls])
