import re
from itertools import pairwise
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adjudge.domain.interval import Interval
from adjudge.pictures.charts import (
    BarGroup,
    DotRow,
    Line,
    Phase,
    bars,
    curve,
    dot_intervals,
    duration,
    phases,
    smoothed,
)

SVG = "{http://www.w3.org/2000/svg}"


def interval(low: float, estimate: float, high: float) -> Interval:
    """Of 40 rows."""
    return Interval(estimate=estimate, low=low, high=high, n=40, clusters=40)


def parse(svg: str) -> ET.Element:
    """The chart as XML: a chart that is not well-formed fails here."""
    return ET.fromstring(svg)  # noqa: S314 (our own text)


def words(svg: str) -> list[str]:
    """Every text in the picture."""
    return ["".join(text.itertext()) for text in parse(svg).iter(f"{SVG}text")]


def test_bars_are_as_high_as_their_values():
    """Heights are proportional to the estimates, and the whisker spans the interval."""
    svg = bars("x", "T", ["a", "b"], [BarGroup(label="m", bars=(interval(0.1, 0.25, 0.4), interval(0.4, 0.75, 0.9)))])
    boxes = [box for box in parse(svg).iter(f"{SVG}rect") if float(box.get("height", "0")) != 11]
    heights = [float(box.get("height", "0")) for box in boxes]
    assert heights[1] == pytest.approx(3 * heights[0], rel=0.01)
    whisker = next(line for line in parse(svg).iter(f"{SVG}line") if line.get("class") == "whisker")
    span = abs(float(whisker.get("y1", "0")) - float(whisker.get("y2", "0")))
    assert span == pytest.approx(heights[0] * 0.3 / 0.25, rel=0.01)


def test_missing_bar_is_said():
    """A model without figure leaves a gap that says so, not a bar of height zero."""
    svg = bars("x", "T", ["a", "b"], [BarGroup(label="m", bars=(None, interval(0.4, 0.5, 0.6)))])
    assert "no data" in words(svg)
    assert "a no data" in "".join(parse(svg).itertext())


def test_dots_stand_left_and_right_of_zero():
    """Dots are in order of their differences; the sign tells the side of the zero line; the tone is told in words."""
    rows = [
        DotRow(label="down", change=interval(-0.3, -0.2, -0.1), tone="worse"),
        DotRow(label="none", change=interval(-0.1, 0.0, 0.1), tone="unclear"),
        DotRow(label="up", change=interval(0.1, 0.2, 0.3), tone="better"),
    ]
    svg = dot_intervals("x", "T", rows)
    dots = [float(dot.get("cx", "0")) for dot in parse(svg).iter(f"{SVG}circle")]
    zero = next(float(line.get("x1", "0")) for line in parse(svg).iter(f"{SVG}line") if line.get("class") == "axis")
    assert dots[0] < dots[1] < dots[2]
    assert dots[1] == pytest.approx(zero, abs=0.1)
    assert dots[2] - zero == pytest.approx(zero - dots[0], abs=0.2)
    assert [text for text in words(svg) if "worse" in text] == ["-0.20 [-0.30, -0.10] worse"]


@settings(deadline=None)
@given(st.lists(st.floats(0, 5), min_size=1, max_size=30))
def test_smoothing_stays_within_the_points(values: list[float]):
    """The line has one point a step and never leaves the range of the values around it."""
    line = Line(label="l", points=tuple((float(step), value) for step, value in enumerate(values)))
    drawn = smoothed(line)
    assert [step for step, _ in drawn] == [step for step, _ in line.points]
    for place, (_, value) in enumerate(drawn):
        around = values[max(0, place - 2) : place + 3]
        assert min(around) - 1e-9 <= value <= max(around) + 1e-9
    parse(curve("x", "T", [line]))


def test_a_straight_line_stays_straight():
    """Centred means do not shift a trend."""
    line = Line(label="l", points=tuple((float(step), 0.1 * step) for step in range(8)))
    assert [value for _, value in smoothed(line)] == pytest.approx([value for _, value in line.points])


def test_names_of_lines_do_not_overlap():
    """Series that end at the same height have their names below each other."""
    lines = [Line(label=name, points=((1.0, 0.1), (2.0, 0.5))) for name in "abcd"]
    texts = parse(curve("x", "T", lines)).iter(f"{SVG}text")
    heights = sorted(float(text.get("y", "0")) for text in texts if re.match("[abcd] 0.50", text.text or ""))
    assert len(heights) == 4
    assert all(below - above >= 15 for above, below in pairwise(heights))


def test_long_names_are_cut_in_the_picture_only():
    """A name that would run out of the picture is cut; the description keeps it."""
    name = "a very long name of a metric that nobody would choose"
    svg = dot_intervals("x", "T", [DotRow(label=name, change=interval(0, 0.1, 0.2), tone="unclear")])
    assert name not in words(svg)
    assert name in (parse(svg).findtext(f"{SVG}desc") or "")


@pytest.mark.parametrize("hostile", ['"><script>alert(1)</script>', "a & b < c", "x' onload='y"])
def test_texts_are_escaped(hostile: str):
    """Names with markup arrive as text in every chart."""
    shown = interval(0, 0.1, 0.2)
    made = [
        bars("x", hostile, [hostile], [BarGroup(label=hostile, bars=(shown,))]),
        dot_intervals(hostile, hostile, [DotRow(label=hostile, change=shown, tone=hostile)]),
        curve("x", hostile, [Line(label=hostile, points=((1.0, 0.5),))]),
        phases("x", hostile, [Phase(label=hostile, seconds=3)]),
    ]
    for svg in made:
        root = parse(svg)
        assert root.findtext(f"{SVG}title") == hostile
        assert {element.tag for element in root.iter()} <= {
            f"{SVG}{tag}" for tag in ("svg", "title", "desc", "text", "rect", "line", "circle", "polyline")
        }
        assert not [name for element in root.iter() for name in element.attrib if name.startswith("on")]


def test_phases_tell_time_and_share():
    """Each phase has its time and its share of the whole."""
    told = words(phases("x", "T", [Phase(label="sampling", seconds=30), Phase(label="update", seconds=90)]))
    assert told == ["sampling", "30.0 s (25%)", "update", "1 min 30 s (75%)"]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0.0 s"), (59.94, "59.9 s"), (60, "1 min 00 s"), (3599.7, "1 h 00 min"), (7810, "2 h 10 min")],
)
def test_duration_is_read_by_people(seconds: float, text: str):
    """Seconds in units that fit."""
    assert duration(seconds) == text
