"""The task's judge tests: the suite, and benches that record what is answered or answer from what was recorded.

A recording is a journal of replies, with a row more for each endpoint: who it was. So it answers without endpoint, key
or model, and whatever was not asked when it was made is an error.
"""

import contextlib
import shutil
import tempfile
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any, Final, NoReturn

from adjudge.domain import Rubric
from adjudge.endpoints.base import (
    ChatRequest,
    ChoiceEndpoint,
    ChoiceReply,
    ChoiceRequest,
    Completion,
    Endpoint,
    EndpointFailure,
)
from adjudge.errors import ConfigError, MissingError
from adjudge.judges.graders.judge import GraderJudge
from adjudge.judges.graders.names import models_of
from adjudge.judges.journaled import JournaledChoice, JournaledEndpoint
from adjudge.judges.suite.suite import Suite, load_suite
from adjudge.pipeline.grading import grader_judge, task_grader
from adjudge.pipeline.judging import Bench, Opened, members, open_bench, task_rubric
from adjudge.pipeline.taskfile import LoadedTask
from adjudge.store.journal import Journal

_WHO: Final = "endpoint:"
"""Begins the keys of the rows that say who answered."""


def task_suite(task: LoadedTask, rubric: Rubric) -> Suite | None:
    """The task's judge tests; None where it names none.

    Raises:
        MissingError: the file is not there.
        ConfigError: a test is wrong.
    """
    path = tests_path(task)
    return None if path is None else load_suite(path, rubric)


def tests_path(task: LoadedTask) -> Path | None:
    """The file of the task's judge tests; None where it names none."""
    name = task.config.validation.tests
    return None if name is None else task.path(name)


@contextlib.asynccontextmanager
async def recording_bench(task: LoadedTask, file: Path) -> AsyncIterator[Bench]:
    """The task's judge, asked anew; its replies are in `file` when the block has ended well.

    Where the block ends otherwise, what was paid for stays in ``FILE.part``, and the next recording goes on from there.

    Raises:
        MissingError: a key, a file, a model or the disk is missing.
        ConfigError: rubric or model is wrong.
    """
    part = file.with_name(f"{file.name}.part")
    with Journal(part) as journal:
        async with open_bench(task, journal) as bench:
            for reference, endpoint in _answering(task, bench.endpoints):
                kind = "choice" if isinstance(endpoint, ChoiceEndpoint) else "chat"
                row = {"kind": kind, "name": endpoint.name, "identity": endpoint.identity}
                await journal.put(f"{_WHO}{reference}", endpoint.name, row)
            yield bench
    part.replace(file)


@contextlib.asynccontextmanager
async def replaying_bench(task: LoadedTask, file: Path) -> AsyncIterator[Bench]:
    """The task's judge out of a recording: nobody is called, and the recording stays as it is.

    Raises:
        MissingError: the file is not there, or lacks who answered or, once asked, an answer.
    """
    _check_there(task, file)
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / file.name
        shutil.copyfile(file, copy)
        with Journal(copy) as journal:
            who = _Recording(file, journal)
            rubric, grader = task_rubric(task), task_grader(task)
            if grader is None:
                yield Bench(task, rubric, tuple([await who.answers(reference) for reference in _references(task)]))
            else:
                chats: dict[str, Endpoint] = {model: await who.chat(model) for model in models_of(grader)}
                yield Bench(task, rubric, (grader_judge(task, grader, chats, journal),))


def _check_there(task: LoadedTask, file: Path) -> None:
    if not file.is_file():
        raise MissingError(
            f"The recording {file} is not there.",
            "Judge tests with --replies answer from it.",
            f"Record it: adjudge judge test {task.folder} --record {file}",
        )


def _references(task: LoadedTask) -> list[str]:
    """What the judges of a task are called in a recording: model, and adapter where there is one."""
    judges = [member.config.judge for member in members(task)]
    return [judge.model if judge.adapter is None else f"{judge.model}+{judge.adapter}" for judge in judges]


