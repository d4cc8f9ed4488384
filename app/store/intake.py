"""Writing what came in: records, claims, revisions, seals and the first runs of a verification."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import func
from sqlmodel import Session, col, select

from app.store.engine import database_time
from app.store.ids import new_id
from app.store.tables import (
    Artifact,
    ClaimRevision,
    ClaimRow,
    EnvironmentRow,
    Record,
    RunRow,
    SealArtifact,
    SealRow,
    Verification,
)
from app.store.taking_turns import add_missing, take_turns

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from app.core.model import RecordRef, RunSpec

#: What a publisher may say about a record.
RECORD_FACTS = ("title", "doi", "abstract", "question", "claims_total", "visibility")


@dataclass(frozen=True)
class Submission:
    """Everything that a submission writes."""

    publisher: str
    record: RecordRef | None
    claim_name: str
    claim_digest: str
    claim_document: str  # canonical JSON
    seal_digest: str
    seal_body: str
    artifacts: Mapping[str, int]  # digest -> bytes
    specs: Sequence[RunSpec]
    planned: int
    environment: str  # digest
    queue: str


@dataclass(frozen=True)
class Submitted:
    """The verification of a submission, and the runs to nudge."""

    verification_id: str
    run_ids: tuple[str, ...]
    queue: str
    created: bool  # False: the same seal is known, this is its verification


def put_environment(session: Session, name: str, digest: str, detail: Mapping[str, Any]) -> None:
    """Make an environment known; a known one becomes the newest of its name."""
    now = datetime.now(UTC)
    row = {"name": name, "digest": digest, "detail": json.dumps(detail), "created_at": now}
    add_missing(session, EnvironmentRow, (row,))
    session.get_one(EnvironmentRow, (name, digest)).created_at = now


def environments(session: Session) -> dict[str, str]:
    """Return the newest digest of every environment, by name."""
    rows = session.exec(select(EnvironmentRow).order_by(col(EnvironmentRow.created_at))).all()
    return {row.name: row.digest for row in rows}


def upsert_record(session: Session, publisher: str, external_id: str, facts: Mapping[str, Any]) -> tuple[str, bool]:
    """Create a record or change what its publisher says about it; returns its id and whether it is new."""
    take_turns(session, "record", publisher, external_id)
    row = _record(session, publisher, external_id)
    now = datetime.now(UTC)
    new = row is None
    if row is None:
        row = Record(id=new_id("rec"), publisher=publisher, external_id=external_id, created_at=now, updated_at=now)
        session.add(row)
    for name, value in facts.items():
        if name not in RECORD_FACTS:
            raise ValueError(f"a record has no {name!r}")
        setattr(row, name, value)
    row.updated_at = now
    session.flush()
    return row.id, new


def submit(session: Session, submission: Submission, *, force: bool) -> Submitted:
    """Write a submission, or return the verification of the same publisher and seal that stands.

    A verification that faulted or was cancelled says nothing, so it does not count as known.
    """
    take_turns(session, "claim", submission.publisher, submission.claim_name)
    known = None if force else standing(session, submission.publisher, submission.seal_digest)
    if known is not None:
        return Submitted(known.id, (), known.queue, created=False)
    now = datetime.now(UTC)
    keep_artifacts(session, submission.artifacts)
    seal = {"digest": submission.seal_digest, "body": submission.seal_body, "created_at": now}
    add_missing(session, SealRow, (seal,))
    needs = ({"seal": submission.seal_digest, "artifact": digest} for digest in submission.artifacts)
    add_missing(session, SealArtifact, needs)
    row = Verification(
        id=new_id("ver"),
        seal=submission.seal_digest,
        claim_revision_id=_revision(session, submission, now).id,
        publisher=submission.publisher,
        queue=submission.queue,
        runs_planned=submission.planned,
        created_at=now,
        touched_at=database_time(session),
    )
    return _begin(session, row, submission.specs, submission.environment)


def again(session: Session, verification_id: str, specs: Sequence[RunSpec], environment: str) -> Submitted:
    """Write a new verification of a faulted one's seal, or return the one that was begun after it and stands."""
    old = session.get_one(Verification, verification_id)
    take_turns(session, "retry", old.publisher, old.seal)
    known = standing(session, old.publisher, old.seal, after=old.created_at)
    if known is not None:
        return Submitted(known.id, (), known.queue, created=False)
    row = Verification(
        id=new_id("ver"),
        seal=old.seal,
        claim_revision_id=old.claim_revision_id,
        publisher=old.publisher,
        queue=old.queue,
        runs_planned=old.runs_planned,
        retry_of=old.id,
        created_at=datetime.now(UTC),
        touched_at=database_time(session),
    )
    return _begin(session, row, specs, environment)


