"""The replication attacker on results that hang on how the numbers of their inputs are spelled. A part of `recognised`.

Three zeros behind every decimal of a table change no number. A result that moves under them reads its numbers as texts
somewhere: it may split its records by a digest of theirs, count digits, or measure the file itself. All that is honest, so
a movement alone is a `warn`. But a script may also move an honest figure to the print by a number between bounds that it
makes of the file's bytes, with a salt that was searched for. So a number that left what the claim accepts is asked once
more, with nothing but the last line ended otherwise. A record's own text is the same then, and what measures a file moves by
the share of one byte. What moves by a quarter as far as under all the zeros is made of the bytes: `fail`.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from app.core.controls_held import accepts
from app.core.controls_movement import differs, first_metrics, gap, own, repeat_spread, values_of, whole
from app.core.controls_response import least_movement
from app.core.members import by_metric
from app.core.perturb_moves import ENDED, SPELLED
from app.core.phrases import brief

if TYPE_CHECKING:
    from app.core.measurement import Measured
    from app.core.model import Expectation
    from app.core.readings import Readings

AS_FAR = Decimal("0.25")  # a share of the movement under all the zeros


def hanging(readings: Readings) -> str | None:
    """Return a sentence about a result that moves where the same numbers are spelled otherwise, None if none does."""
    for item, one, two in _moved(readings):
        figures = f"{item.metric} is {brief(one.text)} for the sealed inputs and {brief(two.text)}"
        return f"{figures} for the same numbers with more zeros: it hangs on how they are spelled."
    return None


def led_out(readings: Readings) -> dict[str, Decimal]:
    """Return the numbers that another spelling leads out of what the claim accepts, and how far.

    Whole ones are left out, which may claim to be a checksum, and those that do not repeat.
    """
    found: dict[str, Decimal] = {}
    for item, one, two in _moved(readings):
        far = gap(one, two)
        if far is not None and not (whole(one) and whole(two)) and not repeat_spread(readings).get(item.metric):
            found |= {item.metric: far} if accepts(item, one) and not accepts(item, two) else {}
    return found


def made_of_bytes(readings: Readings) -> str | None:
    """Return a sentence about a number that the ending of a line moves as well, None if there is none."""
    before, after = first_metrics(readings), values_of(own(readings, "recognised", ENDED))
    for name, far in led_out(readings).items():
        near = None if after is None else gap(before[name], after[name])
        if after is not None and near is not None and near >= far * AS_FAR:
            figures = f"{name} is {brief(before[name].text)} for the sealed inputs and {brief(after[name].text)}"
            return f"{figures} where the last line ends otherwise: it is made of the bytes, not of what they say."
    return None


def _moved(readings: Readings) -> list[tuple[Expectation, Measured, Measured]]:
    """Return what zeros behind the decimals move beyond a repetition: what is expected, and its values."""
    before, after = first_metrics(readings), values_of(own(readings, "recognised", SPELLED))
    if after is None:
        return []
    return [
        (item, before[name], after[name])
        for name, item in by_metric(readings.seal.claim).items()
        if differs(before[name], after[name], least_movement(readings, item))
    ]
