"""The replication attacker on claims that say which is ahead: can their inputs say otherwise?

A difference behind an absolute value has its claimed sign whatever the inputs say, and values that are sorted before they
get their names are always in order. So where no other change has turned the sign of a direction, columns and labels change
places, numbers their signs, and columns their order. If it still stands, and three of these gave a result, it was never in
question: `fail`. Where no change has turned the order of a ranking, the columns, labels or files that bear the names of its
members change places: a member goes with what it is called after. If all stay as they were, their names say nothing.

A bonus for one of them keeps it ahead while the others change places. So the labels or files of the first and the second are
exchanged by themselves, whatever else turns: an honest first has the numbers of the second then. One that is ahead of it all
the same, by half of its lead at least, and in every run with changed inputs, is ahead by its name: `fail`.

What bears no such names is not asked; the greatest, the mean and the least of a column are in order by nature.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from app.core.attacks_roles import LEADERS
from app.core.controls_catalogue import control
from app.core.controls_held import accepts, changed, in_order, never_refused
from app.core.controls_movement import differs, first_metrics, not_made, own, values_of
from app.core.model import ControlResult, Formula, Rule
from app.core.phrases import listed
from app.core.quantity import EXACT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.core.measurement import Measured
    from app.core.model import Control, Expectation
    from app.core.readings import Readings

PASS, FAIL, UNDECIDED = ControlResult.PASS, ControlResult.FAIL, ControlResult.UNDECIDED
NOT_APPLICABLE = ControlResult.NOT_APPLICABLE

VARIANTS = 4
LEAST = 3  # of them have to give a result


def turned(readings: Readings) -> Control:
    """Exchange what is compared: does the claimed sign or order ever turn?"""
    claim = readings.seal.claim
    if isinstance(claim.reproduce, Formula) or not claim.reproduce.inputs or not _compares(readings):
        return control("turned", NOT_APPLICABLE, "The claim says of nothing in its inputs which is ahead.")
    signs, orders = one_sided(readings), never_turned(readings)
    runs = [values_of(own(readings, "turned", variant)) for variant in range(1, VARIANTS + 1)]
    known = [run for run in runs if run is not None]
    before = first_metrics(readings)
    for item in signs:
        if all(accepts(item, run[item.metric]) for run in known) and len(known) >= LEAST:
            detail = f"{item.metric} keeps its sign whatever changes places, sign or order: it was never in question."
            return control("turned", FAIL, detail)
    for item in orders:
        if runs[0] is not None and not any(differs(before[name], runs[0][name]) for name in item.order or ()):
            detail = f"{listed(item.order or ())} stay as they are when what bears their names changes places."
            return control("turned", FAIL, detail)
    favoured = _favoured(readings)
    if favoured:
        said = f"{favoured[0]} stays ahead of {favoured[1]} when the two change places"
        return control("turned", FAIL, f"{said}: it is ahead by its name.")
    if not signs and not orders:
        return control("turned", PASS, "Changed inputs turn what is claimed to be ahead.")
    made = [run for run in (own(readings, "turned", 1),) if run is not None and not_made(run) is None]
    if (signs and len(known) < LEAST) or (orders and made and runs[0] is None):
        return control("turned", UNDECIDED, "No change turned the claim, and with roles exchanged there was no result.")
    return control("turned", PASS, "No usual change turns the claim, and things that change their roles move it.")


def _favoured(readings: Readings) -> tuple[str, str] | None:
    """Return the first and the second member of a ranking that stay so when they change places, None if none do."""
    after = values_of(own(readings, "turned", LEADERS))
    if after is None:
        return None
    for item in readings.seal.claim.expect:
        if item.rule is Rule.RANKING and item.order:
            one, two = item.order[:2]
            lead, left = (_lead(item, run, one, two) for run in (first_metrics(readings), after))
            if lead > 0 and left >= lead / 2 and all(_lead(item, run, one, two) > 0 for run in changed(readings)):
                return one, two
    return None


def _lead(item: Expectation, run: Mapping[str, Measured], one: str, two: str) -> Decimal:
    """Return by how much the first of two members is ahead; zero where one of them has no finite number."""
    first, second = run[one].value, run[two].value
    if first is None or second is None or not (first.is_finite() and second.is_finite()):
        return Decimal(0)
    return EXACT.subtract(second, first) if item.better == "lower" else EXACT.subtract(first, second)


def unturned(readings: Readings) -> bool:
    """Whether there is a direction or a ranking that no change so far has turned."""
    return bool(one_sided(readings) or never_turned(readings))


def one_sided(readings: Readings) -> list[Expectation]:
    """Return the directions that hold under every usual change, and under far stronger ones."""
    runs = [values_of(own(readings, "anchored", variant)) for variant in (1, 2, 3)]
    held = never_refused(readings)
    return [
        item
        for item in readings.seal.claim.expect
        if item.rule is Rule.DIRECTION
        and item.metric in held
        and all(accepts(item, run[item.metric]) for run in runs if run is not None)
    ]


def never_turned(readings: Readings) -> list[Expectation]:
    """Return the rankings whose whole order is as claimed under every usual change that gave a result."""
    runs = changed(readings)
    ranked = [item for item in readings.seal.claim.expect if item.rule is Rule.RANKING]
    return [item for item in ranked if runs and all(in_order(item, run) for run in runs)]


def _compares(readings: Readings) -> bool:
    return any(item.rule in {Rule.DIRECTION, Rule.RANKING} for item in readings.seal.claim.expect)
