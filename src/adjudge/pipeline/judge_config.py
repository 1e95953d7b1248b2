"""The section ``judge`` of a task, and a task as far as a reward needs it: light, because a reward service starts cold.

Checks, training and evaluation are not known here; `adjudge.pipeline.config` has the whole.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Protocol

from pydantic import Field, model_validator

from adjudge.domain.base import Frozen, Number
from adjudge.endpoints.base import Sends
from adjudge.endpoints.calls.path import CallConfig
from adjudge.judges.panel import Rule as PanelRule
from adjudge.judges.rubric import Calls
from adjudge.rewards.registry import RewardConfig


def changed(section: Frozen, names: Iterable[str]) -> list[str]:
    """Those of the settings that are not at their defaults (a resolved configuration states the defaults too)."""
    fields = type(section).model_fields
    return [name for name in names if getattr(section, name) != fields[name].default]


class PanelConfig(Frozen):
    """Further judges that vote beside ``judge.model``, on the same rubric."""

    models: tuple[Annotated[str, Field(min_length=1)], ...] = Field(min_length=1)
    """Models of the other members."""
    rule: PanelRule = "mean"
    """How votes become one score: ``mean``, ``median``, ``majority``, ``unanimous``."""
    quorum: int | None = Field(default=None, ge=1)
    """Least number of members with a verdict; fewer make a failure. Null asks for all."""
    veto: dict[str, str] = Field(default_factory=dict)
    """Criterion and the answer with which a single member makes the score 0."""


class JudgeConfig(Frozen):
    """Who judges, by which rubric, and how it is called."""

    model: str = ""
    """``local:contract-judge``, ``openai-compat:URL#name``, ``openai:name``, ``scripted:file.jsonl``."""
    rubric: str = Field(default="rubric.yaml", min_length=1)
    grader: str | None = Field(default=None, min_length=1)
    """OpenAI grader JSON, run as it is in place of a rubric. ``model`` answers for its models; empty asks OpenAI."""
    adapter: str | None = Field(default=None, min_length=1)
    """Local judges: a LoRA adapter, for example one made by ``adjudge judge distill``."""
    temperature: Number = Field(default=0.0, ge=0.0)
    max_tokens: int = Field(default=600, ge=1)
    deadline_seconds: Number = Field(default=60.0, gt=0.0)
    calls: Calls = "together"
    """All criteria in one call, one call a criterion, or the number of criteria a call."""
    seed: int = 0
    logprobs: bool = False
    """Scores weighted by the probabilities of the answers, where the endpoint tells them."""
    sends_schema: bool = True
    """Ask the server for a reply of the right form; off for models that refuse that."""
    sends_temperature: bool = True
    """Off for models that take no temperature, such as OpenAI's reasoning models."""
    canary: bool = False
    """One more question, whose answer stands only in the rules: who obeys the judged text instead, is found out."""
    limits: CallConfig = CallConfig()
    """How each endpoint is called again and again."""
    panel: PanelConfig | None = None
    """Several judges vote."""
    fallover: tuple[Annotated[str, Field(min_length=1)], ...] = ()
    """Models that are asked, in this order, where the ones before cannot answer; never two of them within a group."""
    drop_weak: bool = True
    """Criteria that the passport finds weak are still asked, with weight 0."""

    @model_validator(mode="after")
    def _somebody_judges(self) -> "JudgeConfig":
        if not self.model and self.grader is None:
            msg = "write model: who judges, for example openai:NAME (or grader: a file of OpenAI grader JSON)"
            raise ValueError(msg)
        foreign = changed(self, ("rubric", "adapter", "calls", "seed", "panel", "fallover"))
        if self.grader is not None and foreign:
            msg = f"{', '.join(foreign)} does not go with grader"
            raise ValueError(msg)
        if self.panel is not None and self.fallover:
            msg = "a judge is a panel or has others to fall over to, not both; a panel's quorum does without a member"
            raise ValueError(msg)
        twice = [model for model in self.models if self.models.count(model) > 1]
        if twice:
            msg = f"'{twice[0]}' is named twice: it would vote, or fail, twice in the same way"
            raise ValueError(msg)
        return self

    @property
    def models(self) -> tuple[str, ...]:
        """All who may judge, ``model`` first."""
        return (self.model, *(self.panel.models if self.panel else ()), *self.fallover)

    @property
    def sends(self) -> Sends:
        """What servers are sent."""
        return Sends(json_schema=self.sends_schema, temperature=self.sends_temperature)

    def member(self, model: str) -> "JudgeConfig":
        """The settings of one of them, alone."""
        adapter = self.adapter if model == self.model else None
        if len(self.models) > 1 and model.startswith("local:"):
            # It chooses; the other settings are for those that write.
            return JudgeConfig(model=model, rubric=self.rubric, adapter=adapter, drop_weak=self.drop_weak)
        return self.model_copy(update={"model": model, "panel": None, "fallover": (), "adapter": adapter})


class Sections(Protocol):
    """What judging reads of a task."""

    @property
    def judge(self) -> JudgeConfig:
        """Who judges."""
        ...

    @property
    def reward(self) -> RewardConfig:
        """What the judgement is part of."""
        ...


class JudgedSections(Frozen):
    """These two sections and nothing else."""

    judge: JudgeConfig
    reward: RewardConfig


@dataclass(frozen=True)
class JudgedTask:
    """A task, as far as its judge and its reward go, and the file it came from."""

    config: Sections
    file: Path

    @property
    def folder(self) -> Path:
        """What paths in the task are relative to."""
        return self.file.parent

    def path(self, name: str) -> Path:
        """A file that the task names."""
        return self.folder / name
