"""SIGKILL at any point, then --resume: the numbers of an undisturbed run, and no verdict paid twice."""

import asyncio
import json
import re
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from adjudge.pipeline.taskfile import LoadedTask
from adjudge.store.jsonl import read_jsonl
from adjudge.store.run import RunFolder
from adjudge.testing.server import Answer, FaultServer, fault_server

MakeTask = Callable[..., LoadedTask]

COMMAND = (sys.executable, "-W", "ignore", "-c", "from adjudge.cli.main import main; main()")


def letters(number: int, body: dict[str, Any]) -> Answer:
    """Judges by small letters; the reason carries the number of the call, so that the journal tells what was paid."""
    text = "\n".join(message["content"] for message in body["messages"])
    found = re.search(r"\[\[begin response \w+\]\]\n(.*?)\n\[\[end response", text, re.DOTALL)
    count = len(re.findall("[a-z]", found[1])) if found else 0
    label = ["none", "one", "two", "three", "four", "six"][min(count, 5)]
    entry = {"id": "letters", "reason": f"call {number}", "quote": "", "answer": label}
    return Answer(text=json.dumps({"criteria": [entry]}))


def paid(folder: Path) -> set[int]:
    """Numbers of the calls whose replies are in the journal."""
    text = (folder / "journal.jsonl").read_text(encoding="utf-8") if (folder / "journal.jsonl").exists() else ""
    return {int(number) for number in re.findall(r"call (\d+)", text)}


def lines(path: Path) -> int:
    """Complete lines of a file; 0 while it is not there."""
    return path.read_bytes().count(b"\n") if path.exists() else 0


def has_stage(path: Path, stage: str, rows: int = 1) -> bool:
    """The file has so many rows of this stage."""
    return path.exists() and path.read_bytes().count(f'"stage":"{stage}"'.encode()) >= rows


MOMENTS: dict[str, Callable[[RunFolder], bool]] = {
    "first verdict paid": lambda run: lines(run.journal) > 0,
    "baseline half written": lambda run: lines(run.rollouts) > 2,
    "passport written": lambda run: run.passport.exists(),
    "warm start begun": lambda run: has_stage(run.metrics, "sft"),
    "first step": lambda run: has_stage(run.metrics, "train"),
    "after a checkpoint": lambda run: has_stage(run.metrics, "train", 3),
    "checkpoint under way": lambda run: any(run.checkpoints.glob(".step-*.part")),
    "first model evaluated": lambda run: has_stage(run.rollouts, "evaluate"),
    "evaluation half written": lambda run: has_stage(run.rollouts, "evaluate", 20),
    "evaluation written": lambda run: run.evaluation.exists(),
    "release under way": lambda run: (run.path / "release").exists(),
}


async def start(task: LoadedTask, out: Path) -> asyncio.subprocess.Process:
    """The command as a user types it, in a process of its own."""
    arguments = ("run", str(task.file), "--out", str(out), "--resume", "--json")
    return await asyncio.create_subprocess_exec(
        *COMMAND, *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )


async def finish(task: LoadedTask, out: Path) -> dict[str, Any]:
    """Run to the end; the JSON document on stdout."""
    process = await start(task, out)
    stdout, stderr = await process.communicate()
    assert process.returncode == 0, stderr.decode()
    outcome: dict[str, Any] = json.loads(stdout)
    return outcome


async def killed(task: LoadedTask, out: Path, moment: Callable[[], bool]) -> bool:
    """Start and kill at the moment; False where the run was over before."""
    process = await start(task, out)
    waiting: Awaitable[tuple[bytes, bytes]] = asyncio.ensure_future(process.communicate())
    while process.returncode is None and not moment():  # noqa: ASYNC110 (another process's files ring no bell)
        await asyncio.sleep(0.001)
    was_running = process.returncode is None
    if was_running:
        process.send_signal(signal.SIGKILL)
    await waiting
    return was_running


def numbers(out: Path) -> dict[str, Any]:
    """All that must be equal: everything but times, usage and the judge's wording."""
    run = RunFolder(out)
    rollouts = read_jsonl(run.rollouts)
    return {
        "evaluation": run.evaluation.read_bytes(),
        "gate": run.gate.read_bytes(),
        "metrics": [{k: v for k, v in row.items() if not k.endswith("_seconds")} for row in read_jsonl(run.metrics)],
        "rollouts": sorted((r["rollout"]["id"], r["rollout"]["response"], r["reward"]["value"]) for r in rollouts),
        "verdicts": sorted((r["item"], r["criterion"], r["answer"]) for r in read_jsonl(run.verdicts)),
        "adapter": (run.path / "release" / "adapter_model.safetensors").read_bytes(),
    }


def asked_again(server: FaultServer, since: int, on_disk: set[int]) -> list[int]:
    """Calls after number `since` whose answer was on disk already."""
    known = {json.dumps(server.requests[number], sort_keys=True) for number in on_disk}
    return [
        number for number in range(since, server.calls) if json.dumps(server.requests[number], sort_keys=True) in known
    ]


@pytest.mark.slow
async def test_a_run_that_is_killed_at_every_turn_ends_with_the_same_numbers(make_task: MakeTask, tmp_path: Path):
    """Killed in every stage and gone on with each time: equal figures, rows and weights; nothing is paid twice."""
    async with fault_server(letters) as server:
        task = make_task({"judge.model": f"openai-compat:{server.url}#letters"})
        whole, out = tmp_path / "whole", tmp_path / "killed"
        await finish(task, whole)
        bodies = [json.dumps(body, sort_keys=True) for body in server.requests]
        assert len(bodies) == len(set(bodies)) == len(paid(whole))
        kills = 0
        for moment in MOMENTS.values():
            before, on_disk = server.calls, paid(out)
            kills += await killed(task, out, lambda moment=moment: moment(RunFolder(out)))  # type: ignore[misc]
            assert asked_again(server, before, on_disk) == []
        before, on_disk = server.calls, paid(out)
        await finish(task, out)
        assert asked_again(server, before, on_disk) == []
    assert kills >= 8  # a moment may pass between two looks, and then the run was over
    assert numbers(out) == numbers(whole)
