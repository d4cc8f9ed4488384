"""The runs that a verdict on a seal is made of. They follow from the seal alone; nobody adds, omits or changes one.

measure-0, measure-1, …        one for each sealed seed, up to the first look
measure-N, …                   further sealed seeds, only while statistical rules cannot decide
repeat-0                       the first seed again
perturb-POSITION-VARIANT       one input changed, in the order in which the claim names inputs and parameters
perturb-POSITION-3             its rows paired anew, only for a result that no other change moved
confirm-0                      the first seed again, only for a claim that would otherwise be FALSIFIED
confirm-1, confirm-2, …        as many seeds as were measured, and other ones, where the spread of seeds contradicts
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.core.boxjob import targets
from app.core.members import STATISTICAL
from app.core.model import Derivation, Formula, Purpose, RunSpec
from app.core.seal import unused

if TYPE_CHECKING:
    from app.core.model import Claim, Seal

VARIANTS = 2
PAIRS_VARIANT = 3  # of inputs alone
TARGETS_TRIED_MAX = 16
CONFIRM_SAME = "confirm-0"  # the first seed again; further ones have other seeds


def tried(claim: Claim) -> tuple[str, ...]:
    """Return the inputs that perturb runs change: all of them, up to a limit that keeps the cost of a verdict known."""
    return targets(claim)[:TARGETS_TRIED_MAX]


def measures(seal: Seal, look: int = 0) -> tuple[RunSpec, ...]:
    """Return the runs that measure up to a look, in the order of the sealed seeds."""
    seeds = seal.seeds[: seal.looks[look]]
    return tuple(
        RunSpec(key=f"measure-{index}", purpose=Purpose.MEASURE, seed=seed) for index, seed in enumerate(seeds)
    )


def attacks(seal: Seal) -> tuple[RunSpec, ...]:
    """Return the runs behind Gate 3, which can be executed side by side."""
    variants = 1 if isinstance(seal.claim.reproduce, Formula) else VARIANTS
    perturb = tuple(
        _perturbation(seal, position, target, variant)
        for position, target in enumerate(tried(seal.claim))
        for variant in range(1, variants + 1)
    )
    return (RunSpec(key="repeat-0", purpose=Purpose.REPEAT, seed=seal.seeds[0]), *perturb)


def pairings(seal: Seal) -> tuple[RunSpec, ...]:
    """Return the runs that a result has to stand still under before it counts as not computed."""
    script = seal.claim.reproduce
    if isinstance(script, Formula):
        return ()
    return tuple(
        _perturbation(seal, position, target, PAIRS_VARIANT)
        for position, target in enumerate(tried(seal.claim))
        if target in script.inputs
    )


def confirmation(seal: Seal) -> RunSpec:
    """Return the run that a contradiction has to survive."""
    return RunSpec(key=CONFIRM_SAME, purpose=Purpose.CONFIRM, seed=seal.seeds[0])


def fresh_confirmations(seal: Seal, look: int) -> tuple[RunSpec, ...]:
    """Return the runs that a contradiction by statistics has to survive: none of its seeds may have been measured.

    Measured again, the same seeds would give the same values, and the same mishap.
    """
    seeds = unused(seal.seeds, seal.looks[look])
    return tuple(
        RunSpec(key=f"confirm-{index}", purpose=Purpose.CONFIRM, seed=seed) for index, seed in enumerate(seeds, 1)
    )


def all_specs(seal: Seal) -> tuple[RunSpec, ...]:
    """Return every run that can belong to a seal."""
    last = len(seal.looks) - 1
    spread = seal.looks[last] > 1 and any(expectation.rule in STATISTICAL for expectation in seal.claim.expect)
    fresh = fresh_confirmations(seal, last) if spread else ()
    return (*measures(seal, last), *attacks(seal), *pairings(seal), confirmation(seal), *fresh)


def _perturbation(seal: Seal, position: int, target: str, variant: int) -> RunSpec:
    return RunSpec(
        key=f"perturb-{position}-{variant}",
        purpose=Purpose.PERTURB,
        seed=seal.seeds[0],
        derivation=Derivation(target=target, variant=variant),
    )
