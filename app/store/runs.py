"""Claiming, renewing and finishing runs. One conditional UPDATE decides every race."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, or_, update
from sqlmodel import Session, col, select

from app.core.lifecycle import VERIFICATION, sources, step
from app.core.model import Purpose, RunOutcome, RunSpec
from app.store import presence
from app.store.ending import end_run, fault_verification, lock, settle_cancel
from app.store.engine import database_time
from app.store.errors import StaleFence
from app.store.intake import keep_artifacts
from app.store.tables import OutcomeRow, RunArtifact, RunRow, Verification

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
class LeftToOthers:
    """A run that could be claimed and that another worker should have first."""

    run_id: str
    queue: str


@dataclass(frozen=True)
class Terms:
    """On which terms runs are claimed."""

    lease_seconds: float
    attempts_max: int
    patience_seconds: float  # for so long a confirm run is left to workers that did not measure
    presence_seconds: float  # how often workers say that they are there


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
    session: Session, run_id: str, owner: str, environments: Collection[str], terms: Terms
) -> Claimed | LeftToOthers | None:
    """Claim a run that is queued, or whose lease has run out; None when there is nothing to claim."""
    never_change = (RunRow.purpose, RunRow.spec, RunRow.environment)
    query = select(Verification, *never_change).join(RunRow).where(RunRow.id == run_id)
    found = session.exec(query.with_for_update(of=Verification)).first()
    if found is None:
        return None
    verification, purpose, spec, environment = found
    if environment not in environments or verification.state not in sources(VERIFICATION, "claimed"):
        return None
    if settle_cancel(session, verification):
        return None
    if purpose == Purpose.CONFIRM and _belongs_to_others(session, run_id, verification, owner, terms):
        return LeftToOthers(run_id, verification.queue)
    now = database_time(session)
    lost = and_(
        col(RunRow.state) == "running", col(RunRow.lease_until) < now, col(RunRow.attempts) < terms.attempts_max
    )
    claim = (
        update(RunRow)
        .where(col(RunRow.id) == run_id, or_(col(RunRow.state) == "queued", lost))
        .values(
            state="running",
            fence=RunRow.fence + 1,
            attempts=RunRow.attempts + 1,
            lease_owner=owner,
            lease_until=now + terms.lease_seconds,
            started_at=datetime.now(UTC),
            touched_at=now,
        )
        .returning(col(RunRow.fence), col(RunRow.attempts))
    )
    claimed = session.connection().execute(claim).first()
    if claimed is None:
        return None
    if verification.state == "queued":
        verification.started_at = datetime.now(UTC)
    verification.state = step(VERIFICATION, verification.state, "claimed")
    return Claimed(
        run_id=run_id,
        verification_id=verification.id,
        seal=verification.seal,
        spec=RunSpec.model_validate_json(spec),
        environment=environment,
        queue=verification.queue,
        fence=claimed.fence,
        attempts=claimed.attempts,
    )


def _belongs_to_others(session: Session, run_id: str, verification: Verification, owner: str, terms: Terms) -> bool:
    """Say whether a confirm run is young enough to wait for somebody who has not measured what it is to confirm."""
    young = col(RunRow.touched_at) > database_time(session) - terms.patience_seconds
    row = session.exec(select(RunRow).where(RunRow.id == run_id, RunRow.state == "queued", young)).first()
    if row is None:
        return False
    able = [
        item
        for item in presence.present(session, terms.presence_seconds)
        if row.queue in item.queues and row.environment in item.environments
    ]
    return presence.better_placed(owner, able, presence.measured_by(session, verification.id))


def renew(session: Session, claimed: Claimed, lease_seconds: float) -> Renewal:
    """Renew a lease if it is still held under its fence."""
    now = database_time(session)
    changed = session.connection().execute(
        update(RunRow)
        .where(col(RunRow.id) == claimed.run_id, col(RunRow.fence) == claimed.fence, col(RunRow.state) == "running")
        .values(lease_until=now + lease_seconds, touched_at=now)
    )
    return Renewal(held=False, cancel=False) if changed.rowcount != 1 else look(session, claimed)


def look(session: Session, claimed: Claimed) -> Renewal:
    """Say whether a lease is still held and whether its run should end, without writing anything."""
    query = select(Verification.cancel_requested).join(RunRow)
    held = query.where(RunRow.id == claimed.run_id, RunRow.fence == claimed.fence, RunRow.state == "running")
    found = session.exec(held).first()
    return Renewal(held=found is not None, cancel=bool(found))


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
) -> Verification:
    """Store an outcome under the fence and finish the run; returns its verification, which is locked.

    Raises:
        StaleFence: the lease was lost; nothing is stored.

    """
    row = _held(session, claimed)
    own = [item for item in (kept.result, kept.stdout, kept.stderr) if item is not None]
    keep_artifacts(session, dict([*own, *((digest, size) for _, digest, size in kept.artifacts)]))
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
            created_at=datetime.now(UTC),
        )
    )
    session.flush()
    session.add_all(RunArtifact(run_id=row.id, name=name, artifact=digest) for name, digest, _ in kept.artifacts)
    end_run(row, "outcome")
    session.flush()
    return session.get_one(Verification, claimed.verification_id)


def fail_run(session: Session, claimed: Claimed, code: str, detail: str, attempts_max: int) -> bool:
    """Give a run back after a fault: True when it is queued again, else its verification has ended.

    Raises:
        StaleFence: the lease was lost; whoever has it now decides.

    """
    row = _held(session, claimed)
    row.fault_code, row.fault_detail = code, detail
    return give_back(session, row, attempts_max)


def give_back(session: Session, row: RunRow, attempts_max: int) -> bool:
    """End the attempt of a running run whose verification is locked: True when it is queued again.

    A run without attempts left ends its verification; one whose verification was cancelled ends with it.
    """
    verification = session.get_one(Verification, row.verification_id)
    if verification.cancel_requested:
        end_run(row, "cancel")
        session.flush()
        settle_cancel(session, verification)
        return False
    if row.attempts < attempts_max:
        end_run(row, "lost")
        row.touched_at = database_time(session)
        session.flush()
        return True
    end_run(row, "fault")
    row.fault_code = row.fault_code or "WORKER_LOST"
    session.flush()
    detail = row.fault_detail or "Every worker that took the run was lost."
    fault_verification(session, row.verification_id, row.fault_code, detail)
    return False


def cancel_run(session: Session, claimed: Claimed) -> None:
    """End a run whose verification was cancelled while it ran.

    Raises:
        StaleFence: the lease was lost; the run is somebody else's to end.

    """
    row = _held(session, claimed)
    end_run(row, "cancel")
    session.flush()
    settle_cancel(session, session.get_one(Verification, row.verification_id))


def _held(session: Session, claimed: Claimed) -> RunRow:
    """Lock the verification and its run, and return the run if it is still held under its fence."""
    lock(session, claimed.verification_id)
    query = select(RunRow).where(RunRow.id == claimed.run_id).with_for_update()
    row = session.exec(query.execution_options(populate_existing=True)).one()
    if row.state != "running" or row.fence != claimed.fence:
        raise StaleFence(claimed.run_id)
    return row
