"""The replication attacker on results that are off the curve which they follow at inputs of another scale.

All decimals of the inputs are multiplied by a common factor, exactly, so that ties, order, sums and ratios stay. An honest
result answers by a power of the factor (a mean by its first, a variance by its second, a share by none), by a line (a
temperature in kelvin), or by nothing so simple, where thresholds and logarithms take part. One that has another value ready
for the sealed inputs follows such a law everywhere but there. So a tenth more is tried first; where the answer is no power
that means, spreads, ratios and counts have, a tenth less, a fifth more and 15 % less are tried. If these four are on one
power or line to the last digit, and the sealed one is not, it is none of theirs: `fail`.

A wider window has all of these in it. So the tenth is tried at changed inputs as well. Where the result follows by a power
there, and here by less than a quarter of it that is no power at all, what was sealed is a constant with a little of the
inputs added: `fail` too.

What has digits left out is compared to the unit of its last one.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from app.core.attacks_moves import FACTORS, SCALED_ELSEWHERE
from app.core.controls_catalogue import control
from app.core.controls_held import changed
from app.core.controls_movement import differs, ending, first_metrics, not_made, own, repeat_spread, values_of
from app.core.controls_pinned import elsewhere
from app.core.members import by_metric
from app.core.model import ControlResult, Formula
from app.core.phrases import brief

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.core.measurement import Measured
    from app.core.model import Control
    from app.core.readings import Readings

PASS, FAIL, UNDECIDED = ControlResult.PASS, ControlResult.FAIL, ControlResult.UNDECIDED
NOT_APPLICABLE = ControlResult.NOT_APPLICABLE

POWERS = (0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 1 / 3, 2 / 3, -0.5, -1.0, -2.0)
SAME = 1e-7  # a share of a value: what arithmetic leaves open
FITS = 1e-5  # a share of a value: how far the outer two of four may be off a curve through the inner ones
GRAINS = 3  # units of the last digit, by which rounded values may be off a curve that goes through two of them
OFF = 3e-4  # a share of the value: how far it has to be off the curve
OFF_GRAINS = 10
DIGITS_FEW = 10  # significant ones; a value with more was not rounded
KINDS = 2  # of labels beside the sealed one
LITTLE = 0.25  # a share of the power elsewhere


def rescaled(readings: Readings) -> Control:
    """Scale all decimals by common factors: is the sealed value on the curve of the others?"""
    script = readings.seal.claim.reproduce
    if isinstance(script, Formula) or not script.inputs:
        return control("rescaled", NOT_APPLICABLE, "There is no input file whose numbers could be scaled.")
    run = own(readings, "rescaled", 1)
    if run is None:
        return control("rescaled", UNDECIDED, "The decimals of the inputs were not scaled.")
    reason = not_made(run)
    if reason is not None:
        return control("rescaled", UNDECIDED, f"{reason[:1].upper()}{reason[1:]}.")
    if values_of(run) is None:
        return control("rescaled", UNDECIDED, f"With all decimals of the inputs a tenth larger the run {ending(run)}.")
    odd = out_of_law(readings)
    if not odd:
        return control("rescaled", PASS, "The result follows all decimals made a tenth larger by a simple power.")
    before = first_metrics(readings)
    for name in odd:
        said = f"{name} is {brief(before[name].text)} for the sealed inputs"
        wanted = _curve_at_one(readings, name)
        if wanted is not None:
            detail = f"{said}; at four other scales of the same it follows a law that gives {wanted:.6g} there."
            return control("rescaled", FAIL, detail)
        label = _label_around(readings, name)
        if label is not None:
            detail = (
                f"{said} alone, and {label} at four other scales of the same; what it compares has its order at all."
            )
            return control("rescaled", FAIL, detail)
        if _stiff(readings, name):
            detail = f"{said}, and hardly follows when they are scaled, while at other inputs it follows by a power."
            return control("rescaled", FAIL, detail)
    return control("rescaled", PASS, "The result follows the scale of its inputs by no simple law, here nor elsewhere.")


def out_of_law(readings: Readings) -> list[str]:
    """Return the metrics that follow a tenth more by no power that is usual."""
    after, before, spread = values_of(own(readings, "rescaled", 1)), first_metrics(readings), repeat_spread(readings)
    if after is None:
        return []
    names = [name for name in by_metric(readings.seal.claim) if name in before and not spread.get(name)]
    return [name for name in names if _out_of_law(before[name], after[name])]


def _out_of_law(one: Measured, two: Measured) -> bool:
    return differs(one, two) if one.value is None else _power(one, two) is None


def _number(measured: Measured | None) -> float | None:
    """Return a value as a float; None for a text, and for what a float cannot hold."""
    found = None if measured is None or measured.value is None else float(measured.value)
    return found if found is not None and math.isfinite(found) else None


def _grain(*each: Measured) -> float:
    """Return the unit of the last place of the coarsest value; nothing of those that were not rounded."""
    values = [item.value for item in each if item.value is not None]
    coarse = [value for value in values if len(value.normalize().as_tuple().digits) <= DIGITS_FEW]
    if len(coarse) < len(values):
        return 0.0
    return max((10.0 ** int(value.as_tuple().exponent) for value in coarse), default=0.0)


def _power(one: Measured, two: Measured) -> float | None:
    """Return the usual power by which a value follows the first factor; None for another one."""
    first, second = _number(one), _number(two)
    if first is None or second is None:
        return None
    factor, room = float(FACTORS[0]), SAME * max(abs(first), abs(second)) + GRAINS * _grain(one, two)
    return next((power for power in POWERS if abs(first * factor**power - second) <= room), None)


def _curve_at_one(readings: Readings, name: str) -> float | None:
    """Return what the law that four other scales follow gives for the sealed one, if that is something else; else None."""
    runs = [values_of(own(readings, "rescaled", variant)) for variant in range(1, SCALED_ELSEWHERE)]
    found = [run[name] for run in runs if run is not None]
    points = [(float(factor), number) for factor, number in zip(FACTORS, map(_number, found), strict=False)]
    sealed = first_metrics(readings)[name]
    value, grain = _number(sealed), _grain(*found)
    if value is None or len(found) < len(runs):
        return None
    known = [(factor, number) for factor, number in points if number is not None]
    laws = [law(known, GRAINS * grain) for law in (_by_power, _by_line)] if len(known) == len(runs) else []
    given = [wanted for wanted in laws if wanted is not None]
    off = max(OFF * abs(value), OFF_GRAINS * max(grain, _grain(sealed)))
    return given[0] if given and all(abs(wanted - value) > off for wanted in given) else None


def _label_around(readings: Readings, name: str) -> str | None:
    """Return the label that all other scales give, if no change gives the sealed one, and some change a third; else None.

    A label that says whether a value is within bounds is lost both ways too, but has one other to give.
    """
    sealed = first_metrics(readings)[name]
    scales = [values_of(own(readings, "rescaled", variant)) for variant in range(1, SCALED_ELSEWHERE)]
    around = {None if run is None else run[name].text for run in scales}
    seen = {run[name].text for run in changed(readings)} | around
    if sealed.value is not None or len(around) > 1 or None in around or sealed.text in seen or len(seen) < KINDS:
        return None
    return around.pop()


def _by_power(points: Sequence[tuple[float, float]], room: float) -> float | None:
    """Return where the power through the first two of four points is at the scale 1, if it goes through the others too."""
    (one, first), (two, second), *others = points
    if first * second <= 0 or first == second:
        return None
    power = math.log(first / second) / math.log(one / two)
    at_one = float(first / one**power)
    fits = all(abs(at_one * factor**power - value) <= room + FITS * abs(value) for factor, value in others)
    return at_one if fits else None


def _by_line(points: Sequence[tuple[float, float]], room: float) -> float | None:
    (one, first), (two, second), *others = points
    slope = (first - second) / (one - two)
    fits = all(abs(first + slope * (factor - one) - value) <= room + FITS * abs(value) for factor, value in others)
    return first + slope * (1 - one) if fits and slope else None


def _stiff(readings: Readings, name: str) -> bool:
    """Whether a value follows the scale by a power elsewhere, and here by a small part of it that is none."""
    base, after = elsewhere(readings), values_of(own(readings, "rescaled", SCALED_ELSEWHERE))
    here = values_of(own(readings, "rescaled", 1))
    if base is None or after is None or here is None:
        return False
    power = _power(base[name], after[name])
    one, two = _number(first_metrics(readings)[name]), _number(here[name])
    if not power or one is None or two is None or one * two <= 0:
        return False
    return abs(math.log(two / one) / math.log(float(FACTORS[0]))) < LITTLE * abs(power)
