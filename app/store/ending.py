"""How a verification ends without a verdict: by a fault of ours or by cancellation, with all of its runs."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sqlalchemy import update
from sqlmodel import Session, col, select

from app.core.lifecycle import RUN, VERIFICATION, sources, step
from app.store.tables import RunRow, Verification

if TYPE_CHECKING:
    from collections.abc import Iterable


def lock(session: Session, verification_id: str) -> Verification | None:
    """Lock a verification's row, before any of its runs, and return it as it is now."""
    query = select(Verification).where(Verification.id == verification_id).with_for_update()
    return session.exec(query.execution_options(populate_existing=True)).first()


def lock_of_run(session: Session, run_id: str) -> Verification | None:
    """Lock the row of the verification that a run belongs to, and return it as it is now."""
    verification_id = session.exec(select(RunRow.verification_id).where(RunRow.id == run_id)).first()
    return None if verification_id is None else lock(session, verification_id)


def fault_verification(session: Session, verification_id: str, code: str, detail: str) -> bool:
    """End a verification by a fault of ours, with all of its runs; False when it has ended already."""
    row = lock(session, verification_id)
    if row is None or row.state not in sources(VERIFICATION, "fault"):
        return False
    row.state = step(VERIFICATION, row.state, "fault")
    row.reason_code, row.blame, row.detail = code, "service", detail
    row.ended_at = datetime.now(UTC)
    _end_runs(session, verification_id, "fault", sources(RUN, "fault"))
    session.flush()
    return True


def request_cancel(session: Session, verification_id: str) -> bool:
    """Cancel what has not started and ask what runs to end; False when there is no such verification."""
    row = lock(session, verification_id)
    if row is None:
        return False
    if row.state in sources(VERIFICATION, "cancel"):
        row.cancel_requested = True
        settle_cancel(session, row)
    return True


def settle_cancel(session: Session, row: Verification) -> bool:
    """Finish a cancellation of a locked verification unless something of it still runs; says whether one was asked for."""
    if not row.cancel_requested or row.state not in sources(VERIFICATION, "cancel"):
        return False
    _end_runs(session, row.id, "cancel", ("queued",))
    session.flush()
    running = select(RunRow.id).where(RunRow.verification_id == row.id, RunRow.state == "running")
    if session.exec(running).first() is None:
        row.state = step(VERIFICATION, row.state, "cancel")
        row.reason_code = "CANCELLED"
        row.ended_at = datetime.now(UTC)
        session.flush()
    return True


def end_run(row: RunRow, event: str) -> None:
    """Take a run out of its lease by an event that ends it, or gives it back to the queue."""
    row.state = step(RUN, row.state, event)
    row.lease_owner = row.lease_until = None
    if row.state != "queued":
        row.ended_at = datetime.now(UTC)


def _end_runs(session: Session, verification_id: str, event: str, states: Iterable[str]) -> None:
    for state in states:
        session.connection().execute(
            update(RunRow)
            .where(col(RunRow.verification_id) == verification_id, col(RunRow.state) == state)
            .values(state=step(RUN, state, event), lease_owner=None, lease_until=None, ended_at=datetime.now(UTC))
        )
