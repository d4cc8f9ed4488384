"""Several bands on one axis, drawn with the marks of the band picture; wide and narrow, as that one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from markupsafe import Markup, escape

from app.pages import band_svg as svg
from app.pages.band_svg import NARROW, WIDE, Frame

if TYPE_CHECKING:
    from app.pages.band import Line
    from app.pages.lanes import Axis, Lane

HEAD = 30  # of a lane: its label stands there
GAP = 14  # below a lane
FOOT = 26
BEGIN = 6


def drawn(axis: Axis, key: str) -> Markup:
    """Return the wide and the narrow drawing; the stylesheet shows one of them. `key` makes their ids unique."""
    return Markup("").join(_drawing(axis, frame, f"{key}-{frame.kind}") for frame in (WIDE, NARROW))


def told(axis: Axis) -> str:
    """Return what the drawing shows, in a sentence for each lane."""
    return " ".join(f"{lane.label}: {svg.described(lane.picture)}" for lane, _ in axis.lanes)


def _drawing(axis: Axis, frame: Frame, key: str) -> Markup:
    unit = f", in {axis.unit}" if axis.unit else ""
    title = f"{axis.metric}{unit}: {len(axis.lanes)} on one axis"
    parts = [
        svg.tag("title", {"id": f"{key}-t"}, [escape(title)]),
        svg.tag("desc", {"id": f"{key}-d"}, [escape(told(axis))]),
    ]
    y = float(BEGIN)
    for lane, line in axis.lanes:
        rows, y = _lane(lane, line, frame, y)
        parts += rows
    parts.append(svg.stroke("hair", frame.left, y, frame.right, y))
    for share, number in axis.ticks:
        x = frame.x(share)
        parts.append(svg.stroke("hair", x, y - 4, x, y + 4))
        parts.append(svg.write("axis", svg.within(x, number, frame), y + 20, number, "middle"))
    height = round(y + FOOT)
    labels = {"role": "img", "aria-labelledby": f"{key}-t {key}-d", "class": f"band {frame.kind} lanes"}
    return svg.tag(
        "svg", {**labels, "viewBox": f"0 0 {frame.width} {height}", "width": frame.width, "height": height}, parts
    )


def _lane(lane: Lane, line: Line, frame: Frame, top: float) -> tuple[list[Markup], float]:
    """Return a lane's parts, and where the next one begins."""
    number = len(line.marks) + bool(line.strip)
    first = top + HEAD
    heights = [first + index * frame.row + (13 if frame is WIDE else 30) for index in range(number)]
    bottom = first + number * frame.row
    spans = [(first, bottom)] if frame is WIDE else [(y - svg.ROW_HALF, y + svg.ROW_HALF) for y in heights]
    parts = [svg.write("told", 0 if frame is WIDE else frame.left, top + 20, _cut(lane.label, frame))]
    if line.zone is not None:
        parts += [svg.shade(frame, line.zone, begin, end - begin) for begin, end in spans]
    parts += [svg.stroke("hair", frame.left, y, frame.right, y) for y in heights]
    for share, _ in line.edges:
        parts += [svg.stroke("edge", frame.x(share), begin, frame.x(share), end) for begin, end in spans]
    if line.expected is not None:
        x = frame.x(line.expected[0])
        parts += [svg.stroke("expected", x, begin, x, end) for begin, end in spans]
    places = iter(heights)
    if line.strip:
        parts += svg.strip(line.strip, frame, next(places))
    for mark, y in zip(line.marks, places, strict=True):
        parts += svg.row(mark, frame, y)
    return parts, bottom + GAP


def _cut(label: str, frame: Frame) -> str:
    most = int((frame.width - (0 if frame is WIDE else 2 * frame.left)) / svg.CHARACTER)
    return label if len(label) <= most else label[: most - 1] + "…"
