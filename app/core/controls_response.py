"""The replication attacker on what a result depends on: does it answer when its inputs change?

input_response. Every input, and every parameter, is changed in ways of its own (`perturb`), and each metric has to move
beyond what a repetition moves it, under some of them. What stands still is asked further, by rows that are paired anew, by
changes that leave whole numbers alone where others gave no result, and, where it is one of few answers, by inputs that are
put in order (`perturb_ordered`). What no change moves is not computed from its inputs: `fail`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING

from app.core.bands import negligible
from app.core.boxjob import SHIFTS, UNDERIVABLE, targets
from app.core.compare import compare_all
from app.core.controls_catalogue import control
from app.core.controls_movement import differs, first_metrics, noise, not_made, repeat_spread, whole
from app.core.controls_replication import FAIL, FLOAT_DIGITS, PASS, UNDECIDED, WARN, repeat
from app.core.members import by_metric
from app.core.model import Formula, Purpose
from app.core.perturb_ordered import EXCHANGED
from app.core.perturb_ordered import HOW as ORDERED
from app.core.perturb_spared import VARIANT as SPARED
from app.core.phrases import brief, listed
from app.core.quantity import EXACT
from app.core.specs import PAIRS_VARIANT, VARIANTS, first_look, tried

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from app.core.measurement import Measured
    from app.core.model import Control, Expectation
    from app.core.readings import Reading, Readings

HOW_INPUT = {
    1: "with its values changed",
    2: "with other rows or values",
    PAIRS_VARIANT: "with its rows paired anew",
    SPARED: "with its whole numbers left alone",
    **ORDERED,
}
HOW_PARAMETER = {1: "made smaller", 2: "made larger", PAIRS_VARIANT: "moved far"}
TIMES_SPREAD = 10  # how much further than one repetition a change has to move what does not repeat
FEW_DIGITS = 2  # of a value that may be one of a grid


def input_response(readings: Readings) -> Control:
    """Change each input's numbers and run again: does every metric move beyond what a repetition moves it?"""
    claim = readings.seal.claim
    if not targets(claim):
        detail = "The script declares neither inputs nor parameters, so nothing shows that it computes from anything."
        return control("input_response", UNDECIDED, detail)
    if isinstance(claim.reproduce, Formula):
        doing, asked = "shifting", {name: _shifted(readings, name) for name in claim.reproduce.values}
    else:
        doing, asked = "changing", {target: _changed(readings, target) for target in tried(claim)}
    moved = {name: answer for name, answer in asked.items() if answer.moved}
    unmoved = _unmoved(readings, asked.values())
    unsure = [name for name, answer in asked.items() if not answer.moved and answer.open]
    still = [name for name, answer in asked.items() if not answer.moved and not answer.open]
    dead = [metric for metric in unmoved if not any(metric in answer.open for answer in asked.values())]
    unmade = {name: why for name in asked if (why := never_made(readings, name)) is not None}
    left_out = len(targets(claim)) - len(asked) if doing == "changing" else 0
    note = f" {left_out} further inputs were not tried." if left_out else ""
    if dead and left_out:
        detail = (
            f"{listed(dead)} stays the same whatever {listed(tuple(asked))} says, so whether it is computed is open."
        )
        return control("input_response", UNDECIDED, f"{detail}{note}")
    if dead:
        detail = f"{listed(dead)} stays the same whatever {listed(tuple(asked))} says: it is not computed from that."
        return control("input_response", FAIL, f"{detail}{note}")
    if unmoved:
        opened = [name for name, answer in asked.items() if answer.open & set(unmoved)]
        did = f"gave no result{_silent(asked, unmoved)}"
        if any(answer.noisy & set(unmoved) for answer in asked.values()):
            did = f"moves {listed(unmoved)} hardly more than a repetition"
        detail = f"{doing.capitalize()} {listed(opened)} {did}, so whether {listed(unmoved)} is computed is open."
        if unmade.keys() >= set(opened):
            why = "; ".join(unmade[name] for name in opened)
            detail = f"The inputs could not be changed: {why}. So whether {listed(unmoved)} is computed is open."
        return control("input_response", UNDECIDED, f"{detail}{note}")
    metric, movement = next(iter(next(iter(moved.values())).moved.items()))
    parts = [f"{doing.capitalize()} {listed(tuple(moved))} moves the result ({metric} {movement})"]
    parts += [f"{doing} {listed(still)} does not"] if still else []
    noisy = [name for name in unsure if asked[name].noisy]
    parts += [f"{doing} {listed(noisy)} moves it hardly more than a repetition"] if noisy else []
    silent = [name for name in unsure if not asked[name].noisy]
    parts += [f"{name} could not be changed: {unmade[name]}" for name in silent if name in unmade]
    silent = [name for name in silent if name not in unmade]
    parts += [f"{doing} {listed(silent)} gave no result"] if silent else []
    parts += [f"only {how} moves {listed(names)}" for how, names in _late(readings, unmoved) if doing == "changing"]
    if _always_accepted(readings):
        parts += ["the result moves, but stays within what the claim accepts whatever the inputs say"]
    return control("input_response", WARN if len(parts) > 1 else PASS, f"{'; '.join(parts)}.{note}")


