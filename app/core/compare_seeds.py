"""Rules that ask what the spread of the seeds allows to say.

With m the mean and s the standard deviation (divisor n - 1) of n values, e the printed value, D its margin, u one unit of
its last place, t(q, v) the value that Student's t with v degrees of freedom exceeds with probability q, and a = 0.05
divided by the sealed number of looks:

    equivalence  m - e ± t(a, n-1)·s/√n, the 90 % interval of two one-sided tests at one look, lies inside ±D
    prediction   e lies in m ± t(a/2, n-1)·s·√(1 + 1/n), and the interval reaches no further than D to each side
    direction    the lower bound m - t(a, n-1)·s/√n, turned to the claimed sign, is no less than the margin
    interval     m lies in the printed interval

A contradiction needs more than a miss. Under `equivalence` and `prediction` the interval lies wholly beyond both ±D and
±u/2. Under `direction` the upper bound is below 0, and the mean does not print as a tie. Under `interval` a mean of the
same size as the paper's would be as far off in less than one of twenty cases: two sound means differ by more than either's
interval quite often. Everything between is UNDERPOWERED, and further seeds may decide it.

Where the paper prints sd and n of its own, `equivalence` counts both errors (Welch). Values that are all the same count
as one, which under all rules but `interval` decides nothing. A formula has no seeds; under `direction` and `interval` it
is held to the interval that its printed inputs allow.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal, localcontext
from typing import TYPE_CHECKING

from app.core.bands import Band, accepted, expected_of, number_text, rounding_band
from app.core.codes import MATCHES
from app.core.model import Comparison, Rule
from app.core.quantity import EXACT, Printed, fraction, margin, printed
from app.core.statistics import ALPHA, Sample, quantile, root, sample, tail, welch
from app.core.units import conversion, other_unit_fits

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.core.measurement import Measured
    from app.core.model import Expectation

_SHOWN = Context(prec=20)  # of what square roots and quantiles went into
_UP = Context(prec=6, rounding=ROUND_CEILING)
_DOWN = Context(prec=6, rounding=ROUND_FLOOR)
_WORK = Context(prec=50, Emax=999_999, Emin=-999_999)


@dataclass(frozen=True)
class _Found:
    """What a rule makes of a sample."""

    code: str
    span: tuple[Decimal, Decimal] | None = None  # that the seeds allow, or a formula's inputs
    flips_at: Decimal | None = None
    p: Decimal | None = None
    note: str | None = None


@dataclass(frozen=True)
class _Case:
    """A sample beside what was printed, all in the expectation's unit."""

    expectation: Expectation
    sample: Sample
    ends: tuple[Decimal, Decimal] | None  # of a formula
    alpha: Decimal  # the error that this look may make
    looks: int

    @property
    def printed(self) -> Printed:
        found = expected_of(self.expectation)
        if found is None:
            raise ValueError(f"the rule {self.expectation.rule} needs a value")
        return found

    def by_chance(self, distance: Decimal, error: Decimal, degrees: Decimal, sides: int = 1) -> Decimal:
        """Return how probable a distance is by chance, counting every look and at most 1."""
        with localcontext(_WORK):
            return min(Decimal(1), tail(distance / error, degrees) * sides * self.looks)


