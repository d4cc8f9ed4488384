"""Gate 3: attacks on a reproduction, executed. Each says what it did, what it found and what it cannot prove.

A control that passes raises the price of faking; it never proves honesty. `fail` means that the attack succeeded: the
reproduction is worth nothing as evidence, which leaves the claim open and never makes it false.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from app.core.boxjob import targets
from app.core.compare import accepted
from app.core.model import Attacker, Control, ControlResult, Formula, OutcomeKind, Purpose, Rule
from app.core.quantity import printed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from app.core.measurement import Measured
    from app.core.model import Claim, Comparison
    from app.core.readings import Reading, Readings

PASS, WARN, FAIL = ControlResult.PASS, ControlResult.WARN, ControlResult.FAIL
UNDECIDED, NOT_APPLICABLE = ControlResult.UNDECIDED, ControlResult.NOT_APPLICABLE

#: Control -> what a pass leaves open; shown beside every result.
CANNOT_PROVE = {
    "repeat": "stability on other hardware",
    "input_response": "honest computation: a script may recognise the sealed bytes",
    "confirm": "independence of an environment that both runs share",
    "rounding_flip": "that the printed inputs were themselves right",
    "tolerance_flip": "that the tolerance is reasonable",
}


def run_controls(readings: Readings, comparisons: Sequence[Comparison]) -> tuple[Control, ...]:
    """Return every control of a measured verification; `comparisons` are those of its measure runs."""
    found = [repeat(readings), input_response(readings)]
    if any(item.code == "MISMATCH" for item in comparisons):
        found.append(confirm(readings, comparisons))
    if isinstance(readings.seal.claim.reproduce, Formula):
        found.append(rounding_flip(readings, comparisons))
    found.append(tolerance_flip(comparisons))
    return tuple(found)


def repeat(readings: Readings) -> Control:
    """Run the same seal with the same seed again: identical, same decision, or another one?"""
    again = readings.of_purpose(Purpose.REPEAT)
    if not again:
        return _control("repeat", Attacker.REPLICATION, UNDECIDED, "The run was not repeated.")
    first = _same_seed(readings, again[0])
    if again[0].measurement is None:
        detail = f"The same seal with the same seed measured once and then {_ending(again[0])}."
        return _control("repeat", Attacker.REPLICATION, FAIL, detail)
    if first is None or first.measurement is None:
        return _control("repeat", Attacker.REPLICATION, UNDECIDED, "There is no measure run of the same seed.")
    differing = _moved(first.measurement.metrics, again[0].measurement.metrics, {})
    if not differing:
        detail = "The same seal with the same seed gave identical values."
        return _control("repeat", Attacker.REPLICATION, PASS, detail)
    name = differing[0]
    spread = f"{name} was {first.measurement.metrics[name].text} and then {again[0].measurement.metrics[name].text}"
    own = readings.comparisons([first])
    same = [a.match == b.match for a, b in zip(own, readings.comparisons(again[:1]), strict=True)]
    if all(same):
        detail = f"The values differ, the decision does not: {spread}."
        return _control("repeat", Attacker.REPLICATION, WARN, detail)
    return _control("repeat", Attacker.REPLICATION, FAIL, f"A repetition turns the decision: {spread}.")


def input_response(readings: Readings) -> Control:
    """Change each input's numbers and run again: does the value move beyond what a repetition moves it?"""
    wanted = targets(readings.seal.claim)
    if not wanted:
        detail = "The script declares neither inputs nor parameters, so nothing shows that it computes from anything."
        return _control("input_response", Attacker.REPLICATION, UNDECIDED, detail)
    if isinstance(readings.seal.claim.reproduce, Formula):
        return _formula_response(readings)
    moved: list[str] = []
    still: list[str] = []
    unknown: list[str] = []
    for target in tried(readings.seal.claim):
        answer = _response(readings, target)
        (unknown if answer is None else moved if answer else still).append(target)
    left_out = len(wanted) - len(moved) - len(still) - len(unknown)
    note = f" {left_out} further inputs were not tried." if left_out else ""
    if moved:
        detail = f"Changing {_listed(moved)} moves the result.{note}"
        if still or unknown:
            parts = [f"changing {_listed(still)} does not"] if still else []
            parts += [f"with {_listed(unknown)} changed the script gave no result"] if unknown else []
            detail = f"Changing {_listed(moved)} moves the result; {'; '.join(parts)}.{note}"
        return _control("input_response", Attacker.REPLICATION, WARN if still or unknown else PASS, detail)
    if unknown:
        detail = f"With {_listed(unknown)} changed the script gave no result, so whether it computes is open.{note}"
        return _control("input_response", Attacker.REPLICATION, UNDECIDED, detail)
    detail = f"The result stays the same whatever {_listed(still)} says: it is not computed from it.{note}"
    return _control("input_response", Attacker.REPLICATION, FAIL, detail)


