"""What a run used as time went on, as two plots over one time: processors in use, and memory.

Theory of operation. The points are those that the worker noted about twice a second (`app.core.series`); nothing is drawn
between runs or guessed. Processors in use are processor time over elapsed time from one point to the next. A plot reaches
from 0 to the largest value and a fifth; a limit within it is a dashed line, one beyond it is told in words, for otherwise
a small curve would lie on the floor of its plot. Geometry is in shares of a plot; drawing is `drawn`.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from markupsafe import Markup, escape

if TYPE_CHECKING:
    from collections.abc import Sequence

LEAST = 3  # points; fewer are no curve
ROOM = 1.2  # of the largest value
MIB = 1 << 20
TITLE, PLOT, GAP, FOOT = 22, 84, 16, 22  # heights in CSS pixels
WIDTHS = {"wide": 640, "narrow": 340}


@dataclass(frozen=True)
class Curve:
    """One plot. Points are (x, y) from 0 to 1, y upwards."""

    name: str
    points: tuple[tuple[float, float], ...]
    top: str  # what y = 1 means
    limit: float | None  # where the limit lies; None: beyond the plot
    told: str  # the limit in words


def curves(samples: Sequence[Sequence[int]], cpus: int, memory_bytes: int) -> tuple[Curve, Curve] | None:
    """Return processors and memory over time; None where there are too few points.

    Args:
        samples: elapsed ms, processor ms, memory in bytes each, in the order of time.
        cpus: processors that it may use.
        memory_bytes: memory that it may use.

    """
    if len(samples) < LEAST or samples[-1][0] <= 0:
        return None
    end = samples[-1][0]
    steps = [(one, other) for one, other in pairwise([(0, 0, 0), *samples]) if other[0] > one[0]]
    busy = [(other[0] / end, (other[1] - one[1]) / (other[0] - one[0])) for one, other in steps]
    held = [(wall / end, memory / MIB) for wall, _, memory in samples]
    allowed = memory_bytes / MIB
    return (
        _curve("processors in use", busy, cpus, f"{cpus} allowed", "{:.2g}"),
        _curve("memory in MiB", held, allowed, f"{allowed:,.0f} allowed", "{:,.0f}"),
    )


def _curve(name: str, values: Sequence[tuple[float, float]], limit: float, told: str, spelled: str) -> Curve:
    top = max(max(y for _, y in values) * ROOM, 1e-9)
    near = limit <= top
    points = tuple((round(x, 5), round(min(max(y / top, 0), 1), 5)) for x, y in values)
    return Curve(name, points, spelled.format(top), limit / top if near else None, told)


def drawn(found: tuple[Curve, Curve], seconds: float) -> Markup:
    """Return the plots, wide and narrow; the stylesheet shows one of them."""
    return Markup("").join(_drawing(found, seconds, kind, width) for kind, width in WIDTHS.items())


def _drawing(found: tuple[Curve, Curve], seconds: float, kind: str, width: int) -> Markup:
    left, right = 1.0, width - 1.0
    parts, top = [], 0.0
    for curve in found:
        floor = top + TITLE + PLOT
        beyond = "" if curve.limit is not None else f", {curve.told}"
        parts.append(_text("axis", left, top + 15, f"{curve.name}, up to {curve.top}{beyond}"))
        parts.append(
            Markup('<rect class="track" x="{}" y="{}" width="{}" height="{}"/>').format(
                left, top + TITLE, right - left, PLOT
            )
        )
        places = " ".join(f"{left + x * (right - left):.1f},{floor - y * PLOT:.1f}" for x, y in curve.points)
        parts.append(Markup('<polyline class="curve" points="{}"/>').format(places))
        if curve.limit is not None:
            y = round(floor - curve.limit * PLOT, 1)
            parts.append(Markup('<line class="edge" x1="{}" y1="{}" x2="{}" y2="{}"/>').format(left, y, right, y))
            parts.append(_text("axis", right - 4, max(y - 4, top + TITLE + 12), curve.told, "end"))
        top = floor + GAP
    parts.append(_text("axis", left, top + 4, "0 s"))
    parts.append(_text("axis", right, top + 4, f"{seconds:.1f} s", "end"))
    height = top - GAP + FOOT
    told = "; ".join(f"{curve.name}: up to {curve.top}, {curve.told}" for curve in found)
    begin = Markup('<svg class="chart {}" role="img" aria-label="{}" viewBox="0 0 {} {:g}" width="{}" height="{:g}">')
    return begin.format(kind, told, width, height, width, height) + Markup("").join(parts) + Markup("</svg>")


def _text(kind: str, x: float, y: float, text: str, anchor: str = "start") -> Markup:
    return Markup('<text class="{}" x="{:g}" y="{:g}" text-anchor="{}">{}</text>').format(
        kind, x, y, anchor, escape(text)
    )
