"""What components share: their settings, how they say what they found, and the parts of an answer."""

from collections.abc import Collection
from typing import Annotated, Any, Literal, Protocol, runtime_checkable

from pydantic import AfterValidator, Field

from adjudge.domain import (
    Component,
    ComponentRole,
    ComponentScore,
    ComponentStatus,
    Frozen,
    Group,
    Rollout,
    Sample,
)
from adjudge.domain.answer import Answer, parsed
from adjudge.domain.base import Number
from adjudge.domain.path import PathError, parse_path, values_at
from adjudge.errors import DataError
from adjudge.judges.objects import objects_in

Read = Literal["strict", "fenced", "anywhere"]
"""Where a response may have its JSON: it is the whole response; or all of it stands in one code fence; or it is the
only JSON object in any text. What is looser also takes what is stricter."""


class ComponentConfig(Frozen):
    """Settings every component has; subclasses add a ``type`` and their own."""

    name: str | None = None
    """Its name in the reward; default: its type."""

    weight: Number = Field(default=1.0, ge=0.0)


def _a_path(path: str) -> str:
    parse_path(path)
    return path


JsonPath = Annotated[str, AfterValidator(_a_path)]
"""The way to a place in JSON: ``comments``, ``review.comments``, ``$.sections[*].comments[*]``."""


class AnswerConfig(ComponentConfig):
    """Settings of components that read the response's JSON; ``read`` is by default what the reward says."""

    read: Read | None = None


class ItemsConfig(AnswerConfig):
    """Settings of components that read the list of items at ``items``."""

    items: JsonPath = "comments"


class Scorer:
    """Base of components: name, role, weight, cost, and how to say what was found.

    Args:
        name: unique in one reward.
        role: gate, term or metric.
        weight: share in the weighted mean (terms).
        cost: order of gates: 0 string work, 1 a small model, 2 a language model.
    """

    def __init__(self, name: str, role: ComponentRole, weight: float = 1.0, cost: int = 0) -> None:
        self._name, self._role, self._weight, self._cost = name, role, weight, cost

    @property
    def name(self) -> str:
        """Its name in ``Reward.components``."""
        return self._name

    @property
    def role(self) -> ComponentRole:
        """gate, term or metric."""
        return self._role

    @property
    def weight(self) -> float:
        """Its share in the weighted mean."""
        return self._weight

    @property
    def cost(self) -> int:
        """0 string work, 1 a small model, 2 a language model."""
        return self._cost

    def scored(self, value: float, detail: str = "") -> ComponentScore:
        """A score in [0, 1]."""
        return ComponentScore(name=self._name, role=self._role, value=value, weight=self._weight, detail=detail)

    def not_applicable(self, detail: str) -> ComponentScore:
        """Nothing to score in this response."""
        return ComponentScore(
            name=self._name,
            role=self._role,
            status=ComponentStatus.NOT_APPLICABLE,
            weight=self._weight,
            detail=detail,
        )


@runtime_checkable
class ComparesInGroup(Protocol):
    """A component that scores a response beside its siblings, and so wants to see the group before it is asked."""

    def within(self, group: Group) -> Component:
        """The component for this group; it must not change itself, groups are scored side by side."""
        ...


def answer_of(rollout: Rollout, read: Read | None) -> Answer:
    """The response's JSON, where `read` lets it stand (None: strict)."""
    answer, response = rollout.answer, rollout.response
    if not answer.problem or read in {None, "strict"}:
        return answer
    fenced = _unfenced(response)
    if fenced is not None:
        try:
            return Answer(parsed(fenced), fenced)
        except ValueError:
            pass
    if read == "anywhere":
        found = objects_in(response)
        if len(found) == 1:
            start, end = found[0].span
            try:
                return Answer(parsed(found[0].text), found[0].text, f"{response[:start]}\n{response[end:]}")
            except ValueError as error:
                return Answer(None, "", response, str(error))
        # Of several, one could be shown to the judge and another one be counted.
        return Answer(None, "", response, f"{len(found)} JSON objects in the text, one is needed")
    return answer


def _unfenced(response: str) -> str | None:
    """What stands in the one code fence that all of the response is in; None where it is not."""
    text = response.strip()
    head, line, body = text.partition("\n")
    if not (line and head.strip() in {"```", "```json", "```JSON"} and body.endswith("```")):
        return None
    return body[:-3]


def said(rollout: Rollout, read: Read | None, *, without: Collection[str] = ()) -> list[str]:
    """The response's own words: the strings of its JSON and what stands around it; without JSON, all of it."""
    answer = answer_of(rollout, read)
    own = [] if answer.problem else strings_of(answer.value, without=without)
    return [*own, answer.rest] if answer.rest else own


def as_read(rollout: Rollout, read: Read | None) -> list[str]:
    """The response as written, and the texts in its JSON where they read differently."""
    answer = answer_of(rollout, read)
    # JSON can write any letter as an escape; what is no JSON has only its text.
    escaped = "\\" in rollout.response and not answer.problem
    return [rollout.response, *(strings_of(answer.value, keys=True) if escaped else ())]


def items_in(rollout: Rollout, config: ItemsConfig) -> list[dict[str, Any]] | None:
    """The items of a response; None when it has no list of objects there."""
    answer = answer_of(rollout, config.read)
    return None if answer.problem else items_of(answer.value, config.items)


def items_of(answer: object, path: str) -> list[dict[str, Any]] | None:
    """The list of objects at `path` of a JSON answer (text or value); None when there is no such list."""
    try:
        value = parsed(answer) if isinstance(answer, str) else answer
    except ValueError:
        return None
    # Nearly every path is one name: no steps are taken for it.
    if path.isidentifier():
        found = value.get(path) if isinstance(value, dict) else None
    else:
        try:
            found = values_at(value, parse_path(path))
        except PathError:
            return None
    if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
        return None
    return found


def strings_of(value: object, *, keys: bool = False, without: Collection[str] = ()) -> list[str]:
    """All strings in a JSON value that `adjudge.domain.answer.parsed` let through, in order.

    Args:
        value: JSON.
        keys: those of objects too.
        without: keys whose values are left out, wherever they stand.
    """
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        kept = [(key, inner) for key, inner in value.items() if key not in without]
        value = [part for pair in kept for part in (pair if keys else pair[1:])]
    if not isinstance(value, list):
        return []
    return [text for part in value for text in strings_of(part, keys=keys, without=without)]


def document_of(sample: Sample, field: str, component: str) -> str:
    """The text that a component compares with.

    Raises:
        DataError: the sample has no such text. To score against nothing would blame the policy for a typing error.
    """
    text = sample.text(field)
    if text is None:
        raise DataError(
            f"Sample '{sample.id}': there is no metadata.{field}.",
            f"The reward's component '{component}' compares responses with it.",
            f"Add metadata.{field} to the sample, or name another field in the component.",
        )
    return text
