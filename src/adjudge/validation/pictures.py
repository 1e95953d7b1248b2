"""Checks of a judge as pictures: their figures against their limits, and their curves."""

import re
from collections.abc import Mapping, Sequence
from itertools import groupby
from math import ceil, log10
from typing import Final

from adjudge.pictures.limits import Beside, LimitRow, Tone, against_limits, gauge
from adjudge.pictures.plane import Axes, Point, Series, plane
from adjudge.validation.check import Check, Figure, Outcome

MOST_ROWS: Final = 24
"""Figures of one picture; the table under it has all of them."""

_TONES: Final[dict[Outcome | None, Tone]] = {
    Outcome.PASS: "better",
    Outcome.FAIL: "worse",
    Outcome.NOT_ENOUGH_DATA: "unclear",
}

_AXES: Final = {
    "reliability": Axes(x="probability that the judge gives", y="share that people say yes", diagonal=True),
    "length": Axes(x="length (characters)", y="score"),
    "best_of_n": Axes(x="responses that the judge picks the best of", y="value of the pick", doubling=True),
}
"""What the directions of a known curve are; another has the names of its numbers."""

_SMALL: Final = 0.2
"""On an axis from 0 to 1 the limits of rates like these could not be told from their figures."""
_LOOSE: Final = frozenset({"reliability", "length"})
"""Curves whose points are not joined: each is of its own items."""
_X: Final = ("x", "n", "length", "calls", "repeats", "labels")
_POINT: Final = ("low", "high", "n")
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
    return f"{sign}\u00a0{figure.rule.limit:g}"


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
    A figure ``ceiling`` or ``X_ceiling`` without a rule (what people reach among themselves) is a mark on the figures,
    or the figure X, of the same criterion.
    """
    plain = [figure for figure in check.figures if not _is_ceiling(figure)]
    ceilings = [figure for figure in check.figures if _is_ceiling(figure)]
    matched = [(figure, [top for top in ceilings if _caps(top, figure)]) for figure in plain]
    used = [top for _, tops in matched for top in tops]
    rows = [limit_row(figure, _beside(tops)) for figure, tops in matched]
    rows += [limit_row(top) for top in ceilings if top not in used]
    judged = sorted(rows, key=lambda row: (_magnitude(row), row.limit is None))
    pictures = []
    for magnitude, group in groupby(judged, key=_magnitude):
        shown = [row for row in group if row.limit is not None or _has_ends(row)][:MOST_ROWS]
        if shown:
            pictures.append(against_limits(f"{name}-figures-{magnitude}", f"{check.title}: figures", shown))
    return pictures


def curve_pictures(check: Check, name: str) -> list[str]:
    """The check's curves. Those that differ only behind a slash (``reliability/grounded``) share a picture."""
    pictures = []
    for kind, keys in groupby(sorted(check.curves), key=lambda key: key.split("/")[0]):
        series = [line for key in keys for line in _series(key, check.curves[key])]
        points = [point for key, found in check.curves.items() if key.split("/")[0] == kind for point in found]
        if series:
            axes = _axes(kind, points)
            pictures.append(plane(f"{name}-{kind}", f"{check.title}: {spoken(kind)}", axes, series))
    return pictures


def _series(key: str, points: Sequence[Mapping[str, float]]) -> list[Series]:
    """A line for each number of the points that is not x, an end of an interval or a count."""
    if not points:
        return []
    x = _first(points[0])
    found = sorted((point for point in points if x in point), key=lambda point: point[x])
    names = [name for name in dict.fromkeys(name for point in found for name in point) if name not in {x, *_POINT}]
    kind, _, part = key.partition("/")
    series = []
    for name in names:
        words = [spoken(word) for word in (part or (kind if name == "y" else ""), name if name != "y" else "") if word]
        drawn = tuple(_point(point, x, name, alone=len(names) == 1) for point in found if name in point)
        series.append(Series(label=", ".join(words), points=drawn, joined=kind not in _LOOSE))
    return series


def _point(point: Mapping[str, float], x: str, y: str, *, alone: bool) -> Point:
    rest = {name: point[name] for name in _POINT if name != x and name in point} if alone else {}
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
    within = all(0 <= value <= 1 for point in points for name, value in point.items() if name != "n")
    above = all(point.get(x, 1.0) > 0 for point in points)
    return known.model_copy(update={"diagonal": known.diagonal and within, "doubling": known.doubling and above})


def _is_ceiling(figure: Figure) -> bool:
    return figure.rule is None and figure.value is not None and figure.name.endswith("ceiling")


def _caps(top: Figure, figure: Figure) -> bool:
    of = top.name.removesuffix("ceiling").rstrip("_")
    return of in {"", "human", figure.name} and top.about.items() <= figure.about.items()


def _beside(tops: Sequence[Figure]) -> list[Beside]:
    return [Beside(label=spoken(top.name), value=top.value) for top in tops if top.value is not None]


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
