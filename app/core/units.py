"""Units: converted where both sides declare them, suspected where one is silent, never guessed.

Only the percent scale is converted; other units are compared as text. A value that misses and would fit after ×100,
÷100, ×1000, ÷1000, negation or as a reciprocal, while one side declares no unit, is suspect: most likely a fraction
stands for a percentage. That neither verifies nor falsifies.
"""

from __future__ import annotations

from decimal import Context, Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.core.bands import Band

#: How many of the percent scale's units one unit is.
_SCALE = {unit: Decimal(1) for unit in ("%", "percent", "points", "point", "pp", "percentage points")} | {
    unit: Decimal(100) for unit in ("fraction", "ratio", "proportion", "1")
}
_FACTORS = tuple(Decimal(text) for text in ("100", "0.01", "1000", "0.001", "-1"))
_RECIPROCAL = Context(prec=50)


def per_point(unit: str | None) -> Decimal:
    """Return how many percentage points one unit of a value is; values without a known unit are taken as percentages."""
    return _SCALE.get((unit or "").strip().lower(), Decimal(1))


def conversion(source: str | None, target: str | None) -> Decimal | None:
    """Return the factor from one unit to another, 1 when either is undeclared; None when they do not go together."""
    if source is None or target is None or source.strip() == target.strip():
        return Decimal(1)
    one, two = _SCALE.get(source.strip().lower()), _SCALE.get(target.strip().lower())
    return None if one is None or two is None else one / two


def other_unit_fits(bands: Sequence[Band], low: Decimal, high: Decimal) -> bool:
    """Whether an interval would meet one of the bands in another unit, with another sign or as a reciprocal."""
    others = [(low * factor, high * factor) for factor in _FACTORS]
    if low > 0 or high < 0:
        others.append((_RECIPROCAL.divide(Decimal(1), low), _RECIPROCAL.divide(Decimal(1), high)))
    return any(band.meets(min(ends), max(ends)) for ends in others for band in bands)
