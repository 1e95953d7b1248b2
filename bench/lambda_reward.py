"""The reward function in AWS Lambda's own runtime loop: time an event, size of the package, memory, cold start.

    python bench/lambda_reward.py [--sources]

The function is what `adjudge deploy aws` packs, made for this Python; it sees its package's modules and nothing that is
installed here. With ``--sources`` nothing is packed, and the function sees the sources beside this file.

The judge is a process of its own on the loopback interface. Goals: 64 samples against a judge of 1 s in under 1.6 s;
of 1,000 samples with a judge that hangs on 5 %, 950 scores and 50 marked ones before the deadline; cold import < 0.5 s.
"""

import argparse
import contextlib
import json
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import yaml

from adjudge.testing.lambda_runtime import Answered, LambdaProcess, lambda_process

HERE: Final = Path(__file__).parent
SOURCES: Final = HERE.parent / "src"
SHIM: Final = """from adjudge.pipeline.reward_lambda import task_handler

_handler = task_handler()


def lambda_handler(event, context):
    return _handler(event, context)
"""
REPLY: Final = json.dumps({"criteria": [{"id": "letters", "reason": "Some letters.", "quote": "", "answer": "six"}]})
IMPORT: Final = """import sys, time
sys.path.insert(0, sys.argv[1])
began = time.perf_counter()
import adjudge.pipeline.reward_lambda
print(time.perf_counter() - began, time.process_time())
"""
HANGS: Final = 3600.0


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sources", action="store_true", help="pack nothing")
    alone = not parser.parse_args().sources
    with tempfile.TemporaryDirectory() as folder:
        code = Path(folder) / "code"
        code.mkdir()
        if alone:
            packed(Path(folder) / "function.zip", code)
        else:
            (code / "lambda_function.py").write_text(SHIM)
        wall, cpu = cold_import(code, alone=alone)
        print(f"cold import:     {wall:.2f} s; {cpu:.2f} s of CPU time with Python's own start")
        with judge([1.0]) as port, function(code, port, 64, alone=alone) as running:
            print(f"ready:           {running.start_seconds:.2f} s from the start of the process")
            for name, event in (("first", "a"), ("warm", "b"), ("repeated", "b")):
                told(f"64, {name}", running.runtime.invoke(rows(64, name=event)), running)
        latencies = [HANGS if place % 20 == 0 else 0.2 for place in range(1000)]
        with judge(latencies) as port, function(code, port, 256, alone=alone) as running:
            answer = running.runtime.invoke(rows(1000, name="many"), timeout_seconds=15.0)
            told("1000, 5 % hang", answer, running)


def told(name: str, answer: Answered, running: LambdaProcess) -> None:
    """One line about an invocation; an error of the function ends the bench."""
    if answer.is_error:
        sys.exit(f"{answer.payload['errorType']}: {answer.payload['errorMessage']}")
    marked = sum(m["name"] == "adjudge_fallback" and m["value"] for one in answer.payload for m in one["metrics_list"])
    result = f"{answer.seconds:.2f} s, {len(answer.payload) - marked:.0f} scores, {marked:.0f} marked"
    print(f"{name + ':':17}{result}; {answer.size / 1e3:.0f} kB, {running.memory_mib():.0f} MiB at most")


def rows(number: int, *, name: str) -> list[dict[str, Any]]:
    """An event with prompts of 4 kB; no response stands in it, or in another event, twice."""
    prompt = {"role": "user", "content": "Write a word. " * 300}
    return [
        {"id": f"{name}-{place}", "messages": [prompt, {"role": "assistant", "content": f"abcdef {name} {place}"}]}
        for place in range(number)
    ]


def packed(file: Path, code: Path) -> None:
    """Make the package and unpack it."""
    # The bench needs it only here.
    from adjudge.release.aws_package import Contents, build  # noqa: PLC0415
    from adjudge.release.aws_target import Machine  # noqa: PLC0415

    package = build(Contents(task={}, components={"minimum_content", "judged"}), Machine.here(), file)
    print(f"package:         {package.zipped / 1e6:.1f} MB, {package.unpacked / 1e6:.1f} MB unpacked")
    with zipfile.ZipFile(file) as archive:
        archive.extractall(code)


def cold_import(code: Path, *, alone: bool) -> tuple[float, float]:
    """Seconds to import the handler's module in a new process, and its CPU seconds; the best of five."""
    isolated = ["-I", "-S", "-B"] if alone else []
    command = [sys.executable, *isolated, "-c", IMPORT, str(code if alone else SOURCES)]
    times = []
    for _ in range(5):
        done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603  (this interpreter)
        times.append(tuple(map(float, done.stdout.split())))
    walls, cpus = zip(*times, strict=True)
    return min(walls), min(cpus)


@contextlib.contextmanager
def judge(latencies: list[float]) -> Iterator[int]:
    """A judge in a process of its own; its port."""
    process = subprocess.Popen(  # noqa: S603  (this interpreter)
        [sys.executable, HERE / "judge_server.py", "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(json.dumps({"reply": REPLY, "latencies": latencies}))
        process.stdin.close()
        yield int(process.stdout.readline())
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


@contextlib.contextmanager
def function(code: Path, port: int, concurrency: int, *, alone: bool) -> Iterator[LambdaProcess]:
    """The function with a task that asks this judge."""
    task = code / "task"
    task.mkdir(exist_ok=True)
    template = SOURCES / "adjudge" / "templates" / "tiny" / "rubric.yaml"
    (task / "rubric.yaml").write_bytes(template.read_bytes())
    sections = {
        "name": "letters",
        "judge": {
            "model": f"openai-compat:http://127.0.0.1:{port}/v1#judge",
            "limits": {"concurrency": concurrency, "prompt_usd": 0.1, "completion_usd": 0.4},
        },
        "reward": {"gates": [{"type": "minimum_content", "min_chars": 2}], "terms": [{"type": "judged"}]},
    }
    (task / "task.yaml").write_text(yaml.safe_dump(sections))
    handler, path = "lambda_function.lambda_handler", [] if alone else [SOURCES]
    with lambda_process(handler, code, code.parent / "log", path=path, is_alone=alone) as running:
        yield running


if __name__ == "__main__":
    main()
