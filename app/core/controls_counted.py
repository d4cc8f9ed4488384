"""The replication attacker on results that count records and read none of them. A part of `input_response`.

A script may read a file, make as many numbers of its own as it has records, and report a statistic of those. Its result
moves when rows are left out, as an honest one does, and says nothing about what the rows say. So a number that no change of
values moved and other rows did is asked further. First every record becomes a copy of one of them, and then of another:
what stays to the last digit under both depends on how many there are, and on nothing that they say. An honest result may,
a rate per day or the margin of error of a sample; that is a `warn`. It grows or shrinks with their number, though. So all
records are repeated, twice to five times. A number that goes up and down between these is none that counts: `fail`.

Whole numbers and labels are left out, which may be counts.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from app.core.controls_catalogue import control
from app.core.controls_held import accepts
from app.core.controls_movement import differs, first_metrics, noise, own, repeat_spread, values_of, whole
from app.core.controls_response import input_response, usual_changes
from app.core.members import by_metric
from app.core.model import ControlResult, Formula
from app.core.perturb_roles import COPIED, REPEATED

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.core.measurement import Measured
    from app.core.model import Control, Expectation
    from app.core.readings import Readings

VALUES, ROWS = 1, 2  # variants of `perturb`


def response(readings: Readings) -> Control:
    """Return `input_response`, with what is to be said of results that count records and nothing else."""
    found = input_response(readings)
    if found.result not in {ControlResult.PASS, ControlResult.WARN}:
        return found
    counted = _by_count(readings)
    if not counted:
        return found
    erratic = [name for name, monotone in counted.items() if not monotone]
    name = next(iter([*erratic, *counted]))
    said = f"Nothing that the inputs say moves {name}: it depends on how many records they have"
    if erratic:
        return control("input_response", ControlResult.FAIL, f"{said}, and goes up and down as these are repeated.")
    return control("input_response", ControlResult.WARN, f"{found.detail} {said}.")


def unread(readings: Readings) -> list[Expectation]:
    """Return the accepted numbers that are not whole, and that other rows move and no other values of the inputs do."""
    script = readings.seal.claim.reproduce
    if isinstance(script, Formula) or not script.inputs:
        return []
    values, rows = _runs_of(readings, VALUES), _runs_of(readings, ROWS)
    before, spread = first_metrics(readings), repeat_spread(readings)
    if not values or None in values:
        return []  # a crash says nothing
    return [
        item
        for name, item in by_metric(readings.seal.claim).items()
        if accepts(item, before[name])
        and not whole(before[name])
        and not spread.get(name)
        and not any(_moved(readings, item, run) for run in values)
        and any(_moved(readings, item, run) for run in rows)
    ]


def _runs_of(readings: Readings, variant: int) -> list[Mapping[str, Measured] | None]:
    derivations = ((item, item.run.spec.derivation) for item in usual_changes(readings))
    return [values_of(item) for item, each in derivations if each is not None and each.variant == variant]


def _moved(readings: Readings, item: Expectation, run: Mapping[str, Measured] | None) -> bool:
    return run is not None and differs(first_metrics(readings)[item.metric], run[item.metric], noise(readings, item))


def _by_count(readings: Readings) -> dict[str, bool]:
    """Return the numbers that hang on the number of records alone, and whether they rise or fall with it throughout."""
    copies = [values_of(own(readings, "input_response", variant)) for variant in COPIED]
    more = [values_of(own(readings, "input_response", variant)) for variant in REPEATED]
    found = {}
    for item in unread(readings):
        stays = all(run is not None and not _moved(readings, item, run) for run in copies)
        if not stays or not all(_moved(readings, item, run) for run in more):
            continue
        series = [run[item.metric].value for run in (first_metrics(readings), *more) if run is not None]
        rises = {one < two for one, two in pairwise(series) if one is not None and two is not None}
        found[item.metric] = len(rises) == 1
    return found
