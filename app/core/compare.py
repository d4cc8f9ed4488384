"""Comparison of a measurement with what was printed.

Rules, with c computed, e expected, u one unit of e's last printed place:

    exact      c equals e                     relative   |c - e| ≤ r·|e|
    absolute   |c - e| ≤ a                    either     |c - e| ≤ max(a, r·|e|)
    points     |c - e| ≤ p percentage points  rounding   e - u/2 ≤ c ≤ e + u/2
    bounded    low ≤ c ≤ high

All arithmetic is decimal and exact, all bounds are closed, and every accept condition is written positively, so that a
NaN can never pass (`not d > t` would let it). Tolerance decides. Inside the printed rounding too upgrades the code to
MATCH_ROUNDING. What neither verifies nor falsifies is a COARSE_CLAIM: inside the printed rounding but outside the
tolerance, or outside by no more than binary floating point may have caused (57 / 400 * 100 is 14.249999999999998, and
the exact 14.25 prints as 14.3).

A formula brings the interval [computed_low, computed_high] that encloses what its printed inputs allow, and an inner one
that it really takes. Under `rounding` it matches when the inner one meets the printed interval; under the other rules
its point value decides. A contradiction needs the whole enclosing interval outside tolerance and rounding.

`exact` holds counts, labels and hashes to what was printed. A print that reads as a number is one: 3, 3.0, 3e0 and the
texts "3" and "3.00" are equal, because JSON writers add and drop zeros at will, and units are converted as under every
rule. Any other print is a label: texts are equal after white space is trimmed and collapsed and Unicode is composed
(NFC); case counts, units do not. A percent sign or separated thousands in the print are refused at intake; a number
where a label was printed, or the reverse, is a malformed result. Neither can contradict.

Several seeds must all match; the worst is shown. They contradict only if all of them do; seeds that disagree decide
nothing (UNDERPOWERED).
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, replace
from decimal import ROUND_CEILING, Context, Decimal, localcontext
from typing import TYPE_CHECKING

from app.core.model import Comparison, Rule
from app.core.quantity import EXACT, Printed, fraction, margin, number_in, plain, printed
from app.core.units import conversion, other_unit_fits, per_point

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.core.measurement import Measured
    from app.core.model import Expectation

#: How bad a code is; the worst seed decides.
SEVERITY = (
    "MATCH_EXACT",
    "MATCH_ROUNDING",
    "MATCH_TOLERANCE",
    "COARSE_CLAIM",
    "MISMATCH",
    "UNDERPOWERED",
    "UNIT_SUSPECT",
    "NON_FINITE",
)
MATCHES = frozenset(SEVERITY[:3])

#: A miss below both is no contradiction: a share of the value (single precision, accumulated), and of the last half unit.
#: Around zero a difference keeps the noise of what was subtracted, so that no share of it says how much that is.
_NOISE_OF_VALUE = Decimal("1e-6")
_NOISE_AT_ZERO = Decimal("1e-12")
_NOISE_OF_HALF_UNIT = Decimal("1e-3")

_SIX_DIGITS_UP = Context(prec=6, rounding=ROUND_CEILING)
_SIXTY_DIGITS = Context(prec=60)
_SIXTY_DIGITS_UP = Context(prec=60, rounding=ROUND_CEILING)


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


@dataclass(frozen=True)
class _Judged:
    """The code of one seed's value, and the value in the expectation's unit."""

    code: str
    item: Measured
    distance: Decimal = Decimal(0)

    @property
    def badness(self) -> tuple[int, Decimal]:
        return SEVERITY.index(self.code), self.distance


def compare(expectation: Expectation, values: Sequence[Measured]) -> Comparison:
    """Compare the values of one metric, one per seed, with its expectation.

    Raises:
        ValueError: no values, or an expectation that intake would have refused.

    """
    if not values:
        raise ValueError("a comparison needs at least one value")
    with localcontext(EXACT):
        if expects_text(expectation):
            wanted = _composed(expectation.value or "")
            judged = [_Judged("MATCH_EXACT" if _composed(item.text) == wanted else "MISMATCH", item) for item in values]
            band = Band(None, None)
        else:
            band = accepted(expectation)
            judged = [_judge(expectation, band, item) for item in values]
        worst = max(judged, key=lambda item: item.badness)
        disagree = worst.code == "MISMATCH" and any(item.code != "MISMATCH" for item in judged)
        code = "UNDERPOWERED" if disagree else worst.code
        printed_ends = (expectation.low, expectation.high) if expectation.rule is Rule.BOUNDED else (None, None)
        return Comparison(
            metric=expectation.metric,
            unit=expectation.unit,
            rule=expectation.rule,
            tolerance=expectation.tolerance,
            expected=expectation.value,
            computed=worst.item.text if worst.item.value is None else _text(worst.item.value),
            values=tuple(item.text for item in values),
            low=printed_ends[0] or _text(band.low),
            high=printed_ends[1] or _text(band.high),
            computed_low=_text(worst.item.low),
            computed_high=_text(worst.item.high),
            match=code in MATCHES,
            code=code,
            flips_at=None if code in {"UNIT_SUSPECT", "NON_FINITE"} else _flips_at(expectation, worst),
        )


def expects_text(expectation: Expectation) -> bool:
    """Whether the print is a label or a hash, and no number."""
    return expectation.rule is Rule.EXACT and number_in(expectation.value or "") is None


def accepted(expectation: Expectation) -> Band:
    """Return the band of accepted numbers; the pictures draw this same band.

    Raises:
        ValueError: the expectation has no such band, because its print is a text.

    """
    with localcontext(EXACT):
        expected = _expected(expectation)
        if expectation.rule is Rule.BOUNDED or expected is None:
            ends = [None if text is None else printed(text).value for text in (expectation.low, expectation.high)]
            return Band(*ends)
        if expectation.rule is Rule.ROUNDING:
            return _rounding(expected)
        width = _width(expectation, expected.value)
        return Band(expected.value - width, expected.value + width)


def _expected(expectation: Expectation) -> Printed | None:
    return None if expectation.value is None else printed(expectation.value)


def _rounding(expected: Printed) -> Band:
    return Band(expected.low, expected.high)


def _width(expectation: Expectation, expected: Decimal) -> Decimal:
    text = expectation.tolerance or ""
    match expectation.rule:
        case Rule.EXACT:
            return Decimal(0)
        case Rule.ABSOLUTE:
            return margin(text)
        case Rule.POINTS:
            return margin(text) / per_point(expectation.unit)
        case Rule.RELATIVE:
            return fraction(text) * abs(expected)
        case _:
            absolute = margin(expectation.absolute) if expectation.absolute else Decimal(0)
            return max(absolute, fraction(text) * abs(expected))


def _judge(expectation: Expectation, band: Band, item: Measured) -> _Judged:
    if item.value is None or not item.value.is_finite():
        return _Judged("NON_FINITE", item)
    factor = conversion(item.unit, expectation.unit)
    if factor is None:
        return _Judged("UNIT_SUSPECT", item)
    expected = _expected(expectation)
    value = item.value * factor
    converted = replace(item, value=value, unit=expectation.unit)
    distance = abs(value - expected.value) if expected is not None else Decimal(0)
    if _matches(expectation.rule, band, converted, value):
        return _Judged(_how_closely(expectation.rule, expected, value), converted, distance)
    # From here on nothing matches; what remains is whether everything contradicts.
    bands = [band] if expected is None else [band, _rounding(expected)]
    low, high = _spread(expectation, converted, value)
    if any(candidate.meets(low, high) for candidate in bands):
        return _Judged("COARSE_CLAIM", converted, distance)
    undeclared = item.unit is None or expectation.unit is None
    # Some factor always leads into a band with an open end, which says nothing about units.
    closed = [each for each in bands if each.low is not None and each.high is not None]
    code = "UNIT_SUSPECT" if undeclared and other_unit_fits(closed, low, high) else "MISMATCH"
    return _Judged(code, converted, distance)


def _matches(rule: Rule, band: Band, item: Measured, value: Decimal) -> bool:
    if rule is Rule.ROUNDING and item.inner_low is not None and item.inner_high is not None:
        return band.meets(item.inner_low, item.inner_high)
    return band.holds(value)


def _how_closely(rule: Rule, expected: Printed | None, value: Decimal) -> str:
    if expected is not None and value == expected.value:
        return "MATCH_EXACT"
    rounded = rule is Rule.ROUNDING or (expected is not None and _rounding(expected).holds(value))
    return "MATCH_ROUNDING" if rounded else "MATCH_TOLERANCE"


def _spread(expectation: Expectation, item: Measured, value: Decimal) -> tuple[Decimal, Decimal]:
    """Return the interval that must lie outside as a whole: a formula's own, or the value give or take its noise."""
    if item.low is not None and item.high is not None:
        return item.low, item.high
    noise = min(max(abs(value) * _NOISE_OF_VALUE, _NOISE_AT_ZERO), _noise_of_print(expectation))
    return value - noise, value + noise


