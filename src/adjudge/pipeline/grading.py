"""The judge of a task that names an OpenAI grader: ``judge: {grader: grader.json}``."""

from adjudge.endpoints.base import ChoiceEndpoint, Endpoint
from adjudge.endpoints.resolve import resolve_endpoint
from adjudge.errors import ConfigError
from adjudge.judges.graders.base import Settings
from adjudge.judges.graders.judge import GraderJudge
from adjudge.judges.graders.names import models_of
from adjudge.judges.journaled import JournaledEndpoint
from adjudge.pipeline.judge_config import JudgedTask
from adjudge.store.journal import Journal
from adjudge.wire.openai_graders import AnyGrader, load_grader


def task_grader(task: JudgedTask) -> AnyGrader | None:
    """The grader that the task names, or None where it names a rubric.

    Raises:
        MissingError: the file is not there.
        ConfigError: it is no grader; names the place.
    """
    name = task.config.judge.grader
    return None if name is None else load_grader(task.path(name))


def grader_endpoints(task: JudgedTask, grader: AnyGrader) -> dict[str, Endpoint]:
    """Who answers for each model of the grader: ``judge.model`` for all of them, or the model itself at OpenAI.

    Raises:
        ConfigError: the model chooses between answers and cannot write one.
        MissingError: a key or a file is missing.
    """
    found: dict[str, Endpoint] = {}
    for model in models_of(grader):
        reference = task.config.judge.model or f"openai:{model}"
        endpoint = resolve_endpoint(reference, base=task.folder, sends=task.config.judge.sends)
        if isinstance(endpoint, ChoiceEndpoint):
            raise ConfigError(
                f"'{reference}' cannot answer for the grader's model '{model}'.",
                "It chooses between the answers of a scale; a model grader writes its reasons and its result.",
                "Name a model that writes in judge.model, for example openai-compat:http://host:port/v1#NAME.",
            )
        found[model] = endpoint
    return found


def check_grader(task: JudgedTask, grader: AnyGrader) -> None:
    """Whether the task's grader could judge, without asking anybody.

    Raises:
        ConfigError: the grader wants something that cannot be honoured, or a model cannot answer for its own.
        MissingError: a key, a file, an extra or its data is missing.
    """
    GraderJudge(grader, Settings(endpoints=grader_endpoints(task, grader)))


def grader_judge(task: JudgedTask, grader: AnyGrader, endpoints: dict[str, Endpoint], journal: Journal) -> GraderJudge:
    """The grader as a judge, its model calls journaled.

    Raises:
        ConfigError: the grader wants something that cannot be honoured.
    """
    config = task.config.judge
    settings = Settings(
        endpoints={model: JournaledEndpoint(endpoint, journal) for model, endpoint in endpoints.items()},
        temperature=config.temperature,
        max_tokens=config.max_tokens,
        deadline_seconds=config.deadline_seconds,
    )
    return GraderJudge(grader, settings)
