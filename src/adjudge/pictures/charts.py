"""Charts as SVG text: small pure functions, no library, every text escaped.

Colours are classes (``c0`` ... ``c5``, ``better``, ``worse``, ``unclear``) that the page defines for light and dark. A
chart has a title and a description for those who do not see it, and never tells by colour alone.
"""

from collections.abc import Callable, Sequence

from adjudge.domain.base import Frozen, Number, Seconds
from adjudge.domain.interval import Interval
from adjudge.pictures import svg


class BarGroup(Frozen):
    """One metric: a bar for each model, in [0, 1]; None leaves a gap that says "no data"."""

    label: str
    bars: tuple[Interval | None, ...]


class DotRow(Frozen):
    """One difference with its interval."""

    label: str
    change: Interval
    tone: str
    """better, worse or unclear: colour and word."""
    note: str = ""


class Line(Frozen):
    """One series over steps: points as (step, value)."""

    label: str
    points: tuple[tuple[Number, Number], ...]
    smooth: bool = True
    """Draw the centred mean of five as a line, the points faint behind; otherwise markers with a thin line."""


class Phase(Frozen):
    """Time of one phase."""

    label: str
    seconds: Seconds


def bars(name: str, title: str, models: Sequence[str], groups: Sequence[BarGroup]) -> str:
    """Grouped bars from 0 to 1 with intervals as whiskers and the value above each."""
    height, left, top, base = 290, 40, 34, 236
    y = svg.scale(0.0, 1.0, base, top)
    slot = (svg.WIDTH - left) / max(1, len(groups))
    width = min(46.0, slot * 0.82 / max(1, len(models)))
    parts = [svg.grid(left, y, (0.0, 0.25, 0.5, 0.75, 1.0)), svg.legend(models, left, 14)]
    for place, group in enumerate(groups):
        start = left + slot * (place + 0.5) - width * len(group.bars) / 2
        for number, bar in enumerate(group.bars):
            parts.append(_bar(start + number * width, width, y, bar, number))
        room = int(slot / 7)
        parts.append(svg.text(left + slot * (place + 0.5), base + 20, svg.short(group.label, room), "middle"))
    told = [
        f"{group.label}: "
        + ", ".join(f"{m} {b.text() if b else 'no data'}" for m, b in zip(models, group.bars, strict=True))
        for group in groups
    ]
    return svg.picture(name, title, "; ".join(told), height, parts)


def dot_intervals(name: str, title: str, rows: Sequence[DotRow]) -> str:
    """One line a difference: a dot, its interval, and zero as the line to cross."""
    left, right, top, row_height = 200, svg.WIDTH - 215, 26, 25
    ends = [end for row in rows for end in (row.change.low, row.change.high, row.change.estimate) if end is not None]
    reach = max([0.05, *(abs(end) for end in ends)]) * 1.05
    x = svg.scale(-reach, reach, left, right)
    height = top + row_height * len(rows) + 14
    ticks = [value for value in svg.ticks(-reach, reach) if abs(value) <= reach]
    parts = [svg.rule("axis", (x(0), x(0)), (top - 4, height - 12))]
    for value in ticks:
        parts.append(svg.rule("grid", (x(value), x(value)), (top - 4, height - 12)))
        parts.append(svg.text(x(value), top - 10, f"{value:+g}" if value else "0", "middle", "small"))
    for place, row in enumerate(rows):
        at, change = top + row_height * (place + 0.5), row.change
        tone = svg.css(row.tone)
        parts.append(svg.text(left - 12, at + 4, svg.short(row.label, 27), "end"))
        if change.low is not None and change.high is not None:
            parts.append(svg.rule(f"range {tone}", (x(change.low), x(change.high)), (at, at)))
        parts.append(f'<circle class="dot {tone}" cx="{x(change.estimate):.1f}" cy="{at}" r="5"/>')
        parts.append(svg.text(right + 12, at + 4, f"{_signed(change)} {row.note or row.tone}", "start", "small"))
    told = "; ".join(f"{row.label} {_signed(row.change)} {row.tone}" for row in rows)
    return svg.picture(name, title, told, height, parts)


