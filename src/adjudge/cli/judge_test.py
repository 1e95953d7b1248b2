"""``adjudge judge test``: the judge's regression suite, live, recorded or from a recording."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from adjudge.cli.console import AsJson, Out, TaskPath, emit, run_told, says_no
from adjudge.errors import ConfigError, GateError

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from adjudge.domain import Observer
    from adjudge.judges.suite.pinned import Drift
    from adjudge.judges.suite.result import SuiteResult
    from adjudge.pipeline.judging import Bench
    from adjudge.pipeline.taskfile import LoadedTask


def run_tests(
    task: TaskPath,
    *,
    record: Annotated[
        Path | None, typer.Option("--record", help="Ask anew, and write the replies to this file.")
    ] = None,
    replies: Annotated[
        Path | None, typer.Option("--replies", help="Answer from this recording: no endpoint, no key.")
    ] = None,
    repeats: Annotated[int | None, typer.Option("--repeats", min=1, help="Ask everything so often.")] = None,
    accept_baseline: Annotated[
        bool, typer.Option("--accept-baseline", help="Pin this result: judge_tests.lock.json beside the tests.")
    ] = False,
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """The judge's regression suite. Exit code 1 when a test fails, or when the judge is not the pinned one."""
    from adjudge.judges.suite.pinned import compare, lock_path, read_pinned, write_pinned  # noqa: PLC0415
    from adjudge.judges.suite.run import run_suite  # noqa: PLC0415  (keeps `--help` fast)
    from adjudge.pipeline.suite import needed_suite  # noqa: PLC0415
    from adjudge.pipeline.taskfile import load_task  # noqa: PLC0415

    if record is not None and replies is not None:
        raise ConfigError(
            "--record and --replies exclude each other.",
            "The one asks the judge and keeps what it says, the other one asks nobody.",
            "Leave one of them out.",
        )
    loaded = load_task(task)

    async def work(observer: "Observer") -> "tuple[SuiteResult, Path]":  # noqa: ARG001  (a suite has no progress)
        async with _bench(loaded, out, record, replies) as bench:
            suite, path = needed_suite(loaded, bench.rubric, bench.name)
            return await run_suite(bench.judge(), suite, repeats=repeats), path

    result, path = run_told(work)
    lock = lock_path(path)
    pinned = read_pinned(lock)
    drift = None if pinned is None else compare(result, pinned)
    if accept_baseline:
        write_pinned(lock, result)
    _tell(result, drift, lock if accept_baseline else None, as_json=as_json)
    _decide(result, None if accept_baseline else drift, lock)


def _bench(
    task: "LoadedTask", out: Path | None, record: Path | None, replies: Path | None
) -> "AbstractAsyncContextManager[Bench]":
    from adjudge.pipeline.suite import recording_bench, replaying_bench  # noqa: PLC0415
    from adjudge.pipeline.tools import judge_room  # noqa: PLC0415

    if record is not None:
        return recording_bench(task, record)
    if replies is not None:
        return replaying_bench(task, replies)
    return judge_room(task, out or Path("runs") / f"{task.config.name}-judge")


def _tell(result: "SuiteResult", drift: "Drift | None", accepted: Path | None, *, as_json: bool) -> None:
    data = result.model_dump(mode="json")
    data |= {
        "failed": [test.name for test in result.failed],
        "drift": None if drift is None else drift.model_dump(mode="json"),
        "accepted": None if accepted is None else str(accepted),
    }
    lines = result.lines()
    lines += [] if drift is None else drift.lines()
    lines += [] if accepted is None else [f"The baseline is in {accepted}."]
    emit(data, lines, as_json=as_json)


def _decide(result: "SuiteResult", drift: "Drift | None", lock: Path) -> None:
    if result.failed:
        names = [test.name for test in result.failed]
        says_no(
            GateError(
                f"The judge fails {len(names)} of {len(result.tests)} tests.",
                f"It answers otherwise than expected on: {', '.join(names[:5])}.",
                "Mend the rubric, use a better judge, or correct the test if the judge is right.",
            )
        )
    if drift is not None and drift.problems:
        says_no(
            GateError(
                f"The judge is not what {lock} pins.",
                " ".join(drift.problems),
                "Review what changed, above; if it is meant, pin it: --accept-baseline",
            )
        )
