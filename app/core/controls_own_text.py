"""The replication attacker on programs that read an answer from their own text: in comments, in the lengths of lines.

Comments and layout say nothing to Python. A program without them computes the same; what it gives otherwise, or that it ends
without a result, shows that it read them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.core.attacks import PLAIN
from app.core.controls_movement import (
    differs,
    ending,
    first_metrics,
    noise,
    not_made,
    own,
    repeat_spread,
    values_of,
)
from app.core.members import by_metric
from app.core.model import OutcomeKind
from app.core.phrases import brief

if TYPE_CHECKING:
    from app.core.readings import Readings


def from_its_own_text(readings: Readings) -> str | None:
    """Return what a program without comments and layout did otherwise, None where it did the same or was not run."""
    run = own(readings, "hardcoded", PLAIN)
    if run is None or not_made(run) is not None:
        return None
    outcome, after = run.run.outcome, values_of(run)
    said = "Without the script's comments and layout, which say nothing to Python,"
    if after is None:
        ended = outcome.kind is OutcomeKind.EXITED
        return f"{said} the run {ending(run)}: it reads its own text." if ended else None
    before, spread = first_metrics(readings), repeat_spread(readings)
    for item in by_metric(readings.seal.claim).values():
        one, two = before[item.metric], after[item.metric]
        if not spread.get(item.metric) and differs(one, two, noise(readings, item)):
            return f"{said} {item.metric} goes from {brief(one.text)} to {brief(two.text)}: it is read from them."
    return None