TARGETS_TRIED_MAX = 16


def tried(claim: Claim) -> tuple[str, ...]:
    """Return the inputs that perturb runs change: all of them, up to a limit that keeps the cost of a verdict known."""
    return targets(claim)[:TARGETS_TRIED_MAX]


def confirm(readings: Readings, comparisons: Sequence[Comparison]) -> Control:
    """Measure a contradiction again before it counts."""
    again = readings.of_purpose(Purpose.CONFIRM)
    if not again:
        return _control("confirm", Attacker.REPLICATION, UNDECIDED, "The contradiction was not measured again.")
    if again[0].measurement is None:
        detail = f"The confirming run {_ending(again[0])}, so the contradiction is not confirmed."
        return _control("confirm", Attacker.REPLICATION, FAIL, detail)
    contradicted = {item.metric for item in comparisons if item.code == "MISMATCH"}
    codes = {item.metric: item.code for item in readings.comparisons(again[:1])}
    if any(codes[metric] == "MISMATCH" for metric in contradicted):
        workers = {again[0].run.worker, *(item.run.worker for item in readings.measures)}
        where = "on another worker" if len(workers) > 1 else "on the same worker"
        detail = f"The contradiction appears again, in fresh scratch, {where}."
        return _control("confirm", Attacker.REPLICATION, PASS, detail)
    return _control("confirm", Attacker.REPLICATION, FAIL, "The confirming run does not contradict.")


def rounding_flip(readings: Readings, comparisons: Sequence[Comparison]) -> Control:
    """Ask whether the decision holds for every value that the formula's printed inputs allow."""
    mixed = []
    for expectation, item in zip(readings.seal.claim.expect, comparisons, strict=True):
        if item.computed_low is None or item.computed_high is None or expectation.rule is Rule.EXACT:
            continue
        band = accepted(expectation, printed(expectation.value) if expectation.value else None)
        low, high = Decimal(item.computed_low), Decimal(item.computed_high)
        if band.meets(low, high) and not (band.holds(low) and band.holds(high)):
            span = f"{item.metric} may be anything from {_short(low)} to {_short(high)}"
            mixed.append(f"{span}, of which {_short(band.low)} to {_short(band.high)} is accepted")
    if mixed:
        detail = f"Within the printed rounding of the inputs the decision is not the same everywhere: {mixed[0]}."
        return _control("rounding_flip", Attacker.COUNTEREXAMPLE, WARN, detail)
    detail = "Every value that the printed inputs allow leads to the same decision."
    return _control("rounding_flip", Attacker.COUNTEREXAMPLE, PASS, detail)


def tolerance_flip(comparisons: Sequence[Comparison]) -> Control:
    """Say at which tolerance the decision would turn, and whether a match needs more than the printed rounding."""
    known = [item for item in comparisons if item.flips_at is not None]
    if not known:
        detail = "No tolerance of these rules could turn the decision."
        return _control("tolerance_flip", Attacker.COUNTEREXAMPLE, NOT_APPLICABLE, detail)
    loose = [item for item in known if item.code == "MATCH_TOLERANCE"]
    shown = (loose or known)[0]
    turn = f"{shown.metric} turns at a tolerance of {shown.flips_at}"
    if loose:
        detail = f"The match needs more room than the printed digits give: {turn}."
        return _control("tolerance_flip", Attacker.COUNTEREXAMPLE, WARN, detail)
    return _control("tolerance_flip", Attacker.COUNTEREXAMPLE, PASS, f"The decision on {turn}.")


