"""What a rubric says about the fields of an item: which one is the quote, which the opinion, what was quoted from."""

from collections.abc import Mapping
from typing import Any

from adjudge.domain.path import PathError, values_at
from adjudge.domain.rubric import Line, Passage, Rubric
from adjudge.judges.suite.base import Response
from adjudge.judges.suite.change import UnfitError


def quote_rule(rubric: Rubric) -> Passage:
    """Where items keep their quote.

    Raises:
        UnfitError: the rubric says of no field that it is a quote.
    """
    for rule in rubric.items.derived.values() if rubric.items else ():
        if isinstance(rule, Passage):
            return rule
    msg = "the rubric has no items with a derived passage, so nothing is known to be a quote; write a step of your own"
    raise UnfitError(msg)


def line_rule(rubric: Rubric) -> Line | None:
    """Where items keep the id of the line that they cite; None where the rubric knows of none."""
    rules = rubric.items.derived.values() if rubric.items else ()
    return next((rule for rule in rules if isinstance(rule, Line)), None)


def told_fields(rubric: Rubric) -> tuple[str, ...]:
    """Fields of an item that hold what its writer says, and that a criterion reads."""
    looked_up = {*rubric.fields, "response", *(rubric.items.derived if rubric.items else ())}
    keys = {rule.key if isinstance(rule, Line) else rule.quote for rule in _derived(rubric)}
    names = dict.fromkeys(name for criterion in rubric.criteria for name in criterion.reads)
    return tuple(name for name in names if name not in looked_up | keys)


def opinion_fields(rubric: Rubric) -> tuple[str, ...]:
    """Of `told_fields` those that are judged beside the quoted passage."""
    quoted = {
        name for name, rule in (rubric.items.derived if rubric.items else {}).items() if isinstance(rule, Passage)
    }
    beside = {name for criterion in rubric.criteria if quoted & {*criterion.reads} for name in criterion.reads}
    return tuple(name for name in told_fields(rubric) if name in beside)


def items_of(rubric: Rubric, response: Response) -> list[dict[str, Any]]:
    """The items of a response as they stand in it: to be changed in place.

    Raises:
        UnfitError: there are none.
    """
    try:
        items = [] if rubric.items is None or isinstance(response, str) else values_at(response, rubric.items.steps)
    except PathError:
        items = []
    if not items or not all(isinstance(item, dict) for item in items):
        msg = "the response has no items, written as an object"
        raise UnfitError(msg)
    return items


def _derived(rubric: Rubric) -> tuple[Passage | Line, ...]:
    return tuple(rubric.items.derived.values()) if rubric.items else ()


def quote_of(item: Mapping[str, Any], rule: Passage) -> str:
    """The item's quote.

    Raises:
        UnfitError: it has none.
    """
    quote = item.get(rule.quote)
    if not isinstance(quote, str) or not quote.strip():
        msg = f"the first item has no {rule.quote}"
        raise UnfitError(msg)
    return quote
