"""What the sweeper looks for: rows that somebody should have moved and did not. Running it twice does no harm."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sqlalchemy import update
from sqlmodel import Session, col, exists, select

from app.store.engine import database_time
from app.store.planning import fault_verification, settle_cancel
from app.store.tables import Artifact, RunRow, Verification

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet


@dataclass(frozen=True)
class Swept:
    """Who is to be nudged, planned or judged again."""

    runs: tuple[tuple[str, str], ...]  # run id, queue
    concluding: tuple[str, ...]  # verification ids
    unplanned: tuple[tuple[str, str], ...]  # verification id, seal


def sweep(session: Session, stale_seconds: float, attempts_max: int) -> Swept:
    """Requeue or fault expired leases, and return everything that waits for a nudge."""
    now = database_time(session)
    expired = session.exec(
        select(RunRow).where(RunRow.state == "running", col(RunRow.lease_until) < now).with_for_update(skip_locked=True)
    ).all()
    lost: list[tuple[str, str]] = []
    for row in expired:
        row.lease_owner = row.lease_until = None
        if row.attempts < attempts_max:
            row.state, row.touched_at = "queued", now
            lost.append((row.id, row.queue))
        else:
            row.state, row.ended_at = "faulted", datetime.now(UTC)
            row.fault_code = row.fault_code or "WORKER_LOST"
        session.flush()
        if row.state == "faulted":
            detail = row.fault_detail or "every worker that took the run was lost"
            fault_verification(session, row.verification_id, row.fault_code or "WORKER_LOST", detail)
        else:
            settle_cancel(session, row.verification_id)
    before = now - stale_seconds
    return Swept(
        runs=(*lost, *_stale_runs(session, now, before)),
        concluding=_concluding(session, now, before),
        unplanned=_unplanned(session),
    )


def _stale_runs(session: Session, now: float, before: float) -> tuple[tuple[str, str], ...]:
    """Return queued runs that nobody has touched for a while, and count them as touched."""
    query = select(RunRow.id, RunRow.queue).where(RunRow.state == "queued", RunRow.touched_at < before).limit(1000)
    rows = [(run_id, queue) for run_id, queue in session.exec(query)]
    if rows:
        ids = [run_id for run_id, _ in rows]
        session.connection().execute(update(RunRow).where(col(RunRow.id).in_(ids)).values(touched_at=now))
    return tuple(rows)


def _concluding(session: Session, now: float, before: float) -> tuple[str, ...]:
    query = select(Verification.id).where(Verification.state == "concluding", Verification.touched_at < before)
    ids = list(session.exec(query.limit(1000)))
    if ids:
        session.connection().execute(update(Verification).where(col(Verification.id).in_(ids)).values(touched_at=now))
    return tuple(ids)


def _unplanned(session: Session) -> tuple[tuple[str, str], ...]:
    """Return running verifications of which no run is queued or running: somebody died before planning."""
    live = exists().where(
        col(RunRow.verification_id) == col(Verification.id), col(RunRow.state).in_(("queued", "running"))
    )
    query = select(Verification.id, Verification.seal).where(
        Verification.state == "running", col(Verification.cancel_requested).is_(False), ~live
    )
    return tuple((verification_id, seal) for verification_id, seal in session.exec(query.limit(1000)))


def referenced_artifacts(session: Session) -> AbstractSet[str]:
    """Return every digest that rows refer to; blobs outside of it are orphans."""
    return set(session.exec(select(Artifact.digest)))
