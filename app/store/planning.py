"""A verification and its runs, as planning and judging need them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import update
from sqlmodel import Session, col, select

from app.core.errors import Fault
from app.core.lifecycle import RUN, VERIFICATION, sources, step
from app.core.model import RunOutcome, RunSpec
from app.store.engine import database_time
from app.store.intake import add_runs as insert_runs
from app.store.tables import Artifact, OutcomeRow, RunArtifact, RunRow, SealRow, Verification

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True)
class Outcome:
    """A run's stored outcome."""

    outcome: RunOutcome
    isolation: dict[str, Any]
    derived: dict[str, str]
    worker: str
    result: str | None  # digests
    stdout: str | None
    stderr: str | None
    artifacts: dict[str, str]  # name -> digest


@dataclass(frozen=True)
class KnownRun:
    """A run of a verification, with its outcome once it is done."""

    id: str
    state: str
    spec: RunSpec
    environment: str
    outcome: Outcome | None


@dataclass(frozen=True)
class KnownVerification:
    """A verification as it stands."""

    id: str
    seal: str
    claim_revision_id: str
    publisher: str
    state: str
    revision: int
    queue: str


def verification(session: Session, verification_id: str, *, lock: bool = False) -> KnownVerification | None:
    """Return a verification; `lock` keeps others from planning it until the transaction ends."""
    row = _row(session, verification_id, lock=lock)
    if row is None:
        return None
    return KnownVerification(row.id, row.seal, row.claim_revision_id, row.publisher, row.state, row.revision, row.queue)


def seal_body(session: Session, digest: str) -> bytes:
    """Return stored sealed bytes, unchecked.

    Raises:
        Fault: there are none.

    """
    row = session.get(SealRow, digest)
    if row is None:
        raise Fault("seal-missing", f"the seal {digest} is not stored", "restore the database from a backup")
    return row.body.encode()


def runs_of(session: Session, verification_id: str) -> list[KnownRun]:
    """Return all runs of a verification, oldest first."""
    query = (
        select(RunRow, OutcomeRow)
        .join(OutcomeRow, isouter=True)
        .where(RunRow.verification_id == verification_id)
        .order_by(col(RunRow.id))
    )
    rows = session.exec(query.execution_options(populate_existing=True)).all()
    return [
        KnownRun(
            run.id,
            run.state,
            RunSpec.model_validate_json(run.spec),
            run.environment,
            _outcome(session, outcome),
        )
        for run, outcome in rows
    ]


def add_runs(session: Session, verification_id: str, specs: Sequence[RunSpec], environment: str) -> tuple[str, ...]:
    """Insert further runs of a locked verification and count the plan; returns their ids."""
    row = _row(session, verification_id)
    if row is None or not specs:
        return ()
    row.revision += 1
    row.touched_at = database_time(session)
    return insert_runs(session, row, specs, environment)


def begin_conclusion(session: Session, verification_id: str) -> None:
    """Say that everything is measured; a judge takes over."""
    row = _row(session, verification_id)
    if row is not None:
        row.state = step(VERIFICATION, row.state, "all_in")
        row.revision += 1
        row.touched_at = database_time(session)
        session.flush()


def fault_verification(session: Session, verification_id: str, code: str, detail: str) -> None:
    """End a verification by a fault of ours, with all of its runs; no verdict is written."""
    row = _row(session, verification_id, lock=True)
    if row is None or row.state not in sources(VERIFICATION, "fault"):
        return
    row.state = step(VERIFICATION, row.state, "fault")
    row.reason_code, row.blame, row.detail = code, "service", detail
    row.ended_at = datetime.now(UTC)
    _end_runs(session, verification_id, "fault", ("queued", "running"))
    session.flush()


def request_cancel(session: Session, verification_id: str) -> bool:
    """Cancel what has not started and ask what runs to end; False when there is no such verification."""
    row = _row(session, verification_id, lock=True)
    if row is None:
        return False
    if row.state not in sources(VERIFICATION, "cancel"):
        return True
    row.cancel_requested = True
    _end_runs(session, verification_id, "cancel", ("queued",))
    session.flush()
    settle_cancel(session, verification_id)
    return True


def settle_cancel(session: Session, verification_id: str) -> None:
    """Finish a cancellation once nothing of the verification runs any more."""
    row = _row(session, verification_id, lock=True)
    if row is None or not row.cancel_requested or row.state not in sources(VERIFICATION, "cancel"):
        return
    running = session.exec(
        select(RunRow.id).where(RunRow.verification_id == verification_id, RunRow.state == "running")
    ).first()
    if running is None:
        row.state = step(VERIFICATION, row.state, "cancel")
        row.reason_code = "CANCELLED"
        row.ended_at = datetime.now(UTC)
        session.flush()


def _end_runs(session: Session, verification_id: str, event: str, states: tuple[str, ...]) -> None:
    for state in states:
        session.connection().execute(
            update(RunRow)
            .where(col(RunRow.verification_id) == verification_id, col(RunRow.state) == state)
            .values(state=step(RUN, state, event), lease_owner=None, lease_until=None, ended_at=datetime.now(UTC))
        )


def _row(session: Session, verification_id: str, *, lock: bool = False) -> Verification | None:
    query = select(Verification).where(Verification.id == verification_id)
    if lock:
        query = query.with_for_update()
    return session.exec(query.execution_options(populate_existing=True)).first()


def _outcome(session: Session, row: OutcomeRow | None) -> Outcome | None:
    if row is None:  # an outer join gives None for a run without an outcome
        return None
    artifacts = session.exec(select(RunArtifact).where(RunArtifact.run_id == row.run_id)).all()
    return Outcome(
        outcome=RunOutcome.model_validate_json(row.document),
        isolation=json.loads(row.isolation),
        derived=json.loads(row.derived),
        worker=row.worker,
        result=row.result,
        stdout=row.stdout,
        stderr=row.stderr,
        artifacts={item.name: item.artifact for item in artifacts},
    )


def artifact_size(session: Session, digest: str) -> int | None:
    """Return the size of a known blob in bytes."""
    row = session.get(Artifact, digest)
    return None if row is None else row.size
