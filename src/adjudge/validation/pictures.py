"""Checks of a judge as pictures: their figures against their limits, and their curves."""

import re
from collections.abc import Mapping, Sequence
from itertools import groupby
from math import ceil, log10
from typing import Final

from adjudge.pictures.limits import Beside, LimitRow, Tone, against_limits, gauge
from adjudge.pictures.plane import Axes, Point, Series, plane
from adjudge.validation.check import Check, Figure, Outcome

MOST_LINES: Final = 5
"""Lines of one picture: there are no more colours that are told apart."""
MOST_ROWS: Final = 24
"""Figures of one picture; the table under it has all of them."""

_TONES: Final[dict[Outcome | None, Tone]] = {
    Outcome.PASS: "better",
    Outcome.FAIL: "worse",
    Outcome.NOT_ENOUGH_DATA: "unclear",
}

_BEST_OF: Final = Axes(x="responses that the judge picks the best of", y="value of the pick", doubling=True)
_AXES: Final = {
    "reliability": Axes(x="score that the judge gives", y="share that people find good", diagonal=True),
    "length": Axes(x="length (characters)", y="score"),
    "best_of": _BEST_OF,
    "best_of_n": _BEST_OF,
}
"""What the directions of a known curve are; another has the names of its numbers."""

_SMALL: Final = 0.2
"""On an axis from 0 to 1 the limits of rates like these could not be told from their figures."""
_OF_PEOPLE: Final = ("ceiling", "_people")
_LOOSE: Final = frozenset({"reliability", "length"})
"""Curves whose points are not joined: each is of its own items."""
_X: Final = ("x", "length", "calls")
_POINT: Final = ("low", "high", "n", "weight")
"""What belongs to the first number of a point and is no line of its own."""
_SHORT: Final = re.compile(r"\b(ac1|auc|ece|grpo|icc|ppi|tnr|tpr|usd)\b")
_PEOPLE: Final = re.compile(r"\b(brier|cohen|gwet|kendall|krippendorff|spearman)\b")


def spoken(name: str) -> str:
    """A name of a figure or curve in words: ``tpr_lower`` is "TPR lower", ``rho_g`` "reliability in groups"."""
    words = name.replace("rho_g", "reliability in groups").replace("_", " ").replace("/", ": ")
    return _PEOPLE.sub(lambda found: found[0].title(), _SHORT.sub(lambda found: found[0].upper(), words))


def must_be(figure: Figure) -> str:
    """The rule with its sign; empty where there is none."""
    if figure.rule is None:
        return ""
    # The sign stays with its number at the end of a line.
    sign = "\u2265" if figure.rule.at_least is not None else "\u2264"
    return f"{sign}\u00a0{figure.rule.limit:g}{' by its estimate' if figure.rule.bound == 'estimate' else ''}"


def limit_row(figure: Figure, beside: Sequence[Beside] = ()) -> LimitRow:
    """A figure as a line of a picture."""
    rule = figure.rule
    return LimitRow(
        label=spoken(figure.name),
        about=", ".join(figure.about.values()),
        value=figure.value,
        tone=_TONES.get(figure.outcome, "plain"),
        limit=rule.limit if rule else None,
        at_least=rule is None or rule.at_least is not None,
        verdict=_verdict(figure),
        beside=tuple(beside),
    )


def deciding(check: Check) -> Figure | None:
    """The figure that made the outcome: of those that came to it, the one that is furthest on the wrong side.

    None where no figure has a rule.
    """
    found = [figure for figure in check.figures if figure.rule and figure.outcome is check.outcome]
    return min(found, key=_distance, default=None)


def deciding_picture(check: Check, name: str) -> str:
    """The deciding figure, small enough for a table; empty where there is none or nothing was measured."""
    figure = deciding(check)
    return gauge(name, limit_row(figure)) if figure is not None and figure.value is not None else ""


def figure_pictures(check: Check, name: str) -> list[str]:
    """The check's figures against their limits: one picture for each order of magnitude, judged figures first.

    Totals and others that have neither limit nor interval are for the table.
    A figure of people is a mark on the same figure of the judge: see `of_people`.
    """
    people = [figure for figure in check.figures if of_people(figure)]
    judge = [figure for figure in check.figures if not of_people(figure)]
    matched = [(figure, [other for other in people if _stands_beside(other, figure)]) for figure in judge]
    used = [other for _, others in matched for other in others]
    rows = [limit_row(figure, _beside(others)) for figure, others in matched]
    rows += [limit_row(other) for other in people if other not in used]
    judged = sorted(rows, key=lambda row: (_magnitude(row), row.limit is None))
    pictures = []
    for magnitude, group in groupby(judged, key=_magnitude):
        shown = [row for row in group if row.limit is not None or _has_ends(row)][:MOST_ROWS]
        if any(row.value is not None for row in shown):
            pictures.append(against_limits(f"{name}-figures-{magnitude}", f"{check.title}: figures", shown))
    return pictures


