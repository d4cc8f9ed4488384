"""The runs that a verdict on a seal is made of. They follow from the seal alone; nobody adds, omits or changes one.

measure-0, measure-1, …        one for each sealed seed, up to the first look
measure-N, …                   further sealed seeds, only while statistical rules cannot decide
repeat-0                       the first seed again
perturb-POSITION-VARIANT       one input changed, in the order in which the claim names inputs and parameters
perturb-0-1-again              the first of these once more: the same bytes
perturb-POSITION-3             its rows paired anew, or a parameter moved far, only for a result that nothing else moved,
                               or that is on a line with a parameter
perturb-POSITION-4             whole numbers left alone, only for a result that nothing moved while some change crashed
perturb-POSITION-5 … -8        an input put in order, see `perturb_ordered`, only for a result that nothing moved
perturb-CONTROL-VARIANT        a control's own change, see `attacks`
perturb-CONTROL-VARIANT-decimals   the same with whole numbers left alone, where they had to be
confirm-0                      the first seed again, only for a claim that would otherwise be FALSIFIED
confirm-1, confirm-2, …        as many seeds as were measured, and other ones, where the spread of seeds contradicts
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.core.attacks_moves import BALANCED, ONE_SIDE, OTHER_ROWS
from app.core.attacks_parts import DECIMALS
from app.core.attacks_roles import LEADERS
from app.core.boxjob import targets
from app.core.members import STATISTICAL, by_metric
from app.core.model import Derivation, Formula, Purpose, Rule, RunSpec
from app.core.perturb_moves import ENDED, SPELLED
from app.core.perturb_ordered import VARIANTS as ORDERED
from app.core.perturb_roles import COPIED, ENDS, HALVES, LAST_FIRST, REPEATED
from app.core.perturb_spared import VARIANT as SPARED
from app.core.readings import Readings
from app.core.seal import unused

if TYPE_CHECKING:
    from app.core.model import Claim, Seal

VARIANTS = 2
PAIRS_VARIANT = 3  # of what a script depends on; a formula's values have no third
VALUES_MAX = 32  # measured values that a control looks for
AGAIN = "again"
ALL = "*"  # the target of a change that is made to several inputs, or to none of them
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
    return (RunSpec(key="repeat-0", purpose=Purpose.REPEAT, seed=seal.seeds[0]), *perturb, *_again(seal, perturb))


def first_look(key: str) -> str | None:
    """Return the key of the run that a second look repeats; None of every other run."""
    first = key.removesuffix(f"-{AGAIN}")
    return None if first == key else first


def _again(seal: Seal, perturb: tuple[RunSpec, ...]) -> tuple[RunSpec, ...]:
    """Return the run that looks at a script's changed input a second time; a formula's evaluator is our own."""
    script = not isinstance(seal.claim.reproduce, Formula)
    return tuple(spec.model_copy(update={"key": f"{spec.key}-{AGAIN}"}) for spec in perturb[:1] if script)


def pairings(seal: Seal) -> tuple[RunSpec, ...]:
    """Return the runs that a result has to stand still under before it counts as not computed."""
    if isinstance(seal.claim.reproduce, Formula):
        return ()
    return tuple(
        _perturbation(seal, position, target, PAIRS_VARIANT) for position, target in enumerate(tried(seal.claim))
    )


def sparings(readings: Readings) -> tuple[RunSpec, ...]:
    """Return the runs that leave whole numbers alone, of inputs and of controls, for a script that bears no others."""
    script = readings.seal.claim.reproduce
    if isinstance(script, Formula) or not script.inputs:
        return ()
    files = [(at, target) for at, target in enumerate(tried(readings.seal.claim)) if target in script.inputs]
    again = (_own(readings, name, 1, DECIMALS) for name in ("looked_up", "recognised", "rescaled"))
    return (*(_perturbation(readings.seal, at, target, SPARED) for at, target in files), *again)


def orderings(readings: Readings) -> tuple[RunSpec, ...]:
    """Return the runs on inputs that are put in order, for a result that stood still under every other change."""
    script = readings.seal.claim.reproduce
    if isinstance(script, Formula):
        return ()
    files = [(at, target) for at, target in enumerate(tried(readings.seal.claim)) if target in script.inputs]
    return tuple(_perturbation(readings.seal, at, target, variant) for at, target in files for variant in ORDERED)


def in_kind(readings: Readings, specs: tuple[RunSpec, ...]) -> tuple[RunSpec, ...]:
    """Return runs of later stages as they are, or the ones in their place where whole numbers are spared."""
    return tuple(map(_sparing_twin, specs)) if sparing(readings) else specs


def sparing(readings: Readings) -> bool:
    """Whether runs that spare whole numbers were made; what controls change from then on, they change in this way too."""
    return any(key.endswith(f"-{DECIMALS}") for key in readings.by_key)


def own_changes(readings: Readings) -> tuple[RunSpec, ...]:
    """Return the runs of controls that change more than one input, or something else.

    For those that look for the measured value a box is started only where they find it.
    """
    script = readings.seal.claim.reproduce
    if isinstance(script, Formula) or not targets(readings.seal.claim):
        return ()
    found = [_own(readings, "hardcoded", 1), _own(readings, "empty_input", 1)]
    if script.inputs:
        found += [_own(readings, "looked_up", 1), _own(readings, "recognised", 1), _own(readings, "rescaled", 1)]
        found += [_own(readings, "rounding_flip", variant) for variant in (1, 2)]
        found += [_own(readings, "recognised", ENDS), _own(readings, "recognised", SPELLED)]
        if any(item.rule is Rule.RANKING for item in readings.seal.claim.expect):
            found.append(_own(readings, "turned", LEADERS))
    return (*found, _own(readings, "hardcoded", 2))


def second_looks(readings: Readings) -> tuple[RunSpec, ...]:
    """Return the run that a value which may be looked up has to stand still under as well."""
    return (_own(readings, "looked_up", 2),) if _has_files(readings.seal) else ()


def recognitions(readings: Readings) -> tuple[RunSpec, ...]:
    """Return the runs that tell a script which recognises its inputs from one that is sensitive to them."""
    return tuple(_own(readings, "recognised", variant) for variant in (2, 3)) if _has_files(readings.seal) else ()


def endings(readings: Readings) -> tuple[RunSpec, ...]:
    """Return the run that tells a result made of its inputs' bytes from one that reads its numbers as texts."""
    return (_own(readings, "recognised", ENDED),) if _has_files(readings.seal) else ()


