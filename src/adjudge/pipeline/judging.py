"""The judge of a task: rubric + endpoint, with a journal in front of it; weak criteria weighed out."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass
from typing import Final

from adjudge.domain import Judge, RewardFunction, Rubric, Usage
from adjudge.endpoints.base import ChoiceEndpoint, Endpoint
from adjudge.endpoints.calls.breaker import State
from adjudge.endpoints.calls.path import CallPath, call_path
from adjudge.endpoints.resolve import resolve_endpoint
from adjudge.errors import ConfigError
from adjudge.judges.choice import ChoiceJudge
from adjudge.judges.fallover import FalloverJudge
from adjudge.judges.graders.judge import GraderJudge
from adjudge.judges.graders.names import grader_rubric
from adjudge.judges.journaled import JournaledChoice, JournaledEndpoint
from adjudge.judges.load import load_rubric
from adjudge.judges.panel import PanelJudge
from adjudge.judges.rubric import RubricJudge
from adjudge.models.cache import cache_folder
from adjudge.pipeline.grading import grader_endpoints, grader_judge, task_grader
from adjudge.pipeline.judge_config import JudgedSections, JudgedTask, changed
from adjudge.rewards.registry import build_reward
from adjudge.store.journal import Journal

_CHAT_ONLY: Final = (
    "temperature",
    "max_tokens",
    "deadline_seconds",
    "calls",
    "seed",
    "logprobs",
    "sends_schema",
    "sends_temperature",
    "canary",
    "limits",
)
"""Settings of judges that write; one that chooses between answers has no use for them."""


Opened = JournaledEndpoint | JournaledChoice | GraderJudge


@dataclass(frozen=True)
class Bench:
    """Where judges of a task come from, while their endpoints are open.

    Attributes:
        task: names models and rubric.
        rubric: as written in the task's file.
        endpoints: journaled, one a model; or the judge itself, where that is a grader.
    """

    task: JudgedTask
    rubric: Rubric
    endpoints: tuple[Opened, ...]

    @property
    def name(self) -> str:
        """What people call the judge."""
        return self.judge().name

    def judge(self, weak: Collection[str] = ()) -> Judge:
        """The judge; criteria in `weak` are asked and weigh nothing."""
        rubric = without(self.rubric, weak)
        members = tuple(self._member(endpoint, rubric) for endpoint in self.endpoints)
        panel = self.task.config.judge.panel
        if panel is not None:
            return PanelJudge(members, panel.rule, veto=panel.veto, quorum=panel.quorum, rubric=rubric)
        return members[0] if len(members) == 1 else FalloverJudge(members, rubric=rubric)

    def _member(self, endpoint: Opened, rubric: Rubric) -> Judge:
        config = self.task.config.judge
        if isinstance(endpoint, GraderJudge):
            # Its formula makes the score; no part of it can be weighed out.
            return endpoint
        if isinstance(endpoint, JournaledChoice):
            return ChoiceJudge(rubric, endpoint)
        return RubricJudge(
            rubric,
            endpoint,
            temperature=config.temperature,
            max_tokens=config.max_tokens,
            deadline_seconds=config.deadline_seconds,
            calls=config.calls,
            seed=config.seed,
            logprobs=config.logprobs,
            canary=config.canary,
        )

    def reward(self, weak: Collection[str] = ()) -> RewardFunction:
        """The task's reward function around the judge."""
        return build_reward(self.task.config.reward, self.judge(weak), self.task.folder)

    def circuits(self) -> dict[str, State]:
        """The circuit breaker of each judge that is called and has one, by the judge's name."""
        paths = [endpoint.inner for endpoint in self.endpoints if isinstance(endpoint, JournaledEndpoint)]
        return {path.name: state for path in paths if isinstance(path, CallPath) and (state := path.circuit)}


@contextlib.asynccontextmanager
async def open_bench(task: JudgedTask, journal: Journal) -> AsyncIterator[Bench]:
    """The task's judge, for as long as the block lasts.

    Raises:
        ConfigError: rubric or model is wrong, or a setting does not fit the kind of judge.
        MissingError: a key, a file or a local model is missing.
    """
    rubric = task_rubric(task)
    grader = task_grader(task)
    async with contextlib.AsyncExitStack() as stack:
        if grader is not None:
            paths: dict[str, Endpoint] = {}
            for model, found in grader_endpoints(task, grader).items():
                paths[model] = path = _path(task, found, journal)
                stack.push_async_callback(path.aclose)
            yield Bench(task, rubric, (grader_judge(task, grader, paths, journal),))
            return
        opened = [await _opened(member, rubric, journal, stack) for member in members(task)]
        yield Bench(task, rubric, tuple(opened))


