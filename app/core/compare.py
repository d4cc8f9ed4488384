"""Comparison of a measurement with what was printed.

The accepted values of each rule stand in `bands`. Tolerance decides. Inside the printed rounding too upgrades the code to
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
nothing (UNDERPOWERED). The rules that weigh the seeds' spread stand in `compare_seeds`, rankings and tables in
`compare_sets`.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, replace
from decimal import ROUND_CEILING, Context, Decimal, localcontext
from typing import TYPE_CHECKING

from app.core.bands import (
    Band,
    accepted,
    binary64,
    centre_of,
    expected_of,
    expects_text,
    last_place,
    noise,
    number_text,
    rounding_band,
)
from app.core.codes import MATCHES, SEVERITY
from app.core.compare_seeds import compare_seeds
from app.core.compare_sets import compare_cells, compare_order
from app.core.members import SEED_RULES, members
from app.core.model import Comparison, Rule
from app.core.quantity import EXACT, Printed, margin
from app.core.units import conversion, other_unit_fits, per_point

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from app.core.measurement import Measured
    from app.core.model import Expectation

_SIX_DIGITS_UP = Context(prec=6, rounding=ROUND_CEILING)
_SIXTY_DIGITS_UP = Context(prec=60, rounding=ROUND_CEILING)


@dataclass(frozen=True)
class _Judged:
    """The code of one seed's value, and the value in the expectation's unit."""

    code: str
    item: Measured
    distance: Decimal = Decimal(0)

    @property
    def badness(self) -> tuple[int, Decimal]:
        return SEVERITY.index(self.code), self.distance


def compare_all(
    expectation: Expectation, runs: Sequence[Mapping[str, Measured]], looks: int = 1
) -> tuple[Comparison, ...]:
    """Compare what runs reported, one run per seed, with an expectation: first what decides, then a table's cells.

    Args:
        expectation: of one metric, a ranking or a table.
        runs: metric -> what was reported; every member is there.
        looks: how often statistical rules may be asked, which shares the error that they may make.

    Raises:
        ValueError: no runs, or an expectation that intake would have refused.

    """
    each = [(member, [metrics[member.metric] for metrics in runs]) for member in members(expectation)]
    if expectation.rule is Rule.RANKING:
        return (compare_order(expectation, [values for _, values in each], looks),)
    if expectation.rule is Rule.TABLE:
        cells = [compare(member, values) for member, values in each]
        return compare_cells(expectation, cells)
    return (compare(expectation, each[0][1], looks),)


def compare(expectation: Expectation, values: Sequence[Measured], looks: int = 1) -> Comparison:
    """Compare the values of one metric, one per seed, with its expectation.

    Raises:
        ValueError: no values, or an expectation that intake would have refused.

    """
    if not values:
        raise ValueError("a comparison needs at least one value")
    if expectation.rule in SEED_RULES or expectation.rule is Rule.INTERVAL:
        return compare_seeds(expectation, values, looks)
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
            computed=worst.item.text if worst.item.value is None else number_text(worst.item.value),
            values=tuple(item.text for item in values),
            low=printed_ends[0] or number_text(band.low),
            high=printed_ends[1] or number_text(band.high),
            computed_low=number_text(worst.item.low),
            computed_high=number_text(worst.item.high),
            match=code in MATCHES,
            code=code,
            flips_at=None if code in {"UNIT_SUSPECT", "NON_FINITE"} else _flips_at(expectation, worst),
        )


def _judge(expectation: Expectation, band: Band, item: Measured) -> _Judged:
    if item.value is None or not item.value.is_finite():
        return _Judged("NON_FINITE", item)
    factor = conversion(item.unit, expectation.unit)
    if factor is None:
        return _Judged("UNIT_SUSPECT", item)
    expected = expected_of(expectation)
    value = item.value * factor
    converted = replace(item, value=value, unit=expectation.unit)
    if expectation.rule is Rule.ULP:
        value = binary64(value)
    distance = abs(value - centre_of(expectation, expected)) if expected is not None else Decimal(0)
    if _matches(expectation.rule, band, converted, value):
        return _Judged(_how_closely(expectation, expected, value), converted, distance)
    # From here on nothing matches; what remains is whether everything contradicts.
    bands = [band] if expected is None else [band, rounding_band(expected)]
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


def _how_closely(expectation: Expectation, expected: Printed | None, value: Decimal) -> str:
    if expected is not None and value == centre_of(expectation, expected):
        return "MATCH_EXACT"
    rounded = expectation.rule is Rule.ROUNDING or (expected is not None and rounding_band(expected).holds(value))
    return "MATCH_ROUNDING" if rounded else "MATCH_TOLERANCE"


def _spread(expectation: Expectation, item: Measured, value: Decimal) -> tuple[Decimal, Decimal]:
    """Return the interval that must lie outside as a whole: a formula's own, or the value give or take its noise."""
    if item.low is not None and item.high is not None:
        return item.low, item.high
    give = noise(expectation, value)
    return value - give, value + give


def _flips_at(expectation: Expectation, judged: _Judged) -> str | None:
    """Return the smallest tolerance that accepts the value, in the rule's unit; None where no tolerance could turn it.

    From it upwards the comparison matches, below it does not. What does not terminate is rounded up: to six digits.
    """
    item, distance = judged.item, judged.distance
    expected = None if expectation.rule in {Rule.EXACT, Rule.BOUNDED} else expected_of(expectation)
    if expected is None:
        return None
    match expectation.rule:
        case Rule.ROUNDING if item.inner_low is not None and item.inner_high is not None:
            gap = max(Decimal(0), item.inner_low - expected.value, expected.value - item.inner_high)
            return number_text(gap, _SIXTY_DIGITS_UP)
        case Rule.RELATIVE | Rule.EITHER:
            covered = expectation.absolute is not None and distance <= margin(expectation.absolute)
            if covered or not expected.value:
                return None
            return number_text(_SIX_DIGITS_UP.divide(distance, abs(expected.value)))
        case Rule.POINTS:
            return number_text(distance * per_point(expectation.unit), _SIXTY_DIGITS_UP)
        case Rule.ULP:
            return number_text(distance / last_place(expected.value), _SIXTY_DIGITS_UP)
        case _:
            return number_text(distance, _SIXTY_DIGITS_UP)


def _composed(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split())
