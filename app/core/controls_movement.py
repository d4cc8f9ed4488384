"""How far the runs of a verification are apart. Every control that asks whether a value moved asks here."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from app.core.attacks_parts import DECIMALS
from app.core.bands import negligible
from app.core.boxjob import UNDERIVABLE
from app.core.model import OutcomeKind, Purpose
from app.core.perturb_spared import VARIANT as SPARED
from app.core.quantity import EXACT
from app.core.specs import sparing, tried

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.core.measurement import Measured
    from app.core.model import Expectation
    from app.core.readings import Reading, Readings


def first_metrics(readings: Readings) -> Mapping[str, Measured]:
    """Return what the first seed measured."""
    first = readings.measures[0].measurement
    return {} if first is None else first.metrics


def values_of(reading: Reading | None) -> Mapping[str, Measured] | None:
    """Return what a run measured, None if nothing finite."""
    if reading is None or reading.measurement is None or not reading.finite:
        return None
    return reading.measurement.metrics


def first_change(readings: Readings, position: int) -> Mapping[str, Measured] | None:
    """Return what an input gave with all of its numbers changed, or all that could be; None if nothing."""
    key = f"perturb-{position}-{SPARED if sparing(readings) else 1}"
    return values_of(readings.by_key.get(key))


def moved_by_spared(readings: Readings) -> frozenset[str]:
    """Return the metrics of which changes may be asked further: all, or those that move though whole numbers stay.

    What follows whole numbers alone stands still where these are spared, and that says nothing against it.
    """
    before = first_metrics(readings)
    if not sparing(readings):
        return frozenset(before)
    runs = [first_change(readings, at) for at in range(len(tried(readings.seal.claim)))]
    return frozenset(name for name, one in before.items() if any(run and differs(one, run[name]) for run in runs))


def own(readings: Readings, name: str, variant: int) -> Reading | None:
    """Return a control's own run; where whole numbers had to be spared, the one that spares them."""
    key = f"perturb-{name}-{variant}"
    return readings.by_key.get(f"{key}-{DECIMALS}") or readings.by_key.get(key)


def not_made(reading: Reading) -> str | None:
    """Return why a run's change could not be made, None if it was."""
    if reading.run.outcome.limit != UNDERIVABLE:
        return None
    return "; ".join(reading.run.outcome.notes) or "there is nothing to change"


def repeat_spread(readings: Readings) -> dict[str, Decimal]:
    """Return how far each metric moves when nothing changes."""
    again = readings.of_purpose(Purpose.REPEAT)
    first = same_seed(readings, again[0]) if again else None
    if first is None or first.measurement is None or again[0].measurement is None:
        return {}
    after = again[0].measurement.metrics
    gaps = {name: gap(item, after[name]) for name, item in first.measurement.metrics.items()}
    return {name: apart for name, apart in gaps.items() if apart is not None}


def same_seed(readings: Readings, other: Reading) -> Reading | None:
    """Return the measure run of another run's seed."""
    return next((item for item in readings.measures if item.run.spec.seed == other.run.spec.seed), None)


def differs(one: Measured, two: Measured, spread: Decimal = Decimal(0)) -> bool:
    """Whether two values of a metric differ by more than a spread; texts by their letters."""
    apart = gap(one, two)
    return one.text != two.text if apart is None else apart > spread


def gap(one: Measured, two: Measured) -> Decimal | None:
    """Return how far two finite numbers are apart, None when they are not both that."""
    if one.value is None or two.value is None or not (one.finite and two.finite):
        return None
    return abs(EXACT.subtract(one.value, two.value))


def whole(measured: Measured) -> bool:
    """Whether a measured value may be a count or a label: a whole number, or none."""
    return measured.value is None or measured.value == measured.value.to_integral_value()


def ending(reading: Reading) -> str:
    """Return how a run ended that gave no measurement."""
    if reading.unreadable is not None:
        return f"gave no readable result ({reading.unreadable.detail})"
    kind = reading.run.outcome.kind
    return "crashed" if kind in {OutcomeKind.EXITED, OutcomeKind.SIGNAL} else f"ended by its {kind} limit"


def noise(readings: Readings, expectation: Expectation) -> Decimal:
    """Return up to which movement a metric counts as standing still: that of arithmetic, and that of a repetition."""
    one = first_metrics(readings)[expectation.metric]
    still = Decimal(0) if one.value is None or not one.finite else negligible(expectation, one.value)
    return max(still, repeat_spread(readings).get(expectation.metric, Decimal(0)))