def _formula_response(readings: Readings) -> Control:
    runs = readings.of_purpose(Purpose.PERTURB)
    base = readings.measures[0].measurement if readings.measures else None
    shifted = runs[0].measurement if runs else None
    if base is None or shifted is None:
        detail = "The run with shifted values gave no result."
        return _control("input_response", Attacker.REPLICATION, UNDECIDED, detail)
    names = tuple(getattr(readings.seal.claim.reproduce, "values", {}))
    still = [
        name
        for name in names
        if not any(_moved(base.metrics, shifted.variants.get(f"{name}{sign}", {}), {}) for sign in "+-")
    ]
    if len(still) == len(names):
        detail = "No printed value moves the result when it is shifted: it is not computed from them."
        return _control("input_response", Attacker.REPLICATION, FAIL, detail)
    if still:
        detail = f"Shifting {_listed(still)} does not move the result; every other value does."
        return _control("input_response", Attacker.REPLICATION, WARN, detail)
    detail = f"Each of the {len(names)} printed values moves the result when it is shifted."
    return _control("input_response", Attacker.REPLICATION, PASS, detail)


def _response(readings: Readings, target: str) -> bool | None:
    """Whether a target moves the result; None when no run with it changed gave one."""
    first = readings.measures[0].measurement if readings.measures else None
    runs = [
        item
        for item in readings.of_purpose(Purpose.PERTURB)
        if item.run.spec.derivation is not None and item.run.spec.derivation.target == target
    ]
    measured = [item.measurement for item in runs if item.measurement is not None]
    if first is None or not measured:
        return None
    spread = _repeat_spread(readings)
    return any(_moved(first.metrics, item.metrics, spread) for item in measured)


def _repeat_spread(readings: Readings) -> dict[str, Decimal]:
    """Return how far each metric moves when nothing changes."""
    again = readings.of_purpose(Purpose.REPEAT)
    first = _same_seed(readings, again[0]) if again else None
    if first is None or first.measurement is None or again[0].measurement is None:
        return {}
    pairs = ((name, item, again[0].measurement.metrics.get(name)) for name, item in first.measurement.metrics.items())
    return {
        name: abs(one.value - two.value)
        for name, one, two in pairs
        if two is not None and one.value is not None and two.value is not None and one.finite and two.finite
    }


def _same_seed(readings: Readings, other: Reading) -> Reading | None:
    return next((item for item in readings.measures if item.run.spec.seed == other.run.spec.seed), None)


def _moved(before: Mapping[str, Measured], after: Mapping[str, Measured], spread: Mapping[str, Decimal]) -> list[str]:
    """Return the metrics that differ by more than their spread."""
    found = []
    for name, one in before.items():
        two = after.get(name)
        if two is None:
            continue
        if one.value is None or two.value is None or not (one.finite and two.finite):
            if one.text != two.text:
                found.append(name)
        elif abs(one.value - two.value) > spread.get(name, Decimal(0)):
            found.append(name)
    return found


def _ending(reading: Reading) -> str:
    if reading.unreadable is not None:
        return f"gave no readable result ({reading.unreadable.detail})"
    kind = reading.run.outcome.kind
    return "crashed" if kind in {OutcomeKind.EXITED, OutcomeKind.SIGNAL} else f"ended by its {kind} limit"


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:3])
    return shown if len(names) <= 3 else f"{shown} and {len(names) - 3} more"


def _short(value: Decimal | None) -> str:
    return "open" if value is None else f"{value:.6g}"


def _control(name: str, attacker: Attacker, result: ControlResult, detail: str) -> Control:
    return Control(name=name, attacker=attacker, result=result, detail=detail, cannot_prove=CANNOT_PROVE[name])