def curve(name: str, title: str, lines: Sequence[Line]) -> str:
    """Series over steps, from 0 to the largest value (at least 1), each named at its right end."""
    height, left, right, top, base = 300, 40, svg.WIDTH - 170, 16, 258
    points = [point for line in lines for point in line.points]
    first, last = min((p[0] for p in points), default=0.0), max((p[0] for p in points), default=1.0)
    x = svg.scale(first, max(last, first + 1), left, right)
    y = svg.scale(0.0, max([1.0, *(p[1] for p in points)]), base, top)
    parts = [svg.grid(left, y, (0.0, 0.25, 0.5, 0.75, 1.0), right)]
    steps = [value for value in svg.ticks(first, max(last, first + 1)) if value >= first and value == int(value)]
    parts += [svg.text(x(value), base + 18, f"{value:g}", "middle", "small") for value in steps]
    parts.append(svg.text((left + right) / 2, base + 36, "optimizer step", "middle", "small"))
    # The first colour is the baseline's grey; the first series is the one to see.
    shown = [(number + 2, line) for number, line in enumerate(lines) if line.points]
    labels = svg.apart([y(smoothed(line)[-1][1]) for _, line in shown], 16)
    for (number, line), at in zip(shown, labels, strict=True):
        parts.append(_series(line, number, x, y))
        end = smoothed(line)[-1]
        parts.append(
            svg.text(
                right + 12,
                at + 4,
                f"{svg.short(line.label, 18)} {end[1]:.2f}",
                "start",
                f"small f{number % svg.COLOURS}",
            )
        )
    told = "; ".join(f"{line.label} from {line.points[0][1]:.2f} to {line.points[-1][1]:.2f}" for _, line in shown)
    return svg.picture(name, title, told, height, parts)


def phases(name: str, title: str, parts_of_time: Sequence[Phase]) -> str:
    """One bar a phase, longest time to the full width, with the time and its share."""
    left, right, row_height = 150, svg.WIDTH - 150, 26
    total = sum(part.seconds for part in parts_of_time) or 1.0
    x = svg.scale(0.0, max([1e-9, *(part.seconds for part in parts_of_time)]), left, right)
    parts, told = [], []
    for place, part in enumerate(parts_of_time):
        at = 4 + row_height * place
        parts.append(svg.text(left - 10, at + 15, svg.short(part.label, 20), "end"))
        width = max(1.0, x(part.seconds) - left)
        parts.append(svg.box(1, left, at + 3, width, row_height - 9))
        words = f"{duration(part.seconds)} ({part.seconds / total:.0%})"
        parts.append(svg.text(left + width + 8, at + 15, words, "start", "small"))
        told.append(f"{part.label} {words}")
    return svg.picture(name, title, "; ".join(told), 10 + row_height * len(parts_of_time), parts)


def smoothed(line: Line) -> tuple[tuple[float, float], ...]:
    """Centred mean of up to five points (fewer at the ends); the points themselves where the line is not smooth."""
    if not line.smooth:
        return line.points
    out = []
    for place, (step, _) in enumerate(line.points):
        reach = min(2, place, len(line.points) - 1 - place)
        around = [value for _, value in line.points[place - reach : place + reach + 1]]
        out.append((step, sum(around) / len(around)))
    return tuple(out)


def duration(seconds: float) -> str:
    """``3.1 s``, ``4 min 05 s`` or ``2 h 10 min``."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def _bar(x: float, width: float, y: Callable[[float], float], bar: Interval | None, number: int) -> str:
    middle = x + width / 2
    if bar is None:
        return svg.text(middle, y(0) - 5, "no data", "middle", "small")
    value = min(1.0, max(0.0, bar.estimate))
    top = value
    parts = [svg.box(number, x + 2, y(value), width - 4, y(0) - y(value))]
    if bar.low is not None and bar.high is not None:
        low, top = max(0.0, bar.low), min(1.0, bar.high)
        parts.append(svg.rule("whisker", (middle, middle), (y(low), y(top))))
        parts += [svg.rule("whisker", (middle - 5, middle + 5), (y(end), y(end))) for end in (low, top)]
    parts.append(svg.text(middle, y(top) - 5, f"{bar.estimate:.2f}", "middle", "small"))
    return "".join(parts)


def _series(line: Line, number: int, x: Callable[[float], float], y: Callable[[float], float]) -> str:
    colour = number % svg.COLOURS
    drawn = smoothed(line)
    path = " ".join(f"{x(step):.1f},{y(value):.1f}" for step, value in drawn)
    thin = "" if line.smooth else " thin"
    size, faint = (2, " faint") if line.smooth else (4, "")
    dots = "".join(
        f'<circle class="c{colour}{faint}" cx="{x(step):.1f}" cy="{y(value):.1f}" r="{size}"/>'
        for step, value in line.points
    )
    return f'{dots}<polyline class="line s{colour}{thin}" points="{path}"/>'


def _signed(change: Interval) -> str:
    ends = "" if change.low is None or change.high is None else f" [{change.low:+.2f}, {change.high:+.2f}]"
    return f"{change.estimate:+.2f}{ends}"