def keep_artifacts(session: Session, sizes: Mapping[str, int]) -> None:
    """Make blobs known (digest -> bytes), so that rows may refer to them."""
    now = datetime.now(UTC)
    add_missing(
        session, Artifact, ({"digest": digest, "size": size, "created_at": now} for digest, size in sizes.items())
    )


def _begin(session: Session, row: Verification, specs: Sequence[RunSpec], environment: str) -> Submitted:
    session.add(row)
    session.flush()
    return Submitted(row.id, add_runs(session, row, specs, environment), row.queue, created=True)


def add_runs(
    session: Session, verification: Verification, specs: Sequence[RunSpec], environment: str
) -> tuple[str, ...]:
    """Write queued runs of a verification; returns their ids."""
    now, touched = datetime.now(UTC), database_time(session)
    rows = [
        RunRow(
            id=new_id("run"),
            verification_id=verification.id,
            key=spec.key,
            purpose=spec.purpose.value,
            seed=spec.seed,
            spec=spec.model_dump_json(),
            environment=environment,
            queue=verification.queue,
            created_at=now,
            touched_at=touched,
        )
        for spec in specs
    ]
    session.add_all(rows)
    session.flush()
    return tuple(row.id for row in rows)


def standing(session: Session, publisher: str, seal: str, *, after: datetime | None = None) -> Verification | None:
    """Return the newest verification of a publisher's seal that neither faulted nor was cancelled."""
    query = (
        select(Verification)
        .where(Verification.publisher == publisher, Verification.seal == seal)
        .where(col(Verification.state).not_in(("faulted", "cancelled")))
        .order_by(col(Verification.created_at).desc(), col(Verification.id).desc())
        .limit(1)
    )
    return session.exec(query if after is None else query.where(col(Verification.created_at) > after)).first()


def _record(session: Session, publisher: str, external_id: str) -> Record | None:
    return session.exec(select(Record).where(Record.publisher == publisher, Record.external_id == external_id)).first()


def _revision(session: Session, submission: Submission, now: datetime) -> ClaimRevision:
    """Find or write record, claim and revision."""
    record_id = _record_of(session, submission)
    query = select(ClaimRow).where(
        ClaimRow.publisher == submission.publisher,
        ClaimRow.record_key == (record_id or ""),
        ClaimRow.name == submission.claim_name,
    )
    claim = session.exec(query).first()
    if claim is None:
        claim = ClaimRow(
            id=new_id("clm"),
            record_id=record_id,
            record_key=record_id or "",
            publisher=submission.publisher,
            name=submission.claim_name,
            created_at=now,
        )
        session.add(claim)
        session.flush()
    same = select(ClaimRevision).where(
        ClaimRevision.claim_id == claim.id, ClaimRevision.digest == submission.claim_digest
    )
    found = session.exec(same).first()
    if found is None:
        newest = session.exec(select(func.max(ClaimRevision.number)).where(ClaimRevision.claim_id == claim.id)).one()
        found = ClaimRevision(
            id=new_id("rev"),
            claim_id=claim.id,
            number=(newest or 0) + 1,
            digest=submission.claim_digest,
            document=submission.claim_document,
            created_at=now,
        )
        session.add(found)
        session.flush()
    return found


def _record_of(session: Session, submission: Submission) -> str | None:
    """Return the record that a claim names, created with the little that the claim says when it is new."""
    reference = submission.record
    if reference is None:
        return None
    external_id = reference.id or reference.doi or reference.title or ""
    take_turns(session, "record", submission.publisher, external_id)
    row = _record(session, submission.publisher, external_id)
    if row is not None:
        return row.id
    facts = {"title": reference.title, "doi": reference.doi}
    return upsert_record(session, submission.publisher, external_id, facts)[0]
