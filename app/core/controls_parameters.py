"""The replication attacker on results that are a parameter behind simple arithmetic.

A result that repeats its parameter is found by comparing the two. One that multiplies it, divides a constant by it, adds
to it, reads it from a text or takes it out of a list is not. So the sealed run and those of the changed parameter are
taken as points (parameter, result), and asked whether one exact function with simple constants goes through all of them:

proportional   result = k · p        three points
reciprocal     result = k / p        three points
affine         result = k · p + c    four points, the last one far away
sum            result = ±u · p ± v · q …, each parameter changed in its turn, u and v powers of ten

A constant k is simple when it is a fraction with a denominator up to a thousand; a simulation's result is a fraction of
such a kind by accident less than once in a hundred. Only a result that nothing else moves is asked for: where an input or
another parameter takes part, something is computed. The sum alone has several parameters. A text or list is only asked
whether the result repeats a number of it, in a power of ten.

This also meets an honest conversion of one number. It needs no script: a formula says the same and shows its work.
"""

from __future__ import annotations

import re
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from app.core.boxjob import targets
from app.core.controls_movement import differs, first_metrics, noise, values_of
from app.core.members import by_metric
from app.core.model import Derivation, Formula
from app.core.perturb import Underivable, derive_parameter
from app.core.seal import seal_bytes, seal_digest
from app.core.specs import PAIRS_VARIANT, VARIANTS, tried

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from app.core.model import Expectation
    from app.core.readings import Reading, Readings

SAME = Fraction(1, 10**10)  # a share of the value: what floating-point arithmetic leaves open
DENOMINATOR_MAX = 1_000
POINTS = 3  # of a function with one constant; one with two needs one more
NUMBER = re.compile(
    r"(?:[0-9]{1,40}(?:\.[0-9]{0,40})?|\.[0-9]{1,40})(?:[eE][-+]?[0-9]{1,3})?"
)  # in a text that is a parameter
POWERS = tuple(Fraction(10) ** exponent for exponent in range(-3, 4))
COPIES = 2  # points at which a result is the same number
PREFIX = "parameters."
EXPONENT_MAX = 500  # of a parameter; a result is never larger

Point = tuple[Fraction, Fraction]  # parameter, result


def arithmetic_alone(readings: Readings, expectation: Expectation) -> str | None:
    """Return in words the simple function of parameters that a metric is, None if it is none."""
    script = readings.seal.claim.reproduce
    result = _sealed_result(readings, expectation.metric)
    moving = _moving(readings, expectation)
    if isinstance(script, Formula) or not result or not moving:
        return None
    found = [_points(readings, target, expectation.metric, result, PAIRS_VARIANT) for target in moving]
    if len(found) > 1:
        listed = any(len(series) != 1 for series in found)
        return None if listed or not _is_sum([series[0] for series in found]) else f"the sum of {' and '.join(moving)}"
    copied = not isinstance(script.parameters[moving[0].removeprefix(PREFIX)], int | float)
    how = filter(None, (_copy(points) if copied else _function(points) for points in found[0]))
    return next((f"{each} {moving[0]}" for each in how), None)


def on_a_line(readings: Readings) -> list[str]:
    """Return the metrics that are on a line with a parameter under the usual changes; one far away has to tell."""
    found = []
    for item in by_metric(readings.seal.claim).values():
        result, moving = _sealed_result(readings, item.metric), _moving(readings, item)
        if result is None or len(moving) != 1:
            continue
        series = _points(readings, moving[0], item.metric, result, VARIANTS)
        if len(series) == 1 and len(series[0]) == POINTS and _function(series[0]) is None and _affine(series[0]):
            found.append(item.metric)
    return found


def _sealed_result(readings: Readings, metric: str) -> Fraction | None:
    first = first_metrics(readings).get(metric)
    return None if first is None else _fraction(first.value)


def _moving(readings: Readings, expectation: Expectation) -> tuple[str, ...]:
    """Return the parameters that move a metric; none if an input does, or may.

    A parameter that nobody can change, or that the script cannot bear changed, takes no part.
    """
    claim = readings.seal.claim
    one = first_metrics(readings).get(expectation.metric)
    if one is None or isinstance(claim.reproduce, Formula) or len(targets(claim)) > len(tried(claim)):
        return ()
    moving = []
    for position, target in enumerate(tried(claim)):
        runs = [values_of(readings.by_key.get(f"perturb-{position}-{at}")) for at in range(1, VARIANTS + 1)]
        moves = any(differs(one, run[expectation.metric], noise(readings, expectation)) for run in runs if run)
        if target in claim.reproduce.inputs and (moves or None in runs):
            return ()
        if moves:
            moving.append(target)
    return tuple(moving)