def compare_seeds(expectation: Expectation, values: Sequence[Measured], looks: int) -> Comparison:
    """Compare the values of one metric, one per seed, under a rule that weighs their spread.

    Raises:
        ValueError: an expectation that intake would have refused.

    """
    with localcontext(EXACT):
        factors = [conversion(item.unit, expectation.unit) for item in values]
        numbers = [(item.value or Decimal(0)) * (factor or 1) for item, factor in zip(values, factors, strict=True)]
        odd = next((item for item in values if item.value is None or not item.finite), None)
        shown: str | None
        if odd is not None:
            found, shown = _Found("NON_FINITE"), odd.text
        elif None in factors:
            found, shown = _Found("UNIT_SUSPECT"), number_text(sample(numbers).mean, _SHOWN)
        else:
            ends = _ends(values, factors)
            case = _Case(expectation, sample(numbers), ends, ALPHA / looks, looks)
            found = _RULES[expectation.rule](case)
            undeclared = expectation.unit is None or any(item.unit is None for item in values)
            if undeclared and found.code in {"MISMATCH", "NOT_EQUIVALENT"} and _fits_otherwise(case):
                found = _Found("UNIT_SUSPECT", found.span)
            shown = number_text(case.sample.mean, _SHOWN)
        low, high = found.span or (None, None)
        band = accepted(expectation)
        own = (expectation.low, expectation.high) if expectation.rule is Rule.INTERVAL else (None, None)
        return Comparison(
            metric=expectation.metric,
            unit=expectation.unit,
            rule=expectation.rule,
            tolerance=expectation.tolerance,
            expected=expectation.value,
            computed=shown,
            values=tuple(item.text for item in values),
            low=own[0] or number_text(band.low),
            high=own[1] or number_text(band.high),
            computed_low=number_text(low, _SHOWN),
            computed_high=number_text(high, _SHOWN),
            match=found.code in MATCHES,
            code=found.code,
            flips_at=number_text(found.flips_at, _UP),
            p=number_text(found.p, _UP),
            note=found.note,
        )


def _ends(values: Sequence[Measured], factors: Sequence[Decimal | None]) -> tuple[Decimal, Decimal] | None:
    first, factor = values[0], factors[0]
    if first.low is None or first.high is None or factor is None:
        return None
    return first.low * factor, first.high * factor


def _fits_otherwise(case: _Case) -> bool:
    expected = expected_of(case.expectation)
    bands = [accepted(case.expectation)] + ([] if expected is None else [rounding_band(expected)])
    return other_unit_fits(bands, *(case.ends or (case.sample.mean, case.sample.mean)))


#: What no spread can be read from.
_SAME = _Found("UNDERPOWERED", note="every seed gave the same value, which counts as one")


def _equivalence(case: _Case) -> _Found:
    if case.sample.n == 1:
        return _SAME
    expected, delta = case.printed, margin(case.expectation.tolerance or "")
    error, degrees = _both_errors(case)
    gap = case.sample.mean - expected.value
    with localcontext(_WORK):
        half = quantile(case.alpha, degrees) * error
        low, high = gap - half, gap + half
        reach = max(abs(low), abs(high))
        beyond = max(delta, expected.half_unit)
        span = expected.value + low, expected.value + high
        if reach <= delta:
            return _Found("EQUIVALENT", span, reach)
        if low > beyond or high < -beyond:
            return _Found("NOT_EQUIVALENT", span, reach, case.by_chance(abs(gap) - beyond, error, degrees))
        return _Found("UNDERPOWERED", span, reach)


def _both_errors(case: _Case) -> tuple[Decimal, Decimal]:
    """Return standard error and degrees of freedom of the difference from the print, whose own error may be known."""
    own = case.sample.variance_of_mean
    if case.expectation.sd is None or case.expectation.n is None:
        return root(own), Decimal(case.sample.n - 1)
    count = int(printed(case.expectation.n).value)
    with localcontext(_WORK):
        theirs = printed(case.expectation.sd).value ** 2 / count
    variance, degrees = welch(own, case.sample.n, theirs, count)
    return root(variance), degrees


def _prediction(case: _Case) -> _Found:
    if case.sample.n == 1:
        return _SAME
    expected, delta = case.printed, margin(case.expectation.tolerance or "")
    degrees = Decimal(case.sample.n - 1)
    with localcontext(_WORK):
        error = root(case.sample.variance_of_mean * (case.sample.n + 1))  # s²(1 + 1/n)
        half = quantile(case.alpha / 2, degrees) * error
        mean = case.sample.mean
        span, gap = (mean - half, mean + half), abs(mean - expected.value)
        beyond = max(delta, expected.half_unit)
        if gap <= half:
            code = "EQUIVALENT" if half <= delta else "UNDERPOWERED"
            return _Found(code, span, half)
        if gap - half > beyond:
            p = case.by_chance(gap - beyond, error, degrees, sides=2)
            return _Found("NOT_EQUIVALENT", span, p=p)
        return _Found("UNDERPOWERED", span)


