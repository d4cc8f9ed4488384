"""What comes next for a seal, given the runs that are finished. Pure: any worker that asks gets the same answer.

measure   once for each sealed seed; a run that gives no measurement ends the plan, there is nothing to attack
repeat    the first seed again (determinism)   } planned together, because they can run side by side
perturb   changed inputs (Gate 3)              }
confirm   only if the claim would otherwise be FALSIFIED
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.core.controls import tried
from app.core.model import Derivation, Formula, Purpose, RunSpec
from app.core.readings import Readings
from app.core.verdict import wants_confirmation

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.core.model import Run, Seal

VARIANTS = 2


@dataclass(frozen=True)
class Conclude:
    """Everything that can be measured has been; judge."""


def next_step(seal: Seal, runs: Sequence[Run]) -> tuple[RunSpec, ...] | Conclude:
    """Return the runs that must be finished next, without those that are, or that it is time to conclude."""
    readings = Readings.of(seal, runs)
    for stage in (_measures(seal), _attacks(seal)):
        missing = tuple(spec for spec in stage if spec.key not in readings.by_key)
        if missing:
            return missing
        if not all(item.finite for item in readings.measures):
            return Conclude()
    if wants_confirmation(readings):
        return (_confirm(seal),)
    return Conclude()


def total_steps(seal: Seal) -> int:
    """Return how many runs a verdict takes at most."""
    return len(_measures(seal)) + len(_attacks(seal)) + 1


def _measures(seal: Seal) -> tuple[RunSpec, ...]:
    return tuple(
        RunSpec(key=f"measure-{index}", purpose=Purpose.MEASURE, seed=seed) for index, seed in enumerate(seal.seeds)
    )


def _attacks(seal: Seal) -> tuple[RunSpec, ...]:
    seed = seal.seeds[0]
    variants = 1 if isinstance(seal.claim.reproduce, Formula) else VARIANTS
    perturb = tuple(
        RunSpec(
            key=f"perturb-{position}-{variant}",
            purpose=Purpose.PERTURB,
            seed=seed,
            derivation=Derivation(target=target, variant=variant),
        )
        for position, target in enumerate(tried(seal.claim))
        for variant in range(1, variants + 1)
    )
    return (RunSpec(key="repeat-0", purpose=Purpose.REPEAT, seed=seed), *perturb)


def _confirm(seal: Seal) -> RunSpec:
    return RunSpec(key="confirm-0", purpose=Purpose.CONFIRM, seed=seal.seeds[0])
