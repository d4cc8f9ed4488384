"""The band picture: laws of its geometry, and what is said in it."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.bands import Band, accepted
from app.core.compare import compare
from app.core.measurement import Measured
from app.core.model import Comparison, Expectation, Rule
from app.pages import band_svg, pictures
from app.pages.band import K_MAX, ROWS_MAX, Picture, Point, half_width, line, shown
from tests.core.builders import an_expectation

Element = ET.Element


def a_picture(
    *values: Any, expected: str | None = "8.7", low: str | None = "8.265", high: str | None = "9.135"
) -> Picture:
    ends = [None if end is None else Decimal(end) for end in (low, high)]
    points = tuple(
        value
        if isinstance(value, Point)
        else Point(f"seed {index}", None if value is None else Decimal(value), "timeout")
        for index, value in enumerate(values)
    )
    printed = None if expected is None else Decimal(expected)
    return Picture("gain", "points", "tolerance=5.0%", printed, expected or "", Band(*ends), points)


def drawn(picture: Picture) -> list[Element]:
    """Return the wide and the narrow drawing, read as XML."""
    return list(ET.fromstring(f"<p>{band_svg.both(picture, 'k')}</p>"))  # noqa: S314 - our own


def of_class(svg: Element, name: str) -> list[Element]:
    return [item for item in svg if name in item.get("class", "").split()]


def texts(svg: Element, name: str) -> list[str]:
    return [item.text or "" for item in of_class(svg, name)]


def number(item: Element, name: str) -> float:
    return float(item.get(name, "nan"))


decimals = st.decimals(-10_000, 10_000, allow_nan=False, allow_infinity=False, places=3)
pictures_drawn = st.builds(
    lambda middle, half, values: a_picture(
        *values, expected=str(middle), low=str(middle - half), high=str(middle + half)
    ),
    decimals,
    st.decimals("0.001", 500, places=3),
    st.lists(st.one_of(decimals, st.none()), min_size=1, max_size=ROWS_MAX),
)


@given(pictures_drawn)
def test_an_accepted_value_lies_in_the_zone_and_no_other_does(picture: Picture) -> None:
    found = line(picture)
    assert found.zone is not None
    for point, mark in zip(picture.points, found.marks, strict=True):
        if point.value is None:
            assert (mark.shape, mark.inside) == ("none", None)
            continue
        assert mark.inside is picture.band.holds(point.value)
        assert (found.zone[0] <= mark.x <= found.zone[1]) or not mark.inside
        assert mark.inside or mark.x <= found.zone[0] or mark.x >= found.zone[1]


@given(pictures_drawn)
def test_the_line_shows_the_print_in_its_middle_and_the_band_never_as_a_sliver(picture: Picture) -> None:
    found = line(picture)
    assert found.expected is not None
    assert found.zone is not None
    assert found.expected[0] == pytest.approx(0.5)
    assert found.zone[1] - found.zone[0] >= 1 / float(K_MAX) - 1e-9


@given(pictures_drawn)
def test_order_on_the_line_is_order_of_the_numbers(picture: Picture) -> None:
    marks = [(point.value, mark.x) for point, mark in zip(picture.points, line(picture).marks, strict=True)]
    ordered = sorted((value, x) for value, x in marks if value is not None)
    assert [x for _, x in ordered] == sorted(x for _, x in ordered)


@given(pictures_drawn)
def test_what_lies_beyond_the_line_is_a_triangle_that_points_outwards(picture: Picture) -> None:
    reach = K_MAX * half_width(picture)
    for point, mark in zip(picture.points, line(picture).marks, strict=True):
        if point.value is None or picture.expected is None:
            continue
        off = point.value - picture.expected
        beyond = "left" if off < -reach else "right" if off > reach else None
        assert (mark.shape if mark.shape in {"left", "right"} else None) == beyond
        assert beyond is None or mark.x == (0.0 if beyond == "left" else 1.0)


@given(pictures_drawn)
def test_a_shown_number_stands_on_the_same_side_of_the_edges_as_the_value(picture: Picture) -> None:
    for point in picture.points:
        if point.value is not None:
            told = Decimal(shown(picture, point.value).replace("−", "-"))
            assert picture.band.holds(told) is picture.band.holds(point.value)


@given(pictures_drawn)
def test_drawn_marks_are_where_the_geometry_says_in_both_sizes(picture: Picture) -> None:
    found = line(picture)
    for svg, frame in zip(drawn(picture), (band_svg.WIDE, band_svg.NARROW), strict=True):
        zones = of_class(svg, "zone")
        assert len(zones) == (1 if frame is band_svg.WIDE else len(found.marks) + bool(found.strip))
        assert len({(number(item, "x"), number(item, "width")) for item in zones}) == 1
        zone = zones[0]
        left, right = number(zone, "x"), number(zone, "x") + number(zone, "width")
        circles = [item for item in of_class(svg, "mark") if item.tag == "circle"]
        assert len(circles) == sum(mark.shape == "circle" for mark in found.marks)
        assert all(left - 0.02 <= number(item, "cx") <= right + 0.02 for item in circles)
        assert all(0 < number(item, "cy") < number(svg, "height") for item in circles)
        assert frame.left <= left <= right <= frame.right
        width = number(svg, "width")
        assert width == frame.width or (frame is band_svg.WIDE and width > frame.width)
        if frame is band_svg.WIDE:
            ends = [number(item, "x") + 7 * len(item.text or "") for item in of_class(svg, "value")]
            assert max(ends) <= width, "words right of the line are not cut off"


@given(pictures_drawn)
def test_words_of_the_narrow_picture_stand_on_no_line_and_no_zone(picture: Picture) -> None:
    _, svg = drawn(picture)
    spans = [(number(item, "y"), number(item, "y") + number(item, "height")) for item in of_class(svg, "zone")]
    for kind in ("edge", "expected", "hair"):
        spans += [(number(item, "y1"), number(item, "y2")) for item in of_class(svg, kind)]
    for kind in ("label", "value", "told", "axis"):
        for y in (number(item, "y") for item in of_class(svg, kind)):
            assert [span for span in spans if span[0] < y + 3 and y - 9 < span[1]] == [], kind


@pytest.mark.parametrize(("index", "row", "width"), [(0, 26, 640), (1, 44, 340)])
def test_the_two_sizes_are_as_tall_as_their_rows(index: int, row: int, width: int) -> None:
    for runs in (1, 3, ROWS_MAX):
        svg = drawn(a_picture(*["8.7"] * runs))[index]
        assert (number(svg, "width"), number(svg, "height")) == (width, 48 + row * runs + 34)


def test_every_mark_has_its_own_shape_and_word() -> None:
    svg, _ = drawn(a_picture("8.52", "9.9", "99", "-99", None))
    assert texts(svg, "value") == [
        "✓ 8.52 (−2.1 %)",
        "✗ 9.9 (+13.8 %)",
        "✗ 99 (+1038 %)",
        "✗ −99 (−1238 %)",
        "∅ timeout",
    ]
    shapes = [(item.tag, len(item.get("points", "").split())) for item in of_class(svg, "mark")]
    assert shapes == [("circle", 0), ("polygon", 4), ("polygon", 3), ("polygon", 3)]


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("9.135", "✓ 9.135 (+5.0 %)"),
        ("9.1351", "✗ 9.1351 (+5.0 %)"),
        ("9.13500001", "✗ 9.13500001 (+5.0 %)"),
        ("8.6999", "✓ 8.7"),
    ],
)
def test_close_to_an_edge_a_number_shows_the_digits_that_decide(value: str, said: str) -> None:
    svg, _ = drawn(a_picture(value))
    assert texts(svg, "value")[0].startswith(said)


def test_an_expected_zero_shows_the_absolute_deviation() -> None:
    svg, _ = drawn(a_picture("0.25", "-0.5", expected="0", low="-0.3", high="0.3"))
    assert texts(svg, "value") == ["✓ 0.25 (+0.25)", "✗ −0.5 (−0.5)"]


def test_a_bound_has_a_zone_to_the_end_of_the_line_and_one_edge() -> None:
    picture = a_picture("12", "8", "1e9", expected=None, low="10", high=None)
    found = line(picture)
    assert found.zone is not None
    assert found.zone[1] == 1.0
    assert [text for _, text in found.edges] == ["10"]
    assert [mark.inside for mark in found.marks] == [True, False, True]
    assert found.marks[2].shape == "circle", "the line reaches as far as the largest deviation"
    assert "accepted at least 10 points" in band_svg.described(picture).lower()


def test_an_exact_claim_has_no_zone_and_says_so() -> None:
    picture = a_picture("3", "4", expected="3", low="3", high="3")
    svg, _ = drawn(picture)
    assert of_class(svg, "zone") == of_class(svg, "edge") == []
    assert texts(svg, "told") == ["expected 3 points (exact)"]
    assert [mark.shape for mark in line(picture).marks] == ["circle", "diamond"]


def test_many_runs_are_one_strip_with_median_and_extremes() -> None:
    values = [str(8 + index / 100) for index in range(ROWS_MAX + 1)]
    picture = a_picture(*values)
    found = line(picture)
    assert [mark.label for mark in found.marks] == ["median of 25", "least of 25", "most of 25"]
    assert [mark.x for mark in found.strip] == sorted(mark.x for mark in found.strip)
    for svg, row in zip(drawn(picture), (26, 44), strict=True):
        assert number(svg, "height") == 48 + 4 * row + 34
        assert len(of_class(svg, "mark")) == len(values) + 3
    assert drawn(picture)[0][0].text == drawn(picture)[0][0].text
    assert band_svg.both(picture, "k") == band_svg.both(picture, "k"), "the jitter is the same every time"


def test_a_picture_has_a_title_and_a_sentence_of_its_own() -> None:
    wide, narrow = drawn(a_picture("8.52", "9.9", None))
    assert wide.get("role") == "img"
    ids = [item.get("id") for svg in (wide, narrow) for item in svg if item.tag in {"title", "desc"}]
    assert len(set(ids)) == 4
    assert wide.get("aria-labelledby") == "k-wide-t k-wide-d"
    assert wide[1].text == "Expected 8.7 points; accepted from 8.265 to 9.135 points; 1 of 3 values inside."


def test_text_of_strangers_is_escaped() -> None:
    picture = Picture("<b>", '"&', "<i>", None, "", Band(Decimal(1), Decimal(2)), (Point("<s>", Decimal(1)),))
    assert not re.search(r"<(b|i|s)>", band_svg.both(picture, "k"))
    assert drawn(picture)[0][0].text == "<b>: <i>"


def test_a_spark_is_silent_and_small() -> None:
    (svg,) = ET.fromstring(f"<p>{band_svg.spark(a_picture('8.52', '9.9'))}</p>")  # noqa: S314 - our own
    assert (svg.get("width"), svg.get("height"), svg.get("aria-hidden")) == ("120", "18", "true")
    assert svg.findall(".//text") == []
    assert len(of_class(svg, "mark")) == 2


# --- of what was judged ----------------------------------------------------------------------------------------------

WIDTHS = {
    "absolute": {"tolerance": "0.2"},
    "relative": {"tolerance": "5%"},
    "either": {"tolerance": "1%", "absolute": "0.3"},
    "points": {"tolerance": "0.5"},
    "ulp": {"tolerance": "4"},
    "rounding": {},
    "exact": {},
    "bounded": {"low": "8.1", "high": "9"},
}


@pytest.mark.parametrize("rule", WIDTHS)
@given(value=st.decimals(7, 10, places=4))
def test_the_picture_of_a_comparison_is_the_band_and_the_decision_of_the_gate(rule: str, value: Decimal) -> None:
    expectation = an_expectation("8.7", rule, **WIDTHS[rule])
    judged = compare(expectation, [Measured(value, str(value))])
    picture = pictures.of_comparison(judged, "script", (0,))
    assert picture is not None
    band = accepted(expectation)
    assert (picture.band.low, picture.band.high) == (band.low, band.high)
    assert line(picture).marks[0].inside is judged.match


def test_seeds_are_shown_one_by_one_and_their_mean_with_its_interval() -> None:
    values = [Measured(Decimal(text), text) for text in ("8.6", "8.7", "8.8", "8.75", "8.65")]
    judged = compare(an_expectation("8.7", "equivalence", tolerance="0.5"), values)
    picture = pictures.of_comparison(judged, "script", (0, 1, 2, 3, 4))
    assert picture is not None
    assert [point.label for point in picture.points] == [*(f"seed {n}" for n in range(5)), "mean"]
    mark = line(picture).marks[-1]
    assert mark.low is not None
    assert mark.high is not None
    assert mark.low < mark.x < mark.high


def test_seeds_in_another_unit_are_not_put_on_the_line_of_the_claim() -> None:
    values = [Measured(Decimal(text), text, "fraction") for text in ("0.087", "0.0871")]
    judged = compare(an_expectation("8.7", "relative", tolerance="5%", unit="%"), values)
    picture = pictures.of_comparison(judged, "script", (0, 1))
    assert picture is not None
    assert [(point.label, point.value) for point in picture.points] == [("measured", Decimal("8.71"))]


def test_a_formula_that_matches_by_what_its_inputs_allow_says_so_and_stays_outside_the_zone() -> None:
    found = Measured(Decimal("8.76"), "8.76", None, Decimal("8.71"), Decimal("8.81"), Decimal("8.71"), Decimal("8.81"))
    judged = compare(an_expectation(), [found])
    assert judged.match
    picture = pictures.of_comparison(judged, "formula", (0,))
    assert picture is not None
    (mark,) = line(picture).marks
    assert (mark.shape, mark.inside, mark.text[0]) == ("diamond", True, "≈")


@pytest.mark.parametrize("text", ["NaN", "Infinity", "nothing"])
def test_what_is_no_number_is_not_drawn_and_is_told(text: str) -> None:
    judged = compare(an_expectation(), [Measured(None if text == "nothing" else Decimal(text), text)])
    picture = pictures.of_comparison(judged, "script", (0,))
    assert picture is not None
    assert line(picture).marks[0].text == f"∅ {text}"


def test_labels_and_rankings_have_no_picture() -> None:
    label = compare(an_expectation("RemBERT", "exact"), [Measured(None, "RemBERT")])
    assert pictures.of_comparison(label, "script", (0,)) is None
    ranking = Comparison(**{**label.model_dump(), "rule": Rule.RANKING})
    assert pictures.of_comparison(ranking, "script", (0,)) is None
    order = Expectation(metric="order", rule=Rule.RANKING, order=("a", "b"))
    assert pictures.of_expectation(order, ()) is None


def test_a_claim_without_a_comparison_is_drawn_by_the_function_of_the_gate() -> None:
    expectation = an_expectation("8.7", "relative", tolerance="5%")
    picture = pictures.of_expectation(expectation, (Point("seed 0", None, "timeout"),))
    assert picture is not None
    assert picture.band == accepted(expectation)
    assert line(picture).marks[0].text == "∅ timeout"


@given(st.decimals(allow_nan=True, allow_infinity=True), st.decimals(allow_nan=False, allow_infinity=False))
def test_no_number_breaks_a_picture(value: Decimal, end: Decimal) -> None:
    picture = Picture("m", "", "r", end, str(end), Band(end, None), (Point("seed 0", value),))
    assert len(drawn(picture)) == 2
    assert "<svg" in band_svg.spark(picture)


def test_the_share_of_a_tables_cells_has_not_the_unit_of_its_cells() -> None:
    label = compare(an_expectation("RemBERT", "exact"), [Measured(None, "RemBERT")])
    share = {
        "unit": "points",
        "rule": Rule.TABLE,
        "expected": "1",
        "computed": "1",
        "low": "1",
        "high": "1",
        "values": (),
    }
    picture = pictures.of_comparison(Comparison(**{**label.model_dump(), **share}), "script", (0,))
    assert picture is not None
    assert (picture.unit, [point.label for point in picture.points]) == ("", ["share of cells"])
