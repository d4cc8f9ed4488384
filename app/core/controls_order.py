"""The replication attacker on scripts that know their inputs by what stands first or last in them.

Two records at either end change places. A result that is moved far by it depends on the order of its records, as a growth
since the first one does, or knows the sealed order. So the last record is put first as well, and then the second half. To
whom order matters says something else each time; who has an answer for the sealed order alone says the same in all three,
to the last digit: `fail`. Whole numbers and labels are left out, because few of them may be the same by chance.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.core.controls_movement import differs, first_metrics, noise, own, repeat_spread, values_of
from app.core.members import by_metric
from app.core.perturb_roles import ENDS, HALVES, LAST_FIRST
from app.core.phrases import brief
from app.core.quantity import EXACT

if TYPE_CHECKING:
    from app.core.model import Expectation
    from app.core.readings import Readings

SHARE = 50  # a movement by less than one in so many is none


def moved_by_order(readings: Readings) -> list[Expectation]:
    """Return the metrics that repeat, are no whole number, and move far when records at both ends change places."""
    before, after, spread = (
        first_metrics(readings),
        values_of(own(readings, "recognised", ENDS)),
        repeat_spread(readings),
    )
    if after is None:
        return []
    found = []
    for item in by_metric(readings.seal.claim).values():
        one, two = before[item.metric].value, after[item.metric].value
        if one is None or two is None or not one.is_finite() or spread.get(item.metric):
            continue
        whole = one == one.to_integral_value() or two == two.to_integral_value()
        if not whole and abs(EXACT.subtract(two, one)) * SHARE > abs(one):
            found.append(item)
    return found


def known_by_place(readings: Readings) -> str | None:
    """Return what gives a script away that knows the sealed order of records, None for every other."""
    runs = [values_of(own(readings, "recognised", variant)) for variant in (ENDS, LAST_FIRST, HALVES)]
    for item in moved_by_order(readings):
        values = [run[item.metric] for run in runs if run is not None]
        if len(values) == len(runs) and not any(differs(values[0], value, noise(readings, item)) for value in values):
            said = (
                f"{item.metric} is {brief(first_metrics(readings)[item.metric].text)} for the sealed order of records"
            )
            return f"{said} alone, and {brief(values[0].text)} for every other: it knows what stands first or last."
    return None
