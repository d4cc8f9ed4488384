"""The band picture drawn: wide, narrow, and a spark for tables. Colours and fonts are the stylesheet's, by class.

Marks differ in shape, never in colour alone: a circle inside, a diamond outside, a triangle where the line ends, "∅" for
no value. Sizes are CSS pixels. The wide picture has labels left and values right of the line; in the narrow one they
stand above it, so that the line has the whole width of a phone and text keeps its size.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from markupsafe import Markup, escape

from app.pages.band import Line, Mark, Picture, line, number

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from decimal import Decimal

TOP, FOOT = 48, 34
LABEL, VALUE, SIDE = 112, 150, 14
RADIUS, DIAMOND = 5.5, 7.0
BESIDE = 12  # between the line and the values right of it
LABEL_CHARACTERS = 16
CHARACTER = 7.2  # width of one at the pictures' font size
JITTER = 7
ROW_HALF = 10  # of the part of the zone around a row of the narrow picture


@dataclass(frozen=True)
class Frame:
    """Where things stand in a picture of one size."""

    kind: str  # wide | narrow
    width: int
    left: float  # of the line
    right: float
    row: int  # height of one

    def x(self, share: float) -> float:
        """Return the place of a share of the line."""
        return round(self.left + share * (self.right - self.left), 2)


WIDE = Frame("wide", 640, LABEL, 640 - VALUE, 26)
NARROW = Frame("narrow", 340, SIDE, 340 - SIDE, 44)


def both(picture: Picture, key: str) -> Markup:
    """Return the wide and the narrow drawing; the stylesheet shows one of them. `key` makes their ids unique."""
    found = line(picture)
    return Markup("").join(_drawing(picture, found, frame, f"{key}-{frame.kind}") for frame in (WIDE, NARROW))


def described(picture: Picture) -> str:
    """Return what the picture shows, in one sentence."""
    unit = f" {picture.unit}" if picture.unit else ""
    band = f"accepted {accepted(picture.band.low, picture.band.high)}{unit}"
    runs = [point for point in picture.points if not point.summary] or list(picture.points)
    inside = sum(point.value is not None and picture.band.holds(point.value) for point in runs)
    begin = f"Expected {picture.expected_text}{unit}; " if picture.expected is not None else ""
    count = f"{inside} of {len(runs)} {'value' if len(runs) == 1 else 'values'} inside"
    told = f"{begin}{band}; {count if any(point.value is not None for point in runs) else 'no value'}"
    return told[0].upper() + told[1:] + "."


def spark(picture: Picture) -> Markup:
    """Return the picture as a line of a table: 120 × 18, without words, for the numbers stand beside it."""
    frame, found, middle = Frame("spark", 120, 8, 112, 18), line(picture), 9.0
    parts = [stroke("hair", frame.left, middle, frame.right, middle)]
    if found.zone is not None:
        parts.insert(0, shade(frame, found.zone, 2, 14))
    if found.expected is not None:
        parts.append(stroke("expected", frame.x(found.expected[0]), 1, frame.x(found.expected[0]), 17))
    parts += [_shape(mark, frame.x(mark.x), middle, 0.8) for mark in found.marks if mark.shape != "none"]
    return tag(
        "svg", {"class": "spark", "viewBox": "0 0 120 18", "width": 120, "height": 18, "aria-hidden": "true"}, parts
    )


def _drawing(picture: Picture, found: Line, frame: Frame, key: str) -> Markup:
    rows = len(found.marks) + bool(found.strip)
    bottom = TOP + rows * frame.row
    height = bottom + FOOT
    unit = f" {picture.unit}" if picture.unit else ""
    parts = [
        tag("title", {"id": f"{key}-t"}, [escape(f"{picture.metric}: {picture.rule}")]),
        tag("desc", {"id": f"{key}-d"}, [escape(described(picture))]),
    ]
    heights = [_y(frame, index) for index in range(rows)]
    spans = _spans(frame, heights, bottom)
    if found.zone is not None:
        parts += [shade(frame, found.zone, top, end - top) for top, end in spans]
    parts += [stroke("hair", frame.left, y, frame.right, y) for y in heights]
    for share, text in found.edges:
        x = frame.x(share)
        parts += [stroke("edge", x, top, x, end) for top, end in spans]
        parts.append(write("axis", within(x, text, frame), bottom + 20, text, "middle"))
    above = TOP - (22 if frame is WIDE else 6)
    if found.expected is not None:
        x = frame.x(found.expected[0])
        exact = " (exact)" if found.zone is None else ""
        told = f"expected {found.expected[1]}{unit}{exact}"
        parts += [stroke("expected", x, top - (6 if frame is WIDE else 0), x, end) for top, end in spans]
        parts.append(write("told", within(x, told, frame), above, told, "middle"))
    elif found.zone is not None:
        x, told = frame.x(sum(found.zone) / 2), f"accepted{unit and f', in{unit}'}"
        parts.append(write("told", within(x, told, frame), above, told, "middle"))
    offset = 0
    if found.strip:
        parts += strip(found.strip, frame, heights[0])
        offset = 1
    for mark, y in zip(found.marks, heights[offset:], strict=True):
        parts += row(mark, frame, y)
    labels = {"role": "img", "aria-labelledby": f"{key}-t {key}-d", "class": f"band {frame.kind}"}
    width = _width(found, frame)
    return tag("svg", {**labels, "viewBox": f"0 0 {width} {height}", "width": width, "height": height}, parts)


def _width(found: Line, frame: Frame) -> int:
    """Return the width of a picture: what stands right of the line is never cut off."""
    longest = max((len(mark.text) for mark in found.marks), default=0)
    return frame.width if frame is not WIDE else max(frame.width, round(frame.right + BESIDE + longest * CHARACTER))


def _spans(frame: Frame, heights: Sequence[float], bottom: float) -> list[tuple[float, float]]:
    """Return from where to where zone, edges and expected line are drawn: all through, or around each row's line alone.

    In the narrow picture words stand above each line, and would otherwise stand on the edges.
    """
    return [(TOP - 8, bottom + 4)] if frame is WIDE else [(y - ROW_HALF, y + ROW_HALF) for y in heights]


def _y(frame: Frame, index: int) -> float:
    return TOP + index * frame.row + (13 if frame.kind == "wide" else 30)


def row(mark: Mark, frame: Frame, y: float) -> list[Markup]:
    """Draw a mark with its words on the line at a height."""
    x = frame.x(mark.x)
    side = "bad" if mark.inside is False else "ok" if mark.inside else "none"
    parts = []
    if mark.low is not None and mark.high is not None:
        parts.append(stroke(f"spread {side}", frame.x(mark.low), y, frame.x(mark.high), y))
    if mark.shape != "none":
        parts.append(_shape(mark, x, y, 1))
    label = mark.label if len(mark.label) <= LABEL_CHARACTERS else mark.label[: LABEL_CHARACTERS - 1] + "…"
    if frame.kind == "wide":
        return [*parts, write("label", 0, y + 4, label), write(f"value {side}", frame.right + BESIDE, y + 4, mark.text)]
    above = y - 14
    return [
        *parts,
        write("label", frame.left, above, label),
        write(f"value {side}", frame.right, above, mark.text, "end"),
    ]


def strip(marks: Iterable[Mark], frame: Frame, y: float) -> list[Markup]:
    """Draw many points in one row, moved up and down by their place in the list so that they can be told apart."""
    parts = []
    shown = [mark for mark in marks if mark.shape != "none"]
    for index, mark in enumerate(shown):
        offset = (index * 5 % 7 - 3) * JITTER / 3
        parts.append(_shape(mark, frame.x(mark.x), y + offset, 0.6))
    inside = sum(mark.inside is True for mark in shown)
    told = f"{inside} of {len(shown)} inside"
    if frame.kind == "wide":
        return [
            *parts,
            write("label", 0, y + 4, "all"),
            write("value", frame.right + BESIDE, y + 4, told),
        ]
    return [*parts, write("label", frame.left, y - 18, "all"), write("value", frame.right, y - 18, told, "end")]


def _shape(mark: Mark, x: float, y: float, scale: float) -> Markup:
    attributes: dict[str, object] = {"class": f"mark {'ok' if mark.inside else 'bad'}"}
    if mark.shape == "circle":
        return tag("circle", {**attributes, "cx": x, "cy": y, "r": RADIUS * scale})
    size = DIAMOND * scale
    if mark.shape == "diamond":
        corners = [(x, y - size), (x + size, y), (x, y + size), (x - size, y)]
    else:
        out = -size if mark.shape == "left" else size
        corners = [(x + out, y), (x - out * 0.4, y - size), (x - out * 0.4, y + size)]
    points = " ".join(f"{a:g},{b:g}" for a, b in corners)
    return tag("polygon", {**attributes, "points": points})


def shade(frame: Frame, zone: tuple[float, float], top: float, height: float) -> Markup:
    """Fill a part of the line; what is narrower than a hair stays visible."""
    left, right = frame.x(zone[0]), frame.x(zone[1])
    return tag(
        "rect", {"class": "zone", "x": left, "y": top, "width": max(round(right - left, 2), 1.0), "height": height}
    )


def within(x: float, text: str, frame: Frame) -> float:
    """Return where the middle of a text may stand so that it stays in the picture."""
    half = len(text) * CHARACTER / 2
    return round(min(max(x, half), max(frame.width - half, half)), 2)


def stroke(kind: str, x1: float, y1: float, x2: float, y2: float) -> Markup:
    """Draw a straight line."""
    return tag("line", {"class": kind, "x1": x1, "y1": y1, "x2": x2, "y2": y2})


def write(kind: str, x: float, y: float, text: str, anchor: str = "start") -> Markup:
    """Write a text."""
    return tag("text", {"class": kind, "x": x, "y": y, "text-anchor": anchor}, [escape(text)])


def tag(name: str, attributes: dict[str, object], inner: Iterable[Markup] = ()) -> Markup:
    """Return one element; what is inside is escaped already."""
    spelled = "".join(f' {key}="{escape(value)}"' for key, value in attributes.items())
    return Markup(f"<{name}{spelled}>{''.join(inner)}</{name}>")  # noqa: S704 - our own names, escaped values


def accepted(low: Decimal | None, high: Decimal | None) -> str:
    """Return which values are accepted, as the end of a sentence."""
    if low is not None and high is not None:
        return f"is {number(low)} alone" if low == high else f"from {number(low)} to {number(high)}"
    if low is not None:
        return f"at least {number(low)}"
    return "is any number" if high is None else f"at most {number(high)}"
