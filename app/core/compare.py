"""Comparison of a measurement with what was printed.

Rules, with c computed, e expected, u one unit of e's last printed place:

    exact      c equals e                     relative   |c - e| ≤ r·|e|
    absolute   |c - e| ≤ a                    either     |c - e| ≤ max(a, r·|e|)
    points     |c - e| ≤ p percentage points  rounding   e - u/2 ≤ c ≤ e + u/2
    bounded    low ≤ c ≤ high

All arithmetic is decimal and exact, all bounds are closed, and every accept condition is written positively, so that a
NaN can never pass (`not d > t` would let it). Tolerance decides. Inside the printed rounding too upgrades the code to
MATCH_ROUNDING; inside the rounding but outside the tolerance neither verifies nor falsifies: COARSE_CLAIM. A formula
brings the interval [computed_low, computed_high] that its printed inputs allow: under `rounding` it matches when that
meets the printed interval; under the other rules its point value decides, and a contradiction needs the whole interval
outside. Several seeds must all match; the worst is shown. They contradict
only if all of them do; seeds that disagree decide nothing (UNDERPOWERED).
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_CEILING, Context, Decimal, localcontext
from typing import TYPE_CHECKING

from app.core.model import Comparison, Rule
from app.core.quantity import EXACT, Printed, fraction, margin, plain, printed

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
    "UNIT_SUSPECT",
    "NON_FINITE",
)
MATCHES = frozenset(SEVERITY[:3])

#: Units on the percent scale; a fraction is a hundredth of it. Others are only compared as text.
_SCALE = {unit: Decimal(1) for unit in ("%", "percent", "points", "point", "pp", "percentage points")} | {
    unit: Decimal(100) for unit in ("fraction", "ratio", "proportion", "1")
}
_SUSPECT_FACTORS = tuple(Decimal(text) for text in ("100", "0.01", "1000", "0.001", "-1"))
_FLIP = Context(prec=6, rounding=ROUND_CEILING)


@dataclass(frozen=True)
class Band:
    """The accepted values, both ends included; None is an open end."""

    low: Decimal | None
    high: Decimal | None

    def holds(self, value: Decimal) -> bool:
        """Whether a value is accepted; False for NaN."""
        above = self.low is None or self.low <= value
        below = self.high is None or value <= self.high
        return value.is_finite() and above and below

    def meets(self, low: Decimal, high: Decimal) -> bool:
        """Whether an interval has a value in common with the band."""
        return (self.low is None or self.low <= high) and (self.high is None or low <= self.high)


def compare(expectation: Expectation, values: Sequence[Measured]) -> Comparison:
    """Compare the values of one metric, one per seed, with its expectation.

    Raises:
        ValueError: no values, or an expectation that intake would have refused.

    """
    if not values:
        raise ValueError("a comparison needs at least one value")
    with localcontext(EXACT):
        if expectation.rule is Rule.EXACT:
            return _exact(expectation, values)
        expected = None if expectation.value is None else printed(expectation.value)
        band = accepted(expectation, expected)
        judged = [_judge(expectation, expected, band, item) for item in values]
        code, worst, _ = max(judged, key=lambda item: (SEVERITY.index(item[0]), item[2]))
        if code == "MISMATCH" and any(item[0] != code for item in judged):
            code = "UNDERPOWERED"  # the seeds disagree: neither all of them match nor all of them contradict
        return Comparison(
            metric=expectation.metric,
            unit=expectation.unit,
            rule=expectation.rule,
            tolerance=expectation.tolerance,
            expected=expectation.value,
            computed=_text(worst.value),
            values=tuple(item.text for item in values),
            low=_text(band.low),
            high=_text(band.high),
            computed_low=_text(worst.low),
            computed_high=_text(worst.high),
            match=code in MATCHES,
            code=code,
            flips_at=_flips_at(expectation, expected, worst) if code != "NON_FINITE" else None,
        )


def accepted(expectation: Expectation, expected: Printed | None) -> Band:
    """Return the band of accepted values of any rule but `exact`; the pictures draw this same band."""
    with localcontext(EXACT):
        if expectation.rule is Rule.BOUNDED or expected is None:
            ends = [None if text is None else printed(text).value for text in (expectation.low, expectation.high)]
            return Band(*ends)
        if expectation.rule is Rule.ROUNDING:
            return Band(expected.low, expected.high)
        width = _width(expectation, expected.value)
        return Band(expected.value - width, expected.value + width)


def _width(expectation: Expectation, expected: Decimal) -> Decimal:
    text = expectation.tolerance or ""
    match expectation.rule:
        case Rule.ABSOLUTE:
            return margin(text)
        case Rule.POINTS:
            return margin(text) / _SCALE.get((expectation.unit or "").lower(), Decimal(1))
        case Rule.RELATIVE:
            return fraction(text) * abs(expected)
        case _:
            absolute = margin(expectation.absolute) if expectation.absolute else Decimal(0)
            return max(absolute, fraction(text) * abs(expected))


def _judge(
    expectation: Expectation, expected: Printed | None, band: Band, item: Measured
) -> tuple[str, Measured, Decimal]:
    """Return the code of one value, the value in the expectation's unit, and how far off it is."""
    if item.value is None or not item.value.is_finite():
        return "NON_FINITE", item, Decimal(0)
    converted = _convert(item, expectation.unit)
    if converted is None:
        return "UNIT_SUSPECT", item, Decimal(0)
    value = converted.value
    if value is None:  # conversion keeps numbers numbers
        raise TypeError("a number was expected")
    distance = abs(value - expected.value) if expected is not None else Decimal(0)
    code = _code(expectation.rule, expected, band, converted)
    undeclared = item.unit is None or expectation.unit is None
    if code == "MISMATCH" and undeclared and _other_unit_fits(band, value):
        code = "UNIT_SUSPECT"
    return code, converted, distance


