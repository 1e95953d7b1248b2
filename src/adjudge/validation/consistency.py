"""Does a judge repeat itself? A function of rows of the verdict table.

A judge can repeat itself perfectly and be wrong: consistency is read beside agreement, never in its place.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from adjudge.domain.base import Count, Frozen, Score
from adjudge.domain.interval import Interval, wilson


class Consistency(Frozen):
    """Repeats of equal questions to one judge."""

    judge: str
    questions: Count
    """Questions (item, criterion, wording, order) that were answered at least twice."""
    answers: Count
    equal: Interval | None
    """Share of questions whose answers were all equal; None without repeats. Grows smaller with more repeats."""
    pairs_equal: Score | None
    """Share of equal pairs of answers to one question: does not depend on the number of repeats."""
    failures: Count
    """Rows without an answer: counted, not compared."""


def consistency(rows: Iterable[Mapping[str, Any]]) -> tuple[Consistency, ...]:
    """One `Consistency` a judge (by fingerprint), in order of fingerprint.

    Args:
        rows: of the verdict table: judge, status, and for answers item, criterion, variant, order, answer.

    Raises:
        KeyError: a row lacks a column.
    """
    answers: dict[str, dict[tuple[Any, ...], list[str]]] = defaultdict(lambda: defaultdict(list))
    failures: dict[str, int] = defaultdict(int)
    for row in rows:
        judge = row["judge"]
        failures[judge] += row["status"] != "ok"
        if row["status"] == "ok":
            answers[judge][row["item"], row["criterion"], row["variant"], row["order"]].append(row["answer"])
    return tuple(_of(judge, [*answers[judge].values()], failures[judge]) for judge in sorted(failures))


def _of(judge: str, groups: list[list[str]], failures: int) -> Consistency:
    repeated = [group for group in groups if len(group) > 1]
    pairs = sum(len(group) * (len(group) - 1) // 2 for group in repeated)
    equal_pairs = sum(
        group.count(answer) * (group.count(answer) - 1) // 2 for group in repeated for answer in set(group)
    )
    return Consistency(
        judge=judge,
        questions=len(repeated),
        answers=sum(map(len, repeated)),
        equal=wilson(sum(len(set(group)) == 1 for group in repeated), len(repeated)),
        pairs_equal=equal_pairs / pairs if pairs else None,
        failures=failures,
    )
