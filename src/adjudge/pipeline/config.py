"""``task.yaml`` as data: the sections of a task, closed and validated. Reading the file is `adjudge.pipeline.taskfile`.

Paths are texts relative to the task file; nothing in them is expanded.
"""

import difflib
from typing import Annotated, Any, Final, Literal, TypeVar, get_args

from pydantic import BeforeValidator, Field, field_validator, model_validator

from adjudge.domain.base import Count, Frozen, Number, Score
from adjudge.pipeline.anchors_config import AnchorsConfig
from adjudge.pipeline.judge_config import JudgeConfig, changed
from adjudge.pipeline.probes import Amounts
from adjudge.release.gate import Gate, Rule
from adjudge.rewards.registry import RewardConfig
from adjudge.training.config import LoraSettings, SftConfig, TrainConfig
from adjudge.validation.checks.success import SuccessCriterion
from adjudge.validation.passport import AGREEMENT
from adjudge.validation.registry import CheckSettings

Split = Literal["train", "validation", "test"]
Stage = Literal["baseline", "judge", "train", "evaluate", "release"]
STAGES: Final[tuple[Stage, ...]] = get_args(Stage)
"""In the order in which they are run."""


Names = TypeVar("Names", dict[str, str], tuple[str, ...])


class Limits(Frozen):
    """Most rows of each split; None takes all."""

    train: int | None = Field(default=None, ge=1)
    validation: int | None = Field(default=None, ge=1)
    test: int | None = Field(default=None, ge=1)


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


Files = Annotated[tuple[Annotated[str, Field(min_length=1)], ...], Field(min_length=1), BeforeValidator(_listed)]
"""Paths relative to the task file: one, or a list."""


class DataConfig(Frozen):
    """Where the rows are, and in whose format."""

    format: Literal["chat", "contract-windows"] = "chat"
    train: Files
    """One file, or a list of files whose rows are taken together. So for validation and test."""
    validation: Files
    test: Files
    crop_chars: int | None = Field(default=None, ge=100)
    """contract-windows: longest extract, in characters."""
    max_comments: int = Field(default=2, ge=1)
    """contract-windows: most comments in the expert's answer."""
    quote_words: int = Field(default=12, ge=1)
    """contract-windows: words that an expert comment quotes."""
    limit: Limits = Limits()
    """Most rows of each file."""
    seed: int = 0
    """Which rows a limit keeps."""

    @model_validator(mode="after")
    def _options_of_the_format(self) -> "DataConfig":
        foreign = changed(self, ("crop_chars", "max_comments", "quote_words"))
        if self.format == "chat" and foreign:
            msg = f"{', '.join(foreign)} goes with format: contract-windows"
            raise ValueError(msg)
        return self


class WarmStart(Frozen):
    """What training starts from: a LoRA adapter that is there already, or supervised steps on the reference answers."""

    adapter: str | None = Field(default=None, min_length=1)
    """Folder of an adapter, or ``embedded:NAME`` for one that ships with the package."""
    sft: SftConfig | None = None

    @model_validator(mode="after")
    def _one_of_them(self) -> "WarmStart":
        if (self.adapter is None) == (self.sft is None):
            msg = "write either adapter or sft"
            raise ValueError(msg)
        if self.sft is not None and not self.sft.max_steps:
            msg = "sft.max_steps is 0: nothing would be trained; leave warm_start out or ask for steps"
            raise ValueError(msg)
        return self


class PolicyConfig(Frozen):
    """The model to train."""

    model: str = Field(pattern=r"^local:.+")
    """``local:smollm2-135m``, ``local:tiny`` (random, for trials), or ``local:/folder``."""
    lora: LoraSettings = LoraSettings()
    warm_start: WarmStart | None = None


class ProbesConfig(Amounts):
    """How much the judge is asked beside the labelled cases. 0 leaves a probe out: its check then lacks data."""

    repeat_cases: Count = 80
    """Cases asked again and again, as they are."""
    repeats: int = Field(default=3, ge=2)
    """How often each of them is asked in all."""
    wording_cases: Count = 70
    """Cases asked in other words, orders and directions, and turned into their opposite."""
    groups: Count = 20
    """Rows to which the policy's own responses are drawn, a group each, and each asked ``repeats`` times."""


