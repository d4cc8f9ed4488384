"""The replication attacker: does a measurement repeat, and does a contradiction come back?"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from app.core.codes import CONTRADICTIONS
from app.core.controls_catalogue import control
from app.core.controls_movement import differs, ending, gap, same_seed, values_of, whole
from app.core.model import ControlResult, Purpose
from app.core.phrases import brief, listed
from app.core.specs import CONFIRM_SAME, first_look

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.core.model import Comparison, Control
    from app.core.readings import Reading, Readings

FAR = Decimal("0.02")  # a share of a value: two looks at one changed input that are further apart differ
FLOAT_DIGITS = 17  # shows the least movement of a float

NOT_APPLICABLE = ControlResult.NOT_APPLICABLE
PASS, WARN, FAIL, UNDECIDED = ControlResult.PASS, ControlResult.WARN, ControlResult.FAIL, ControlResult.UNDECIDED


def repeat(readings: Readings) -> Control:
    """Run the same seal with the same seed again: identical, same decision, or another one?"""
    again = readings.of_purpose(Purpose.REPEAT)
    first = same_seed(readings, again[0]) if again else None
    if first is None or first.measurement is None:
        return control("repeat", UNDECIDED, "The run was not repeated.")
    if again[0].measurement is None:
        detail = f"The same seal with the same seed measured once and then {ending(again[0])}."
        return control("repeat", FAIL, detail)
    before, after = first.measurement.metrics, again[0].measurement.metrics
    differing = [name for name, item in before.items() if differs(item, after[name])]
    if not differing:
        told = _second_look(readings)
        if told is not None:
            return control("repeat", FAIL, told)
        return control("repeat", PASS, "The same seal with the same seed gave identical values.")
    name = differing[0]
    spread = f"{name} was {brief(before[name].text, FLOAT_DIGITS)} and then {brief(after[name].text, FLOAT_DIGITS)}"
    if _decisions(readings, first) == _decisions(readings, again[0]):
        return control("repeat", WARN, f"The values differ, the decision does not: {spread}.")
    return control("repeat", FAIL, f"A repetition turns the decision: {spread}.")


def _second_look(readings: Readings) -> str | None:
    """Return what a changed input gave when it was looked at twice, None if it gave the same number.

    A script that knows which of its runs it is may repeat what it said of the sealed inputs, and has to know the place of
    one more run here. Labels and whole numbers, which a change may bring near to a tie, and little movements say nothing.
    """
    for key, reading in readings.by_key.items():
        first_key = first_look(key)
        if first_key is None:
            continue
        one, two = (values_of(each) for each in (readings.by_key.get(first_key), reading))
        for name, first in (one or {}).items():
            apart = None if two is None else gap(first, two[name])
            if two is None or apart is None or first.value is None or whole(first):
                continue
            if apart > abs(first.value) * FAR:
                figures = f"{brief(first.text)} and then {brief(two[name].text)}"
                return f"The same changed input, looked at twice, gave {figures} for {name}."
    return None


def confirm(readings: Readings, comparisons: Sequence[Comparison]) -> Control:
    """Measure a contradiction again before it counts: all of it has to come back.

    What single values contradict has to come back with the same seed, what the spread of seeds contradicts with as many
    other seeds; those have one look, and all of the error that it may make.
    """
    if not any(item.code in CONTRADICTIONS for item in comparisons):
        return control("confirm", NOT_APPLICABLE, "There is no contradiction to confirm.")
    again = readings.of_purpose(Purpose.CONFIRM)
    if not again:
        return control("confirm", UNDECIDED, "The contradiction was not measured again.")
    ended = next((item for item in again if item.measurement is None), None)
    if ended is not None:
        detail = f"The confirming run {ending(ended)}, so the contradiction is not confirmed."
        return control("confirm", FAIL, detail)
    same = [item for item in again if item.run.spec.key == CONFIRM_SAME]
    fresh = [item for item in again if item.run.spec.key != CONFIRM_SAME]
    by_values, by_spread = readings.contradicted(comparisons)
    found = {item.metric: item for item in readings.comparisons(same)} if same else {}
    anew = {item.metric: item for item in readings.comparisons(fresh, looks=1)} if fresh else {}
    back = {name for name in by_values if name in found and found[name].code in CONTRADICTIONS}
    back |= {name for name in by_spread if name in anew and anew[name].code in CONTRADICTIONS}
    lost = sorted((by_values | by_spread) - back)
    if lost and by_values.isdisjoint(lost) and not any(name in anew and anew[name].match for name in lost):
        detail = f"As many other seeds leave open whether {listed(lost)} is contradicted."
        return control("confirm", UNDECIDED, detail)
    if lost:
        detail = f"The confirming run does not contradict {listed(lost)}."
        return control("confirm", FAIL, detail)
    workers = {item.run.worker for item in (*again, *readings.measures)}
    where = "on another worker" if len(workers) > 1 else "on the same worker"
    how = f"with {len(fresh)} other seeds" if fresh else "in fresh scratch"
    return control("confirm", PASS, f"The contradiction appears again, {how}, {where}.")


def _decisions(readings: Readings, reading: Reading) -> list[tuple[bool, bool]]:
    """Return of every expectation whether it matches and whether it is contradicted."""
    return [(item.match, item.code in CONTRADICTIONS) for item in readings.comparisons([reading])]