def _direction(case: _Case) -> _Found:
    expected, least = case.printed, margin(case.expectation.tolerance or "0")
    sign = 1 if expected.value > 0 else -1
    mean = case.sample.mean * sign
    if case.ends is not None:
        low, high = sorted(end * sign for end in case.ends)
        p, undecided = None, "COARSE_CLAIM"
    elif case.sample.n == 1:
        return _SAME
    else:
        degrees = Decimal(case.sample.n - 1)
        error = root(case.sample.variance_of_mean)
        with localcontext(_WORK):
            half = quantile(case.alpha, degrees) * error
            low, high = mean - half, mean + half
        p, undecided = case.by_chance(abs(mean), error, degrees), "UNDERPOWERED"
    span = min(low * sign, high * sign), max(low * sign, high * sign)
    if abs(mean) <= expected.half_unit:
        return _Found(undecided, span, note="the difference prints as a tie")
    if low >= least:
        return _Found("DIRECTION_HELD", span, _DOWN.plus(low))
    if high < 0:
        return _Found("DIRECTION_REVERSED", span, p=p)
    return _Found(undecided, span, _DOWN.plus(low) if low >= 0 else None)


def _interval(case: _Case) -> _Found:
    wanted = case.expectation
    low, high = printed(wanted.low or ""), printed(wanted.high or "")
    expected = expected_of(wanted)
    mean, count = case.sample.mean, int(printed(wanted.n or "").value)
    span = _interval_of_seeds(case)
    if low.value <= mean <= high.value:
        if expected is not None and mean == expected.value:
            return _Found("MATCH_EXACT", span)
        rounds = expected is not None and rounding_band(expected).holds(mean)
        return _Found("MATCH_ROUNDING" if rounds else "MATCH_TOLERANCE", span)
    allowed = case.ends or (mean, mean)
    if Band(low.low, high.high).meets(*allowed):
        return _Found("COARSE_CLAIM", span)
    nearest = min(allowed, key=lambda end: max(low.value - end, end - high.value))
    with localcontext(_WORK):
        centre = expected.value if expected is not None else (low.value + high.value) / 2
        arm = centre - low.value if nearest < low.value else high.value - centre
        theirs = (arm / quantile((1 - fraction(wanted.level or "")) / 2, Decimal(count - 1))) ** 2
        if not theirs and case.sample.n == 1:
            return _Found("MISMATCH", span)
        if case.sample.n == 1:  # taken for a mean of the same size as theirs
            variance, degrees = 2 * theirs, Decimal(count - 1)
        else:
            variance, degrees = welch(case.sample.variance_of_mean, case.sample.n, theirs, count)
        p = case.by_chance(abs(nearest - centre), root(variance), degrees, sides=2)
    return _Found("MISMATCH", span, p=p) if p < ALPHA else _Found("UNDERPOWERED", span)


def _interval_of_seeds(case: _Case) -> tuple[Decimal, Decimal] | None:
    """Return what shows how sure the mean is: a formula's own interval, or the seeds' 95 % interval."""
    if case.ends is not None or case.sample.n == 1:
        return case.ends
    with localcontext(_WORK):
        half = quantile(case.alpha / 2, Decimal(case.sample.n - 1)) * root(case.sample.variance_of_mean)
        return case.sample.mean - half, case.sample.mean + half


_RULES = {
    Rule.EQUIVALENCE: _equivalence,
    Rule.PREDICTION: _prediction,
    Rule.DIRECTION: _direction,
    Rule.INTERVAL: _interval,
}
