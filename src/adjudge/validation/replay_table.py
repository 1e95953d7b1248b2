"""A replay as lines for a terminal: rows are judges, columns are slices and criteria."""

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from adjudge.domain.interval import Interval
from adjudge.validation.comparison_table import columns
from adjudge.validation.published import Agreement, BothWays
from adjudge.validation.replay import Replay

WIDTH: Final = 110
"""Characters of a table; more columns go into a second one below."""

_ALL: Final = "all"
_WITHOUT: Final = "no verdict"


def replay_lines(found: Replay) -> list[str]:
    """All tables that the replay has rows for."""
    lines = [
        f"{found.source}: verdicts {found.verdicts}, judges {len(found.judges)}, labels {found.labels}.",
        *found.notes,
    ]
    if found.verdicts and not found.agreement:
        lines.append(
            "No label is about these verdicts, so there is no agreement to tell; --gold names a file of labels."
        )
    for block in (_answers, _unreadable, _ranks, _failed, _people, _trees, _published, _checks):
        told = block(found)
        if told:
            lines += ["", *told]
    return lines


def _answers(found: Replay) -> list[str]:
    rows = [row for row in found.agreement if row.accuracy]
    pairs = any(row.swap_agreement for row in rows)
    title = "Share of answers that are people's, %"
    if pairs:
        title = (
            "Share of answers that are people's (of both orders, where there are two) / same winner in both orders, %"
        )
    return [f"{title}:", *_side_by_side(rows, _answer_cell)] if rows else []


def _answer_cell(row: Agreement) -> str:
    return "/".join(_percent(share.as_tie) for share in (row.accuracy, row.swap_agreement) if share)


def _unreadable(found: Replay) -> list[str]:
    """Both readings of replies without a verdict, for every judge that has some."""
    rows = [row for row in found.agreement if row.accuracy and row.unreadable and row.slice is None]
    if not rows:
        return []
    head = ("judge", "replies", "no verdict", "accuracy: as tie", "as wrong", "swaps: as tie", "as wrong")
    cells = [
        (row.name, str(row.verdicts), str(row.unreadable), *_both(row.accuracy), *_both(row.swap_agreement))
        for row in rows
    ]
    return [
        "Replies without a verdict count as ties above. What else they can count as moves the figures:",
        *columns(head, cells),
    ]


def _both(share: BothWays | None) -> tuple[str, str]:
    return (f"{share.as_tie:.4f}", f"{share.as_wrong:.4f}") if share else ("-", "-")


def _ranks(found: Replay) -> list[str]:
    rows = [row for row in found.agreement if row.accuracy is None]
    if not rows:
        return []
    title = "Spearman's correlation with the mean of people; replies without a verdict are left out:"
    return [title, *_side_by_side(rows, _rank_cell)]


def _rank_cell(row: Agreement) -> str:
    return _number(row.spearman)


def _side_by_side(rows: Sequence[Agreement], cell: Callable[[Agreement], str]) -> list[str]:
    """One line a judge, one column a slice and criterion, in as many tables as the width needs."""
    several = len({row.criterion for row in rows}) > 1
    shown = {(row.name, _column(row, several=several)): cell(row) for row in rows}
    names = list(dict.fromkeys(name for name, _ in shown))
    wanted = list(dict.fromkeys(column for _, column in shown))
    without = {name: _without(rows, name) for name in names}
    lines: list[str] = []
    for some in _fitting(wanted, shown, max(map(len, (*names, "judge"))) + 2 + max(map(len, without.values()))):
        body = [(name, without[name], *(shown.get((name, column), "") for column in some)) for name in names]
        lines += [*([""] if lines else []), *columns(("judge", _WITHOUT, *some), [row for row in body if any(row[2:])])]
    return lines


def _without(rows: Sequence[Agreement], name: str) -> str:
    """How many replies of a judge have no verdict."""
    whole = [row for row in rows if row.name == name and row.slice is None]
    return f"{sum(row.unreadable for row in whole)} of {sum(row.verdicts for row in whole)}"


def _column(row: Agreement, *, several: bool) -> str:
    return " ".join(part for part in (row.criterion if several else "", row.slice or "") if part) or _ALL


def _fitting(wanted: Sequence[str], shown: dict[tuple[str, str], str], first: int) -> Iterator[list[str]]:
    """The columns in groups that fit the width beside a first column."""
    some: list[str] = []
    room = WIDTH - first
    for column in wanted:
        width = 2 + max(len(column), *(len(text) for (_, its), text in shown.items() if its == column))
        if some and width > room:
            yield some
            some, room = [], WIDTH - first
        some.append(column)
        room -= width
    yield some


def _failed(found: Replay) -> list[str]:
    """Failures that no figure counts."""
    return [
        f"{judge.name}: {judge.unplaced} failures do not say about which item, so no figure counts them."
        for judge in found.judges
        if judge.unplaced
    ]


def _people(found: Replay) -> list[str]:
    if not found.people:
        return []
    pairs = list(dict.fromkeys(pair for row in found.people for pair in row.kappas))
    head = ("criterion", "items", "raters", "alpha (ordinal)", "AC1", *(f"kappa {pair}" for pair in pairs))
    cells = [
        (
            row.criterion,
            str(row.items),
            str(row.raters),
            _number(row.alpha),
            _number(row.ac1),
            *(_number(row.kappas.get(pair)) for pair in pairs),
        )
        for row in found.people
    ]
    return ["How people agree with one another:", *columns(head, cells)]


def _trees(found: Replay) -> list[str]:
    if not found.trees:
        return []
    cells = [
        (row.name, str(row.leaves), str(row.met), f"{row.recorded:.4f}", f"{row.root:.4f}", f"{row.off} of {row.nodes}")
        for row in found.trees
    ]
    head = ("tree", "leaves", "met", "root, recorded", "root, recomputed", "nodes that differ")
    return ["Rubric trees, each node the weighted mean of its children:", *columns(head, cells)]


def _published(found: Replay) -> list[str]:
    if not found.published:
        return []
    cells = [
        (
            row.judge,
            row.category,
            str(row.leaves),
            f"{row.published:.3f}",
            "-" if row.f1 is None else f"{row.f1:.3f}",
            f"{c.met_as_met}/{c.met_as_not}/{c.not_as_met}/{c.not_as_not}" if (c := row.confusion) else "-",
        )
        for row in found.published
    ]
    head = ("judge", "leaves about", "number", "F1, published", "F1, recomputed", "met: yes/no, not met: yes/no")
    return [
        "Judges of whom only tables are published. F1 is recomputed from their accuracy and recall and these trees;",
        "of the random baseline it is what a coin gets on average; '-': the table is not about just these leaves.",
        *columns(head, cells),
    ]


def _checks(found: Replay) -> list[str]:
    """What a passport would say, judge by judge."""
    lines: list[str] = []
    for judge in found.judges:
        if judge.checks:
            lines += [*([""] if lines else []), judge.sentence()]
            lines += [f"  {line}" for check in judge.checks for line in check.lines()]
    return lines


def _percent(share: float) -> str:
    return f"{100 * share:.1f}"


def _number(value: Interval | None) -> str:
    return "-" if value is None else f"{value.estimate:.3f}"
