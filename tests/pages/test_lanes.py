"""Several bands on one axis: the same number stands in the same place in every lane, which says what it says alone."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.bands import Band
from app.pages.band import Picture, Point, line
from app.pages.lanes import Lane, axis
from app.pages.lanes_svg import drawn, told

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

NUMBERS = st.decimals(-50, 50, places=3)


def lane(expected: str, low: str | None, high: str | None, *values: str, unit: str = "points", name: str = "a") -> Lane:
    band = Band(*(None if end is None else Decimal(end) for end in (low, high)))
    points = tuple(Point(f"seed {index}", Decimal(value)) for index, value in enumerate(values))
    return Lane(f"1. {name}", Picture("gain", unit, "rule", Decimal(expected), expected, band, points))


@st.composite
def some_lanes(draw: st.DrawFn) -> list[Lane]:
    found = []
    for index in range(draw(st.integers(1, 5))):
        middle, half = draw(NUMBERS), draw(st.decimals("0.001", 20, places=3))
        values = draw(st.lists(NUMBERS, min_size=1, max_size=4))
        points = tuple(Point(f"seed {place}", value) for place, value in enumerate(values))
        picture = Picture("gain", "", "rule", middle, str(middle), Band(middle - half, middle + half), points)
        found.append(Lane(f"{index + 1}. claim", picture))
    return found


@given(some_lanes())
@settings(max_examples=80, deadline=None)
def test_the_axis_is_one_scale_for_all_lanes(lanes: list[Lane]) -> None:
    found = axis("gain", lanes)
    places = []
    for own, mapped in found.lanes:
        assert mapped.zone is not None
        assert mapped.expected is not None
        places += [(own.picture.band.low, mapped.zone[0]), (own.picture.band.high, mapped.zone[1])]
        places += [(own.picture.expected, mapped.expected[0])]
    places.sort()
    (least, first), (most, last) = places[0], places[-1]
    assert 0 <= first < last <= 1, "every band lies on the axis, whole"
    for value, share in places:
        assert share == pytest.approx(first + float((value - least) / (most - least)) * (last - first), abs=1e-9)


@given(some_lanes())
@settings(max_examples=80, deadline=None)
def test_a_lane_says_of_its_values_what_its_picture_says_alone(lanes: list[Lane]) -> None:
    for own, mapped in axis("gain", lanes).lanes:
        alone = line(own.picture)
        assert [(mark.text, mark.inside) for mark in mapped.marks] == [(mark.text, mark.inside) for mark in alone.marks]
        for mark, point in zip(mapped.marks, own.picture.points, strict=True):
            assert mapped.zone is not None
            if own.picture.band.holds(point.value):  # type: ignore[arg-type]
                assert mapped.zone[0] - 1e-9 <= mark.x <= mapped.zone[1] + 1e-9
                assert mark.shape == "circle"
            else:
                assert mark.shape in {"diamond", "left", "right"}
                assert mark.x <= mapped.zone[0] + 1e-9 or mark.x >= mapped.zone[1] - 1e-9


def drawings(lanes: list[Lane]) -> list[Element]:
    return list(ET.fromstring(f"<a>{drawn(axis('gain', lanes), 'k')}</a>"))  # noqa: S314 - our own


def of_class(svg: Element, name: str) -> list[Element]:
    return [item for item in svg.iter() if name in (item.get("class") or "").split()]


def number(item: Element, name: str) -> float:
    return float(item.get(name) or "nan")


def test_equal_prints_stand_above_each_other_and_wider_rules_are_wider() -> None:
    lanes = [lane("8.7", "8.65", "8.75", "8.7"), lane("8.7", "8.265", "9.135", "8.9"), lane("9", "8.9", "9.1", "9.05")]
    for svg in drawings(lanes):
        lines = [number(item, "x1") for item in of_class(svg, "expected")]
        assert lines[0] == lines[1] < lines[2]
        zones = [number(item, "width") for item in of_class(svg, "zone")]
        assert zones[1] == pytest.approx(zones[0] * 8.7, rel=0.02)
        assert zones[2] == pytest.approx(zones[0] * 2, rel=0.02)
        circles = [item for item in of_class(svg, "mark") if item.tag == "circle"]
        assert len(circles) == 3
        assert sorted(number(item, "cx") for item in circles) == [number(item, "cx") for item in circles]


@given(some_lanes())
@settings(max_examples=40, deadline=None)
def test_lanes_follow_each_other_and_nothing_leaves_the_drawing(lanes: list[Lane]) -> None:
    for svg in drawings(lanes):
        width, height = number(svg, "width"), number(svg, "height")
        heads = [number(item, "y") for item in of_class(svg, "told")]
        assert len(heads) == len(lanes)
        zones = [(number(item, "y"), number(item, "y") + number(item, "height")) for item in of_class(svg, "zone")]
        for (_, end), (begin, _) in pairwise(sorted(zones)):
            assert end <= begin + 1e-6
        for head, following in pairwise([*heads, height]):
            assert any(head < begin < following for begin, _ in zones), "a label stands above its own band"
        for item in (*of_class(svg, "zone"), *of_class(svg, "mark"), *of_class(svg, "axis")):
            x = item.get("x") or item.get("cx")
            if x is not None:
                assert 0 <= float(x) <= width
        assert all(0 < end < height for _, end in zones)


def test_an_open_band_reaches_the_end_and_an_exact_one_is_a_line() -> None:
    found = axis("gain", [lane("8", "8", None, "9"), lane("8", "8", "8", "8")])
    (_, bound), (_, exact) = found.lanes
    assert bound.zone is not None
    assert bound.zone[1] == 1.0
    assert exact.zone is None
    for svg in drawings([lane("8", "8", None, "9"), lane("8", "8", "8", "8")]):
        assert len(of_class(svg, "zone")) == 1


def test_many_seeds_are_a_strip_in_their_lane() -> None:
    many = lane("8", "7", "9", *(f"8.{index:02}" for index in range(30)))
    for svg in drawings([many, lane("8", "7", "9", "8")]):
        assert len(of_class(svg, "mark")) == 30 + 3 + 1


def test_a_drawing_names_its_lanes_and_escapes_them() -> None:
    lanes = [lane("8", "7", "9", "8", name="<b>&"), lane("8", "7", "9", "12")]
    wide, narrow = drawings(lanes)
    ids = {item.get("id") for svg in (wide, narrow) for item in svg if item.get("id")}
    assert len(ids) == 4
    assert "<b>&" in str(told(axis("gain", lanes)))
    assert wide[0].text == "gain, in points: 2 on one axis"
    assert "Expected 8 points; accepted from 7 to 9 points; 1 of 1 value inside" in (wide[1].text or "")
