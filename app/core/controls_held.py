"""Which results stay within what the claim accepts, whatever the inputs say. Several attacks begin there."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from app.core.bands import accepted, expects_text
from app.core.controls_movement import first_metrics, gap, moved_by_spared, values_of
from app.core.controls_response import usual_changes
from app.core.members import by_metric
from app.core.model import Rule
from app.core.quantity import EXACT
from app.core.units import conversion

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from app.core.measurement import Measured
    from app.core.model import Expectation
    from app.core.readings import Readings

LITTLE = Decimal("0.25")  # a share of the value: what moves less moves little


def changed(readings: Readings) -> list[Mapping[str, Measured]]:
    """Return what the usual changes of the inputs gave, those that gave no result left out."""
    return [found for found in map(values_of, usual_changes(readings)) if found is not None]


def held_in_place(readings: Readings) -> list[str]:
    """Return the metrics that every usual change of the inputs moves little and leaves accepted."""
    runs = changed(readings)
    before, asked = first_metrics(readings), moved_by_spared(readings)
    return [
        item.metric
        for item in by_metric(readings.seal.claim).values()
        if runs
        and item.metric in asked
        and before[item.metric].value is not None
        and accepts(item, before[item.metric])
        and all(near(item, before, run) for run in runs)
    ]


def near(item: Expectation, before: Mapping[str, Measured], after: Mapping[str, Measured]) -> bool:
    """Whether a changed run is accepted and has moved little."""
    one, two = before[item.metric], after[item.metric]
    moved = gap(one, two)
    return moved is not None and one.value is not None and accepts(item, two) and moved <= abs(one.value) * LITTLE


def accepts(item: Expectation, measured: Measured) -> bool:
    """Whether a value lies in what a claim accepts; a ranking accepts no value as such."""
    factor = conversion(measured.unit, item.unit)
    if expects_text(item) or item.rule is Rule.RANKING or measured.value is None or factor is None:
        return False
    return accepted(item).holds(EXACT.multiply(measured.value, factor))


def never_refused(readings: Readings) -> list[str]:
    """Return the metrics that the claim accepts under every usual change of the inputs, however far they move."""
    runs = changed(readings)
    before, asked = first_metrics(readings), moved_by_spared(readings)
    return [
        item.metric
        for item in by_metric(readings.seal.claim).values()
        if runs and item.metric in asked and all(accepts(item, run[item.metric]) for run in (before, *runs))
    ]


def stuck(readings: Readings, stronger: Sequence[Mapping[str, Measured]] = ()) -> list[Expectation]:
    """Return the rankings that are in order in every changed run, and no member of which has moved by a quarter in any."""
    before = first_metrics(readings)
    runs = [*changed(readings), *stronger]
    ranked = [item for item in readings.seal.claim.expect if item.rule is Rule.RANKING]
    return [item for item in ranked if runs and all(in_order(item, run) and _hardly(item, before, run) for run in runs)]


def _hardly(item: Expectation, before: Mapping[str, Measured], after: Mapping[str, Measured]) -> bool:
    pairs = [(before[name].value, gap(before[name], after[name])) for name in item.order or ()]
    return all(value is not None and moved is not None and moved <= abs(value) * LITTLE for value, moved in pairs)


def in_order(item: Expectation, run: Mapping[str, Measured]) -> bool:
    """Whether the members of a ranking come in the claimed order, equal ones included."""
    values = [run[name].value for name in item.order or ()]
    numbers = [float(value) for value in values if value is not None]
    return len(numbers) == len(values) and numbers == sorted(numbers, reverse=item.better != "lower")
