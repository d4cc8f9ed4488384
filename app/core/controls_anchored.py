"""The replication attacker on results that hardly depend on their inputs, and on claims that accept whatever they say.

anchored. A script may move a little with its inputs around an answer that it has: a constant and a thousandth of the
mean, a value held between two bounds. If every usual change leaves the result within what the claim accepts, numbers are
made three to thirty times as large, rows are paired anew and parameters moved far. A result that has not moved by a
quarter, nor left what is accepted, under any of these does not depend on its inputs in earnest: `fail`. The same changes
are asked of a ranking whose members have not moved against each other so far (`controls_ranking`), or by a quarter.

Wide claims. What a claim accepts may be so wide that nothing contradicts it, and then its match says nothing. Where it
reaches from half the value to half as much again, and every usual change of the inputs stays within, it is as wide as
these changes are. Bounds with an open end, or far away, are asked further: numbers larger, smaller and paired anew. If
all are accepted, so would be anything. Either is `fail`. A direction has changes of its own (`controls_turned`).

Stretched. A constant may carry a slope so small that only far inputs show it. So all numbers are made four and a hundred
times as large, exactly. What moves by the fourfold of everything, and is accepted all the same, hardly depends on it; what
lies on a line with the factor, and is a constant to nine tenths, is that constant: `fail`. A share, a correlation or a rank
does not move by a common factor, and a mean, a spread or a ratio has no constant in it.

A claim that is too wide says nothing of the script. So where another of its numbers is contradicted, this alone is a `warn`:
a number that nothing could contradict, put beside one that is wrong, must not keep the wrong one from being FALSIFIED.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from app.core.bands import accepted, expects_text
from app.core.boxjob import targets
from app.core.codes import CONTRADICTIONS
from app.core.controls_catalogue import control
from app.core.controls_held import accepts, changed, held_in_place, near, never_refused, stuck
from app.core.controls_movement import differs, first_metrics, noise, own, values_of
from app.core.controls_ranking import tied
from app.core.members import by_metric
from app.core.model import ControlResult, Formula, Rule
from app.core.phrases import listed
from app.core.quantity import EXACT
from app.core.units import conversion

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from app.core.measurement import Measured
    from app.core.model import Control, Expectation
    from app.core.readings import Readings

PASS, FAIL, UNDECIDED = ControlResult.PASS, ControlResult.FAIL, ControlResult.UNDECIDED
WARN, NOT_APPLICABLE = ControlResult.WARN, ControlResult.NOT_APPLICABLE

LARGER, ANEW, SMALLER, FOUR, HUNDRED = range(1, 6)  # the variants
HALF = Decimal("0.5")  # of the value, down and up: as far as the usual changes take a number
MOSTLY = Decimal("0.9")  # of a value: its constant part
STRAIGHT = Decimal("0.001")  # a share of a movement


def anchored(readings: Readings) -> Control:
    """Change everything strongly where the usual changes never left what the claim accepts."""
    claim = readings.seal.claim
    if isinstance(claim.reproduce, Formula) or not targets(claim):
        return control("anchored", NOT_APPLICABLE, "There are no inputs that a value could be anchored against.")
    held, pairs, free = held_in_place(readings), ordered_by_constants(readings), never_refused(readings)
    fixed = stuck(readings)
    if not held and not pairs and not free and not fixed:
        return control("anchored", PASS, "Changed inputs lead out of what the claim accepts.")
    runs = _runs(readings, LARGER, ANEW)
    wide, others = _worthless(readings, free), _contradicted_beside(readings, free)
    return (
        _stuck(stuck(readings, runs) if fixed and len(runs) > 1 else ())
        or _ordered(readings, pairs, runs, alone=not held and not free)
        or (None if others else wide)
        or _fixed(readings, held, runs)
        or _stretched(readings, held)
        or _beside(wide, others)
        or control("anchored", PASS, f"Only far stronger changes move {listed(held or free)} out of what is accepted.")
    )


def _beside(wide: Control | None, others: Sequence[str]) -> Control | None:
    """Return what a claim that is too wide says where other numbers of it are contradicted."""
    if wide is None:
        return None
    return control("anchored", WARN, f"{wide.detail} That {listed(others)} is contradicted does not rest on it.")


def _contradicted_beside(readings: Readings, free: Sequence[str]) -> list[str]:
    """Return the metrics that contradict the claim, without those that every change so far has left accepted."""
    pairs = zip(readings.seal.claim.expect, readings.comparisons(readings.measures), strict=True)
    found = [item.metric for item, comparison in pairs if comparison.code in CONTRADICTIONS]
    return [name for name in found if name not in free]


def _stuck(rankings: Sequence[Expectation]) -> Control | None:
    """Judge rankings whose members hardly moved under any change, and stayed in order."""
    if not rankings:
        return None
    detail = (
        f"{listed(rankings[0].order or ())} move, but hardly, and never change their order, however far the inputs move"
    )
    return control("anchored", FAIL, f"{detail}.")


def _ordered(
    readings: Readings,
    pairs: Sequence[tuple[str, str]],
    runs: Sequence[Mapping[str, Measured]],
    *,
    alone: bool,
) -> Control | None:
    """Judge a ranking whose members have not moved against each other so far."""
    still = tied(readings, [*changed(readings), *runs]) if pairs else []
    if still and len(runs) > 1:
        detail = f"{' and '.join(still[0])} keep their ratio or difference, however far the inputs move"
        return control("anchored", FAIL, f"{detail}: their order is written in the script.")
    if not alone:
        return None
    if still:
        detail = f"{' and '.join(pairs[0])} keep their ratio or difference, and far stronger changes gave no result."
        return control("anchored", UNDECIDED, detail)
    return control("anchored", PASS, "Only far stronger changes move members of a ranking against each other.")


def _worthless(readings: Readings, free: Sequence[str]) -> Control | None:
    """Judge a claim that has accepted every usual change."""
    wide = [item.metric for item in _members(readings, free) if as_wide_as_changes(readings, item)]
    if wide:
        detail = f"What the claim accepts of {listed(wide)} reaches from half of it to half as much again"
        return control("anchored", FAIL, f"{detail}, and every changed input stays within: it decides nothing.")
    unrefused = accepted_so_far(readings, (LARGER, ANEW, SMALLER))
    if unrefused:
        detail = f"The claim accepts {listed(unrefused)} however far its inputs move, up, down or paired anew"
        return control("anchored", FAIL, f"{detail}: nothing could contradict it.")
    return None


def _fixed(readings: Readings, held: Sequence[str], runs: Sequence[Mapping[str, Measured]]) -> Control | None:
    """Judge a metric that every usual change has moved a little only, and has left accepted."""
    if held and not runs:
        detail = f"{listed(held)} stays within what the claim accepts, and far stronger changes gave no result."
        return control("anchored", UNDECIDED, detail)
    before = first_metrics(readings)
    fixed = [item.metric for item in _members(readings, held) if all(near(item, before, run) for run in runs)]
    if fixed and len(runs) > 1:
        detail = (
            f"{listed(fixed)} moves, but hardly, and never out of what the claim accepts, however far the inputs move."
        )
        return control("anchored", FAIL, detail)
    if fixed:
        detail = f"{listed(fixed)} hardly moves under one far stronger change, and gave nothing under the other."
        return control("anchored", UNDECIDED, detail)
    return None


def _stretched(readings: Readings, held: Sequence[str]) -> Control | None:
    """Judge the same metric by all numbers four and a hundred times as large."""
    before = first_metrics(readings)
    four, hundred = (values_of(own(readings, "anchored", variant)) for variant in (FOUR, HUNDRED))
    for item in _members(readings, held):
        name = item.metric
        if four is None or not differs(before[name], four[name], noise(readings, item)):
            continue
        if _closed(item) and accepts(item, four[name]):
            detail = f"{name} moves when every number is four times as large, and the claim accepts it all the same."
            return control("anchored", FAIL, detail)
        if hundred is not None and _mostly_constant(before[name], four[name], hundred[name]):
            detail = f"{name} is on a line with the scale of its inputs, and nine tenths of it or more are a constant."
            return control("anchored", FAIL, detail)
    return None


def _closed(item: Expectation) -> bool:
    """Whether a claim accepts neither whatever is larger nor whatever is smaller."""
    band = accepted(item)
    return band.low is not None and band.high is not None


def _mostly_constant(one: Measured, four: Measured, hundred: Measured) -> bool:
    first, second, third = (
        item.value or Decimal(0) for item in (one, four, hundred)
    )  # each is a number, as the first is
    step, far = EXACT.subtract(second, first), EXACT.subtract(third, first)  # of 3 and of 99 times the part that moves
    straight = abs(EXACT.subtract(far, step * 33)) <= abs(far) * STRAIGHT
    return straight and abs(step) / 3 <= abs(first) * (1 - MOSTLY)


def as_wide_as_changes(readings: Readings, item: Expectation) -> bool:
    """Whether a claim accepts half of what was measured, and half as much again; never where one end is open."""
    measured = first_metrics(readings)[item.metric]
    factor = conversion(measured.unit, item.unit)
    if (
        item.rule is Rule.RANKING
        or expects_text(item)
        or measured.value is None
        or not measured.value
        or factor is None
    ):
        return False
    value, band = EXACT.multiply(measured.value, factor), accepted(item)
    ends = (EXACT.multiply(value, 1 - HALF), EXACT.multiply(value, 1 + HALF))
    return band.low is not None and band.high is not None and all(map(band.holds, ends))


def accepted_so_far(readings: Readings, variants: Sequence[int]) -> list[str]:
    """Return the metrics accepted under every usual change and under two at least of these far stronger ones.

    Those that ask for a direction are left out.
    """
    runs = _runs(readings, *variants)
    return [
        item.metric
        for item in _members(readings, never_refused(readings))
        if item.rule is not Rule.DIRECTION and len(runs) > 1 and all(accepts(item, run[item.metric]) for run in runs)
    ]


def unrefused(readings: Readings) -> list[str]:
    """Return the metrics that numbers far larger and rows paired anew have left accepted."""
    return accepted_so_far(readings, (LARGER, ANEW))


def ordered_by_constants(readings: Readings) -> list[tuple[str, str]]:
    """Return the neighbours of rankings that no usual change has moved against each other."""
    return tied(readings, changed(readings))


def _members(readings: Readings, names: Sequence[str]) -> list[Expectation]:
    return [item for item in by_metric(readings.seal.claim).values() if item.metric in names]


def _runs(readings: Readings, *variants: int) -> list[Mapping[str, Measured]]:
    """Return what those of these variants measured that gave a result."""
    found = (values_of(own(readings, "anchored", variant)) for variant in variants)
    return [run for run in found if run is not None]
