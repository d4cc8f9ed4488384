"""What comes next for a verification, written down under its lock; and the nudges that follow from it.

The plan needs the results of finished runs, which are blobs. They are read before the transaction, so that nobody waits
for a file while the database is locked; what a sibling finished in between is read inside, which is rare.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from app.core import plan
from app.core.errors import Fault
from app.core.model import Run
from app.core.seal import read_seal, seal_digest
from app.queue import CPU_QUEUE
from app.store import ending, outbox, planning

if TYPE_CHECKING:
    from sqlmodel import Session

    from app.actions.parts import Parts
    from app.core.model import RunSpec, Seal
    from app.store.blobs import Blobs
    from app.store.ending import KnownVerification
    from app.store.intake import Submitted
    from app.store.planning import KnownRun


@dataclass(frozen=True)
class Nudges:
    """Who is to be nudged after the commit."""

    runs: tuple[str, ...] = ()
    queue: str = CPU_QUEUE
    judge: str | None = None


@dataclass
class Results:
    """Results of runs by digest, each read and hashed once."""

    blobs: Blobs
    known: dict[str, bytes] = field(default_factory=dict)

    def read(self, digest: str) -> bytes:
        """Return a result; raises as `Blobs.read`."""
        if digest not in self.known:
            self.known[digest] = self.blobs.read(digest)
        return self.known[digest]

    def prefetch(self, parts: Parts, verification_id: str) -> None:
        """Read what a verification has so far."""
        with parts.store.read() as session:
            found = planning.results_of(session, verification_id)
        for digest in found:
            self.read(digest)


def sealed(parts: Parts, seal: str) -> Seal:
    """Return a stored seal after hashing it again.

    Raises:
        Fault: the stored bytes are not the sealed ones.

    """
    with parts.store.read() as session:
        body = planning.seal_body(session, seal)
    if seal_digest(body) != seal:
        raise Fault(
            code="seal-broken",
            detail="the stored seal no longer matches its digest",
            remedy="restore the database from a backup",
            reason_code="INTERNAL_ERROR",
        )
    return read_seal(body)


def first_runs(seal: Seal) -> tuple[RunSpec, ...]:
    """Return the runs with which a seal begins; none of a seal that bars every verdict, which a judge says at once."""
    first = plan.next_step(seal, ())
    return () if isinstance(first, plan.Conclude) else first


def plan_next(session: Session, row: KnownVerification, seal: Seal, results: Results) -> Nudges:
    """Ask the plan what comes next for a verification and write it down.

    Its row was locked before its runs are read here: two workers that finish the last two runs at once would otherwise
    each miss the other, and nobody would conclude.
    """
    if ending.settle_cancel(session, row) or row.state != "running":
        return Nudges()
    known = planning.runs_of(session, row.id)
    step = plan.next_step(seal, [core_run(results, item) for item in known if item.state == "done"])
    if isinstance(step, plan.Conclude):
        if any(item.state in {"queued", "running"} for item in known):
            return Nudges()  # a run that no longer matters is still going; the last one to finish concludes
        planning.begin_conclusion(session, row)
        return Nudges(judge=row.id)
    have = {item.spec.key for item in known}
    fresh = [spec for spec in step if spec.key not in have]
    ids = planning.add_runs(session, row, fresh, seal.environment.digest)
    return Nudges(runs=ids, queue=row.queue)


def core_run(results: Results, row: KnownRun) -> Run:
    """Return a finished run as the core judges it; its result is read back by hash."""
    if row.outcome is None:
        raise Fault(
            code="outcome-missing",
            detail=f"run {row.id} is done and has no outcome",
            remedy="restore the database from a backup",
            reason_code="INTERNAL_ERROR",
        )
    result = results.read(row.outcome.result) if row.outcome.result else None
    return Run(
        spec=row.spec,
        outcome=row.outcome.outcome,
        result=None if result is None else result.decode("utf-8", "surrogateescape"),
        worker=row.outcome.worker,
        isolation=row.outcome.isolation,
    )


def send(parts: Parts, nudges: Nudges) -> None:
    """Nudge who is to be nudged; what cannot be sent the sweeper repeats."""
    nudge_runs(parts, nudges.runs, nudges.queue)
    if nudges.judge is not None:
        parts.queue.nudge_judge(nudges.judge)


def deliver_soon(parts: Parts, session: Session) -> None:
    """Nudge who delivers when a transaction, committed by now, wrote events; what cannot be sent the sweeper repeats."""
    if outbox.told(session):
        parts.queue.nudge_deliver()


def nudge_begun(parts: Parts, begun: Submitted) -> None:
    """Nudge workers about the first runs of a new verification; a judge, where it has none."""
    if begun.run_ids:
        nudge_runs(parts, begun.run_ids, begun.queue)
    else:
        parts.queue.nudge_judge(begun.verification_id)


def nudge_runs(parts: Parts, run_ids: tuple[str, ...], queue: str) -> None:
    """Nudge workers about runs of one queue, in an order drawn anew.

    Whatever a run can tell of earlier ones on its host, it cannot count from it which of its stage it is; so the order is
    never drawn from the seal, which its author knows.
    """
    for run_id in secrets.SystemRandom().sample(run_ids, len(run_ids)):
        if not parts.queue.nudge_run(run_id, queue):
            return  # the broker is away; the sweeper will send the rest too