def _answering(task: LoadedTask, opened: Sequence[Opened]) -> list[tuple[str, Endpoint | ChoiceEndpoint]]:
    """Everybody who answers, by reference."""
    found: list[tuple[str, Endpoint | ChoiceEndpoint]] = []
    for reference, endpoint in zip(_references(task), opened, strict=True):
        if isinstance(endpoint, GraderJudge):
            chats = endpoint.settings.endpoints
            found += [(model, chats[model]) for model in models_of(endpoint.grader)]
        else:
            found.append((reference, endpoint))
    return found


class _Recording:
    """Who answered in a recording, as endpoints that know nothing beside it."""

    def __init__(self, file: Path, journal: Journal) -> None:
        self._file = file
        self._journal = journal

    async def answers(self, reference: str) -> JournaledChoice | JournaledEndpoint:
        """The endpoint of a model.

        Raises:
            MissingError: it did not answer when the recording was made.
        """
        who = await self._who(reference)
        if who["kind"] == "choice":
            return JournaledChoice(_SilentChoice(self._file, who["name"], who["identity"]), self._journal)
        return JournaledEndpoint(_Silent(self._file, who["name"], who["identity"]), self._journal)

    async def chat(self, model: str) -> Endpoint:
        """The endpoint of a grader's model.

        Raises:
            MissingError: it did not answer when the recording was made.
        """
        who = await self._who(model)
        return _Silent(self._file, who["name"], who["identity"])

    async def _who(self, reference: str) -> dict[str, Any]:
        who = await self._journal.get(f"{_WHO}{reference}")
        if who is None:
            raise MissingError(
                f"{self._file} was not recorded with the judge '{reference}'.",
                "Another model gives other replies.",
                f"Record anew: adjudge judge test TASK --record {self._file}",
            )
        return who


class _Nobody:
    """Has nothing to say beyond its recording.

    Args:
        file: the recording.
        name: of the recorded model.
        identity: of the recorded model.
    """

    def __init__(self, file: Path, name: str, identity: dict[str, Any]) -> None:
        self._file = file
        self._name = name
        self._identity = identity

    @property
    def name(self) -> str:
        """As recorded."""
        return self._name

    @property
    def identity(self) -> dict[str, Any]:
        """As recorded."""
        return self._identity


class _Silent(_Nobody):
    """An `Endpoint`."""

    async def complete(self, request: ChatRequest, deadline_seconds: float) -> Completion | EndpointFailure:  # noqa: ARG002  (the protocol's)
        """Nothing.

        Raises:
            MissingError: always.
        """
        _not_recorded(self._file, self._name)

    async def aclose(self) -> None:
        """Nothing to give back."""


class _SilentChoice(_Nobody):
    """A `ChoiceEndpoint`."""

    async def choose(self, requests: Sequence[ChoiceRequest]) -> list[ChoiceReply]:  # noqa: ARG002  (the protocol's)
        """Nothing.

        Raises:
            MissingError: always.
        """
        _not_recorded(self._file, self._name)


def _not_recorded(file: Path, name: str) -> NoReturn:
    raise MissingError(
        f"{file} has no reply of '{name}' to a question of these tests.",
        "The rubric, the prompt, the tests or the judge's settings changed, or the call failed when it was recorded.",
        f"Record anew and review what changed: adjudge judge test TASK --record {file}",
    )


def needed_suite(task: LoadedTask, rubric: Rubric, judge: str) -> tuple[Suite, Path]:
    """The task's judge tests and their file, for whoever cannot do without.

    Raises:
        ConfigError: it names none.
    """
    path = tests_path(task)
    if path is None:
        raise ConfigError(
            f"{task.file} names no judge tests.",
            f"Nothing is known about how {judge} treats known responses.",
            "Write a judge_tests.yaml and name it in validate.tests.",
        )
    return load_suite(path, rubric), path
