"""The replication attacker on scripts that know what they will be asked.

recognised. A script may compute honestly from every input but the sealed one, for which it has the printed answer
ready, known by its digest, its length or its first row. So a few numbers are moved by one unit of their last place, once
up and once down, and the same numbers are spelled otherwise. An honest result hardly moves under the first two, and to
opposite sides if it does; what moves to the same side is a `warn`. Under the third it stays. What jumps under all three,
each time to the same other value, recognised its inputs: `fail`. What jumps under the first two alone may be honest, a
count of equal values for instance: `warn`. What jumps under all three, to different values, and as far as when every
number is another, is made of the file's bytes and not of its numbers, a digest for instance: `fail`, unless it is a whole
number or a label, which may claim to be one. A jump is a movement by more than a fiftieth, or, for an answer that is near
the honest result, one out of what the claim accepts; of a label any other label.

A script may also know its inputs by what stands first or last in them. It is met by other orders (`controls_order`). And
one may hang on how its numbers are spelled, which is asked of every script (`controls_spelling`).

seed_response. Asks whether several seeds give different values at all.
"""

from __future__ import annotations

from decimal import Decimal
from itertools import combinations
from typing import TYPE_CHECKING

from app.core.bands import expects_text
from app.core.controls_catalogue import control
from app.core.controls_held import accepts, changed
from app.core.controls_movement import first_metrics, gap, own, values_of, whole
from app.core.controls_order import known_by_place
from app.core.controls_response import least_movement
from app.core.controls_spelling import hanging, made_of_bytes
from app.core.members import by_metric
from app.core.model import ControlResult, Formula
from app.core.phrases import brief, listed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from app.core.measurement import Measured
    from app.core.model import Control, Expectation
    from app.core.readings import Readings

PASS, WARN, FAIL, UNDECIDED = ControlResult.PASS, ControlResult.WARN, ControlResult.FAIL, ControlResult.UNDECIDED
NOT_APPLICABLE = ControlResult.NOT_APPLICABLE

JUMP = Decimal("0.02")  # a share of the value: less is no jump
SPELLINGS = 6  # distances between four values
SMALL_BY_CHANCE = 2  # of them
TOGETHER = Decimal("0.1")  # a share of the jump: nearer values are the same other one


def recognised(readings: Readings) -> Control:
    """Move a few numbers by one unit: does the result jump as if the script had known the others?"""
    script = readings.seal.claim.reproduce
    if isinstance(script, Formula) or not script.inputs:
        return control("recognised", NOT_APPLICABLE, "There is no input file to be recognised.")
    placed = known_by_place(readings)
    if placed is not None:
        return control("recognised", FAIL, placed)
    found = _nudged(readings)
    told, spelling = made_of_bytes(readings), hanging(readings)
    if told is not None and found.result is not FAIL:
        return control("recognised", FAIL, told)
    if spelling is not None and found.result in {PASS, WARN}:
        return control("recognised", WARN, spelling)
    return found


def _nudged(readings: Readings) -> Control:
    """Judge by a few numbers moved by one unit, and by what is asked where the result jumps."""
    if values_of(own(readings, "recognised", 1)) is None:
        return control("recognised", UNDECIDED, "With a few numbers moved by one unit the script gave no result.")
    jumped = jumping(readings)
    if not jumped:
        detail = "Moving a few numbers of the inputs by one unit hardly moves the result, as it should."
        return control("recognised", PASS, detail)
    up, down, same = (values_of(own(readings, "recognised", variant)) for variant in (1, 2, 3))
    before = first_metrics(readings)
    if up is None or down is None:
        return control("recognised", WARN, f"A few numbers moved by one unit move {listed(jumped)}, once.")
    far = [name for name in jumped if _far(before[name], up[name])]
    for name in jumped:
        if (
            same is not None
            and _together(before[name], up[name], down[name])
            and _together(before[name], up[name], same[name])
        ):
            detail = f"{name} is {brief(before[name].text)} for the sealed inputs and {brief(up[name].text)}"
            return control("recognised", FAIL, f"{detail} for the same ones spelled otherwise or moved by one unit.")
        if same is not None and _scattered(readings, name, (before, up, down, same)):
            detail = f"{name} is another value for each spelling of nearly the same numbers, as far apart as for others"
            return control("recognised", FAIL, f"{detail}: it is made of the bytes, not of what they say.")
    if not far:
        return _little(before, up, down, jumped)
    return control("recognised", WARN, f"A few numbers moved by one unit move {listed(far)} far.")


