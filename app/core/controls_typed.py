"""The replication attacker on results that are made of numbers typed into the script.

A script may have its figures typed in, and let the data choose among them or weigh them: a table of accuracies by class,
a list of folds, a curve over the number of rows. It then follows its inputs, as an honest one does. What gives it away is
what it is proportional to. All decimals in the script's text are made a tenth larger. Where the result becomes a tenth
larger too, and the size of the numbers in the inputs has no part in it (all of them four times as large leave it, or give
no result, or there are none), the result consists of typed numbers: `warn`.

It is no more than a warning, because honest results are made so as well: a mass from a table of atomic weights, a mood from
a lexicon, a reading ease, a price list. Nothing in how such a script behaves says whether its constants are known to the
world or invented. A person who reads the named lines sees it at once.

A conversion (feet into metres) is proportional to its constant and to its data, so it is not meant; thresholds, rates of
learning and coefficients beside a term of the data are in no proportion at all.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from app.core.attacks_moves import TYPED_FACTOR
from app.core.controls_catalogue import control
from app.core.controls_held import LITTLE, accepts
from app.core.controls_movement import differs, first_metrics, gap, noise, not_made, own, repeat_spread, values_of
from app.core.controls_response import usual_changes
from app.core.members import by_metric
from app.core.model import ControlResult, Formula
from app.core.phrases import listed
from app.core.quantity import EXACT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.core.measurement import Measured
    from app.core.model import Control
    from app.core.readings import Readings

PASS, WARN, UNDECIDED = ControlResult.PASS, ControlResult.WARN, ControlResult.UNDECIDED
NOT_APPLICABLE = ControlResult.NOT_APPLICABLE

FOLLOWS = Decimal("0.05")  # a share of the step: how far from it still follows it
FOUR = 4  # variant of `anchored`: every number four times as large


def typed(readings: Readings) -> Control:
    """Scale the decimals in the script's text: does the result follow them, and not those of its inputs?"""
    script = readings.seal.claim.reproduce
    if isinstance(script, Formula) or not script.inputs:
        return control("typed", NOT_APPLICABLE, "There is no input file that could weigh numbers of the script.")
    if not unfollowed(readings):
        return control("typed", PASS, "The result follows the decimals of its inputs, or is none that could be scaled.")
    run = own(readings, "typed", 1)
    if run is None:
        return control("typed", UNDECIDED, "The decimals in the script's text were not scaled.")
    reason = not_made(run)
    if reason is not None:
        return control("typed", PASS, f"{reason[:1].upper()}{reason[1:]}.")
    if values_of(run) is None:
        return control("typed", UNDECIDED, "With the decimals in its text a tenth larger the script gave no result.")
    made = [name for name in proportional(readings) if not _weighs(readings, name)]
    if not made:
        return control("typed", PASS, "The result is in no proportion to the decimals in the script's text alone.")
    where = "; ".join(run.run.outcome.notes)
    detail = f"{listed(made)} is a tenth larger when decimals of the script are ({where})"
    said = "and does not follow the size of numbers in its inputs: the script's own numbers, chosen or weighed by them."
    return control("typed", WARN, f"{detail}, {said}")


def unfollowed(readings: Readings) -> list[str]:
    """Return the accepted metrics that decimals of the inputs, a tenth larger, leave as they are, or that had none."""
    script = readings.seal.claim.reproduce
    if isinstance(script, Formula) or not script.inputs:
        return []
    after, before, spread = values_of(own(readings, "rescaled", 1)), first_metrics(readings), repeat_spread(readings)
    return [
        item.metric
        for item in by_metric(readings.seal.claim).values()
        if before[item.metric].value
        and before[item.metric].finite
        and accepts(item, before[item.metric])
        and not spread.get(item.metric)
        and (after is None or not differs(before[item.metric], after[item.metric], noise(readings, item)))
    ]


def proportional(readings: Readings) -> list[str]:
    """Return those of them that are in proportion to the decimals of the script, and that no parameter moves far."""
    after, before = values_of(own(readings, "typed", 1)), first_metrics(readings)
    if after is None:
        return []
    values = [(name, before[name].value, after[name].value) for name in unfollowed(readings)]
    found = [name for name, one, two in values if one is not None and two is not None and _in_proportion(one, two)]
    return [name for name in found if not _by_parameter(readings, name)]


def _in_proportion(one: Decimal, two: Decimal) -> bool:
    step = EXACT.multiply(one, TYPED_FACTOR - 1)
    return abs(EXACT.subtract(EXACT.subtract(two, one), step)) <= abs(step) * FOLLOWS


def _by_parameter(readings: Readings, name: str) -> bool:
    before = first_metrics(readings)
    for reading in usual_changes(readings):
        derivation, after = reading.run.spec.derivation, values_of(reading)
        parameter = derivation is not None and derivation.target.startswith("parameters.")
        if parameter and after is not None and _far(before, after, name):
            return True
    return False


def _weighs(readings: Readings, name: str) -> bool:
    """Whether a metric follows all numbers of the inputs made four times as large."""
    after = values_of(own(readings, "anchored", FOUR))
    return after is not None and _far(first_metrics(readings), after, name)


def _far(before: Mapping[str, Measured], after: Mapping[str, Measured], name: str) -> bool:
    one, moved = before[name].value, gap(before[name], after[name])
    return one is not None and moved is not None and moved > abs(one) * LITTLE
