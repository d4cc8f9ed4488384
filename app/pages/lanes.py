"""Several band pictures on one axis, as geometry: a lane for each, with its own band, print and values.

Every lane is mapped by the same function as a picture alone (`app.pages.band.line`), so the marks say the same; only the
ends of the line are common, wide enough for each. So the same number stands in the same place in every lane, and a band
that is twice as wide is drawn twice as wide. Lanes share an axis when they measure the same thing: metric and unit agree.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, localcontext
from typing import TYPE_CHECKING

from app.pages.band import CONTEXT, Line, Picture, domain, line, short

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True)
class Lane:
    """One picture beside others."""

    label: str
    picture: Picture


@dataclass(frozen=True)
class Axis:
    """Lanes mapped to one line."""

    metric: str
    unit: str
    lanes: tuple[tuple[Lane, Line], ...]
    ticks: tuple[tuple[float, str], ...]  # shares of the line, with the numbers there

    @property
    def alike(self) -> bool:
        """Whether every lane shows the same."""
        return len({lane.picture for lane, _ in self.lanes}) == 1


def axis(metric: str, lanes: Sequence[Lane]) -> Axis:
    """Map lanes to one line; there is at least one, and all are of one unit."""
    with localcontext(CONTEXT):
        domains = [domain(lane.picture) for lane in lanes]
        start = min(begin for begin, _ in domains)
        length = max(begin + long for begin, long in domains) - start
        shares = (Decimal(0), Decimal("0.5"), Decimal(1))
        ticks = tuple((float(share), short(_round(start + share * length, length))) for share in shares)
    mapped = tuple((lane, line(lane.picture, (start, length))) for lane in lanes)
    return Axis(metric, lanes[0].picture.unit, mapped, ticks)


def _round(value: Decimal, length: Decimal) -> Decimal:
    """Return a number of the axis with as many digits as its length tells apart."""
    return round(value, max(0, 2 - length.adjusted()))