def members(task: JudgedTask) -> tuple[JudgedTask, ...]:
    """The task with each of its judges alone: of a panel, or of those to fall over to."""
    judge = task.config.judge
    return tuple(
        JudgedTask(JudgedSections(judge=judge.member(model), reward=task.config.reward), task.file)
        for model in judge.models
    )


async def _opened(task: JudgedTask, rubric: Rubric, journal: Journal, stack: contextlib.AsyncExitStack) -> Opened:
    endpoint = await asyncio.to_thread(_endpoint, task)
    if isinstance(endpoint, ChoiceEndpoint):
        check_chooser(task, rubric)
        return JournaledChoice(endpoint, journal)
    path = _path(task, endpoint, journal)
    stack.push_async_callback(path.aclose)
    return JournaledEndpoint(path, journal)


def _path(task: JudgedTask, endpoint: Endpoint, journal: Journal) -> CallPath:
    """The endpoint as the task wants it called; what the task's earlier runs paid, for any judge, is spent."""
    spent = sum((Usage.model_validate(reply.get("usage", {})) for reply in journal.replies()), Usage())
    return call_path(endpoint, task.config.judge.limits, spent=spent, folder=cache_folder() / "calls")


def task_rubric(task: JudgedTask) -> Rubric:
    """The task's rubric; for a task with a grader, the names of its parts as one.

    Raises:
        MissingError: the file is not there.
        ConfigError: it is wrong; names the place.
    """
    grader = task_grader(task)
    return load_rubric(task.path(task.config.judge.rubric)) if grader is None else grader_rubric(grader)


def without(rubric: Rubric, weak: Collection[str]) -> Rubric:
    """The rubric with weight 0 for the criteria in `weak`; as it is when nothing would be left."""
    criteria = [
        {**criterion.model_dump(), "weight": 0.0} if criterion.id in weak else criterion.model_dump()
        for criterion in rubric.criteria
    ]
    if not weak or not any(criterion["weight"] for criterion in criteria):
        return rubric
    # Validated anew: `model_copy` checks nothing.
    return Rubric.model_validate({**rubric.model_dump(), "criteria": criteria})


def _endpoint(task: JudgedTask) -> Endpoint | ChoiceEndpoint:
    config = task.config.judge
    provider, _, model = config.model.partition(":")
    if config.adapter is None:
        return resolve_endpoint(config.model, base=task.folder, sends=config.sends)
    if provider != "local":
        raise ConfigError(
            f"judge.adapter does not go with the judge '{config.model}'.",
            "Adapters are for judges that run on this machine.",
            "Leave judge.adapter out, or write for example model: local:smollm2-135m.",
        )
    from adjudge.endpoints.local import LocalChoiceEndpoint  # noqa: PLC0415  (torch)
    from adjudge.pipeline.policy import adapter_folder  # noqa: PLC0415  (the settings of training)

    return LocalChoiceEndpoint.load(_local_name(task, model), adapter_folder(task, config.adapter))


def _local_name(task: JudgedTask, model: str) -> str:
    return str(task.path(model)) if "/" in model else model


def check_chooser(task: JudgedTask, rubric: Rubric) -> None:
    """Whether task and rubric fit a judge that chooses between answers.

    Raises:
        ConfigError: a setting is for judges that write, or a criterion does not say what it reads.
    """
    config = task.config.judge
    foreign = changed(config, _CHAT_ONLY)
    if foreign:
        raise ConfigError(
            f"judge.{foreign[0]} does not go with the judge '{config.model}'.",
            "It chooses between the answers of the scale and writes nothing.",
            f"Leave out {', '.join(foreign)}.",
        )
    silent = [criterion.id for criterion in rubric.criteria if not criterion.reads]
    if silent:
        raise ConfigError(
            f"Rubric '{rubric.name}': the criterion '{silent[0]}' does not say what it reads.",
            f"The judge '{config.model}' gets one short prompt a criterion, made of the fields that it reads.",
            "Add for example reads: [response] to each criterion.",
        )
