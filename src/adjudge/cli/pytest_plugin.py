"""The judge's tests as pytest items: a marker, and the fixtures ``judge_test`` and ``judge``.

    @pytest.mark.judge_suite("contract-review", replies="replies.jsonl")
    def test_the_judge(judge_test):
        judge_test.assert_passes()

is one item a test of the task's ``judge_tests.yaml``. Paths are relative to the file of the test. Without ``replies``
the judge is asked, with a journal in ``runs/NAME-judge`` as ``adjudge judge test`` keeps it.
"""

import asyncio
import threading
from collections.abc import Coroutine, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import pytest

from adjudge.errors import AdjudgeError, ConfigError

if TYPE_CHECKING:
    from adjudge.domain import Judgement
    from adjudge.judges.suite.base import Response
    from adjudge.judges.suite.result import JudgeTestResult, SuiteResult
    from adjudge.judges.suite.suite import Suite
    from adjudge.pipeline.judging import Bench

T = TypeVar("T")

MARKER: Final = "judge_suite"


class _Loop:
    """An event loop of its own thread: tests may be plain functions or coroutines."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


class SuiteJudge:
    """The judge of a task, and what it answers to its tests. They are run once, when the first one is wanted.

    Args:
        task: folder with task.yaml, or the file.
        replies: a recording to answer from; None asks the judge.
        runs: folder of the journal of a judge that is asked.
    """

    def __init__(self, task: Path, replies: Path | None, runs: Path) -> None:
        from adjudge.pipeline.judging import task_rubric  # noqa: PLC0415  (pytest loads this plug-in in every project)
        from adjudge.pipeline.suite import needed_suite  # noqa: PLC0415
        from adjudge.pipeline.taskfile import load_task  # noqa: PLC0415

        self._task = load_task(task)
        self.suite: Suite
        self.suite, self._path = needed_suite(self._task, task_rubric(self._task), self._task.config.judge.model)
        self._replies = replies
        self._runs = runs
        self._result: SuiteResult | None = None
        self._loop: _Loop | None = None
        self._stack = AsyncExitStack()
        self._opened: Bench | None = None

    @property
    def result(self) -> "SuiteResult":
        """What all tests came to.

        Raises:
            AdjudgeError: something must be changed first.
        """
        from adjudge.judges.suite.run import run_suite  # noqa: PLC0415

        if self._result is None:
            self._result = self._run(run_suite(self._bench.judge(), self.suite))
        return self._result

    def tested(self, name: str) -> "JudgeTestResult":
        """What one test came to.

        Raises:
            ConfigError: there is no such test.
        """
        for test in self.result.tests:
            if test.name == name:
                return test
        raise ConfigError(
            f"{self._path} has no test '{name}'.",
            f"There are {', '.join(test.name for test in self.result.tests)}.",
            "Correct the name, or write the test.",
        )

    def assert_passes(self, name: str) -> None:
        """Fail where the judge fails this test of the suite."""
        if problems := self.tested(name).problems:
            pytest.fail("\n".join(problems), pytrace=False)

    def assert_pinned(self) -> None:
        """Fail where the judge is not the one in the baseline beside the tests, or answers otherwise beyond chance."""
        from adjudge.judges.suite.pinned import compare, lock_path, read_pinned  # noqa: PLC0415

        lock = lock_path(self._path)
        pinned = read_pinned(lock)
        if pinned is None:
            fix = f"adjudge judge test {self._task.file} --accept-baseline"
            pytest.fail(f"{lock} is not there; write it: {fix}", pytrace=False)
        drift = compare(self.result, pinned)
        if drift.problems:
            pytest.fail("\n".join([*drift.problems, *drift.lines()]), pytrace=False)

    def verdict(self, response: "Response", metadata: Mapping[str, str] | None = None) -> "Judgement":
        """What the judge says about a response.

        Args:
            response: text, or what is sent as JSON; without `metadata` the name of a case of the suite.
            metadata: named texts of the sample.

        Raises:
            ConfigError: the suite has no such case.
        """
        from adjudge.judges.suite.base import Ask, Given  # noqa: PLC0415

        if metadata is not None:
            ask = Ask("given", Given(metadata, response))
        elif isinstance(response, str) and response in self.suite.asks:
            ask = self.suite.asks[response]
        else:
            raise ConfigError(
                f"{self._path} has no case '{response}'.",
                "Without metadata a response is the name of a case.",
                "Correct the name, or give the sample's metadata.",
            )
        return self._run(self._bench.judge().judge(ask.sample(), ask.rollout()))

    @property
    def _bench(self) -> "Bench":
        from adjudge.pipeline.suite import replaying_bench  # noqa: PLC0415
        from adjudge.pipeline.tools import judge_room  # noqa: PLC0415

        if self._opened is None:
            folder = self._runs / f"{self._task.config.name}-judge"
            room = (
                judge_room(self._task, folder) if self._replies is None else replaying_bench(self._task, self._replies)
            )
            self._opened = self._run(self._stack.enter_async_context(room))
        return self._opened

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        if self._loop is None:
            self._loop = _Loop()
        return self._loop.run(work)

    def close(self) -> None:
        """Give back what was opened."""
        if self._loop is not None:
            self._loop.run(self._stack.aclose())
            self._loop.close()


class SuiteItem:
    """One test of the suite, for the fixture ``judge_test``."""

    def __init__(self, judge: SuiteJudge, name: str) -> None:
        self.judge = judge
        self.name = name

    def assert_passes(self) -> None:
        """Fail where the judge fails this test; an expected failure where it need not pass (``must_pass: false``)."""
        tested = self.judge.tested(self.name)
        if tested.problems and not tested.must_pass:
            pytest.xfail("\n".join(tested.problems))
        self.judge.assert_passes(self.name)


_JUDGES: Final = pytest.StashKey[dict[tuple[Path, Path | None], SuiteJudge]]()


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line(
        "markers", f"{MARKER}(task, replies=None): the judge of this task, for the fixtures judge and judge_test"
    )
    config.stash[_JUDGES] = {}


def pytest_unconfigure(config: pytest.Config) -> None:
    """Close the judges."""
    for judge in config.stash.get(_JUDGES, {}).values():
        judge.close()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One item a test of the suite, where the function wants ``judge_test``."""
    if "judge_test" in metafunc.fixturenames:
        judge = _judge_of(metafunc.definition, metafunc.config)
        names = [test.name for test in judge.suite.tests]
        metafunc.parametrize("judge_test", names, ids=names, indirect=True)


