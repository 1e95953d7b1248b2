"""Pieces of SVG: every text escaped, every coordinate to a tenth of a unit.

Colours are classes (``c0`` ... ``c5``, ``better``, ``worse``, ``unclear``) that the page defines for light and dark. A
picture has a title and a description for those who do not see it, and never tells by colour alone.
"""

from collections.abc import Callable, Sequence
from html import escape
from itertools import pairwise
from math import floor, log10
from typing import Final

WIDTH: Final = 720
COLOURS: Final = 6


def picture(name: str, title: str, told: str, height: float, parts: Sequence[str], *, width: float = WIDTH) -> str:
    """The whole: `told` says in words what the parts show; `name` is its id on the page."""
    key = css(name)
    return (
        f'<svg role="img" aria-labelledby="{key}-title {key}-desc" viewBox="0 0 {width:g} {height:g}" '
        f'xmlns="http://www.w3.org/2000/svg"><title id="{key}-title">{escape(title)}</title>'
        f'<desc id="{key}-desc">{escape(told)}</desc>{"".join(parts)}</svg>'
    )


def css(name: str) -> str:
    """A name that is safe as a class or id."""
    return "".join(char if char.isascii() and char.isalnum() else "-" for char in name)


def scale(low: float, high: float, start: float, end: float) -> Callable[[float], float]:
    """A linear map: `low` to `start`, `high` to `end`."""

    def place(value: float) -> float:
        return start + (value - low) / (high - low) * (end - start)

    return place


def room(values: Sequence[float]) -> tuple[float, float]:
    """The axis for these values: 0 is always on it; shares have the whole of [0, 1] unless all of them are small."""
    low, high = min([0.0, *values]), max([0.0, *values])
    if low == 0 and 0.4 < high <= 1:
        return 0.0, 1.0
    over = 0.08 * (high - low) or 1.0
    return low - over * (low < 0), high + over * (high > 0 or low == 0)


def ticks(low: float, high: float) -> list[float]:
    """Round values, three to eight of them."""
    raw = (high - low) / 5
    size = 10.0 ** floor(log10(raw))
    step = next(size * factor for factor in (1, 2, 5, 10) if size * factor >= raw)
    first = floor(low / step)
    return [round((first + place) * step, 10) for place in range(12) if low <= (first + place) * step <= high]


def text(x: float, y: float, words: str, anchor: str, style: str = "") -> str:
    """One line of text."""
    kind = f' class="{style}"' if style else ""
    return f'<text{kind} x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(words)}</text>'


def rule(kind: str, x: tuple[float, float], y: tuple[float, float]) -> str:
    """A line from the first to the second of both coordinates."""
    return f'<line class="{kind}" x1="{x[0]:.1f}" x2="{x[1]:.1f}" y1="{y[0]:.1f}" y2="{y[1]:.1f}"/>'


def box(number: int, x: float, y: float, width: float, height: float) -> str:
    """A filled rectangle in the colour of that number."""
    size = f'width="{width:.1f}" height="{height:.1f}"'
    return f'<rect class="c{number % COLOURS}" x="{x:.1f}" y="{y:.1f}" {size} rx="2"/>'


def grid(left: float, y: Callable[[float], float], values: Sequence[float], right: float = WIDTH) -> str:
    """Horizontal lines at these values, each with its number at the left."""
    return "".join(
        rule("axis" if value == 0 else "grid", (left, right), (y(value), y(value)))
        + text(left - 8, y(value) + 4, f"{value:g}", "end", "small")
        for value in values
    )


def legend(models: Sequence[str], left: float, at: float) -> str:
    """The colours of the models, in one line."""
    parts, x = [], left
    for number, model in enumerate(models):
        parts.append(box(number, x, at - 9, 11, 11))
        parts.append(text(x + 17, at, model, "start", "small"))
        x += 40 + 7.5 * len(model)
    return "".join(parts)


def apart(heights: Sequence[float], gap: float) -> list[float]:
    """The heights moved down where two labels would overlap, in the order given."""
    order = sorted(range(len(heights)), key=lambda place: heights[place])
    out = list(heights)
    for above, below in pairwise(order):
        out[below] = max(out[below], out[above] + gap)
    return out


def short(words: str, most: int) -> str:
    """At most so many characters; the description of the chart has the whole."""
    return words if len(words) <= most else words[: max(1, most - 1)].rstrip() + "\u2026"
