"""Gate 3: attacks on a reproduction, executed. Each says what it did, what it found and what it cannot prove.

A control that passes raises the price of faking; it never proves honesty. `fail` means that the attack succeeded: the
reproduction is worth nothing as evidence, which leaves the claim open and never makes it false.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.core.controls_anchored import anchored
from app.core.controls_attacks import empty_input, hardcoded, looked_up
from app.core.controls_catalogue import control
from app.core.controls_citation import cells, printed_arithmetic, quote
from app.core.controls_coincidence import coincidence
from app.core.controls_counted import response
from app.core.controls_counterexample import rounding_flip, tolerance_flip
from app.core.controls_keyed import steps
from app.core.controls_recognition import recognised, seed_response
from app.core.controls_replication import confirm, repeat
from app.core.controls_response import never_made
from app.core.controls_scale import rescaled
from app.core.controls_turned import turned
from app.core.controls_typed import typed
from app.core.model import ControlResult, Formula
from app.core.specs import tried

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.core.model import Comparison, Control
    from app.core.readings import Readings


def run_controls(readings: Readings, comparisons: Sequence[Comparison]) -> tuple[Control, ...]:
    """Return every control of a measured verification, in the order of the catalogue.

    `comparisons` are those of its measure runs.
    """
    claim, grounding = readings.seal.claim, readings.grounding
    found, named = quote(claim, grounding), cells(claim, grounding)
    unmade = _never_changed(readings)
    cited = all(item.result in {ControlResult.PASS, ControlResult.WARN} for item in (found, named))
    return (
        repeat(readings),
        hardcoded(readings),
        empty_input(readings),
        response(readings),
        looked_up(readings),
        _of_changes(recognised(readings), unmade),
        _of_changes(steps(readings), unmade),
        rescaled(readings),
        _of_changes(anchored(readings), unmade),
        turned(readings),
        typed(readings),
        seed_response(readings),
        confirm(readings, comparisons),
        found,
        named,
        printed_arithmetic(claim),
        rounding_flip(readings, comparisons),
        tolerance_flip([item for _, item in readings.pieces]),
        coincidence(readings, comparisons, cited=cited),
    )


def _never_changed(readings: Readings) -> str | None:
    """Return why not one input of a script could be changed; None if one was, or there is none."""
    claim = readings.seal.claim
    targets = () if isinstance(claim.reproduce, Formula) else tried(claim)
    reasons = [never_made(readings, target) for target in targets]
    return reasons[0] if reasons and all(reasons) else None


def _of_changes(found: Control, unmade: str | None) -> Control:
    """Return a control of changed inputs, undecided where not one could be changed: nothing was withstood then."""
    if unmade is None or found.result in {ControlResult.FAIL, ControlResult.NOT_APPLICABLE}:
        return found
    return control(found.name, ControlResult.UNDECIDED, f"The inputs could not be changed: {unmade}.")