class ValidateConfig(Frozen):
    """What the judge must show before it may train a policy."""

    cases: Count = 400
    """Most labelled cases that are asked; evenly over the criteria."""
    tests: str | None = Field(default=None, min_length=1)
    """Known responses, ``judge_tests.yaml``."""
    gold: str | None = Field(default=None, min_length=1)
    """People's labels, ``gold.jsonl``."""
    metrics: str | None = Field(default=None, min_length=1)
    """Production metrics of judged responses, a JSONL file."""
    success_criteria: tuple[SuccessCriterion, ...] = ()
    """What production metrics must reach, and the criteria that stand for each."""
    passport: str | None = Field(default=None, min_length=1)
    """A passport made before, by ``adjudge judge validate``: the judge is not measured again."""
    probes: ProbesConfig = ProbesConfig()
    checks: CheckSettings = CheckSettings()
    """What each check demands."""
    accept: dict[str, Annotated[str, Field(min_length=1)]] = Field(default_factory=dict)
    """Check -> why its failure is accepted; every artefact repeats it."""
    must_pass: tuple[str, ...] = ()
    """Checks for which not enough data is not enough."""
    auc: Score = 0.75
    bound: Literal["estimate", "low"] = "estimate"
    min_cases: int = Field(default=10, ge=1)
    """Good and bad cases of a criterion, each, before its figure counts."""
    seed: int = 0
    anchors: AnchorsConfig = AnchorsConfig()
    """Responses that the judge is asked about again while training."""

    @field_validator("accept", "must_pass")
    @classmethod
    def _known_checks(cls, names: Names) -> Names:
        known = (AGREEMENT, *CheckSettings.model_fields)
        for name in names:
            if name not in known:
                near = difflib.get_close_matches(name, known, 1)
                hint = f"did you mean '{near[0]}'?" if near else f"known: {', '.join(known)}"
                msg = f"there is no check '{name}'; {hint}"
                raise ValueError(msg)
        return names


class BaselineConfig(Frozen):
    """How the untrained policy is measured."""

    samples_per_row: int = Field(default=4, ge=2)
    limit: int | None = Field(default=None, ge=1)
    enforce: bool = True
    """Stop where reinforcement is not the right tool; False only says so."""


class EvaluateConfig(Frozen):
    """How models are compared on the test rows."""

    samples_per_row: int = Field(default=2, ge=1)
    """k: for the mean, and for best-of-k."""
    limit: int | None = Field(default=None, ge=1)
    temperature: Number = Field(default=0.7, ge=0.0, le=2.0)
    seed: int = 0
    resamples: int = Field(default=2000, ge=100)
    """Bootstrap draws behind an interval."""
    baseline: BaselineConfig = BaselineConfig()


class ReleaseConfig(Frozen):
    """What the trained model must reach, and what its card says."""

    rules: tuple[Rule, ...] = Field(min_length=1)
    licence: str = Field(default="Apache-2.0", min_length=1)
    summary: str = ""

    @property
    def gate(self) -> Gate:
        """The rules as a gate."""
        return Gate(rules=self.rules)


class Task(Frozen):
    """A task file as a whole."""

    name: str = Field(pattern=r"^[a-zA-Z0-9][a-zA-Z0-9_.-]*$", max_length=80)
    data: DataConfig
    policy: PolicyConfig
    judge: JudgeConfig
    reward: RewardConfig
    # "validate" is the word of the file; pydantic's models have a method of that name.
    validation: ValidateConfig = Field(default=ValidateConfig(), alias="validate")
    train: TrainConfig = TrainConfig()
    evaluate: EvaluateConfig = EvaluateConfig()
    release: ReleaseConfig | None = None


def task_schema() -> dict[str, Any]:
    """The JSON schema of a task file, for editors."""
    return Task.model_json_schema(by_alias=True)
