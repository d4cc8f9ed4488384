"""Claiming, renewing and finishing runs. One conditional UPDATE decides every race."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, or_, update
from sqlmodel import Session, col, select

from app.core.lifecycle import RUN, sources, step
from app.core.model import RunOutcome, RunSpec
from app.store.engine import database_time
from app.store.errors import StaleFence
from app.store.tables import Artifact, OutcomeRow, RunArtifact, RunRow, Verification

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

PROGRESS_TEXT_MAX = 200


@dataclass(frozen=True)
class Claimed:
    """A run that this worker holds under a lease."""

    run_id: str
    verification_id: str
    seal: str
    spec: RunSpec
    environment: str
    queue: str
    fence: int
    attempts: int


@dataclass(frozen=True)
class Renewal:
    """Whether a lease is still held, and whether the run should end."""

    held: bool
    cancel: bool


@dataclass(frozen=True)
class Kept:
    """Where a run's bytes were stored: (digest, size) each."""

    result: tuple[str, int] | None
    stdout: tuple[str, int] | None
    stderr: tuple[str, int] | None
    artifacts: tuple[tuple[str, str, int], ...] = ()  # name, digest, size


def claim_run(
    session: Session, run_id: str, owner: str, lease_seconds: float, environments: Collection[str]
) -> Claimed | None:
    """Claim a run that is queued, or whose lease has run out; None when there is nothing to claim."""
    now = database_time(session)
    free = or_(
        col(RunRow.state) == "queued",
        and_(col(RunRow.state) == "running", col(RunRow.lease_until) < now),
    )
    changed = session.connection().execute(
        update(RunRow)
        .where(col(RunRow.id) == run_id, free, col(RunRow.environment).in_(sorted(environments)))
        .values(
            state="running",
            fence=RunRow.fence + 1,
            attempts=RunRow.attempts + 1,
            lease_owner=owner,
            lease_until=now + lease_seconds,
            started_at=datetime.now(UTC),
            touched_at=now,
        )
    )
    if changed.rowcount != 1:
        return None
    row = session.exec(select(RunRow).where(RunRow.id == run_id)).one()
    verification = session.exec(select(Verification).where(Verification.id == row.verification_id)).one()
    if verification.cancel_requested:
        _end(row, "cancelled")
        return None
    if verification.state == "queued":
        verification.state = "running"
        verification.started_at = datetime.now(UTC)
    return Claimed(
        run_id=row.id,
        verification_id=row.verification_id,
        seal=verification.seal,
        spec=RunSpec.model_validate_json(row.spec),
        environment=row.environment,
        queue=row.queue,
        fence=row.fence,
        attempts=row.attempts,
    )


def renew(session: Session, run_id: str, fence: int, lease_seconds: float) -> Renewal:
    """Renew a lease if it is still held under this fence."""
    now = database_time(session)
    changed = session.connection().execute(
        update(RunRow)
        .where(col(RunRow.id) == run_id, col(RunRow.fence) == fence, col(RunRow.state) == "running")
        .values(lease_until=now + lease_seconds, touched_at=now)
    )
    if changed.rowcount != 1:
        return Renewal(held=False, cancel=False)
    query = select(Verification.cancel_requested).join(RunRow).where(RunRow.id == run_id)
    return Renewal(held=True, cancel=bool(session.exec(query).one()))


def progress(session: Session, run_id: str, fence: int, fraction: float, text: str) -> None:
    """Note how far a run says it is."""
    session.connection().execute(
        update(RunRow)
        .where(col(RunRow.id) == run_id, col(RunRow.fence) == fence, col(RunRow.state) == "running")
        .values(progress_fraction=fraction, progress_text=text[:PROGRESS_TEXT_MAX])
    )


def finish_run(  # noqa: PLR0913 - everything that a run leaves
    session: Session,
    claimed: Claimed,
    *,
    outcome: RunOutcome,
    isolation: Mapping[str, Any],
    derived: Mapping[str, str],
    kept: Kept,
    worker: str,
) -> None:
    """Store an outcome under the fence and finish the run.

    Raises:
        StaleFence: the lease was lost; nothing is stored.

    """
    row = _held(session, claimed)
    now = datetime.now(UTC)
    own = [item for item in (kept.result, kept.stdout, kept.stderr) if item is not None]
    sizes = dict([*own, *((digest, size) for _, digest, size in kept.artifacts)])
    for digest, size in sizes.items():
        if session.get(Artifact, digest) is None:
            session.add(Artifact(digest=digest, size=size, created_at=now))
    session.flush()
    session.add(
        OutcomeRow(
            run_id=row.id,
            fence=claimed.fence,
            kind=outcome.kind.value,
            document=outcome.model_dump_json(),
            isolation=json.dumps(isolation),
            derived=json.dumps(derived),
            worker=worker,
            result=kept.result[0] if kept.result else None,
            stdout=kept.stdout[0] if kept.stdout else None,
            stderr=kept.stderr[0] if kept.stderr else None,
            created_at=now,
        )
    )
    session.flush()
    session.add_all(RunArtifact(run_id=row.id, name=name, artifact=digest) for name, digest, _ in kept.artifacts)
    row.state = step(RUN, row.state, "outcome")
    row.lease_owner = row.lease_until = None
    row.ended_at = now
    session.flush()


def fail_run(session: Session, claimed: Claimed, code: str, detail: str, attempts_max: int) -> bool:
    """Give a run back after a fault: True when it is queued again, False when its attempts are used up."""
    try:
        row = _held(session, claimed)
    except StaleFence:
        return True  # somebody else has it; nothing to do here
    row.fault_code, row.fault_detail = code, detail
    if row.attempts < attempts_max:
        row.state = step(RUN, row.state, "lost")
        row.lease_owner = row.lease_until = None
        row.touched_at = database_time(session)
        session.flush()
        return True
    _end(row, "faulted")
    session.flush()
    return False


def cancel_run(session: Session, claimed: Claimed) -> None:
    """End a run whose verification was cancelled while it ran."""
    try:
        row = _held(session, claimed)
    except StaleFence:
        return
    _end(row, "cancelled")
    session.flush()


def _held(session: Session, claimed: Claimed) -> RunRow:
    query = select(RunRow).where(RunRow.id == claimed.run_id).with_for_update()
    row = session.exec(query.execution_options(populate_existing=True)).one()
    if row.state != "running" or row.fence != claimed.fence:
        raise StaleFence(claimed.run_id)
    return row


def _end(row: RunRow, state: str) -> None:
    event = {"cancelled": "cancel", "faulted": "fault"}[state]
    if row.state in sources(RUN, event):
        row.state = step(RUN, row.state, event)
        row.lease_owner = row.lease_until = None
        row.ended_at = datetime.now(UTC)