def wants_pairs(readings: Readings) -> bool:
    """Whether a metric of a script that repeats was moved by none of the changes that every verdict is made of."""
    claim = readings.seal.claim
    if isinstance(claim.reproduce, Formula) or repeat(readings).result is FAIL:
        return False
    usual = [_changed(readings, target, VARIANTS) for target in tried(claim)]
    return bool(_unmoved(readings, usual))


def unborne(readings: Readings) -> bool:
    """Whether a metric of a script that repeats was moved by none of these nor by other pairs, and one gave no result."""
    if isinstance(readings.seal.claim.reproduce, Formula) or repeat(readings).result is FAIL:
        return False
    answers = _usual(readings)
    unmoved = set(_unmoved(readings, answers))
    return any(unmoved & (answer.open - answer.noisy) for answer in answers)


def unmoved_so_far(readings: Readings) -> bool:
    """Whether a metric of few answers was moved by none of all these, nor by any that spared whole numbers.

    Few answers are labels, whole numbers and what has one or two digits. A mean or a share that stood still under so many
    changes is not asked again: what leaves a window only when numbers are far larger would be taken for computed.
    """
    if isinstance(readings.seal.claim.reproduce, Formula) or repeat(readings).result is FAIL:
        return False
    before = first_metrics(readings)
    return any(_of_few(before[name]) for name in _unmoved(readings, _usual(readings, SPARED)))


def _of_few(one: Measured) -> bool:
    if one.value is None or whole(one):
        return True
    return len(one.value.normalize(EXACT).as_tuple().digits) <= FEW_DIGITS


def _usual(readings: Readings, variants: int = PAIRS_VARIANT) -> list[_Answer]:
    return [_changed(readings, target, variants) for target in tried(readings.seal.claim)]


def _late(readings: Readings, unmoved: Collection[str]) -> list[tuple[str, list[str]]]:
    """Return the changes that are kept for what the usual ones leave where it is, and the metrics that they moved alone."""
    before = set(_unmoved(readings, _usual(readings)))
    after = set(_unmoved(readings, _usual(readings, SPARED)))
    found = (
        ("a change that leaves whole numbers alone", sorted(before - after)),
        ("an input that is put in order", sorted(after - set(unmoved))),
    )
    return [(how, names) for how, names in found if names]


@dataclass(frozen=True)
class _Answer:
    """What changing one input does to the metrics."""

    moved: Mapping[str, str]  # metric -> from what to what
    open: frozenset[str]  # metrics that are neither moved nor shown to stand still
    noisy: frozenset[str]  # those of them that moved, but as a repetition might move them too
    silent: tuple[str, ...] = ()  # how it was changed where it gave no result, where others did


def _answer(
    readings: Readings,
    before: Mapping[str, Measured],
    runs: Sequence[Mapping[str, Measured] | None],
    spread: Mapping[str, Decimal],
) -> _Answer:
    """Compare a measurement with those of changed inputs, None for a changed run that gave none.

    What stands still is only called so if every change gave a finite value: one that stands still and one that crashed
    prove nothing. Of a metric that does not repeat one repetition shows little: every change has to move it far.
    """
    moved: dict[str, str] = {}
    unsure: set[str] = set()
    noisy: set[str] = set()
    expected = by_metric(readings.seal.claim)
    for name, one in before.items():
        still = Decimal(0) if one.value is None or not one.finite else negligible(expected[name], one.value)
        width = spread.get(name, Decimal(0))
        found = [None if after is None else after.get(name) for after in runs]
        known = [two for two in found if two is not None and two.finite]
        beyond = [two for two in known if differs(one, two, max(width, still))]
        far = [two for two in beyond if differs(one, two, width * TIMES_SPREAD)] if width else beyond
        if far and (not width or len(far) == len(known)):
            moved[name] = f"from {brief(one.text, FLOAT_DIGITS)} to {brief(far[0].text, FLOAT_DIGITS)}"
        elif beyond:
            noisy.add(name)
        elif len(known) < len(found) or not found:
            unsure.add(name)
    return _Answer(moved, frozenset(unsure | noisy), frozenset(noisy))


