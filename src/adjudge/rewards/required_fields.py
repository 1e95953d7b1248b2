"""RequiredFields: share of the fields that an answer must fill in, and does."""

from typing import Literal

from pydantic import Field

from adjudge.domain import ComponentRole, ComponentScore, Rollout, Sample
from adjudge.domain.path import PathError, parse_path, values_at
from adjudge.rewards.base import AnswerConfig, JsonPath, Scorer, answer_of, items_of


class RequiredFieldsConfig(AnswerConfig):
    """``fields`` are paths (``risk.level``) into every item of ``items``; without ``items``, into the answer itself."""

    type: Literal["required_fields"] = "required_fields"
    fields: tuple[JsonPath, ...] = Field(min_length=1)
    items: JsonPath | None = None


class RequiredFields(Scorer):
    """Filled fields among all that are needed. Zero and false fill a field; null, blank text, [] and {} do not."""

    def __init__(self, config: RequiredFieldsConfig, *, role: ComponentRole) -> None:
        super().__init__(config.name or config.type, role, config.weight)
        self._config = config

    async def score(self, sample: Sample, rollout: Rollout) -> ComponentScore:  # noqa: ARG002 (the protocol's shape)
        """The share; 0 without JSON; not applicable where there are no items."""
        answer = answer_of(rollout, self._config.read)
        if answer.problem:
            return self.scored(0.0, f"not JSON: {answer.problem}")
        if self._config.items is None:
            places = [("", answer.value)]
        else:
            items = items_of(answer.value, self._config.items)
            if items is None:
                return self.scored(0.0, f"no list '{self._config.items}'")
            places = [(f"item {number}: ", item) for number, item in enumerate(items, 1)]
        if not places:
            return self.not_applicable("no items")
        empty = [
            f"{place}'{f}' is empty" for place, value in places for f in self._config.fields if not filled(value, f)
        ]
        needed = len(places) * len(self._config.fields)
        return self.scored(1 - len(empty) / needed, "; ".join(empty[:3]))


def filled(value: object, path: str) -> bool:
    """There is something at `path`, and nothing empty where it leads to several places."""
    if path.isidentifier():
        return isinstance(value, dict) and not _blank(value.get(path))
    steps = parse_path(path)
    try:
        # What stands there, not its elements, unless the path says [*].
        found = values_at(value, steps if path.endswith("[*]") else steps[:-1])
    except PathError:
        return False
    return bool(found) and not any(_blank(part) for part in found)


def _blank(value: object) -> bool:
    return value is None or (isinstance(value, str) and not value.strip()) or value in ([], {})
