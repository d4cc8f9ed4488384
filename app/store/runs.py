"""Claiming, renewing and finishing runs. One conditional UPDATE decides every race."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, bindparam, insert, or_, select, update
from sqlmodel import Session, col

from app.core.lifecycle import VERIFICATION, sources, step
from app.core.model import Purpose, RunOutcome, RunSpec
from app.store import assets as kept_assets
from app.store import events, presence, spending
from app.store.assets import lacking
from app.store.ending import (
    VERIFICATION_COLUMNS,
    KnownVerification,
    change,
    end_run,
    fault_verification,
    lock,
    settle_cancel,
)
from app.store.engine import database_time
from app.store.errors import StaleFence
from app.store.intake import keep_artifacts
from app.store.tables import LogRow, OutcomeRow, RunArtifact, RunRow, Verification
from app.store.taking_turns import add_missing

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from app.core.loglines import LogIndex

PROGRESS_TEXT_MAX = 200

# Built once, for every run executes them. What never changes of a run is read beside its locked verification.
_CLAIMABLE = (
    select(
        *VERIFICATION_COLUMNS,
        col(RunRow.purpose),
        col(RunRow.spec),
        col(RunRow.environment),
        lacking(col(Verification.seal), bindparam("assets", expanding=True)),
    )
    .join(RunRow, col(RunRow.verification_id) == Verification.id)
    .where(col(RunRow.id) == bindparam("run"))
    .with_for_update(of=Verification)
)
_LOST = and_(
    col(RunRow.state) == "running",
    col(RunRow.lease_until) < bindparam("now"),
    col(RunRow.attempts) < bindparam("attempts_max"),
)
_CLAIM = (
    update(RunRow)
    .where(col(RunRow.id) == bindparam("run"), or_(col(RunRow.state) == "queued", _LOST))
    .values(state="running", fence=col(RunRow.fence) + 1, attempts=col(RunRow.attempts) + 1)
    .values(lease_owner=bindparam("owner"), lease_until=bindparam("until"))
    .values(started_at=bindparam("started"), touched_at=bindparam("now"))
    .returning(col(RunRow.fence), col(RunRow.attempts))
)
#: The columns of a `HeldRun`, in its order.
RUNNING = (
    select(
        col(RunRow.id),
        col(RunRow.queue),
        col(RunRow.attempts),
        col(RunRow.fault_code),
        col(RunRow.fault_detail),
    )
    .where(col(RunRow.id) == bindparam("run"), col(RunRow.state) == "running")
    .with_for_update()
)
_HELD = RUNNING.where(col(RunRow.fence) == bindparam("under"))
_ADD_OUTCOME = insert(OutcomeRow)
_ADD_ARTIFACT = insert(RunArtifact)


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
    logs: tuple[tuple[str, LogIndex], ...] = ()  # digest, where its lines begin


@dataclass(frozen=True)
class LogPiece:
    """A piece of what a run wrote, for who watches it."""

    stream: str  # stdout or stderr
    offset: int  # in bytes, of its begin
    text: str


@dataclass(frozen=True)
class HeldRun:
    """A running run whose row is locked."""

    id: str
    queue: str
    attempts: int
    fault_code: str | None  # of an earlier attempt
    fault_detail: str | None


def claim_run(  # noqa: PLR0913 - a run, and who asks for it with what
    session: Session,
    run_id: str,
    owner: str,
    environments: Collection[str],
    terms: Terms,
    assets: Collection[str] = (),
    *,
    gpu: bool = False,
) -> Claimed | LeftToOthers | None:
    """Claim a run that is queued, or whose lease has run out; None when there is nothing to claim."""
    found = session.connection().execute(_CLAIMABLE, {"run": run_id, "assets": list(assets)}).first()
    if found is None:
        return None
    *known, purpose, spec, environment, without = found
    verification = KnownVerification(*known)
    if environment not in environments or without or verification.state not in sources(VERIFICATION, "claimed"):
        return None
    if verification.queue == presence.GPU and not gpu:
        return None
    if settle_cancel(session, verification):
        return None
    if purpose == Purpose.CONFIRM and _belongs_to_others(session, run_id, verification, owner, terms):
        return LeftToOthers(run_id, verification.queue)
    now, started = database_time(session), datetime.now(UTC)
    values = {"owner": owner, "now": now, "until": now + terms.lease_seconds, "started": started}
    claim = {"run": run_id, "attempts_max": terms.attempts_max, **values}
    claimed = session.connection().execute(_CLAIM, claim).first()
    if claimed is None:
        return None
    if verification.state == "queued":
        change(session, verification.id, state=step(VERIFICATION, "queued", "claimed"), started_at=started)
    events.note(session, verification.id, "run", run_id, state="running", attempts=claimed.attempts)
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


def _belongs_to_others(
    session: Session, run_id: str, verification: KnownVerification, owner: str, terms: Terms
) -> bool:
    """Say whether a confirm run is young enough to wait for somebody who has not measured what it is to confirm."""
    young = col(RunRow.touched_at) > database_time(session) - terms.patience_seconds
    query = select(col(RunRow.queue), col(RunRow.environment)).where(col(RunRow.id) == run_id)
    row = session.connection().execute(query.where(col(RunRow.state) == "queued", young)).first()
    if row is None:
        return False
    needed = kept_assets.needed(session, verification.seal)
    able = [
        item
        for item in presence.present(session, terms.presence_seconds)
        if row.queue in item.queues and row.environment in item.environments and needed <= item.assets
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
    query = select(col(Verification.cancel_requested)).join(RunRow, col(RunRow.verification_id) == Verification.id)
    held = (col(RunRow.id) == claimed.run_id, col(RunRow.fence) == claimed.fence, col(RunRow.state) == "running")
    found = session.connection().execute(query.where(*held)).scalar()
    return Renewal(held=found is not None, cancel=bool(found))


def progress(session: Session, claimed: Claimed, fraction: float, text: str) -> None:
    """Note how far a run says it is, if it is still held under its fence."""
    lock(session, claimed.verification_id)
    changed = session.connection().execute(
        update(RunRow)
        .where(col(RunRow.id) == claimed.run_id, col(RunRow.fence) == claimed.fence, col(RunRow.state) == "running")
        .values(progress_fraction=fraction, progress_text=text[:PROGRESS_TEXT_MAX])
    )
    if changed.rowcount == 1:
        told = {"fraction": fraction, "text": text[:PROGRESS_TEXT_MAX]}
        events.note(session, claimed.verification_id, "progress", claimed.run_id, **told)


def said(session: Session, claimed: Claimed, pieces: Sequence[LogPiece]) -> None:
    """Note what a run wrote, if it is still held under its fence."""
    lock(session, claimed.verification_id)
    if look(session, claimed).held:
        for piece in pieces:
            told = {"stream": piece.stream, "offset": piece.offset, "text": piece.text}
            events.note(session, claimed.verification_id, "log", claimed.run_id, **told)


def finish_run(  # noqa: PLR0913 - everything that a run leaves
    session: Session,
    claimed: Claimed,
    *,
    outcome: RunOutcome,
    isolation: Mapping[str, Any],
    derived: Mapping[str, str],
    kept: Kept,
    worker: str,
    samples: Sequence[Sequence[int]] = (),
    gpus: int = 0,
) -> KnownVerification:
    """Store an outcome under the fence and finish the run; returns its verification, which is locked.

    Raises:
        StaleFence: the lease was lost; nothing is stored.

    """
    verification, run = _held(session, claimed)
    own = [item for item in (kept.result, kept.stdout, kept.stderr) if item is not None]
    keep_artifacts(session, dict([*own, *((digest, size) for _, digest, size in kept.artifacts)]))
    row = {
        "run_id": run.id,
        "fence": claimed.fence,
        "kind": outcome.kind.value,
        "document": outcome.model_dump_json(),
        "isolation": json.dumps(isolation),
        "derived": json.dumps(derived),
        "worker": worker,
        "result": kept.result[0] if kept.result else None,
        "stdout": kept.stdout[0] if kept.stdout else None,
        "stderr": kept.stderr[0] if kept.stderr else None,
        "samples": json.dumps(samples) if samples else None,
        "created_at": datetime.now(UTC),
    }
    session.connection().execute(_ADD_OUTCOME, row)
    logs = (
        {"digest": digest, "lines": item.lines, "first_error": item.first_error, "blocks": json.dumps(item.blocks)}
        for digest, item in kept.logs
    )
    add_missing(session, LogRow, logs)
    if kept.artifacts:
        rows = [{"run_id": run.id, "name": name, "artifact": digest} for name, digest, _ in kept.artifacts]
        session.connection().execute(_ADD_ARTIFACT, rows)
    spending.note(session, verification.id, outcome.cpu_ms or 0, (outcome.wall_ms or 0) * gpus)
    told = {"outcome": outcome.kind.value, "exit_code": outcome.exit_code, "wall_ms": outcome.wall_ms}
    end_run(session, verification.id, run.id, "outcome", told)
    return verification


def fail_run(session: Session, claimed: Claimed, code: str, detail: str, attempts_max: int) -> bool:
    """Give a run back after a fault: True when it is queued again, else its verification has ended.

    Raises:
        StaleFence: the lease was lost; whoever has it now decides.

    """
    verification, run = _held(session, claimed)
    return give_back(session, verification, replace(run, fault_code=code, fault_detail=detail), attempts_max)


def give_back(session: Session, verification: KnownVerification, run: HeldRun, attempts_max: int) -> bool:
    """End the attempt of a running run whose verification is locked: True when it is queued again.

    A run without attempts left ends its verification; one whose verification was cancelled ends with it.
    """
    fault: dict[str, Any] = {"fault_code": run.fault_code, "fault_detail": run.fault_detail}
    if verification.cancel_requested:
        end_run(session, verification.id, run.id, "cancel", **fault)
        settle_cancel(session, verification)
        return False
    if run.attempts < attempts_max:
        end_run(session, verification.id, run.id, "lost", touched_at=database_time(session), **fault)
        return True
    code = run.fault_code or "WORKER_LOST"
    end_run(session, verification.id, run.id, "fault", **{**fault, "fault_code": code})
    detail = run.fault_detail or "Every worker that took the run was lost."
    fault_verification(session, verification.id, code, detail)
    return False


def cancel_run(session: Session, claimed: Claimed, cpu_ms: int, gpu_ms: int) -> None:
    """End a run whose verification was cancelled while it ran; what it took until then was taken.

    Raises:
        StaleFence: the lease was lost; the run is somebody else's to end.

    """
    verification, run = _held(session, claimed)
    spending.note(session, verification.id, cpu_ms, gpu_ms)
    end_run(session, verification.id, run.id, "cancel")
    settle_cancel(session, verification)


def _held(session: Session, claimed: Claimed) -> tuple[KnownVerification, HeldRun]:
    """Lock a run and, before it, its verification, and return both if the run is still held under its fence."""
    verification = lock(session, claimed.verification_id)
    held = {"run": claimed.run_id, "under": claimed.fence}
    found = session.connection().execute(_HELD, held).first()
    if verification is None or found is None:
        raise StaleFence(claimed.run_id)
    return verification, HeldRun(*found)