def countings(readings: Readings) -> tuple[RunSpec, ...]:
    """Return the runs that tell what is computed from records from what counts them."""
    variants = (*COPIED, *REPEATED) if _has_files(readings.seal) else ()
    return tuple(_own(readings, "input_response", variant) for variant in variants)


def reorderings(readings: Readings) -> tuple[RunSpec, ...]:
    """Return the runs that tell a script which knows its records' places from one to which order matters."""
    variants = (LAST_FIRST, HALVES) if _has_files(readings.seal) else ()
    return tuple(_own(readings, "recognised", variant) for variant in variants)


def anchors(readings: Readings) -> tuple[RunSpec, ...]:
    """Return the runs that a value has to leave what the claim accepts in, at least once."""
    script = readings.seal.claim.reproduce
    if isinstance(script, Formula) or not targets(readings.seal.claim):
        return ()
    return tuple(_own(readings, "anchored", variant) for variant in (1, 2))


def shrinkings(readings: Readings) -> tuple[RunSpec, ...]:
    """Return the run with all numbers far smaller, for a claim that nothing has contradicted so far."""
    return (_own(readings, "anchored", 3),) if anchors(readings) else ()


def stretchings(readings: Readings) -> tuple[RunSpec, ...]:
    """Return the runs with all numbers larger by a common factor."""
    return tuple(_own(readings, "anchored", variant) for variant in (4, 5)) if _has_files(readings.seal) else ()


def turnings(readings: Readings) -> tuple[RunSpec, ...]:
    """Return the runs in which what a direction or ranking compares changes places; for rankings alone there is one."""
    rules = {item.rule for item in readings.seal.claim.expect}
    if not _has_files(readings.seal) or not rules & {Rule.DIRECTION, Rule.RANKING}:
        return ()
    return tuple(_own(readings, "turned", variant) for variant in ((1, 2, 3, 4) if Rule.DIRECTION in rules else (1,)))


def typings(readings: Readings) -> tuple[RunSpec, ...]:
    """Return the run in which decimals of the script are larger, for a result that does not follow those of its inputs."""
    return (_own(readings, "typed", 1),) if _has_files(readings.seal) else ()


def near_steps(readings: Readings) -> tuple[RunSpec, ...]:
    """Return the run in which every number of the sealed inputs moves by a small step."""
    return (_own(readings, "pinned", 1),) if _has_files(readings.seal) else ()


def far_steps(readings: Readings) -> tuple[RunSpec, ...]:
    """Return the runs in which every number of changed inputs does; of several inputs also without a step."""
    return (_own(readings, "pinned", 2), *_elsewhere(readings)) if _has_files(readings.seal) else ()


def all_steps(readings: Readings) -> tuple[RunSpec, ...]:
    """Return the runs that tell a result which is held in place from one that counts."""
    return tuple(_own(readings, "pinned", variant) for variant in range(3, 7)) if _has_files(readings.seal) else ()


