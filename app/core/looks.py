"""How many seeds a verdict rests on.

A seal fixes after how many seeds statistical rules are asked: its looks. Each look may err with the same share of the
error that all of them may make together (Bonferroni's inequality, which holds however the looks depend on each other). The
next look's seeds are measured only while a statistical rule cannot decide, and while they could change the verdict. Which
look counts therefore follows from the measurements: more seeds than that are refused by the judge, as are fewer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.core.codes import CONTRADICTIONS
from app.core.controls_anchored import anchored
from app.core.controls_attacks import empty_input, hardcoded, looked_up
from app.core.controls_pinned import pinned
from app.core.controls_recognition import recognised
from app.core.controls_replication import repeat
from app.core.controls_response import input_response
from app.core.controls_scale import rescaled
from app.core.controls_turned import turned
from app.core.members import STATISTICAL
from app.core.model import ControlResult
from app.core.specs import measures

if TYPE_CHECKING:
    from app.core.model import RunSpec
    from app.core.readings import Readings

_HARMLESS = frozenset({ControlResult.PASS, ControlResult.WARN})
_ATTACKS = (hardcoded, empty_input, looked_up, recognised, pinned, rescaled, anchored, turned)
_FINAL = CONTRADICTIONS | {"NON_FINITE", "UNIT_SUSPECT"}


def sound(readings: Readings) -> bool:
    """Whether a reproduction withstood the replication attacker, so that more runs of it mean something."""
    if repeat(readings).result not in _HARMLESS or input_response(readings).result not in _HARMLESS:
        return False
    return all(attack(readings).result is not ControlResult.FAIL for attack in _ATTACKS)


def look_of(readings: Readings) -> int:
    """Return the look whose seeds have to be measured: the first that decides, or the last one."""
    last = len(readings.seal.looks) - 1
    return next((look for look in range(last) if not _goes_on(readings, look)), last)


def wanted_measures(readings: Readings) -> tuple[RunSpec, ...]:
    """Return the measure runs that a verdict rests on; more follow when those of the first look are in."""
    return measures(readings.seal, look_of(readings))


def _goes_on(readings: Readings, look: int) -> bool:
    """Whether a look is in and leaves open what the next one may decide."""
    keys = [spec.key for spec in measures(readings.seal, look)]
    measured = [readings.by_key[key] for key in keys if key in readings.by_key]
    if len(measured) < len(keys) or not all(item.finite for item in measured):
        return False
    comparisons = readings.comparisons(measured)
    if any(item.code in _FINAL for item in comparisons):
        return False
    pairs = zip(readings.seal.claim.expect, comparisons, strict=True)
    open_ones = [wanted for wanted, item in pairs if item.code == "UNDERPOWERED" and wanted.rule in STATISTICAL]
    alone = len(measured) == 1  # which cannot show yet whether seeds change anything
    return any(alone or readings.varies(wanted, measured) for wanted in open_ones) and sound(readings)
