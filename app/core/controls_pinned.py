"""The replication attacker on results that are held in place at the sealed inputs alone.

A script may recognise its inputs by something that small changes leave as it was: a window around their mean, the form of
their numbers, an interval of a sum. Inside it says what it was told, outside it computes. So it stands still where it was
sealed and moves everywhere else. An honest statistic does neither: what is continuous follows its inputs at both places,
and what counts, ranks or names stands still at both, or moves by jumps.

Every number is moved by a step of a thousandth or a few, at the sealed inputs and, by the same steps, at the changed ones
that every verdict has anyway. A metric is pinned when, to the last digit, it is the same here under the steps, the steps
turned and the steps twice as far, and there moves by as much to the other side, and by twice as much. A count or a share
cannot do that by chance, and what has reached an end of its range (0, 1, 100) is not called so.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from app.core.attacks_moves import ELSEWHERE, TIMES
from app.core.controls_catalogue import control
from app.core.controls_movement import differs, first_change, first_metrics, own, repeat_spread, values_of
from app.core.members import by_metric
from app.core.model import ControlResult, Formula
from app.core.phrases import brief, listed
from app.core.quantity import EXACT

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from app.core.measurement import Measured
    from app.core.model import Control
    from app.core.readings import Readings

PASS, FAIL, UNDECIDED = ControlResult.PASS, ControlResult.FAIL, ControlResult.UNDECIDED
NOT_APPLICABLE = ControlResult.NOT_APPLICABLE

ENDS = tuple(map(Decimal, (0, 1, 100, -1, -100)))  # of a range, where an honest result may stay
STRAIGHT = Decimal("0.1")  # a share of a movement: how far it may be from proportional


def pinned(readings: Readings) -> Control:
    """Move every number by a step, here and elsewhere: does the result stand still here alone?"""
    script = readings.seal.claim.reproduce
    if isinstance(script, Formula) or not script.inputs:
        return control("pinned", NOT_APPLICABLE, "There is no input file whose numbers could be moved.")
    if not standing(readings):
        return control("pinned", PASS, "A few numbers moved by one unit move the result, or nothing does.")
    if values_of(own(readings, "pinned", 1)) is None:
        return control("pinned", UNDECIDED, "With every number moved by a small step the script gave no result.")
    if not still_here(readings):
        return control("pinned", PASS, "Every number moved by a small step moves the result.")
    if not moving_there(readings):
        return control("pinned", PASS, "Small steps move the result neither here nor where the inputs are others.")
    found = _held(readings)
    if found:
        said = (
            f"{listed(found)} stays at {brief(first_metrics(readings)[found[0]].text)} whatever small steps the numbers"
        )
        return control("pinned", FAIL, f"{said} take, and follows the same steps where the inputs are others.")
    return control("pinned", PASS, "Small steps move the result elsewhere, but by jumps, as they move a count.")


def standing(readings: Readings) -> list[str]:
    """Return the metrics that a few numbers moved by one unit leave as they are, and a change of all does not."""
    spread = repeat_spread(readings)
    before, there = first_metrics(readings), _there(readings)
    names = [
        name
        for name in by_metric(readings.seal.claim)
        if name in before and not spread.get(name) and before[name].value not in {None, *ENDS}
    ]
    near = values_of(own(readings, "recognised", 1))
    return [] if there is None else _same(_moving(names, before, there), before, near)


def still_here(readings: Readings) -> list[str]:
    """Return those of them that stay when every number moves by a step."""
    return _same(standing(readings), first_metrics(readings), values_of(own(readings, "pinned", 1)))


def moving_there(readings: Readings) -> list[str]:
    """Return those of them that the same steps move at other inputs."""
    base, after = elsewhere(readings), values_of(own(readings, "pinned", 2))
    return [] if base is None or after is None else _moving(still_here(readings), base, after)


def _held(readings: Readings) -> list[str]:
    """Return the metrics that no step moves here, and every step there in proportion."""
    found, before = moving_there(readings), first_metrics(readings)
    for at in range(1, len(TIMES)):
        found = _same(found, before, values_of(own(readings, "pinned", 2 * at + 1)))
    base = elsewhere(readings)
    runs = [values_of(own(readings, "pinned", 2 * at + 2)) for at in range(len(TIMES))]
    return [name for name in found if _in_proportion([None if run is None else apart(base, run, name) for run in runs])]


def _in_proportion(steps: Collection[Decimal | None]) -> bool:
    known = [step for step in steps if step is not None]
    if len(known) < len(steps):
        return False
    first, *others = known
    pairs = zip(others, TIMES[1:], strict=True)
    return all(abs(EXACT.subtract(step, first * times)) <= abs(first * times) * STRAIGHT for step, times in pairs)


def apart(base: Mapping[str, Measured] | None, run: Mapping[str, Measured], name: str) -> Decimal | None:
    """Return how far a metric has moved from one run to another, with its sign."""
    one, two = None if base is None else base[name].value, run[name].value
    return None if one is None or two is None else EXACT.subtract(two, one)


def elsewhere(readings: Readings) -> Mapping[str, Measured] | None:
    """Return what was measured where all inputs are others, and no step was made."""
    script = readings.seal.claim.reproduce
    alone = not isinstance(script, Formula) and len(script.inputs) == 1
    return first_change(readings, 0) if alone else values_of(own(readings, "pinned", ELSEWHERE))


def _there(readings: Readings) -> Mapping[str, Measured] | None:
    """Return what was measured with the first input changed in every number, of all that differs."""
    script = readings.seal.claim.reproduce
    count = 0 if isinstance(script, Formula) else len(script.inputs)
    runs = [first_change(readings, position) for position in range(count)]
    known = [run for run in runs if run is not None]
    before = first_metrics(readings)
    moved = {name: next((run[name] for run in known if differs(one, run[name])), one) for name, one in before.items()}
    return moved if known else None


def _same(names: Collection[str], one: Mapping[str, Measured], two: Mapping[str, Measured] | None) -> list[str]:
    return [] if two is None else [name for name in names if not differs(one[name], two[name])]


def _moving(names: Collection[str], one: Mapping[str, Measured], two: Mapping[str, Measured]) -> list[str]:
    return [name for name in names if differs(one[name], two[name])]