def curve_pictures(check: Check, name: str) -> list[str]:
    """The check's curves. Those of one kind, ``best_of/f1`` and others, share a picture while it is not full.

    Reliability has intervals at the same places in every curve, so each has its own picture.

    A curve is of the kind before its slash where that is known, else of the check's kind.
    """
    pictures = []
    drawn = {key: points for key, points in check.curves.items() if points}
    for kind in dict.fromkeys(_kind(check, key) for key in drawn):
        found = {key: points for key, points in drawn.items() if _kind(check, key) == kind}
        series = {key: _series(_of(key, kind, alone=len(found) == 1), kind, points) for key, points in found.items()}
        full = kind == "reliability" or sum(len(lines) for lines in series.values()) > MOST_LINES
        for place, keys in enumerate([[key] for key in found] if full else [list(found)]):
            axes = _axes(kind, [point for key in keys for point in found[key]])
            lines = [line for key in keys for line in series[key]]
            title = f"{check.title}: {spoken(keys[0] if full or kind not in _AXES else kind)}"
            pictures.append(plane(f"{name}-curve-{kind}{f'-{place}' if full else ''}", title, axes, lines))
    return pictures


def _kind(check: Check, key: str) -> str:
    """Of the known kinds, or the points' own names where it is none."""
    known = [name for name in (key.partition("/")[0], check.name) if name in _AXES]
    return known[0] if known else "-".join(name for name in check.curves[key][0] if name not in _POINT)


def _of(key: str, kind: str, *, alone: bool) -> str:
    """What tells a curve from the others of its kind: ``grounded``."""
    first, _, rest = key.partition("/")
    return rest if first == kind else "" if alone else key


def _series(of: str, kind: str, points: Sequence[Mapping[str, float]]) -> list[Series]:
    """A line for each number of the points that is not x; interval and count are of the first."""
    x = _first(points[0])
    found = sorted((point for point in points if x in point), key=lambda point: point[x])
    names = [name for name in dict.fromkeys(name for point in found for name in point) if name not in {x, *_POINT}]
    series = []
    for name in names:
        own = "" if name == "y" or (len(names) == 1 and kind in _AXES) else name
        words = [spoken(word) for word in (of, own) if word]
        drawn = tuple(_point(point, x, name, first=name == names[0]) for point in found if name in point)
        series.append(Series(label=", ".join(words) or spoken(kind), points=drawn, joined=kind not in _LOOSE))
    return series


def _point(point: Mapping[str, float], x: str, y: str, *, first: bool) -> Point:
    rest = {name: point[name] for name in _POINT if name != x and name in point} if first else {}
    count = rest.get("n")
    return Point(
        x=point[x],
        y=point[y],
        low=rest.get("low"),
        high=rest.get("high"),
        n=None if count is None else round(count),
    )


def _first(point: Mapping[str, float]) -> str:
    """Which number of a point is x: by its name where that tells, else the first."""
    return next((name for name in _X if name in point), next(iter(point)))


def _axes(kind: str, points: Sequence[Mapping[str, float]]) -> Axes:
    x = _first(points[0])
    known = _AXES.get(kind)
    if known is None:
        others = [name for name in points[0] if name != x and name not in _POINT]
        return Axes(x=spoken(x), y=spoken(others[0]) if len(others) == 1 else "")
    # A logarithm needs every x over 0, and the diagonal is of shares: what does not keep to it is drawn plainly.
    within = all(0 <= value <= 1 for point in points for name, value in point.items() if name not in {"n", "weight"})
    above = all(point.get(x, 1.0) > 0 for point in points)
    return known.model_copy(update={"diagonal": known.diagonal and within, "doubling": known.doubling and above})


def of_people(figure: Figure) -> bool:
    """A figure to compare with: ``ceiling`` or ``X_ceiling``, what people reach among themselves, and ``X_people``."""
    return figure.rule is None and figure.value is not None and figure.name.endswith(_OF_PEOPLE)


def _stands_beside(people: Figure, figure: Figure) -> bool:
    of = people.name.removesuffix("_people").removesuffix("ceiling").rstrip("_")
    return of in {"", "human", figure.name} and people.about.items() <= figure.about.items()


def _beside(others: Sequence[Figure]) -> list[Beside]:
    return [Beside(label=spoken(other.name), value=other.value) for other in others if other.value is not None]


def _has_ends(row: LimitRow) -> bool:
    return row.value is not None and row.value.low is not None


def _magnitude(row: LimitRow) -> int:
    """0 for what is within [-1, 1], -1 for judged figures that are small there, else digits before the point."""
    most = max((abs(end) for end in row.ends()), default=0.0)
    if most <= 1:
        return -1 if row.limit is not None and most < _SMALL else 0
    return ceil(log10(most)) or 1


def _verdict(figure: Figure) -> str:
    if figure.outcome is None:
        return ""
    needed = f" (n \u2248 {figure.needed})" if figure.needed else ""
    return f"{must_be(figure)}: {figure.outcome.lower()}{needed}"


def _distance(figure: Figure) -> float:
    """How far the estimate is on the good side; a figure that is not there is the worst."""
    assert figure.rule is not None  # only judged figures are asked
    if figure.value is None:
        return float("-inf")
    gap = figure.value.estimate - figure.rule.limit
    return gap if figure.rule.at_least is not None else -gap
