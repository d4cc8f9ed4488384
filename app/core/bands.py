"""Accepted values as bands, and how much of a difference is noise.

    exact      c equals e                     relative   |c - e| ≤ r·|e|
    absolute   |c - e| ≤ a                    either     |c - e| ≤ max(a, r·|e|)
    points     |c - e| ≤ p percentage points  rounding   e - u/2 ≤ c ≤ e + u/2
    bounded    low ≤ c ≤ high                 ulp        |c - e| ≤ k units of e's last binary place, both as binary64
    interval   low ≤ c ≤ high                 equivalence, prediction: e - Δ … e + Δ
    direction  margin or beyond, on e's side

All arithmetic is decimal and exact, all bounds are closed, and every condition is written positively, so that a NaN can
never be accepted (`not d > t` would let it).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Context, Decimal, localcontext
from typing import TYPE_CHECKING

from app.core.model import Rule
from app.core.quantity import EXACT, Printed, fraction, margin, number_in, plain, printed
from app.core.units import per_point

if TYPE_CHECKING:
    from app.core.model import Expectation

#: A miss below both is no contradiction: a share of the value (single precision, accumulated), and of the last half unit.
#: Around zero a difference keeps the noise of what was subtracted, so that no share of it says how much that is.
_NOISE_OF_VALUE = Decimal("1e-6")
_NOISE_AT_ZERO = Decimal("1e-12")
_NOISE_OF_HALF_UNIT = Decimal("1e-3")

SIXTY_DIGITS = Context(prec=60)


@dataclass(frozen=True)
class Band:
    """The accepted values, both ends included; None is an open end."""

    low: Decimal | None
    high: Decimal | None

    def holds(self, value: Decimal) -> bool:
        """Whether a value is accepted; False for NaN."""
        return value.is_finite() and self.meets(value, value)

    def meets(self, low: Decimal, high: Decimal) -> bool:
        """Whether an interval has a value in common with the band."""
        return (self.low is None or self.low <= high) and (self.high is None or low <= self.high)


def expects_text(expectation: Expectation) -> bool:
    """Whether the print is a label or a hash, and no number."""
    return expectation.rule is Rule.EXACT and number_in(expectation.value or "") is None


def accepted(expectation: Expectation) -> Band:
    """Return the band of accepted numbers; the pictures draw this same band. A ranking accepts no number as such.

    Raises:
        ValueError: the expectation has no such band, because its print is a text.

    """
    with localcontext(EXACT):
        expected = expected_of(expectation)
        match expectation.rule:
            case Rule.RANKING:
                return Band(None, None)
            case Rule.TABLE:
                return Band(share(expectation), Decimal(1))
            case Rule.ROUNDING if expected is not None:
                return rounding_band(expected)
            case Rule.DIRECTION if expected is not None:
                least = margin(expectation.tolerance or "0")
                return Band(least, None) if expected.value > 0 else Band(None, -least)
            case Rule.BOUNDED | Rule.INTERVAL:
                expected = None
        if expected is None:
            ends = [None if text is None else printed(text).value for text in (expectation.low, expectation.high)]
            return Band(*ends)
        centre, width = centre_of(expectation, expected), _width(expectation, expected.value)
        return Band(centre - width, centre + width)


def expected_of(expectation: Expectation) -> Printed | None:
    """Return the printed value, None when there is none."""
    return None if expectation.value is None else printed(expectation.value)


def centre_of(expectation: Expectation, expected: Printed) -> Decimal:
    """Return the value from which distances are measured: under `ulp` the binary64 number nearest to the print."""
    return binary64(expected.value) if expectation.rule is Rule.ULP else expected.value


def share(expectation: Expectation) -> Decimal:
    """Return the share of a table's cells that have to match."""
    return fraction(expectation.at_least) if expectation.at_least else Decimal(1)


def rounding_band(expected: Printed) -> Band:
    """Return the values that round to a print."""
    return Band(expected.low, expected.high)


def binary64(value: Decimal) -> Decimal:
    """Return the binary64 number nearest to a value, exactly; the value itself where there is none that is finite."""
    near = float(value)
    return Decimal(near) if math.isfinite(near) else value


def last_place(expected: Decimal) -> Decimal:
    """Return one unit in the last place of the binary64 number nearest to a value."""
    return Decimal(math.ulp(float(expected)))


def _width(expectation: Expectation, expected: Decimal) -> Decimal:
    text = expectation.tolerance or ""
    match expectation.rule:
        case Rule.EXACT:
            return Decimal(0)
        case Rule.ABSOLUTE | Rule.EQUIVALENCE | Rule.PREDICTION:
            return margin(text)
        case Rule.POINTS:
            return margin(text) / per_point(expectation.unit)
        case Rule.RELATIVE:
            return fraction(text) * abs(expected)
        case Rule.ULP:
            return margin(text) * last_place(expected)
        case _:
            absolute = margin(expectation.absolute) if expectation.absolute else Decimal(0)
            return max(absolute, fraction(text) * abs(expected))


def noise(expectation: Expectation, value: Decimal) -> Decimal:
    """Return by how much a value may have been moved by floating-point arithmetic, seen beside its print."""
    return min(max(abs(value) * _NOISE_OF_VALUE, _NOISE_AT_ZERO), _noise_of_print(expectation))


def negligible(expectation: Expectation, value: Decimal) -> Decimal:
    """Return up to which movement a value counts as standing still; a print with many digits makes it no smaller.

    `exact` accepts nothing beside its print, so that any movement is one.
    """
    if expectation.rule is Rule.EXACT:
        return Decimal(0)
    with localcontext(EXACT):
        return max(abs(value) * _NOISE_OF_VALUE, min(_NOISE_AT_ZERO, _noise_of_print(expectation)))


def _noise_of_print(expectation: Expectation) -> Decimal:
    prints = [printed(text) for text in (expectation.value, expectation.low, expectation.high) if text is not None]
    return min((each.half_unit for each in prints), default=Decimal("Infinity")) * _NOISE_OF_HALF_UNIT


def number_text(value: Decimal | None, digits: Context = SIXTY_DIGITS) -> str | None:
    """Return a number without its trailing zeros, at most 60 digits."""
    if value is None:
        return None
    if not value.is_finite():
        return str(value)
    return plain(value.normalize(digits)) if value else "0"
