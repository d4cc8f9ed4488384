"""The replication attacker's own changes: is the answer in the script, in one cell of its inputs, in a parameter?

hardcoded. A number in the script that spells the printed or measured value is replaced by another. An honest constant may
equal the print by chance: the size of a sample, a threshold, a factor of 100. Replacing it then leaves the result, or
moves it somewhere; what it does not do is to turn the result into the replacement. Only that is `fail`: the result moved
by what the constant moved, or in its proportion, to within a twentieth. A whole number up to 10 or a power of ten is not
looked for, because an honest product by 100 that comes to 100 would follow. A program that might read its own text runs
without comments and layout too. They say nothing to Python, so an honest result stays; what moves, or ends without a
result, was read from them: `fail`.

empty_input. An honest script without its inputs fails, or says something else. One that has a default for a missing
parameter, equal to the sealed one, says the same and depends on it all the same; where that is all there is, and
`input_response` shows the dependence, it is a warning.

looked_up. A script that copies one cell, as it is, with a speck of the others or behind one step of arithmetic (its
double, what it lacks to a hundred), stands still when all other numbers change and moves when all change. What selects
honestly (the greatest, the middle, the value beside the best) chooses another cell when the order turns, which the second
run does. A parameter is a cell too: a result that equals it, or it in percent, and goes on doing so when it is changed, is
repeated and not computed; so is simple arithmetic on parameters (`controls_parameters`). That also meets an honest script
whose result is a parameter; nothing is lost with such a claim, because the same number stands in its claim.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from app.core.attacks import prints_of
from app.core.attacks_parts import NOT_SEARCHED
from app.core.bands import negligible
from app.core.boxjob import targets
from app.core.controls_catalogue import control
from app.core.controls_held import held_in_place
from app.core.controls_movement import differs, ending, first_change, first_metrics, noise, not_made, own, values_of
from app.core.controls_own_text import from_its_own_text
from app.core.controls_parameters import arithmetic_alone
from app.core.literals import digits_of, sought, spells
from app.core.members import by_metric
from app.core.model import ControlResult, Derivation, Formula
from app.core.perturb import derive_parameter
from app.core.phrases import brief, listed
from app.core.quantity import EXACT
from app.core.seal import seal_bytes, seal_digest
from app.core.specs import VARIANTS, tried

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.core.measurement import Measured
    from app.core.model import Control, Expectation
    from app.core.readings import Readings

PASS, WARN, FAIL, UNDECIDED = ControlResult.PASS, ControlResult.WARN, ControlResult.FAIL, ControlResult.UNDECIDED
NOT_APPLICABLE = ControlResult.NOT_APPLICABLE

FOLLOWS = Decimal("0.05")  # a share of the step: how far from the replacement still follows it
DUST = Decimal("0.001")  # a share of the value: what all other cells together have to move it by
ECHOES = tuple(Decimal(factor) for factor in ("1", "100", "0.01", "10", "0.1", "1000", "0.001", "-1"))


def hardcoded(readings: Readings) -> Control:
    """Replace numbers of the script that spell the printed or measured value: does the result become the replacement?"""
    if isinstance(readings.seal.claim.reproduce, Formula):
        return control("hardcoded", NOT_APPLICABLE, "A formula has no script in which a value could be hidden.")
    run = own(readings, "hardcoded", 1)
    if run is None:
        return control("hardcoded", UNDECIDED, "The script's files were not searched.")
    read = from_its_own_text(readings)
    if read is not None:
        return control("hardcoded", FAIL, read)
    reason = not_made(run)
    if reason is not None:
        found = UNDECIDED if NOT_SEARCHED in reason else PASS
        return control("hardcoded", found, f"{reason[:1].upper()}{reason[1:]}.")
    where = run.run.outcome.notes[0] if run.run.outcome.notes else "a number was replaced"
    after = values_of(run)
    if after is None:
        return control("hardcoded", UNDECIDED, f"With {where} the run {ending(run)}, so whether it is used is open.")
    before = first_metrics(readings)
    held = held_in_place(readings)
    values = run.run.spec.derivation.values if run.run.spec.derivation is not None else ()
    wanted = sought(prints_of(readings.seal.claim), values)
    exact = [pair for pair in run.run.outcome.replaced if spells(Decimal(pair[0]), digits_of(pair[0]), wanted)]
    for expectation in by_metric(readings.seal.claim).values():
        one, two = before[expectation.metric], after[expectation.metric]
        near = run.run.outcome.replaced if expectation.metric in held else exact
        if _follows(one, two, near, noise(readings, expectation)):
            change = f"{expectation.metric} went from {brief(one.text)} to {brief(two.text)}"
            return control("hardcoded", FAIL, f"The result is written in the script: with {where}, {change}.")
    moved = [name for name, one in before.items() if differs(one, after[name])]
    said = f"moves {listed(moved)} elsewhere" if moved else "leaves the result as it was"
    result = UNDECIDED if NOT_SEARCHED in where else PASS
    return control("hardcoded", result, f"A number like the value is in the script, and replacing it {said} ({where}).")


def _follows(one: Measured, two: Measured, pairs: Sequence[tuple[str, str]], still: Decimal) -> bool:
    if one.value is None or two.value is None or not (one.finite and two.finite):
        return False
    first, moved = one.value, EXACT.subtract(two.value, one.value)
    if abs(moved) <= still:
        return False
    for old, new in pairs:
        before, after = Decimal(old), Decimal(new)
        step = EXACT.multiply(first, EXACT.divide(EXACT.subtract(after, before), before))
        # What is added to a constant shifts it by the constant's own step, in the constant's unit.
        scale = min((abs(EXACT.subtract(EXACT.multiply(before, each), first)), each) for each in ECHOES)[1]
        shift = EXACT.multiply(EXACT.subtract(after, before), scale)
        for wanted in (step, shift):
            if abs(EXACT.subtract(moved, wanted)) <= max(abs(wanted) * FOLLOWS, still):
                return True
    return False


def empty_input(readings: Readings) -> Control:
    """Run without the declared inputs: does the result come all the same?"""
    claim = readings.seal.claim
    if isinstance(claim.reproduce, Formula) or not targets(claim):
        return control("empty_input", NOT_APPLICABLE, "There are no declared inputs to take away.")
    run = own(readings, "empty_input", 1)
    if run is None:
        return control("empty_input", UNDECIDED, "The script was not run without its inputs.")
    after = values_of(run)
    if after is None:
        return control("empty_input", PASS, f"Without its inputs the run {ending(run)}.")
    same = [
        item.metric
        for item in by_metric(claim).values()
        if not differs(first_metrics(readings)[item.metric], after[item.metric], noise(readings, item))
    ]
    if not same:
        return control("empty_input", PASS, "Without its inputs the result is another one.")
    if not claim.reproduce.inputs:
        detail = f"Without its parameters {listed(same)} is the same: the script has defaults that equal them."
        return control("empty_input", WARN, detail)
    return control("empty_input", FAIL, f"{listed(same)} is the same without any of the declared inputs.")


def looked_up(readings: Readings) -> Control:
    """Change everything but the one cell that equals the result, and see whether a parameter is the result."""
    claim = readings.seal.claim
    if isinstance(claim.reproduce, Formula) or not targets(claim):
        return control("looked_up", NOT_APPLICABLE, "There are no inputs in which the result could be looked up.")
    for expectation in by_metric(claim).values():
        echoed = _echoed(readings, expectation)
        if echoed is not None:
            detail = f"{expectation.metric} repeats {echoed} whatever it says: looked up, not computed."
            return control("looked_up", FAIL, detail)
        alone = arithmetic_alone(readings, expectation)
        if alone is not None:
            detail = (
                f"{expectation.metric} is {alone} and follows nothing else: a formula says that, no script is needed."
            )
            return control("looked_up", FAIL, detail)
    if not claim.reproduce.inputs:
        return control("looked_up", PASS, "No parameter is repeated as the result.")
    first = own(readings, "looked_up", 1)
    if first is None:
        return control("looked_up", UNDECIDED, "The inputs were not searched for the measured value.")
    reason = not_made(first)
    if reason is not None:
        return control("looked_up", PASS, f"{reason[:1].upper()}{reason[1:]}.")
    held = unmoved_by_others(readings)
    second = values_of(own(readings, "looked_up", 2))
    if not held or second is None:
        return control(
            "looked_up", PASS, "The measured value is a number of the inputs, and changing the others moves it."
        )
    still = [
        item.metric
        for item in by_metric(claim).values()
        if item.metric in held
        and not differs(first_metrics(readings)[item.metric], second[item.metric], _dust(readings, item))
    ]
    if still:
        detail = f"{listed(still)} stays when every number of the inputs is changed but the one that equals or gives it"
        return control("looked_up", FAIL, f"{detail}: looked up, not computed.")
    return control("looked_up", PASS, "The measured value is a number of the inputs, and their order chooses it.")


def unmoved_by_others(readings: Readings) -> list[str]:
    """Return the metrics that stand still when all but one number changes, and that move when that one changes too."""
    run = own(readings, "looked_up", 1)
    after = values_of(run)
    if run is None or after is None:
        return []
    before = first_metrics(readings)
    scaled = [first_change(readings, at) for at in range(len(tried(readings.seal.claim)))]
    return [
        item.metric
        for item in by_metric(readings.seal.claim).values()
        if item.metric in before
        and before[item.metric].value is not None
        and not differs(before[item.metric], after[item.metric], _dust(readings, item))
        and any(differs(before[item.metric], each[item.metric], noise(readings, item)) for each in scaled if each)
    ]


def _dust(readings: Readings, item: Expectation) -> Decimal:
    """Return up to which movement a value counts as that of one cell, with something small of the others added."""
    first = first_metrics(readings)[item.metric]
    small = noise(readings, item)
    return small if first.value is None or not first.finite else max(small, abs(first.value) * DUST)


def _echoed(readings: Readings, expectation: Expectation) -> str | None:
    """Return the parameter that a metric repeats: as sealed, and each time that it was changed."""
    script = readings.seal.claim.reproduce
    one = first_metrics(readings)[expectation.metric]
    if isinstance(script, Formula) or one.value is None or not one.finite:
        return None
    for position, target in enumerate(tried(readings.seal.claim)):
        value = script.parameters.get(target.removeprefix("parameters.")) if target.startswith("parameters.") else None
        if isinstance(value, bool) or not isinstance(value, int | float):
            continue
        factor = next((each for each in ECHOES if _is(one, Decimal(repr(value)), each, expectation)), None)
        if factor is None or not value:
            continue
        sealed = seal_digest(seal_bytes(readings.seal))
        follows = []
        for variant in range(1, VARIANTS + 1):
            after = values_of(readings.by_key.get(f"perturb-{position}-{variant}"))
            changed = derive_parameter(sealed, Derivation(target=target, variant=variant), value)
            follows.append(
                after is not None and _is(after[expectation.metric], Decimal(repr(changed)), factor, expectation)
            )
        if all(follows):
            return target
    return None


def _is(measured: Measured, value: Decimal, factor: Decimal, expectation: Expectation) -> bool:
    wanted = EXACT.multiply(value, factor)
    near_it = negligible(expectation, wanted)
    return measured.value is not None and abs(EXACT.subtract(measured.value, wanted)) <= near_it