def _points(readings: Readings, target: str, metric: str, result: Fraction, variants: int) -> list[list[Point]]:
    """Return of each number of a parameter its points: as sealed, and each time that it was changed."""
    script = readings.seal.claim.reproduce
    position = tried(readings.seal.claim).index(target)
    parameters: Mapping[str, Any] = {} if isinstance(script, Formula) else script.parameters
    value = parameters[target.removeprefix("parameters.")]
    series: list[list[Point]] = [[(number, result)] for number in _numbers(value)]
    sealed = seal_digest(seal_bytes(readings.seal))
    for variant in range(1, variants + 1):
        after = _result(readings.by_key.get(f"perturb-{position}-{variant}"), metric)
        changed = derive_parameter(sealed, Derivation(target=target, variant=variant), value)
        numbers = [] if isinstance(changed, Underivable) else _numbers(changed)
        if after is not None and len(numbers) == len(series):
            for points, number in zip(series, numbers, strict=True):
                points.append((number, after))
    return series


def _result(run: Reading | None, metric: str) -> Fraction | None:
    found = values_of(run)
    return None if found is None else _fraction(found[metric].value)


def _numbers(value: Any) -> list[Fraction]:
    """Return the numbers of a parameter: itself, those that stand in its text, or those of its list."""
    if isinstance(value, list):
        return [number for item in value for number in _numbers(item)]
    if isinstance(value, bool) or value is None:
        return []
    texts = NUMBER.findall(value) if isinstance(value, str) else [repr(value)]
    return [known for known in (_fraction(Decimal(text)) for text in texts) if known is not None]


def _fraction(value: Decimal | None) -> Fraction | None:
    if value is None or not value.is_finite() or abs(value.adjusted()) > EXPONENT_MAX:
        return None
    return Fraction(value)


def _copy(points: Sequence[Point]) -> str | None:
    """Return that a result is one number of a text or list, in a power of ten."""
    (first, result) = points[0]
    if not first or len({number for number, _ in points}) < COPIES or not _scaled(points):
        return None
    return "a number of" if any(_same(abs(result / first), power) for power in POWERS) else None


def _function(points: Sequence[Point]) -> str | None:
    """Return in words which simple function goes through points."""
    if len({number for number, _ in points}) < POINTS or any(not number for number, _ in points):
        return None
    (first, result) = points[0]
    if _scaled(points) and _simple(result / first):
        return "a multiple of"
    if all(_same(number * value, first * result) for number, value in points) and _simple(result * first):
        return "a constant divided by"
    return "a constant and a multiple of" if len(points) > POINTS and _affine(points) else None


def _scaled(points: Sequence[Point]) -> bool:
    (first, result) = points[0]
    return all(_same(value, result * number / first) for number, value in points)


def _affine(points: Sequence[Point]) -> bool:
    """Whether points lie on one line whose slope is simple; the constant is free."""
    (first, result), *others = points
    if len({number for number, _ in points}) < len(points):
        return False
    slope = (others[0][1] - result) / (others[0][0] - first)
    largest = max(abs(value) for _, value in points)
    straight = all(
        abs(result + slope * (number - first) - value) <= SAME * max(largest, abs(slope * number))
        for number, value in others
    )
    return bool(slope) and straight and _alike(slope, _rounded(slope))


def _is_sum(each: Sequence[Sequence[Point]]) -> bool:
    """Whether a result is a sum of parameters with either sign, each in a power of ten of its own, such as its digits."""
    total = Fraction(0)
    for points in each:
        (first, result), *others = points
        slopes = [(value - result) / (number - first) for number, value in others if number != first]
        unit = next((power for power in POWERS if slopes and _alike(abs(slopes[0]), power)), None)
        if (
            unit is None
            or len(points) < POINTS
            or not all(_alike(steep, unit if slopes[0] > 0 else -unit) for steep in slopes)
        ):
            return False
        total += (unit if slopes[0] > 0 else -unit) * first
    return _same(total, each[0][0][1])


def _alike(one: Fraction, two: Fraction) -> bool:
    """Whether two slopes are the same; a difference of near numbers has lost digits."""
    return abs(one - two) <= abs(two) * SAME * 1_000


def _same(one: Fraction, two: Fraction) -> bool:
    return abs(one - two) <= abs(two) * SAME


def _rounded(value: Fraction) -> Fraction:
    return value.limit_denominator(DENOMINATOR_MAX)


def _simple(value: Fraction) -> bool:
    return bool(value) and _same(value, _rounded(value))