def one_sided(readings: Readings) -> tuple[RunSpec, ...]:
    """Return the run in which every number moves by a small step where rows are others; of several inputs also without."""
    script = readings.seal.claim.reproduce
    if isinstance(script, Formula) or not script.inputs:
        return ()
    without = (_own(readings, "pinned", OTHER_ROWS),) if len(script.inputs) > 1 else ()
    return (_own(readings, "pinned", ONE_SIDE), *without)


def balances(readings: Readings) -> tuple[RunSpec, ...]:
    """Return the runs in which whole numbers move half up and half down, here and where rows are others."""
    return tuple(_own(readings, "pinned", variant) for variant in BALANCED[0]) if _has_files(readings.seal) else ()


def all_balances(readings: Readings) -> tuple[RunSpec, ...]:
    """Return the runs that tell a result from a table with coarse keys from one that single numbers decide."""
    variants = [each for pair in BALANCED[1:] for each in pair] if _has_files(readings.seal) else []
    return tuple(_own(readings, "pinned", variant) for variant in variants)


def scales(readings: Readings) -> tuple[RunSpec, ...]:
    """Return the runs at further scales, of the sealed inputs and of changed ones."""
    if not _has_files(readings.seal):
        return ()
    return (*(_own(readings, "rescaled", variant) for variant in range(2, 6)), *_elsewhere(readings))


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


def all_specs(seal: Seal, readings: Readings | None = None) -> tuple[RunSpec, ...]:
    """Return every run that can belong to a seal.

    The derivations of controls that look for the measured value name it, so that they follow from the readings too.
    """
    last = len(seal.looks) - 1
    spread = seal.looks[last] > 1 and any(expectation.rule in STATISTICAL for expectation in seal.claim.expect)
    fresh = fresh_confirmations(seal, last) if spread else ()
    known = readings or Readings(seal, {})
    usual = (*measures(seal, last), *attacks(seal), *pairings(seal))
    own = (
        *own_changes(known),
        *sparings(known),
        *orderings(known),
        *typings(known),
        *endings(known),
        *countings(known),
        *(spec for stage in (one_sided, balances, all_balances) for spec in stage(known)),
    )
    return (*usual, *own, *_later(known), *instead(known), confirmation(seal), *fresh)


def instead(readings: Readings) -> tuple[RunSpec, ...]:
    """Return the runs that take the place of others where whole numbers are spared, each of one."""
    return tuple(map(_sparing_twin, _later(readings))) if _has_files(readings.seal) else ()


def _later(readings: Readings) -> tuple[RunSpec, ...]:
    """Return the runs of controls in stages behind the first, as they are usually."""
    steps = (second_looks, recognitions, reorderings, near_steps, far_steps, all_steps, scales)
    stages = (*steps, anchors, shrinkings, stretchings, turnings)
    return tuple(dict.fromkeys(spec for stage in stages for spec in stage(readings)))


def _sparing_twin(spec: RunSpec) -> RunSpec:
    derivation = spec.derivation and spec.derivation.model_copy(update={"target": DECIMALS})
    return spec.model_copy(update={"key": f"{spec.key}-{DECIMALS}", "derivation": derivation})


def _has_files(seal: Seal) -> bool:
    return not isinstance(seal.claim.reproduce, Formula) and bool(seal.claim.reproduce.inputs)


def _elsewhere(readings: Readings) -> tuple[RunSpec, ...]:
    """Return the run with all inputs changed; of one input `perturb` has it."""
    script = readings.seal.claim.reproduce
    several = not isinstance(script, Formula) and len(script.inputs) > 1
    return (_own(readings, "pinned", 7),) if several else ()


def _own(readings: Readings, attack: str, variant: int, target: str = ALL) -> RunSpec:
    values: tuple[str, ...] = ()
    first = readings.by_key.get("measure-0")
    if attack in {"hardcoded", "looked_up"} and first is not None and first.measurement is not None:
        numbers = [first.measurement.metrics[name] for name in by_metric(readings.seal.claim)]
        values = tuple(dict.fromkeys(item.text for item in numbers if item.value is not None and item.finite))
    return RunSpec(
        key=f"perturb-{attack}-{variant}" if target == ALL else f"perturb-{attack}-{variant}-{target}",
        purpose=Purpose.PERTURB,
        seed=readings.seal.seeds[0],
        derivation=Derivation(target=target, variant=variant, attack=attack, values=values[:VALUES_MAX]),
    )


def _perturbation(seal: Seal, position: int, target: str, variant: int) -> RunSpec:
    return RunSpec(
        key=f"perturb-{position}-{variant}",
        purpose=Purpose.PERTURB,
        seed=seal.seeds[0],
        derivation=Derivation(target=target, variant=variant),
    )
