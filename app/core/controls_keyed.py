"""The replication attacker on results that stand in a table with coarse keys. A part of `pinned`.

A script may have answers by the number of rows and the whole part of their mean, and compute honestly from everything else.
Where the inputs are whole numbers, the steps of `pinned` leave such a cell, for no whole number moves by less than one; and
where their mean does not move, changed numbers stay in it, too. So whole numbers are moved half up and half down, a few
more up than down. A mean moves by a thirtieth of a step, and what hangs on single numbers (a quantile, a greatest, a trimmed
mean) by about a whole one; all other numbers move to one side, for one of them may be what caps a mean. The same is done
where rows were left out and drawn again, for no table has answers there.

A metric is keyed when, to the last digit, it is the same here under these steps, turned and twice as far, three times with
other numbers up, while there it follows each in proportion, and by a small part of what it follows steps to one side. What
is a whole number or half of one is left alone, which a median of such numbers may be.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from app.core.attacks_moves import BALANCED, ONE_SIDE, OTHER_ROWS, ROWS, TIMES
from app.core.controls_catalogue import control
from app.core.controls_movement import differs, first_metrics, own, repeat_spread, values_of
from app.core.controls_pinned import ENDS, STRAIGHT, apart, pinned
from app.core.members import by_metric
from app.core.model import ControlResult, Formula
from app.core.phrases import brief
from app.core.quantity import EXACT
from app.core.specs import sparing, tried

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from app.core.measurement import Measured
    from app.core.model import Control
    from app.core.readings import Readings

    Metrics = Mapping[str, Measured]

UNITS_LEAST = 2  # of the last digit
PART = Decimal("0.06")  # a share of a movement by steps to one side; ten numbers of which six go up move by 0.07


def steps(readings: Readings) -> Control:
    """Return `pinned`, with what is to be said of results that stand in a table with coarse keys."""
    found = pinned(readings)
    keyed = _keyed(readings) if found.result is ControlResult.PASS else []
    if not keyed:
        return found
    said = f"{keyed[0]} stays at {brief(first_metrics(readings)[keyed[0]].text)} where whole numbers move a little, half up"
    detail = f"{said} and half down, and follows such steps closely where rows are others: it stands in a table."
    return control("pinned", ControlResult.FAIL, detail)


def left_by_few(readings: Readings) -> list[str]:
    """Return the numbers that a few numbers moved by one unit leave as they are, and that other rows of one input move.

    What another input or a parameter moves, too, is left alone: that may be what caps it here.
    """
    script, before = readings.seal.claim.reproduce, first_metrics(readings)
    near = values_of(own(readings, "recognised", 1))
    if near is None or isinstance(script, Formula) or sparing(readings):
        return []
    spread = repeat_spread(readings)
    names = [
        name
        for name in by_metric(readings.seal.claim)
        if not spread.get(name) and not _common(before[name]) and not differs(before[name], near[name])
    ]
    targets = range(len(tried(readings.seal.claim)))
    return [
        name
        for name in names
        if sum(_moved_by(readings, name, at) for at in targets) == 1
        and any(_moved_by(readings, name, at, (ROWS,)) for at in range(len(script.inputs)))
    ]


def _moved_by(readings: Readings, name: str, at: int, variants: Sequence[int] = (1, ROWS)) -> bool:
    """Whether one of the usual changes of an input or parameter moves a metric."""
    runs = [values_of(readings.by_key.get(f"perturb-{at}-{variant}")) for variant in variants]
    return any(run is not None and differs(first_metrics(readings)[name], run[name]) for run in runs)


def moved_to_one_side(readings: Readings) -> list[str]:
    """Return those of them that a step of every number to one side moves where rows are others."""
    base, side = _other_rows(readings), values_of(own(readings, "pinned", ONE_SIDE))
    if base is None or side is None:
        return []
    return [name for name in left_by_few(readings) if differs(base[name], side[name])]


def moving_in_balance(readings: Readings) -> list[str]:
    """Return those of them that balanced steps leave here, and move there by a small part of what one side does."""
    here, there = BALANCED[0]
    base, after = _other_rows(readings), values_of(own(readings, "pinned", there))
    if base is None or after is None:
        return []
    names = _still(readings, moved_to_one_side(readings), here)
    return [name for name in names if _small_part(readings, name, apart(base, after, name))]


def _keyed(readings: Readings) -> list[str]:
    found = moving_in_balance(readings)
    for here, _ in BALANCED[1:]:
        found = _still(readings, found, here)
    parts = [BALANCED[at : at + len(TIMES)] for at in range(0, len(BALANCED), len(TIMES))]
    return [name for name in found if all(_follows(readings, name, part) for part in parts)]


def _follows(readings: Readings, name: str, pairs: Sequence[tuple[int, int]]) -> bool:
    """Whether a metric moves there in proportion to the steps of variants, and by a small part of steps to one side.

    What has digits left out may be off by the unit of its last one, and moves by two of them at least.
    """
    base, runs = _other_rows(readings), [values_of(own(readings, "pinned", there)) for _, there in pairs]
    known = [run for run in runs if run is not None]
    if base is None or len(known) < len(runs):
        return False
    unit = _unit([base[name], *(run[name] for run in known)])
    first, *others = [apart(base, run, name) for run in known]
    if first is None or abs(first) < unit * UNITS_LEAST or not _small_part(readings, name, first):
        return False
    return all(_near(step, first * times, unit) for step, times in zip(others, TIMES[1:], strict=True))


def _unit(values: Sequence[Measured]) -> Decimal:
    """Return the unit of the last place of the value with the most digits behind the point: others may end in zeros."""
    places = [int(item.value.normalize().as_tuple().exponent) for item in values if item.value is not None]
    return Decimal((0, (1,), min(places, default=0)))


def _near(step: Decimal | None, wanted: Decimal, unit: Decimal) -> bool:
    return step is not None and abs(EXACT.subtract(step, wanted)) <= max(abs(wanted) * STRAIGHT, unit)


def _small_part(readings: Readings, name: str, step: Decimal | None) -> bool:
    """Whether a movement where rows are others is one, and a small part of that under steps to one side."""
    base, side = _other_rows(readings), values_of(own(readings, "pinned", ONE_SIDE))
    most = None if base is None or side is None else apart(base, side, name)
    return bool(step) and step is not None and most is not None and abs(step) <= abs(most) * PART


def _still(readings: Readings, names: Sequence[str], variant: int) -> list[str]:
    before, after = first_metrics(readings), values_of(own(readings, "pinned", variant))
    return [] if after is None else [name for name in names if not differs(before[name], after[name])]


def _other_rows(readings: Readings) -> Metrics | None:
    """Return what was measured where rows of all inputs are others, and no step was made."""
    script = readings.seal.claim.reproduce
    alone = not isinstance(script, Formula) and len(script.inputs) == 1
    return values_of(readings.by_key.get(f"perturb-0-{ROWS}") if alone else own(readings, "pinned", OTHER_ROWS))


def _common(measured: Measured) -> bool:
    """Whether a value is a whole number or half of one, an end of a range, or no number."""
    if measured.value is None or measured.value in ENDS:
        return True
    doubled = EXACT.multiply(measured.value, Decimal(2))
    return doubled == doubled.to_integral_value()
