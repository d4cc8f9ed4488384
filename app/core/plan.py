"""What comes next for a seal, given the runs that are finished. Pure: any worker that asks gets the same answer.

measure   once for each sealed seed; a run that gives no measurement ends the plan, there is nothing to attack
repeat    the first seed again (determinism)   } planned together, because they can run side by side
perturb   changed inputs (Gate 3)              }
perturb   rows paired anew, only if no change so far moved a result
confirm   only if the claim would otherwise be FALSIFIED
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.core.controls_replication import wants_pairs
from app.core.readings import Readings
from app.core.specs import all_specs, attacks, confirmation, measures, pairings
from app.core.verdict import wants_confirmation

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.core.model import Run, RunSpec, Seal


@dataclass(frozen=True)
class Conclude:
    """Everything that can be measured has been; judge."""


def next_step(seal: Seal, runs: Sequence[Run]) -> tuple[RunSpec, ...] | Conclude:
    """Return the runs that must be finished next, without those that are, or that it is time to conclude."""
    readings = Readings.of(seal, runs)
    for stage in (measures, attacks, pairings):
        if stage is pairings and not wants_pairs(readings):
            break
        missing = tuple(spec for spec in stage(seal) if spec.key not in readings.by_key)
        if missing:
            return missing
        if not all(item.finite for item in readings.measures):
            return Conclude()
    if wants_confirmation(readings):
        return (confirmation(seal),)
    return Conclude()


def total_steps(seal: Seal) -> int:
    """Return how many runs a verdict takes at most."""
    return len(all_specs(seal))