def _noise_of_print(expectation: Expectation) -> Decimal:
    prints = [printed(text) for text in (expectation.value, expectation.low, expectation.high) if text is not None]
    return min(each.half_unit for each in prints) * _NOISE_OF_HALF_UNIT


def negligible(expectation: Expectation, value: Decimal) -> Decimal:
    """Return up to which movement a value counts as standing still; a print with many digits makes it no smaller.

    `exact` accepts nothing beside its print, so that any movement is one.
    """
    if expectation.rule is Rule.EXACT:
        return Decimal(0)
    with localcontext(EXACT):
        return max(abs(value) * _NOISE_OF_VALUE, min(_NOISE_AT_ZERO, _noise_of_print(expectation)))


def _flips_at(expectation: Expectation, judged: _Judged) -> str | None:
    """Return the smallest tolerance that accepts the value, in the rule's unit; None where no tolerance could turn it.

    From it upwards the comparison matches, below it does not. What does not terminate is rounded up: to six digits.
    """
    item, distance = judged.item, judged.distance
    expected = None if expectation.rule in {Rule.EXACT, Rule.BOUNDED} else _expected(expectation)
    if expected is None:
        return None
    match expectation.rule:
        case Rule.ROUNDING if item.inner_low is not None and item.inner_high is not None:
            gap = max(Decimal(0), item.inner_low - expected.value, expected.value - item.inner_high)
            return _text(gap, _SIXTY_DIGITS_UP)
        case Rule.RELATIVE | Rule.EITHER:
            covered = expectation.absolute is not None and distance <= margin(expectation.absolute)
            if covered or not expected.value:
                return None
            return _text(_SIX_DIGITS_UP.divide(distance, abs(expected.value)))
        case Rule.POINTS:
            return _text(distance * per_point(expectation.unit), _SIXTY_DIGITS_UP)
        case _:
            return _text(distance, _SIXTY_DIGITS_UP)


def _composed(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split())


def _text(value: Decimal | None, digits: Context = _SIXTY_DIGITS) -> str | None:
    """Return a number without its trailing zeros, at most 60 digits."""
    if value is None:
        return None
    if not value.is_finite():
        return str(value)
    return plain(value.normalize(digits)) if value else "0"
