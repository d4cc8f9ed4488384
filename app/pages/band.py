"""The band picture as geometry: where what was measured lies, seen from what was printed and what is accepted.

Theory of operation. Nothing is judged here. The band is the one that the gate used: of a verdict the ends that its
comparison carries, of a claim without a comparison `app.core.bands.accepted`, which made those ends too. Whether a value
lies inside is asked of the same `Band`. What remains is a map from numbers to a line.

The line shows the printed value in its middle and k half-widths of the band to both sides, with k as large as the largest
deviation needs, but at least 1.6 and at most 3: more would shrink the band to a sliver. What lies further out is pinned to
the edge as a triangle that points outwards; its number stays true. Where the band has no width, or an end is open, the
largest deviation takes the half-width's place.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal, localcontext
from typing import TYPE_CHECKING

from app.core.bands import Band

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

CONTEXT = Context(prec=60, rounding=ROUND_HALF_EVEN)
K_MIN, K_MAX, REACH = Decimal("1.6"), Decimal(3), Decimal("1.1")
NEAR_EDGE = Decimal("0.02")  # of the half-width: so close to an edge a number shows two more digits
ROWS_MAX = 24  # more points than this become one strip
DIGITS_MAX = 40
SHOWN_MAX = 20  # characters of a number beside its row
EDGE_MAX = 12  # and of one below an edge
TINY = Decimal("1e-12")


@dataclass(frozen=True)
class Point:
    """One value to be shown; None with a note where a run brought none."""

    label: str
    value: Decimal | None
    note: str = ""
    low: Decimal | None = None  # of an interval around the value
    high: Decimal | None = None
    summary: bool = False  # of the points, and no point itself
    meets: bool = False  # it was accepted because its interval meets the band, whatever the value itself does


@dataclass(frozen=True)
class Picture:
    """What is to be drawn. The band's ends are None where it is open."""

    metric: str
    unit: str
    rule: str  # as a person reads it: "within printed rounding"
    expected: Decimal | None
    expected_text: str  # as it was printed
    band: Band
    points: tuple[Point, ...]


@dataclass(frozen=True)
class Mark:
    """A point on the line: `x` from 0 (left edge of the line) to 1; `shape` says which side of the edges it lies on."""

    label: str
    text: str
    shape: str  # circle | diamond | left | right | none
    inside: bool | None  # whether it was accepted; None: no value
    x: float
    low: float | None = None
    high: float | None = None
    summary: bool = False


@dataclass(frozen=True)
class Line:
    """The mapped picture: everything in shares of the line's length."""

    zone: tuple[float, float] | None  # None: the band has no width
    edges: tuple[tuple[float, str], ...]  # the band's closed ends, with their numbers
    expected: tuple[float, str] | None
    marks: tuple[Mark, ...]
    strip: tuple[Mark, ...]  # of more than ROWS_MAX points: all of them in one row


def line(picture: Picture, along: tuple[Decimal, Decimal] | None = None) -> Line:
    """Map a picture to its line, or to one that begins and is as long as `along` says."""
    with localcontext(CONTEXT):
        start, length = along or domain(picture)
        points, strip = picture.points, tuple[Mark, ...]()
        if sum(not point.summary for point in points) > ROWS_MAX:
            strip = tuple(_mark(picture, point, start, length) for point in points if not point.summary)
            points = (*_extremes(points), *(point for point in points if point.summary))
        low, high = picture.band.low, picture.band.high
        ends = (
            0.0 if low is None else _share(low, start, length),
            1.0 if high is None else _share(high, start, length),
        )
        edges = [] if low == high else [end for end in (low, high) if end is not None]
        return Line(
            zone=None if low == high else ends,
            edges=tuple((_share(end, start, length), short(end)) for end in edges),
            expected=None
            if picture.expected is None
            else (_share(picture.expected, start, length), picture.expected_text),
            marks=tuple(_mark(picture, point, start, length) for point in points),
            strip=strip,
        )


def half_width(picture: Picture) -> Decimal:
    """Return the half-width of the band around the middle, or what takes its place; never 0."""
    with localcontext(CONTEXT):
        middle = _middle(picture)
        ends = [end for end in (picture.band.low, picture.band.high) if end is not None]
        half = max((abs(end - middle) for end in ends), default=Decimal(0))
        if None in (picture.band.low, picture.band.high) or not half:
            half = max(half, _reach(picture, middle) / Decimal("1.5"))
        return max(half, abs(middle) * TINY) or Decimal(1)


