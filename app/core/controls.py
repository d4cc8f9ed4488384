"""Gate 3: attacks on a reproduction, executed. Each says what it did, what it found and what it cannot prove.

A control that passes raises the price of faking; it never proves honesty. `fail` means that the attack succeeded: the
reproduction is worth nothing as evidence, which leaves the claim open and never makes it false.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.core.codes import CONTRADICTIONS
from app.core.controls_citation import cells, printed_arithmetic, quote
from app.core.controls_coincidence import coincidence
from app.core.controls_counterexample import rounding_flip, tolerance_flip
from app.core.controls_replication import confirm, input_response, repeat
from app.core.model import ControlResult, Formula

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.core.model import Comparison, Control
    from app.core.readings import Readings


def run_controls(readings: Readings, comparisons: Sequence[Comparison]) -> tuple[Control, ...]:
    """Return every control of a measured verification; `comparisons` are those of its measure runs."""
    found = [repeat(readings), input_response(readings)]
    if any(item.code in CONTRADICTIONS for item in comparisons):
        found.append(confirm(readings, comparisons))
    claim, grounding = readings.seal.claim, readings.grounding
    found += [quote(claim, grounding), cells(claim, grounding), printed_arithmetic(claim)]
    cited = all(item.result in {ControlResult.PASS, ControlResult.WARN} for item in found[-3:-1])
    if isinstance(claim.reproduce, Formula):
        found.append(rounding_flip(readings))
    found.append(tolerance_flip([item for _, item in readings.pieces]))
    found.append(coincidence(readings, comparisons, cited=cited))
    return tuple(found)
