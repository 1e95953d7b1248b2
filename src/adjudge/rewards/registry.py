"""From the task's ``reward`` section to a reward function: one line a component."""

import difflib
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, field_validator

from adjudge.domain import Combine, Component, ComponentRole, Frozen, Judge, Score
from adjudge.errors import ConfigError
from adjudge.rewards.base import AnswerConfig, ComponentConfig, Read
from adjudge.rewards.composite import CompositeReward
from adjudge.rewards.content import MinimumContent, MinimumContentConfig
from adjudge.rewards.duplicates import Duplicates, DuplicatesConfig
from adjudge.rewards.exact_match import ExactMatch, ExactMatchConfig
from adjudge.rewards.failure import OnFailure, PauseOver
from adjudge.rewards.json_schema import JsonSchema, JsonSchemaConfig, load_schema
from adjudge.rewards.judged import Judged, JudgedConfig
from adjudge.rewards.language import SameLanguage, SameLanguageConfig
from adjudge.rewards.length import LengthBand, LengthBandConfig
from adjudge.rewards.length_in_group import LengthInGroup, LengthInGroupConfig
from adjudge.rewards.numeric_match import NumericMatch, NumericMatchConfig
from adjudge.rewards.odd_unicode import OddUnicode, OddUnicodeConfig
from adjudge.rewards.pattern import Pattern, PatternConfig
from adjudge.rewards.personal_data import PersonalData, PersonalDataConfig
from adjudge.rewards.python_function import PythonFunction, PythonFunctionConfig
from adjudge.rewards.quotes import (
    QuoteInDocument,
    QuoteInDocumentConfig,
    QuoteNotFromReference,
    QuoteNotFromReferenceConfig,
)
from adjudge.rewards.reference_match import SetMatch, SetMatchConfig
from adjudge.rewards.repetition import Repetition, RepetitionConfig
from adjudge.rewards.required_fields import RequiredFields, RequiredFieldsConfig
from adjudge.rewards.safety import ProhibitedContent, ProhibitedContentConfig
from adjudge.rewards.sizes import measure_of

AnyComponent = Annotated[
    JsonSchemaConfig
    | MinimumContentConfig
    | RequiredFieldsConfig
    | PatternConfig
    | ProhibitedContentConfig
    | PersonalDataConfig
    | OddUnicodeConfig
    | QuoteInDocumentConfig
    | QuoteNotFromReferenceConfig
    | ExactMatchConfig
    | NumericMatchConfig
    | SetMatchConfig
    | DuplicatesConfig
    | RepetitionConfig
    | LengthBandConfig
    | LengthInGroupConfig
    | SameLanguageConfig
    | PythonFunctionConfig
    | JudgedConfig,
    Field(discriminator="type"),
]

_BUILD: dict[str, Callable[[Any, ComponentRole, Path], Component]] = {
    "minimum_content": lambda config, role, _: MinimumContent(config, role=role),
    "required_fields": lambda config, role, _: RequiredFields(config, role=role),
    "pattern": lambda config, role, _: Pattern(config, role=role),
    "prohibited_content": lambda config, role, _: ProhibitedContent(config, role=role),
    "personal_data": lambda config, role, _: PersonalData(config, role=role),
    "odd_unicode": lambda config, role, _: OddUnicode(config, role=role),
    "quote_in_document": lambda config, role, _: QuoteInDocument(config, role=role),
    "quote_not_from_reference": lambda config, role, _: QuoteNotFromReference(config, role=role),
    "exact_match": lambda config, role, _: ExactMatch(config, role=role),
    "numeric_match": lambda config, role, _: NumericMatch(config, role=role),
    "set_match": lambda config, role, _: SetMatch(config, role=role),
    "duplicates": lambda config, role, _: Duplicates(config, role=role),
    "repetition": lambda config, role, _: Repetition(config, role=role),
    "length_band": lambda config, role, base: LengthBand(config, role=role, base=base),
    "length_in_group": lambda config, role, base: LengthInGroup(config, measure_of(config, base), role=role),
    "same_language": lambda config, role, _: SameLanguage(config, role=role),
    "python_function": lambda config, role, base: PythonFunction(config, role=role, base=base),
}

TYPES = ("json_schema", "judged", *_BUILD)
"""Every ``type`` that a task may name."""


class RewardConfig(Frozen):
    """The ``reward`` section: gates, terms and metrics by type, and what a failed judgement becomes."""

    gates: tuple[AnyComponent, ...] = ()
    terms: tuple[AnyComponent, ...] = Field(min_length=1)
    metrics: tuple[AnyComponent, ...] = ()
    combine: Combine = "sum"
    """How terms become one number: ``sum`` (weighted mean) or ``product`` (weighted geometric mean)."""
    on_failure: OnFailure = "mask"
    pause_over: PauseOver | None = PauseOver()
    """When training pauses because too many rewards are unscored; null never pauses."""
    floor: Score = 0.0
    read: Read = "strict"

    @field_validator("gates", "terms", "metrics", mode="before")
    @classmethod
    def _known(cls, parts: object) -> object:
        for part in parts if isinstance(parts, list | tuple) else ():
            kind = part.get("type") if isinstance(part, dict) else None
            if isinstance(kind, str) and kind not in TYPES:
                near = difflib.get_close_matches(kind, TYPES, 1)
                hint = f"did you mean '{near[0]}'?" if near else f"known: {', '.join(TYPES)}"
                msg = f"no component has the type '{kind}'; {hint}"
                raise ValueError(msg)
        return parts


def build_reward(config: RewardConfig, judge: Judge | None, base: Path) -> CompositeReward:
    """The reward function of a task.

    Args:
        config: the ``reward`` section.
        judge: for ``judged`` components.
        base: folder that file names are relative to.

    Raises:
        ConfigError: a judged component without a judge, a schema that is none, no term.
        MissingError: a schema file is not there.
    """
    groups: tuple[tuple[ComponentRole, tuple[ComponentConfig, ...]], ...] = (
        ("gate", config.gates),
        ("term", config.terms),
        ("metric", config.metrics),
    )
    parts = [_component(_reading(part, config.read), role, judge, base) for role, configs in groups for part in configs]
    return CompositeReward(parts, config.on_failure, config.floor, config.combine)


def _reading(part: ComponentConfig, read: Read) -> ComponentConfig:
    """The part with the reward's ``read`` where it has none of its own."""
    own = isinstance(part, AnswerConfig) and part.read is None
    return part.model_copy(update={"read": read}) if own else part


def _component(config: ComponentConfig, role: ComponentRole, judge: Judge | None, base: Path) -> Component:
    if isinstance(config, JsonSchemaConfig):
        schema = load_schema(base / config.file) if config.file else config.inline or {}
        return JsonSchema(schema, name=config.name or config.type, role=role, weight=config.weight, read=config.read)
    if isinstance(config, JudgedConfig):
        if judge is None:
            raise ConfigError(
                "The reward has a judged component, and there is no judge.",
                "The component asks the task's judge.",
                "Add a `judge` section, or leave the component out.",
            )
        return Judged(judge, config, role=role)
    kind = config.type if hasattr(config, "type") else ""
    return _BUILD[kind](config, role, base)