def _silent(asked: Mapping[str, _Answer], unmoved: Collection[str]) -> str:
    """Return which changes gave no result, where others of the same input did."""
    found = [f"{name} {how}" for name, each in asked.items() if each.open & set(unmoved) for how in each.silent]
    return f" ({listed(found)})" if found else ""


def _always_accepted(readings: Readings) -> bool:
    """Whether every changed input gave finite values, and all of them are within what the claim accepts."""
    claim = readings.seal.claim
    runs = [item for item in usual_changes(readings) if item.run.outcome.limit != UNDERIVABLE]
    found = [item.measurement for item in runs if item.measurement is not None]
    formula = isinstance(claim.reproduce, Formula)
    each = [metrics for item in found for metrics in (item.variants.values() if formula else [item.metrics])]
    known = by_metric(claim).keys()
    whole = [metrics for metrics in each if known <= metrics.keys()]
    if len(found) < len(runs) or not whole:
        return False
    return all(compare_all(wanted, [metrics])[0].match for metrics in whole for wanted in claim.expect)


def _unmoved(readings: Readings, answers: Collection[_Answer]) -> list[str]:
    return [name for name in by_metric(readings.seal.claim) if not any(name in answer.moved for answer in answers)]


def least_movement(readings: Readings, item: Expectation) -> Decimal:
    """Return beyond which distance a metric has moved: of arithmetic's noise, and far beyond what a repetition moves it."""
    spread = repeat_spread(readings).get(item.metric, Decimal(0))
    return max(noise(readings, item), spread * TIMES_SPREAD)


def usual_changes(readings: Readings) -> list[Reading]:
    """Return the runs with changed inputs that every input has; other controls have changes of their own."""
    perturbed = readings.of_purpose(Purpose.PERTURB)
    mine = [item for item in perturbed if item.run.spec.derivation is None or item.run.spec.derivation.attack is None]
    return [item for item in mine if first_look(item.run.spec.key) is None]


def never_made(readings: Readings, target: str) -> str | None:
    """Return why none of the usual changes of an input could be made; None if one was."""
    reasons = [
        not_made(item)
        for item in usual_changes(readings)
        if item.run.spec.derivation is not None and item.run.spec.derivation.target == target
    ]
    return reasons[0] if reasons and all(reasons) else None


def _changed(readings: Readings, target: str, variants: int = EXCHANGED) -> _Answer:
    """Judge by the runs in which a target was changed, up to a variant.

    A change that crashes proves nothing, whatever the others leave where it is: an honest script may refuse it. Inputs that
    are put in order are an offer beside these, and one that crashes on them has declined it.
    """
    runs = {
        item.run.spec.derivation.variant: item.measurement.metrics if item.measurement is not None else None
        for item in usual_changes(readings)
        if item.run.spec.derivation is not None
        and item.run.spec.derivation.target == target
        and item.run.spec.derivation.variant <= variants
        and item.run.outcome.limit != UNDERIVABLE
        and (item.run.spec.derivation.variant not in ORDERED or item.measurement is not None)
    }
    found = _answer(readings, first_metrics(readings), list(runs.values()), repeat_spread(readings))
    words = HOW_PARAMETER if target not in getattr(readings.seal.claim.reproduce, "inputs", ()) else HOW_INPUT
    known = {key for key, metrics in runs.items() if metrics and all(metrics[name].finite for name in found.open)}
    return replace(found, silent=tuple(words[key] for key in sorted(runs.keys() - known)) if known else ())


def _shifted(readings: Readings, name: str) -> _Answer:
    """Judge by the shifted values; exact arithmetic has no spread."""
    perturbed = usual_changes(readings)
    if not perturbed or perturbed[0].measurement is None:
        return _answer(readings, first_metrics(readings), [None], {})
    variants = [perturbed[0].measurement.variants.get(f"{name}{shift}") for shift in SHIFTS]
    used = {
        metric: item
        for metric, item in first_metrics(readings).items()
        if any(metric in (each or ()) for each in variants)
    }
    return _answer(readings, used, variants, {})
