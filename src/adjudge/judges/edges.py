"""Edge cases that a rubric declares as rules: decided by looking at the response, without a call."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from adjudge.domain.rubric import Criterion, EdgeRule, Rubric, When
from adjudge.domain.verdict import CriterionVerdict
from adjudge.judges.fields import Fields, uncalled, unreadable

_WHY: Final[Mapping[When, str]] = {
    "response_empty": "the response is empty",
    "response_unreadable": "the response is not JSON with a list of items",
    "no_items": "the response has no items",
}


class Decided(NamedTuple):
    """What is known without a call: answers by criterion, or why there is to be no verdict."""

    answers: Mapping[str, CriterionVerdict] = MappingProxyType({})
    failure: str | None = None


def decided_by_response(rubric: Rubric, response: str, items: Sequence[Mapping[str, Any]] | None) -> Decided | None:
    """What the first rule that the response as a whole meets decides; None where it meets none.

    Args:
        rubric: its edge cases are tried in order.
        response: as written.
        items: of the response; None where they cannot be read.
    """
    if not rubric.edge_rules:
        return None
    met: Mapping[When, bool] = {
        "response_empty": not response.strip(),
        "response_unreadable": items is None,
        "no_items": items is not None and not items,
    }
    for rule in rubric.edge_rules:
        if met.get(rule.when, False):
            return _ruled(rubric.criteria, rule, _WHY[rule.when])
    return None


def decided_by_item(rubric: Rubric, item: Mapping[str, Any], fields: Fields) -> Decided:
    """What is known about one item: by its edge cases, and then by fields that are not there."""
    answers: dict[str, CriterionVerdict] = {}
    for rule in rubric.edge_rules:
        if rule.key is None or not _blank(item.get(rule.key)):
            continue
        ruled = _ruled(rubric.decided(rule), rule, f"{rule.key} is missing in this item")
        if ruled.failure is not None:
            return ruled
        answers = {**ruled.answers, **answers}
    for criterion in rubric.criteria:
        if criterion.reads and criterion.id not in answers and (lowest := unreadable(criterion, fields)) is not None:
            answers[criterion.id] = lowest
    return Decided(answers)


def _blank(value: object) -> bool:
    return value is None or (isinstance(value, str) and not value.strip()) or value in ([], {})


def _ruled(criteria: Sequence[Criterion], rule: EdgeRule, why: str) -> Decided:
    if rule.answer == "fail":
        return Decided(failure=f"edge case: {why}")
    return Decided({c.id: uncalled(c, _label(c, rule), f"{why} (edge case)") for c in criteria})


def _label(criterion: Criterion, rule: EdgeRule) -> str:
    if rule.answer == "not_applicable":
        assert criterion.scale.not_applicable is not None  # the rubric was checked for it
        return criterion.scale.not_applicable.label
    return criterion.lowest if rule.answer == "lowest" else criterion.highest
