from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adjudge.domain.interval import Interval
from adjudge.pictures.limits import LEFT, RIGHT, Beside, LimitRow, against_limits, gauge, numbers

SVG = "{http://www.w3.org/2000/svg}"


def interval(low: float, estimate: float, high: float) -> Interval:
    """Of 40 rows."""
    return Interval(estimate=estimate, low=low, high=high, n=40, clusters=40)


def parse(svg: str) -> ET.Element:
    """The picture as XML: one that is not well-formed fails here."""
    return ET.fromstring(svg)  # noqa: S314 (our own text)


def words(svg: str) -> list[str]:
    """Every text in the picture."""
    return ["".join(text.itertext()) for text in parse(svg).iter(f"{SVG}text")]


def at(element: ET.Element, name: str) -> float:
    """A coordinate."""
    return float(element.get(name, "nothing"))


def first(svg: str, tag: str, kind: str) -> ET.Element:
    """The first element of that tag and class."""
    return next(found for found in parse(svg).iter(f"{SVG}{tag}") if (found.get("class") or "").startswith(kind))


@pytest.mark.parametrize("at_least", [True, False])
def test_good_side_is_shaded_from_the_limit(at_least: bool):
    """The band ends at the limit, on the side where values are good, and the interval stands in true proportion."""
    row = LimitRow(label="m", value=interval(0.2, 0.5, 0.6), limit=0.75, at_least=at_least)
    svg = against_limits("x", "T", [row])
    limit, band = first(svg, "line", "limit"), first(svg, "rect", "keep")
    start, end = at(band, "x"), at(band, "x") + at(band, "width")
    assert (start if at_least else end) == pytest.approx(at(limit, "x1"), abs=0.2)
    assert at(limit, "x1") == pytest.approx(LEFT + 0.75 * (RIGHT - LEFT), abs=0.1)
    drawn = first(svg, "line", "range")
    assert at(drawn, "x2") - at(drawn, "x1") == pytest.approx(0.4 * (RIGHT - LEFT), abs=0.2)


def test_outcomes_differ_in_shape_not_in_colour_alone():
    """Pass is a dot, fail a diamond; what is not decided is a dot that the page draws open; each is told in words."""
    rows = [
        LimitRow(label=tone, value=interval(0.2, 0.5, 0.6), tone=tone, limit=0.5, verdict=f"at least 0.5: {tone}")
        for tone in ("better", "worse", "unclear")
    ]
    svg = against_limits("x", "T", rows)
    assert [dot.get("class") for dot in parse(svg).iter(f"{SVG}circle")] == ["dot better", "dot unclear"]
    assert [dot.get("class") for dot in parse(svg).iter(f"{SVG}polygon")] == ["dot worse"]
    assert [f"at least 0.5: {tone}" in words(svg) for tone in ("better", "worse", "unclear")] == [True] * 3


def test_what_people_reach_stands_beside():
    """Another figure to compare with is a triangle at its estimate, and its number is told."""
    row = LimitRow(
        label="m", value=interval(0.2, 0.5, 0.6), beside=(Beside(label="ceiling", value=interval(0.7, 0.8, 0.9)),)
    )
    svg = against_limits("x", "T", [row])
    tip = first(svg, "polygon", "beside").get("points", "").split(",")[0]
    assert float(tip) == pytest.approx(LEFT + 0.8 * (RIGHT - LEFT), abs=0.1)
    assert "0.50 [0.20, 0.60], n 40 \u25b2 0.80" in words(svg)
    assert "ceiling 0.80 [0.70, 0.90], n 40" in (parse(svg).findtext(f"{SVG}desc") or "")


def test_missing_figure_is_said():
    """Without a value there is the limit, no dot, and words."""
    svg = against_limits("x", "T", [LimitRow(label="m", value=None, limit=0.8)])
    assert not list(parse(svg).iter(f"{SVG}circle"))
    assert "no data" in words(svg)


@given(st.lists(st.tuples(*[st.floats(-1e6, 1e6)] * 3), min_size=1, max_size=5), st.floats(-1e6, 1e6))
def test_nothing_leaves_the_axis(values: list[tuple[float, float, float]], limit: float):
    """Whatever the figures are, their marks stand between the ends of the axis."""
    rows = [LimitRow(label="m", value=interval(*sorted(ends)), limit=limit) for ends in values]
    root = parse(against_limits("x", "T", rows))
    places = [at(line, name) for line in root.iter(f"{SVG}line") for name in ("x1", "x2")]
    places += [at(dot, "cx") for dot in root.iter(f"{SVG}circle")]
    assert all(LEFT - 0.1 <= place <= RIGHT + 0.1 for place in places)
    for row in rows:
        parse(gauge("x", row))


@pytest.mark.parametrize("hostile", ['"><script>alert(1)</script>', "a & b < c", "x' onload='y"])
def test_texts_are_escaped(hostile: str):
    """Names with markup arrive as text."""
    value = interval(0, 0.1, 0.2)
    beside = (Beside(label=hostile, value=value),)
    row = LimitRow(label=hostile, about=hostile, value=value, limit=0.1, verdict=hostile, beside=beside)
    for svg in (against_limits(hostile, hostile, [row]), gauge(hostile, row)):
        root = parse(svg)
        assert root.findtext(f"{SVG}title") == hostile
        assert not [name for element in root.iter() for name in element.attrib if name.startswith("on")]
        assert not [element for element in root.iter() if element.tag == f"{SVG}script"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "no data"),
        (interval(0.0005, 0.003, 0.0093), "0.003 [0.001, 0.009], n 40"),
        (interval(0.6, 0.7, 0.8), "0.70 [0.60, 0.80], n 40"),
        (interval(100, 200, 300), "200.0 [100.0, 300.0], n 40"),
        (Interval(estimate=0.5, low=None, high=None, n=1, clusters=1), "0.50, n 1"),
    ],
)
def test_numbers_have_the_digits_that_say_something(value: Interval | None, text: str):
    """Small rates have more digits, large numbers fewer."""
    assert numbers(value) == text