def number(value: Decimal, decimals: int | None = None) -> str:
    """Return a number for people: a true minus, at most SHOWN_MAX characters, no exponent where that fits."""
    with localcontext(CONTEXT):
        if decimals is not None and value.is_finite():
            value = round(value, decimals) if abs(value) < Decimal(10) ** 18 else value
        text = f"{value:f}" if abs(value.adjusted()) < SHOWN_MAX else f"{value:.6g}"
        if decimals is None and "." in text and "e" not in text.lower():
            text = text.rstrip("0").rstrip(".")
        if len(text) > SHOWN_MAX:
            text = f"{value:.8g}"
        return text.replace("-", "−")


def short(end: Decimal) -> str:
    """Return a number as it stands below a line: at most EDGE_MAX characters."""
    text = number(end)
    return text if len(text) <= EDGE_MAX else f"{end:.6g}".replace("-", "−")


def domain(picture: Picture) -> tuple[Decimal, Decimal]:
    """Return where the line begins and how long it is, in the picture's unit."""
    with localcontext(CONTEXT):
        middle, half = _middle(picture), half_width(picture)
        k = min(max(REACH * _reach(picture, middle) / half, K_MIN), K_MAX)
        return middle - k * half, 2 * k * half


def _middle(picture: Picture) -> Decimal:
    low, high = picture.band.low, picture.band.high
    if picture.expected is not None:
        return picture.expected
    if low is not None and high is not None:
        return (low + high) / 2
    return next((end for end in (low, high) if end is not None), Decimal(0))


def _reach(picture: Picture, middle: Decimal) -> Decimal:
    return max((abs(value - middle) for value in _finite(picture.points)), default=Decimal(0))


def _finite(points: Iterable[Point]) -> list[Decimal]:
    return [point.value for point in points if point.value is not None and point.value.is_finite()]


def _share(value: Decimal, start: Decimal, length: Decimal) -> float:
    return float(min(max((value - start) / length, Decimal(0)), Decimal(1)))


def _mark(picture: Picture, point: Point, start: Decimal, length: Decimal) -> Mark:
    if point.value is None or not point.value.is_finite():
        why = point.note or ("not finite" if point.value is not None else "no value")
        return Mark(point.label, f"∅ {why}", "none", None, 0.5, summary=point.summary)
    holds = picture.band.holds(point.value)
    shape = "circle" if holds else "diamond"
    if not start <= point.value <= start + length:
        shape = "left" if point.value < start else "right"
    low, high = (None if end is None else _share(end, start, length) for end in (point.low, point.high))
    sign = "✓" if holds else "≈" if point.meets else "✗"
    text = f"{sign} {shown(picture, point.value)}{deviation(picture, point.value)}"
    return Mark(
        point.label,
        text,
        shape,
        holds or point.meets,
        _share(point.value, start, length),
        low,
        high,
        point.summary,
    )


def shown(picture: Picture, value: Decimal) -> str:
    """Return a value with two decimals more than the print, and as many more as keep it on its side of the edges."""
    with localcontext(CONTEXT):
        half = half_width(picture)
        printed = 0 if picture.expected is None else max(0, -int(picture.expected.as_tuple().exponent))
        decimals = max(printed + 2, 2 - half.adjusted())
        ends = [end for end in (picture.band.low, picture.band.high) if end is not None]
        if any(abs(value - end) <= NEAR_EDGE * half for end in ends):
            decimals += 2
        exact = max(0, -int(value.as_tuple().exponent))
        decimals = min(decimals, DIGITS_MAX)
        while decimals < min(exact, DIGITS_MAX) and picture.band.holds(round(value, decimals)) != picture.band.holds(
            value
        ):
            decimals += 1
        return number(value, min(decimals, exact))


def deviation(picture: Picture, value: Decimal) -> str:
    """Return " (−2.1 %)", the absolute deviation from an expected 0, nothing where nothing was printed or deviates."""
    with localcontext(CONTEXT):
        if picture.expected is None or value == picture.expected:
            return ""
        off = value - picture.expected
        if not picture.expected:
            return f" ({'+' if off > 0 else '−'}{number(abs(off)) if len(number(abs(off))) < 9 else f'{abs(off):.2g}'})"
        share = off / abs(picture.expected) * 100
        size = abs(share)
        if size >= 100_000:  # a percentage would say nothing any more
            return ""
        text = f"{size:.1f}" if Decimal("0.05") <= size < 100 else f"{size:.1g}" if size < 1 else f"{size:.0f}"
        return f" ({'+' if off > 0 else '−'}{text} %)"


def _extremes(points: Sequence[Point]) -> tuple[Point, ...]:
    values = sorted(_finite(point for point in points if not point.summary))
    if not values:
        return ()
    middle = len(values) // 2
    median = values[middle] if len(values) % 2 else (values[middle - 1] + values[middle]) / 2
    named = (("median", median), ("least", values[0]), ("most", values[-1]))
    return tuple(Point(f"{name} of {len(values)}", value, summary=True) for name, value in named)