@pytest.fixture
def judge(request: pytest.FixtureRequest) -> SuiteJudge:
    """The judge of the task that the marker names."""
    return _judge_of(request.node, request.config)


@pytest.fixture
def judge_test(request: pytest.FixtureRequest, judge: SuiteJudge) -> SuiteItem:
    """One test of the task's suite after the other."""
    return SuiteItem(judge, request.param)


def _judge_of(node: pytest.Item, config: pytest.Config) -> SuiteJudge:
    mark = node.get_closest_marker(MARKER)
    if mark is None:
        pytest.fail(f'mark it: @pytest.mark.{MARKER}("TASK", replies="FILE")', pytrace=False)
    unknown = [f"'{name}'" for name in mark.kwargs if name != "replies"]
    if len(mark.args) != 1 or unknown:
        fix = f"{MARKER} takes a task and replies=FILE{', not ' + ', '.join(unknown) if unknown else ''}"
        pytest.fail(fix, pytrace=False)
    task, replies = node.path.parent / mark.args[0], mark.kwargs.get("replies")
    recording = None if replies is None else node.path.parent / replies
    judges = config.stash[_JUDGES]
    if (task, recording) not in judges:
        try:
            judges[task, recording] = SuiteJudge(task, recording, config.rootpath / "runs")
        except AdjudgeError as error:
            pytest.fail(str(error), pytrace=False)
    return judges[task, recording]
