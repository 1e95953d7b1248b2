"""Figures against what they must reach: a mark with its interval, and the band that it must stay in.

A figure that passes is a filled dot, one that fails a diamond, one that is not decided an open dot; one without a limit
is a small dot. The side of the limit that is good is shaded up to a line at the limit.
"""

from collections.abc import Callable, Sequence
from typing import Literal

from adjudge.domain.base import Frozen, Number
from adjudge.domain.interval import Interval
from adjudge.pictures import svg

Tone = Literal["better", "worse", "unclear", "plain"]
Range = tuple[float, float]
Place = Callable[[float], float]

LEFT, RIGHT = 224, 432
"""The axis of `against_limits`; names stand left of it, numbers right."""
TALL = 38


class Beside(Frozen):
    """Another figure to compare with: what people reach among themselves."""

    label: str
    value: Interval


class LimitRow(Frozen):
    """One figure."""

    label: str
    about: str = ""
    """Of what it is: criterion, slice ..."""
    value: Interval | None
    """None: no data, which is said."""
    tone: Tone = "plain"
    limit: Number | None = None
    at_least: bool = True
    """Whether the good side of the limit is above it."""
    verdict: str = ""
    """What the limit asks, and what came of it."""
    beside: tuple[Beside, ...] = ()

    def words(self) -> str:
        """The row told: ``TPR, grounded: 0.83 [0.71, 0.91], n 44; at least 0.8: pass``."""
        about = f", {self.about}" if self.about else ""
        others = "".join(f"; {other.label} {numbers(other.value)}" for other in self.beside)
        return f"{self.label}{about}: {numbers(self.value)}{f'; {self.verdict}' if self.verdict else ''}{others}"

    def ends(self) -> list[float]:
        """Every number that the picture must have room for."""
        values = [value for value in (self.value, *(other.value for other in self.beside)) if value is not None]
        ends = [end for value in values for end in (value.estimate, value.low, value.high) if end is not None]
        return ends if self.limit is None else [*ends, self.limit]


def numbers(value: Interval | None) -> str:
    """``0.83 [0.71, 0.91], n 44``; more digits where all is small."""
    if value is None:
        return "no data"
    most = max(abs(end) for end in (value.estimate, value.low, value.high) if end is not None)
    return f"{value.text(1 if most >= 10 else 2 if most >= 0.1 or not most else 3)}, n {value.n}"


def against_limits(name: str, title: str, rows: Sequence[LimitRow]) -> str:
    """One line a figure, all on one axis; the numbers beside it."""
    top = 26
    low, high = svg.room([end for row in rows for end in row.ends()])
    x = svg.scale(low, high, LEFT, RIGHT)
    height = top + TALL * len(rows) + 6
    parts = []
    for value in svg.ticks(low, high):
        parts.append(svg.rule("axis" if value == 0 else "grid", (x(value), x(value)), (top - 4, height - 6)))
        parts.append(svg.text(x(value), top - 10, f"{value:g}", "middle", "small"))
    for place, row in enumerate(rows):
        parts.append(_row(row, x, (low, high), top + TALL * (place + 0.5)))
    return svg.picture(name, title, "; ".join(row.words() for row in rows), height, parts)


def gauge(name: str, row: LimitRow) -> str:
    """The figure alone on its own axis, small enough for a table; its numbers stand in words beside it."""
    width, height = 200, 30
    low, high = svg.room(row.ends())
    x = svg.scale(low, high, 12, width - 12)
    parts = [svg.rule("axis", (x(low), x(high)), (height - 7, height - 7)), _mark(row, x, (low, high), 12)]
    parts += [
        svg.text(x(end), height + 6, f"{end:.2g}", anchor, "small") for end, anchor in ((low, "start"), (high, "end"))
    ]
    return svg.picture(name, row.label, row.words(), height + 8, parts, width=width)


def _row(row: LimitRow, x: Place, axis: Range, at: float) -> str:
    second = 8 if row.about else 4
    parts = [_mark(row, x, axis, at)]
    parts.append(svg.text(LEFT - 14, at + (second - 12 if row.about else second), svg.short(row.label, 32), "end"))
    if row.about:
        parts.append(svg.text(LEFT - 14, at + 11, svg.short(row.about, 36), "end", "small"))
    beside = "".join(f" \u25b2 {other.value.estimate:.2f}" for other in row.beside)
    parts.append(svg.text(RIGHT + 16, at - 4 if row.verdict else at + 4, numbers(row.value) + beside, "start"))
    if row.verdict:
        parts.append(svg.text(RIGHT + 16, at + 11, svg.short(row.verdict, 46), "start", "small"))
    return "".join(parts)


def _mark(row: LimitRow, x: Place, axis: Range, at: float) -> str:
    parts = []
    if row.limit is not None:
        start, end = (row.limit, axis[1]) if row.at_least else (axis[0], row.limit)
        size = f'width="{max(0.0, x(end) - x(start)):.1f}" height="18"'
        parts.append(f'<rect class="keep" x="{x(start):.1f}" y="{at - 9:.1f}" {size}/>')
        parts.append(svg.rule("limit", (x(row.limit), x(row.limit)), (at - 9, at + 9)))
    parts += [_triangle(x(other.value.estimate), at) for other in row.beside]
    if row.value is not None:
        tone = svg.css(row.tone)
        if row.value.low is not None and row.value.high is not None:
            parts.append(svg.rule(f"range {tone}", (x(row.value.low), x(row.value.high)), (at, at)))
        parts.append(_dot(tone, x(row.value.estimate), at))
    return "".join(parts)


def _dot(tone: str, x: float, y: float) -> str:
    if tone == "worse":
        corners = " ".join(f"{x + dx:.1f},{y + dy:.1f}" for dx, dy in ((0, -6.5), (6.5, 0), (0, 6.5), (-6.5, 0)))
        return f'<polygon class="dot {tone}" points="{corners}"/>'
    return f'<circle class="dot {tone}" cx="{x:.1f}" cy="{y:.1f}" r="{3.5 if tone == "plain" else 5}"/>'


def _triangle(x: float, y: float) -> str:
    """Stands on the line from below, so that it hides no dot."""
    corners = f"{x:.1f},{y + 5:.1f} {x + 5:.1f},{y + 14:.1f} {x - 5:.1f},{y + 14:.1f}"
    return f'<polygon class="beside" points="{corners}"/>'
