"""The handler in AWS Lambda's own runtime loop, against a judge on the loopback interface."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from adjudge.errors import RunError
from adjudge.testing.lambda_runtime import (
    ANSWER_BYTES,
    PAYLOAD_BYTES,
    Answered,
    LambdaProcess,
    lambda_process,
    link_modules,
)
from adjudge.testing.server import Answer, fault_server

pytest.importorskip("awslambdaric", reason="the runtime loop of AWS Lambda is not installed")

HANDLER = "lambda_function.lambda_handler"
SOURCES = Path(__file__).parent.parent.parent / "src"
GOOD = json.dumps({"criteria": [{"id": "letters", "reason": "r", "quote": "", "answer": "six"}]})


def rows(number: int, response: str = "abcdef") -> list[dict[str, Any]]:
    """Rows whose responses differ, so that no reply answers for two of them."""
    return [
        {
            "id": f"sample-{place}",
            "messages": [
                {"role": "user", "content": "Write a word."},
                {"role": "assistant", "content": f"{response} {place}"},
            ],
        }
        for place in range(number)
    ]


async def invoke(function: LambdaProcess, event: object, seconds: float = 30.0) -> Answered:
    return await asyncio.to_thread(function.runtime.invoke, event, timeout_seconds=seconds)


async def inside(
    folder: Path, log: Path, use: Callable[[LambdaProcess], Any], *, packages: Path | None = None, **environment: str
) -> None:
    """Start the function beside the running event loop, and use it; with `packages`, it sees these and no others."""
    path = [SOURCES] if packages is None else [packages]
    start = lambda_process(HANDLER, folder, log, path=path, environment=environment, is_alone=packages is not None)
    function = await asyncio.to_thread(start.__enter__)
    try:
        await use(function)
    finally:
        await asyncio.to_thread(start.__exit__, None, None, None)


def marked(answer: Answered, name: str) -> list[str]:
    return [
        one["id"]
        for one in answer.payload
        if any(m["name"] == f"adjudge_{name}" and m["value"] == 1.0 for m in one["metrics_list"])
    ]


async def test_the_function_scores_an_event_in_the_true_loop(make_function, tmp_path: Path):
    """Loaded by the runtime client, one result a row comes back, and one log line a sample is written."""
    async with fault_server([Answer(GOOD)]) as judge:

        async def use(function: LambdaProcess) -> None:
            answer = await invoke(function, rows(5))
            assert not answer.is_error
            assert [one["id"] for one in answer.payload] == [f"sample-{n}" for n in range(5)]
            assert {one["aggregate_reward_score"] for one in answer.payload} == {1.0}
            lines = function.lines()
            assert [line["id"] for line in lines] == [f"sample-{n}" for n in range(5)]
            assert {line["dimensions"]["judged.letters"] for line in lines} == {1.0}
            assert all(line["request_id"] for line in lines)

        await inside(make_function(judge.url), tmp_path / "log", use)


NEEDED = (
    "adjudge aiohappyeyeballs aiohttp aiosignal annotated_types attr frozenlist idna json_repair jsonschema_rs"
    " multidict orjson propcache pydantic pydantic_core rapidfuzz typing_extensions typing_inspection yaml yarl"
)


async def test_the_function_runs_on_a_handful_of_packages(make_function, tmp_path: Path):
    """With nothing else to import from, the judge is called over HTTP and the event is scored."""
    packages = tmp_path / "packages"
    packages.mkdir()
    link_modules(NEEDED.split(), packages)
    async with fault_server([Answer(GOOD)]) as judge:

        async def use(function: LambdaProcess) -> None:
            assert scores(await invoke(function, rows(3))) == [1.0] * 3

        await inside(make_function(judge.url), tmp_path / "log", use, packages=packages)


async def test_warm_invocations_keep_connections_and_replies(make_function, tmp_path: Path):
    """A duplicate invocation is answered without a call; a new one uses the connections that are open."""
    async with fault_server([Answer(GOOD)]) as judge:

        async def use(function: LambdaProcess) -> None:
            first = await invoke(function, rows(4))
            again = await invoke(function, rows(4))
            assert judge.calls == 4
            assert scores(first) == scores(again)

        await inside(make_function(judge.url), tmp_path / "log", use)


def scores(answer: Answered) -> list[float]:
    return [one["aggregate_reward_score"] for one in answer.payload]


async def test_a_duplicate_in_another_process_is_answered_from_the_cache(make_function, tmp_path: Path):
    """With judge.limits.cache, a second execution environment with the same folder pays for nothing."""
    async with fault_server([Answer(GOOD)]) as judge:
        folder = make_function(judge.url, {"limits": {"cache": True}})

        async def use(function: LambdaProcess) -> None:
            assert scores(await invoke(function, rows(4))) == [1.0] * 4

        for name in ("first", "second"):
            await inside(folder, tmp_path / name, use, ADJUDGE_CACHE=str(tmp_path / "cache"))
        assert judge.calls == 4


async def test_partial_results_come_before_the_deadline(make_function, tmp_path: Path):
    """A judge that hangs on some samples costs those samples, and the retry asks for these only."""
    hanging = [True]

    def plan(_: int, body: dict[str, Any]) -> Answer:
        asked = json.dumps(body)
        return Answer(GOOD, delay_seconds=60.0 if hanging[0] and ("abcdef 3" in asked or "abcdef 7" in asked) else 0.0)

    async with fault_server(plan) as judge:

        async def use(function: LambdaProcess) -> None:
            answer = await invoke(function, rows(10), seconds=4.0)
            assert marked(answer, "late") == marked(answer, "fallback") == ["sample-3", "sample-7"]
            assert sorted(scores(answer)) == [0.5] * 2 + [1.0] * 8
            hanging[0] = False
            before = judge.calls
            retried = await invoke(function, rows(10))
            assert scores(retried) == [1.0] * 10
            assert judge.calls == before + 2

        await inside(make_function(judge.url), tmp_path / "log", use)


async def test_raise_is_an_error_of_the_invocation(make_function, tmp_path: Path):
    """With on_failure: raise the trainer sees an error, with the number of samples that have no reward."""
    async with fault_server([Answer("I cannot help with that.")]) as judge:

        async def use(function: LambdaProcess) -> None:
            answer = await invoke(function, rows(2))
            assert answer.is_error
            assert answer.payload["errorType"] == "RewardError"
            assert answer.payload["errorMessage"].startswith("2 of 2 samples have no reward")

        await inside(make_function(judge.url, reward={"on_failure": "raise"}), tmp_path / "log", use)


async def test_a_task_that_is_wrong_fails_when_the_function_is_loaded(make_function, tmp_path: Path):
    """The runtime is told of a rubric that is not there, before any event."""
    folder = make_function("http://127.0.0.1:1/v1", {"rubric": "none.yaml"})
    with pytest.raises(RunError, match=r"none\.yaml"):
        await inside(folder, tmp_path / "log", lambda _: None)


def test_the_emulator_holds_lambdas_limits(tmp_path: Path):
    """Events and answers over 6 MB are refused, and a function that is silent is timed out."""
    (tmp_path / "app.py").write_text(
        "import time\ndef echo(event, context):\n    time.sleep(event.get('wait', 0))\n    return 'x' * event['n']\n"
    )
    with lambda_process("app.echo", tmp_path, tmp_path / "log", path=[SOURCES]) as function:
        assert function.runtime.invoke({"n": 10}).payload == "x" * 10
        assert function.runtime.invoke({"n": ANSWER_BYTES}).payload["errorType"] == "Function.ResponseSizeTooLarge"
        with pytest.raises(RunError, match="timed out"):
            function.runtime.invoke({"n": 1, "wait": 1.0}, timeout_seconds=0.1)
        with pytest.raises(RunError, match="has 6"):
            function.runtime.invoke("x" * PAYLOAD_BYTES)


def test_the_shim_may_be_loaded_without_a_file(make_function):
    """SDKs load the one file by exec and call its handler with {}; it asks for no __file__."""
    folder = make_function("http://127.0.0.1:1/v1")
    code = (
        "import json\nspace = {}\nexec(open('lambda_function.py').read(), space)\n"
        "print(json.dumps(space['lambda_handler']([{'messages': [{'role': 'user', 'content': 'x'}]}], {})))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        env={"PYTHONPATH": str(SOURCES)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    *_, last = done.stdout.splitlines()
    assert [(one["id"], one["aggregate_reward_score"]) for one in json.loads(last)] == [("row-1", 0.0)]


def test_a_cold_start_imports_nothing_heavy(make_function):
    """Neither torch, scipy and numpy nor botocore, checks or training are loaded before the first event."""
    folder = make_function("http://127.0.0.1:1/v1")
    code = (
        "import sys, lambda_function\n"
        "heavy = {'torch', 'transformers', 'scipy', 'sklearn', 'numpy', 'py3langid', 'botocore', 'boto3', 'rich',"
        " 'typer', 'jinja2', 'adjudge.validation', 'adjudge.training', 'adjudge.evaluation', 'adjudge.release'}\n"
        "sys.exit(f'loaded: {heavy & set(sys.modules)}' if heavy & set(sys.modules) else 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        env={"PYTHONPATH": str(SOURCES)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
