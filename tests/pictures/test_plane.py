from itertools import pairwise
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adjudge.pictures.plane import BASE, CROWDED, LEFT, RIGHT, TOP, Axes, Point, Series, plane

SVG = "{http://www.w3.org/2000/svg}"


def parse(svg: str) -> ET.Element:
    """The picture as XML: one that is not well-formed fails here."""
    return ET.fromstring(svg)  # noqa: S314 (our own text)


def words(svg: str) -> list[str]:
    """Every text in the picture."""
    return ["".join(text.itertext()) for text in parse(svg).iter(f"{SVG}text")]


def dots(svg: str) -> list[tuple[float, float]]:
    """Where the points stand; the marks of the names at the right are none."""
    found = [(float(dot.get("cx", "")), float(dot.get("cy", ""))) for dot in parse(svg).iter(f"{SVG}circle")]
    return [place for place in found if place[0] <= RIGHT]


def test_points_stand_where_their_numbers_say():
    """On axes of shares a point is as far along as its numbers, and its whisker spans its interval."""
    point = Point(x=0.25, y=0.5, low=0.4, high=0.7, n=31)
    svg = plane("x", "T", Axes(x="a", y="b", diagonal=True), [Series(label="s", points=(point,))])
    assert dots(svg) == [(pytest.approx(LEFT + 0.25 * (RIGHT - LEFT)), pytest.approx((BASE + TOP) / 2))]
    whisker = next(line for line in parse(svg).iter(f"{SVG}line") if line.get("class") == "whisker")
    span = abs(float(whisker.get("y1", "")) - float(whisker.get("y2", "")))
    assert span == pytest.approx(0.3 * (BASE - TOP), abs=0.2)
    assert {"a", "b", "s", "n 31"} <= set(words(svg))


def test_doubling_axis_has_equal_steps():
    """1, 2, 4 and 8 are equally far apart, and each is named."""
    series = Series(label="s", points=tuple(Point(x=x, y=0.5) for x in (1, 2, 4, 8)), joined=True)
    svg = plane("x", "T", Axes(x="n", y="v", doubling=True), [series])
    steps = [after - before for (before, _), (after, _) in pairwise(dots(svg))]
    assert steps == pytest.approx([steps[0]] * 3, abs=0.2)
    assert {"1", "2", "4", "8"} <= set(words(svg))


def test_many_points_are_counted_not_listed():
    """A cloud is drawn faint and described by its number of points."""
    cloud = Series(label="s", points=tuple(Point(x=x, y=0.5, n=1) for x in range(CROWDED + 1)))
    svg = plane("x", "T", Axes(x="n", y="v"), [cloud])
    assert parse(svg).findtext(f"{SVG}desc") == f"s: {CROWDED + 1} points"
    assert "n 1" not in words(svg)


@given(st.lists(st.tuples(st.floats(-1e5, 1e5), st.floats(-1e5, 1e5)), min_size=1, max_size=30))
def test_nothing_leaves_the_plane(places: list[tuple[float, float]]):
    """Whatever the numbers are, every point is between the axes."""
    series = Series(label="s", points=tuple(Point(x=x, y=y) for x, y in places))
    found = dots(plane("x", "T", Axes(x="a", y="b"), [series]))
    assert len(found) == len(places)
    assert all(LEFT - 0.1 <= x <= RIGHT + 0.1 and TOP - 0.1 <= y <= BASE + 0.1 for x, y in found)


def test_names_of_lines_do_not_overlap():
    """Series that end at the same height have their names below each other."""
    lines = [Series(label=name, points=(Point(x=1, y=0.1), Point(x=2, y=0.5)), joined=True) for name in "abcd"]
    texts = parse(plane("x", "T", Axes(x="x", y="y"), lines)).iter(f"{SVG}text")
    heights = sorted(float(text.get("y", "0")) for text in texts if (text.text or "") in set("abcd"))
    assert len(heights) == 4
    assert all(below - above >= 15 for above, below in pairwise(heights))


def test_texts_are_escaped():
    """Names with markup arrive as text."""
    hostile = '"><script>alert(1)</script>'
    svg = plane(hostile, hostile, Axes(x=hostile, y=hostile), [Series(label=hostile, points=(Point(x=1, y=1),))])
    assert words(svg).count(hostile) == 2  # both axes; the name of the series is cut
    assert not list(parse(svg).iter(f"{SVG}script"))


@pytest.mark.parametrize("doubling", [True, False])
def test_numbers_of_the_axis_do_not_overlap(doubling: bool):
    """However near the points are to each other, the numbers under them stand apart."""
    points = tuple(Point(x=x, y=0.5) for x in (73.984, 80.0, 97.97, 158.512, 815.032, 1153.72, 1157.74, 2998.69))
    axis = Axes(x="length", y="score", doubling=doubling)
    texts = parse(plane("x", "T", axis, [Series(label="s", points=points)])).iter(f"{SVG}text")
    places = sorted(float(text.get("x", "")) for text in texts if text.get("y") == f"{BASE + 18:.1f}")
    assert len(places) >= 3
    assert all(after - before >= 34 for before, after in pairwise(places))