def _code(rule: Rule, expected: Printed | None, band: Band, item: Measured) -> str:
    value, low, high = item.value, item.low, item.high
    if value is None:
        raise TypeError("a number was expected")
    spread = (low, high) if low is not None and high is not None else None
    matches = band.meets(*spread) if rule is Rule.ROUNDING and spread else band.holds(value)
    rounding = Band(expected.low, expected.high) if expected is not None else None
    if matches:
        if expected is not None and value == expected.value:
            return "MATCH_EXACT"
        inside = rule is Rule.ROUNDING or (rounding is not None and rounding.holds(value))
        return "MATCH_ROUNDING" if inside else "MATCH_TOLERANCE"
    if rounding is not None and rounding.holds(value):
        return "COARSE_CLAIM"
    if spread is not None:
        touches = band.meets(*spread) or (rounding is not None and rounding.meets(*spread))
        return "COARSE_CLAIM" if touches else "MISMATCH"
    return "MISMATCH"


def _convert(item: Measured, unit: str | None) -> Measured | None:
    """Return the value in the expectation's unit; None when the declared units do not go together."""
    if item.unit is None or unit is None or item.unit == unit:
        return item
    source, target = _SCALE.get(item.unit.lower()), _SCALE.get(unit.lower())
    if source is None or target is None or item.value is None:
        return None
    return type(item)(item.value * source / target, item.text, unit, item.low, item.high)


def _other_unit_fits(band: Band, value: Decimal) -> bool:
    """Whether ×100, ÷100, ×1000, ÷1000, negation or the reciprocal would be accepted."""
    reciprocal = (Context(prec=50).divide(Decimal(1), value),) if value else ()
    return any(band.holds(other) for other in (*(value * factor for factor in _SUSPECT_FACTORS), *reciprocal))


def _flips_at(expectation: Expectation, expected: Printed | None, item: Measured) -> str | None:
    """Return the smallest tolerance that accepts the value, in the rule's unit, rounded up to six digits.

    Above it the comparison matches, below it does not; None where no tolerance of the rule could turn it.
    """
    if expected is None or item.value is None or expectation.rule is Rule.BOUNDED:
        return None
    distance = abs(item.value - expected.value)
    match expectation.rule:
        case Rule.ROUNDING if item.low is not None and item.high is not None:
            return _text(max(Decimal(0), item.low - expected.value, expected.value - item.high))
        case Rule.RELATIVE | Rule.EITHER:
            if not expected.value:
                return None
            if expectation.absolute is not None and distance <= margin(expectation.absolute):
                return None
            return _text(_FLIP.divide(distance, abs(expected.value)))
        case Rule.POINTS:
            return _text(distance * _SCALE.get((expectation.unit or "").lower(), Decimal(1)))
        case _:
            return _text(distance)


def _exact(expectation: Expectation, values: Sequence[Measured]) -> Comparison:
    """Compare counts, labels and hashes: equal as numbers where both are numbers, else equal as text."""
    text = (expectation.value or "").strip()
    try:
        number: Decimal | None = printed(text).value
    except ValueError:
        number = None
    codes = [_exact_code(text, number, item) for item in values]
    worst = max(range(len(codes)), key=lambda index: SEVERITY.index(codes[index]))
    return Comparison(
        metric=expectation.metric,
        unit=expectation.unit,
        rule=expectation.rule,
        tolerance=None,
        expected=expectation.value,
        computed=values[worst].text,
        values=tuple(item.text for item in values),
        low=_text(number),
        high=_text(number),
        computed_low=_text(values[worst].low),
        computed_high=_text(values[worst].high),
        match=codes[worst] in MATCHES,
        code=codes[worst],
        flips_at=None,
    )


def _exact_code(text: str, number: Decimal | None, item: Measured) -> str:
    if not item.finite:
        return "NON_FINITE"
    if number is not None and item.value is not None:
        return "MATCH_EXACT" if item.value == number else "MISMATCH"
    return "MATCH_EXACT" if item.text.strip() == text else "MISMATCH"


def _text(value: Decimal | None) -> str | None:
    if value is None:
        return None
    return plain(value.normalize(Context(prec=60)) if value.is_finite() and abs(value) < 10**15 else value)
