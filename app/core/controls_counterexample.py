"""The counterexample attacker: how near is the decision to another one?"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from app.core.bands import accepted, expects_text
from app.core.boxjob import UNDERIVABLE
from app.core.codes import CONTRADICTIONS, SEVERITY
from app.core.controls_catalogue import control
from app.core.members import STATISTICAL
from app.core.model import ControlResult, Formula

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.core.bands import Band
    from app.core.model import Comparison, Control
    from app.core.readings import Readings

PASS, WARN, UNDECIDED = ControlResult.PASS, ControlResult.WARN, ControlResult.UNDECIDED
NOT_APPLICABLE = ControlResult.NOT_APPLICABLE


def rounding_flip(readings: Readings, comparisons: Sequence[Comparison]) -> Control:
    """Ask whether the decision holds for every value that the printed inputs allow."""
    if not isinstance(readings.seal.claim.reproduce, Formula):
        return _sampled(readings, comparisons)
    for expectation, item in readings.pieces:
        if item.computed_low is None or item.computed_high is None or expects_text(expectation):
            continue
        band = accepted(expectation)
        low, high = Decimal(item.computed_low), Decimal(item.computed_high)
        if band.meets(low, high) and not (band.holds(low) and band.holds(high)):
            span = f"{item.metric} lies between {_short(low)} and {_short(high)}"
            detail = f"{span}, of which {_ends(band)} is accepted"
            said = f"Within the printed rounding of the inputs the decision is not the same everywhere: {detail}."
            return control("rounding_flip", WARN, said)
    detail = "Every value that the printed inputs allow leads to the same decision."
    return control("rounding_flip", PASS, detail)


def _sampled(readings: Readings, comparisons: Sequence[Comparison]) -> Control:
    """Ask the same of a script, whose decimals were moved within their rounding, once each way."""
    runs = [run for run in (readings.by_key.get(f"perturb-rounding_flip-{at}") for at in (1, 2)) if run is not None]
    made = [run for run in runs if run.run.outcome.limit != UNDERIVABLE]
    if not made:
        detail = "The inputs have no printed decimals whose rounding could matter."
        return control("rounding_flip", NOT_APPLICABLE, detail)
    if not any(run.finite for run in made):
        return control(
            "rounding_flip", UNDECIDED, "With decimals moved within their rounding the script gave no result."
        )
    mixed = mixing(readings, comparisons)
    if mixed:
        name, value = next(iter(mixed.items()))
        detail = f"{name} is {value} for inputs that print the same"
        return control(
            "rounding_flip", WARN, f"Within the printed rounding of the inputs the decision turns: {detail}."
        )
    return control("rounding_flip", PASS, "Inputs moved within their printed rounding lead to the same decision.")


def mixing(readings: Readings, comparisons: Sequence[Comparison]) -> dict[str, str]:
    """Return the metrics of a script whose decision turns for inputs that print the same, with a value that turns it."""
    found: dict[str, str] = {}
    for variant in (1, 2):
        run = readings.by_key.get(f"perturb-rounding_flip-{variant}")
        if run is None or not run.finite or run.measurement is None:
            continue
        pairs = zip(readings.seal.claim.expect, comparisons, readings.comparisons([run]), strict=True)
        for expectation, one, two in pairs:
            if expectation.rule in STATISTICAL:
                continue  # one run more says nothing about a spread
            if (one.code in CONTRADICTIONS, one.match) != (two.code in CONTRADICTIONS, two.match):
                found.setdefault(one.metric, two.computed or "another")
    return found


def tolerance_flip(comparisons: Sequence[Comparison]) -> Control:
    """Say at which tolerance the decision would turn, and whether a match needs more than the printed rounding."""
    known = [item for item in comparisons if item.flips_at is not None]
    if not known:
        detail = "No tolerance of these rules could turn the decision."
        return control("tolerance_flip", NOT_APPLICABLE, detail)
    against = [item for item in known if item.code in CONTRADICTIONS]
    loose = [] if against else [item for item in known if item.code == "MATCH_TOLERANCE"]
    shown = against[0] if against else max(known, key=lambda item: SEVERITY.index(item.code))
    turn = f"{shown.metric} turns at a tolerance of {shown.flips_at}"
    if loose:
        detail = f"The match needs more room than the printed digits give: {turn}."
        return control("tolerance_flip", WARN, detail)
    return control("tolerance_flip", PASS, f"The decision on {turn}.")


def _ends(band: Band) -> str:
    if band.low is None:
        return f"at most {_short(band.high or Decimal(0))}"
    return f"at least {_short(band.low)}" if band.high is None else f"{_short(band.low)} to {_short(band.high)}"


def _short(value: Decimal) -> str:
    return f"{value:.6g}"