def _little(
    before: Mapping[str, Measured], up: Mapping[str, Measured], down: Mapping[str, Measured], jumped: Sequence[str]
) -> Control:
    """Say what both directions did to numbers that moved out of what the claim accepts, but not far."""
    same = [name for name in jumped if _rise(before[name], up[name]) == _rise(before[name], down[name])]
    if same:
        detail = f"A few numbers moved by one unit, up or down, move {listed(same)} to the same side, out of the claim."
        return control("recognised", WARN, detail)
    stood = [name for name in jumped if not _rise(before[name], down[name])]
    back = f"moves {listed(stood)} no further" if stood else "to the other side"
    detail = f"Moving a few numbers by one unit moves {listed(jumped)} a little, and moving them the other way {back}."
    return control("recognised", PASS, detail)


def _rise(one: Measured, two: Measured) -> int:
    """Return 1 if a number rose, -1 if it fell, 0 if it stood."""
    return 0 if one.value is None or two.value is None else int(two.value.compare(one.value))


def jumping(readings: Readings) -> list[str]:
    """Return the metrics that a few numbers moved by one unit move far."""
    after = values_of(own(readings, "recognised", 1))
    before = first_metrics(readings)
    if after is None:
        return []
    return [item.metric for item in by_metric(readings.seal.claim).values() if _jumps(readings, item, before, after)]


def _jumps(
    readings: Readings, item: Expectation, before: Mapping[str, Measured], after: Mapping[str, Measured]
) -> bool:
    one, two = before[item.metric], after[item.metric]
    moved = gap(one, two)
    if moved is None or one.value is None:
        return expects_text(item) and one.text != two.text
    left = accepts(item, one) and not accepts(item, two)
    return moved > least_movement(readings, item) and (left or _far(one, two))


def _far(one: Measured, two: Measured) -> bool:
    moved = gap(one, two)
    return one.text != two.text if moved is None or one.value is None else moved > abs(one.value) * JUMP


def _together(before: Measured, one: Measured, two: Measured) -> bool:
    """Whether two changes have led to the same other value or label."""
    jumps = [gap(before, each) for each in (one, two)]
    apart = gap(one, two)
    least = min((each for each in jumps if each is not None), default=None)
    if apart is None or least is None or None in jumps:
        return before.value is None and one.text == two.text != before.text
    return least > 0 and apart <= least * TOGETHER


def _scattered(readings: Readings, name: str, runs: Sequence[Mapping[str, Measured]]) -> bool:
    """Whether a value lies as scattered under changes that mean nothing as under those of every number.

    Two of the six distances between four scattered values may be small by chance, but none is zero: what has two or three
    values alone jumps between these.
    """
    usual = [apart for run in changed(readings) if (apart := gap(runs[0][name], run[name])) is not None]
    if not usual or any(whole(run[name]) for run in runs):
        return False
    pairs = sorted(apart for one, two in combinations(runs, 2) if (apart := gap(one[name], two[name])) is not None)
    typical = sum(usual, Decimal(0)) / len(usual)
    differ = len(pairs) == SPELLINGS and pairs[0] > 0
    return differ and typical > 0 and pairs[SMALL_BY_CHANCE] >= typical / 2


def seed_response(readings: Readings) -> Control:
    """Ask whether the seeds make a difference."""
    measured = [reading.measurement.metrics for reading in readings.measures if reading.measurement is not None]
    if len(measured) < 2:
        return control("seed_response", NOT_APPLICABLE, "There is one seed.")
    names = [item.metric for item in by_metric(readings.seal.claim).values()]
    constant = [name for name in names if len({metrics[name].text for metrics in measured}) == 1]
    if constant:
        detail = f"{listed(constant)} is the same under all {len(measured)} seeds, which count as one."
        return control("seed_response", WARN, detail)
    return control("seed_response", PASS, f"The {len(measured)} seeds give different values.")
