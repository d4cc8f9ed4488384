"""The runs of a proof, which follow from the seal and from what the finished ones report.

prove     `prove-challenge` and `prove-solution`, side by side: each compiles one file and exports what came of it
replay    `replay-0`: a fresh process gives every declaration of the solution to the kernel; only if both prove runs exported
confirm   `confirm-0`: the same again, only if the kernel rejected a declaration of a proof that would otherwise be accepted,
          or accepted a proof of the statement's negation

Of a statement that nobody approved the challenge alone is compiled: more runs would not change the verdict. For a checker
that may decide nothing, nothing is run, so that this can be said of a proof whose environment is gone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.core.proof import Replayed
from app.core.proof_readings import (
    CONFIRM,
    PROVE,
    REPLAY,
    barred,
    disagreement,
    proof_of,
    refutes,
    replayed,
    shortcoming,
    unproved,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from app.core.model import Run, RunSpec, Seal


def proof_specs(seal: Seal) -> tuple[RunSpec, ...]:
    """Return every run that can belong to a proof's seal."""
    if proof_of(seal)[1].refused is not None:
        return ()
    return PROVE[:1] if barred(seal) is not None else (*PROVE, REPLAY, CONFIRM)


def proof_steps(seal: Seal, runs: Sequence[Run]) -> tuple[RunSpec, ...]:
    """Return the runs that must be finished next, without those that are; none: it is time to conclude."""
    by_key = {run.spec.key: run for run in runs}
    for stage in _stages(seal, by_key):
        missing = tuple(spec for spec in stage if spec.key not in by_key)
        if missing:
            return missing
    return ()


def _stages(seal: Seal, by_key: dict[str, Run]) -> Iterator[tuple[RunSpec, ...]]:
    """Yield the stages of a proof; each is asked for when the runs of all earlier ones are there."""
    if barred(seal) is not None:
        yield proof_specs(seal)
        return
    yield PROVE
    if unproved(seal, by_key) is not None:
        return
    yield (REPLAY,)
    found = replayed(seal, by_key[REPLAY.key])
    if not isinstance(found, Replayed) or (found.rejected is None and not refutes(found)):
        return
    if shortcoming(seal, found) is None and disagreement(found) is None:
        yield (CONFIRM,)
