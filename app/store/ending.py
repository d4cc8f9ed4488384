"""How a verification ends without a verdict: by a fault of ours or by cancellation, with all of its runs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, select, update
from sqlmodel import Session, col

from app.core.lifecycle import RUN, VERIFICATION, final, sources, step
from app.store import events, outbox
from app.store.tables import RunRow, Verification

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping


@dataclass(frozen=True)
class KnownVerification:
    """A verification as it stands, or stood when its row was locked."""

    id: str
    seal: str
    claim_revision_id: str
    publisher: str
    state: str
    revision: int
    queue: str
    cancel_requested: bool


#: The columns of a `KnownVerification`, in its order.
VERIFICATION_COLUMNS: tuple[Any, ...] = (
    Verification.id,
    Verification.seal,
    Verification.claim_revision_id,
    Verification.publisher,
    Verification.state,
    Verification.revision,
    Verification.queue,
    Verification.cancel_requested,
)
# Statements that every run or verdict executes are built once; building one costs more than executing it.
_KNOWN = select(*VERIFICATION_COLUMNS).where(col(Verification.id) == bindparam("verification"))
_LOCKED = _KNOWN.with_for_update()
_OF_RUN = select(col(RunRow.verification_id)).where(col(RunRow.id) == bindparam("run"))
_CHANGE = update(Verification).where(col(Verification.id) == bindparam("verification"))
_CHANGE_RUN = update(RunRow).where(col(RunRow.id) == bindparam("run"))


def find(session: Session, verification_id: str) -> KnownVerification | None:
    """Return a verification as it stands."""
    row = session.connection().execute(_KNOWN, {"verification": verification_id}).first()
    return None if row is None else KnownVerification(*row)


def lock(session: Session, verification_id: str) -> KnownVerification | None:
    """Lock a verification's row, before any of its runs, and return it as it is now."""
    row = session.connection().execute(_LOCKED, {"verification": verification_id}).first()
    return None if row is None else KnownVerification(*row)


def lock_of_run(session: Session, run_id: str) -> KnownVerification | None:
    """Lock the row of the verification that a run belongs to, and return it as it is now."""
    verification_id = session.connection().execute(_OF_RUN, {"run": run_id}).scalar()
    return None if verification_id is None else lock(session, verification_id)


def change(session: Session, verification_id: str, **values: Any) -> None:
    """Write columns of a locked verification; a change of its state is told as an event, its end as another."""
    state = values.get("state")
    if state is not None:
        told = {name: values[name] for name in ("reason_code", "detail") if name in values}
        events.note(session, verification_id, "state", state=state, **told)
        if state in final(VERIFICATION):
            events.note(session, verification_id, "end", state=state)
    session.connection().execute(_CHANGE, {"verification": verification_id, **values})


def fault_verification(session: Session, verification_id: str, code: str, detail: str) -> bool:
    """End a verification by a fault of ours, with all of its runs; False when it has ended already."""
    row = lock(session, verification_id)
    if row is None or row.state not in sources(VERIFICATION, "fault"):
        return False
    _end_runs(session, verification_id, "fault", sources(RUN, "fault"))
    change(
        session,
        row.id,
        state=step(VERIFICATION, row.state, "fault"),
        reason_code=code,
        blame="service",
        detail=detail,
        ended_at=datetime.now(UTC),
    )
    outbox.finished(session, row.id, row.publisher, "faulted", reason_code=code)
    return True


def request_cancel(session: Session, verification_id: str, owned: Callable[[str], bool]) -> bool:
    """Cancel what has not started and ask what runs to end; False when there is none whose publisher `owned` accepts."""
    row = lock(session, verification_id)
    if row is None or not owned(row.publisher):
        return False
    if row.state in sources(VERIFICATION, "cancel"):
        change(session, row.id, cancel_requested=True)
        settle_cancel(session, replace(row, cancel_requested=True))
    return True


def settle_cancel(session: Session, row: KnownVerification) -> bool:
    """Finish a cancellation of a locked verification unless something of it still runs; says whether one was asked for."""
    if not row.cancel_requested or row.state not in sources(VERIFICATION, "cancel"):
        return False
    _end_runs(session, row.id, "cancel", ("queued",))
    running = select(col(RunRow.id)).where(col(RunRow.verification_id) == row.id, col(RunRow.state) == "running")
    if session.connection().execute(running).first() is None:
        state = step(VERIFICATION, row.state, "cancel")
        change(session, row.id, state=state, reason_code="CANCELLED", ended_at=datetime.now(UTC))
        outbox.finished(session, row.id, row.publisher, state, reason_code="CANCELLED")
    return True


def end_run(
    session: Session,
    verification_id: str,
    run_id: str,
    event: str,
    told: Mapping[str, Any] | None = None,
    **values: Any,
) -> None:
    """Take a running run out of its lease by an event that ends it, or gives it back to the queue.

    Args:
        session: in which the verification's row is locked.
        verification_id: whose run it is.
        run_id: the run.
        event: of the table `app.core.lifecycle.RUN`.
        told: what streams tell beside the new state.
        values: further columns.

    """
    state = step(RUN, "running", event)
    events.note(session, verification_id, "run", run_id, state=state, **(told or {}))
    if state != "queued":
        values["ended_at"] = datetime.now(UTC)
    change = {"run": run_id, "state": state, "lease_owner": None, "lease_until": None, **values}
    session.connection().execute(_CHANGE_RUN, change)


def _end_runs(session: Session, verification_id: str, event: str, states: Iterable[str]) -> None:
    for state in states:
        after = step(RUN, state, event)
        ended = session.connection().execute(
            update(RunRow)
            .where(col(RunRow.verification_id) == verification_id, col(RunRow.state) == state)
            .values(state=after, lease_owner=None, lease_until=None, ended_at=datetime.now(UTC))
            .returning(col(RunRow.id))
        )
        for run_id in ended.scalars():
            events.note(session, verification_id, "run", run_id, state=after)
