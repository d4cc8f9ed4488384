"""Whether the order of a ranking is computed at all, or follows from constants of the script.

Members that are one value times 3, 2 and 1, or that value plus 9, 4 and 0, move with the inputs, and never change places.
So two members that follow one another in the claim's order are held against each other in every run whose inputs were
changed: as long as their ratio stands still, or their difference, whatever the inputs say, the inputs say nothing about
which of the two is ahead. Two that only have much in common differ by more than arithmetic does in some run. Differences
of whole numbers are left out, because small counts may come to the same one by chance.
"""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING

from app.core.controls_movement import differs, first_metrics
from app.core.model import Rule
from app.core.quantity import EXACT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from app.core.measurement import Measured
    from app.core.readings import Readings

SAME = Decimal("1e-9")  # a share: arithmetic of floats moves a ratio by no more
RUNS_LEAST = 2  # in which both members moved


def tied(readings: Readings, runs: Sequence[Mapping[str, Measured]]) -> list[tuple[str, str]]:
    """Return the neighbours of rankings whose ratio or difference is the same in all runs with changed inputs.

    `runs` are finite, as what was measured first is.
    """
    before = first_metrics(readings)
    orders = [item.order or () for item in readings.seal.claim.expect if item.rule is Rule.RANKING]
    return [
        pair
        for order in orders
        for pair in pairwise(order)
        if _tied(*_values(before, pair), _moved(before, runs, pair))
    ]


def _values(metrics: Mapping[str, Measured], pair: tuple[str, str]) -> tuple[Decimal | None, Decimal | None]:
    one, two = (metrics[name] for name in pair)
    return one.value, two.value


def _moved(
    before: Mapping[str, Measured], runs: Sequence[Mapping[str, Measured]], pair: tuple[str, str]
) -> list[tuple[Decimal | None, Decimal | None]]:
    """Return the values of two members in the runs that moved either of them; None where one of them has no number."""
    return [_values(run, pair) for run in runs if any(differs(before[name], run[name]) for name in pair)]


def _tied(one: Decimal | None, two: Decimal | None, moved: Sequence[tuple[Decimal | None, Decimal | None]]) -> bool:
    found = [(first, second) for first, second in moved if first is not None and second is not None]
    if one is None or two is None or one == two or len(found) < len(moved) or len(set(found)) < RUNS_LEAST:
        return False
    numbers = [one, two, *(number for each in found for number in each)]
    by_ratio = all(
        abs(EXACT.subtract(EXACT.multiply(first, two), EXACT.multiply(second, one)))
        <= SAME * max(abs(EXACT.multiply(first, two)), abs(EXACT.multiply(second, one)))
        for first, second in found
    )
    apart = EXACT.subtract(one, two)
    by_difference = any(number != number.to_integral_value() for number in numbers) and all(
        abs(EXACT.subtract(EXACT.subtract(first, second), apart)) <= SAME * max(abs(first), abs(second), abs(apart))
        for first, second in found
    )
    return by_ratio or by_difference
