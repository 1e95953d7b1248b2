"""Points in a plane, with intervals: reliability, score against length, value against effort."""

from collections.abc import Callable, Sequence
from math import log2

from adjudge.domain.base import Count, Frozen, Number
from adjudge.pictures import svg

LEFT, RIGHT, TOP, BASE = 56, svg.WIDTH - 176, 18, 268
CROWDED = 24
"""More points than this are drawn faint, and their numbers are not written beside them."""


class Point(Frozen):
    """Where, how far it can be trusted, and how many values stand behind it."""

    x: Number
    y: Number
    low: Number | None = None
    high: Number | None = None
    n: Count | None = None


class Series(Frozen):
    """Points of one kind."""

    label: str
    points: tuple[Point, ...]
    joined: bool = False


class Axes(Frozen):
    """What the two directions are."""

    x: str
    y: str
    diagonal: bool = False
    """Draw the line on which both are equal: both axes are [0, 1]."""
    doubling: bool = False
    """x grows by doubling; all x are over 0."""


def plane(name: str, title: str, axes: Axes, series: Sequence[Series]) -> str:
    """Series of points, each named at the right."""
    points = [point for line in series for point in line.points]
    ends = [end for point in points for end in (point.y, point.low, point.high) if end is not None]
    wide = (0.0, 1.0) if axes.diagonal else svg.room([point.x for point in points])
    high = (0.0, 1.0) if axes.diagonal else svg.room(ends)
    x = _doubling([point.x for point in points]) if axes.doubling else svg.scale(*wide, LEFT, RIGHT)
    y = svg.scale(*high, BASE, TOP)
    parts = [svg.grid(LEFT, y, svg.ticks(*high), RIGHT)]
    parts.append(svg.text(LEFT, TOP - 6, axes.y, "start", "small"))
    parts.append(svg.text((LEFT + RIGHT) / 2, BASE + 38, axes.x, "middle", "small"))
    # Where x doubles, the points themselves are the round numbers.
    steps = sorted({point.x for point in points}) if axes.doubling else svg.ticks(*wide)
    parts += [svg.text(x(step), BASE + 18, f"{step:.6g}", "middle", "small") for step in _spaced(steps, x)]
    if axes.diagonal:
        parts.append(svg.rule("limit dashed", (x(0), x(1)), (y(0), y(1))))
    shown = [(number + 1, line) for number, line in enumerate(series) if line.points]
    heights = svg.apart([y(line.points[-1].y) if line.joined else TOP + 12 for _, line in shown], 18)
    for (number, line), at in zip(shown, heights, strict=True):
        parts.append(_series(line, number, x, y, counted=len(shown) == 1))
        parts.append(f'<circle class="c{number % svg.COLOURS}" cx="{RIGHT + 14}" cy="{at:.1f}" r="4"/>')
        parts.append(svg.text(RIGHT + 24, at + 4, svg.short(line.label, 22), "start", "small"))
    return svg.picture(name, title, "; ".join(_told(line) for _, line in shown), BASE + 48, parts)


def _series(
    line: Series, number: int, x: Callable[[float], float], y: Callable[[float], float], *, counted: bool
) -> str:
    colour = number % svg.COLOURS
    crowded = len(line.points) > CROWDED
    parts = []
    if line.joined:
        path = " ".join(f"{x(point.x):.1f},{y(point.y):.1f}" for point in line.points)
        parts.append(f'<polyline class="line s{colour}" points="{path}"/>')
    for point in line.points:
        at = x(point.x)
        low, high = (y(point.y if end is None else end) for end in (point.low, point.high))
        parts.append(svg.rule("whisker", (at, at), (low, high)))
        kind = f"c{colour}{' faint' if crowded else ''}"
        parts.append(f'<circle class="{kind}" cx="{at:.1f}" cy="{y(point.y):.1f}" r="{3 if crowded else 4.5}"/>')
        if point.n is not None and counted and not crowded and not line.joined:
            # Over the whisker; under it where it reaches the top.
            parts.append(svg.text(at, high - 6 if high > TOP + 14 else low + 15, f"n {point.n}", "middle", "small"))
    return "".join(parts)


def _told(line: Series) -> str:
    if len(line.points) > CROWDED:
        return f"{line.label}: {len(line.points)} points"
    return f"{line.label}: " + ", ".join(map(_point, line.points))


def _point(point: Point) -> str:
    ends = "" if point.low is None or point.high is None else f" [{point.low:.2f}, {point.high:.2f}]"
    count = "" if point.n is None else f" (n {point.n})"
    return f"{point.y:.2f}{ends} at {point.x:.4g}{count}"


def _spaced(steps: Sequence[float], x: Callable[[float], float]) -> list[float]:
    """The steps whose numbers do not run into the one before."""
    kept: list[float] = []
    for step in steps:
        if not kept or x(step) - x(kept[-1]) >= 34:
            kept.append(step)
    return kept


def _doubling(values: Sequence[float]) -> Callable[[float], float]:
    logs = [log2(value) for value in values]
    low, high = min(logs, default=0.0), max(logs, default=1.0)
    place = svg.scale(low, max(high, low + 1), LEFT + 16, RIGHT - 16)
    return lambda value: place(log2(value))
