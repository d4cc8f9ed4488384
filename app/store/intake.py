"""Writing what came in: records, claims, revisions, seals and the first runs of a verification."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, func, insert, select, update
from sqlmodel import Session, col

from app.core.budgets import BudgetUsed, Need, judge
from app.core.caller import NO_BUDGETS, Account, Budgets
from app.core.lifecycle import VERIFICATION, step
from app.core.webhook import Event
from app.store import assets, ending, events, outbox, spending
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

#: What a publisher may say about a record: in columns of their own, and in the column `told`.
RECORD_FACTS = ("title", "doi", "abstract", "question", "claims_total", "visibility", "claims_public", "superseded_by")
TOLD = (
    "review_score",
    "dimensions",
    "artifacts",
    "review_method",
    "provenance_note",
    "source_list_public",
    "math",
    "benchmarks",
)

# Built once, for every submission executes them.
_ENVIRONMENTS = select(col(EnvironmentRow.name), col(EnvironmentRow.digest)).order_by(col(EnvironmentRow.created_at))
_STANDING = (
    select(col(Verification.id), col(Verification.queue))
    .where(col(Verification.publisher) == bindparam("publisher"), col(Verification.seal) == bindparam("seal"))
    .where(col(Verification.state).not_in(("faulted", "cancelled")))
    .order_by(col(Verification.created_at).desc(), col(Verification.id).desc())
    .limit(1)
)
_CLAIM = select(col(ClaimRow.id)).where(
    col(ClaimRow.publisher) == bindparam("publisher"),
    col(ClaimRow.record_key) == bindparam("record"),
    col(ClaimRow.name) == bindparam("name"),
)
_OF_CLAIM = col(ClaimRevision.claim_id) == bindparam("claim")
_REVISION = select(col(ClaimRevision.id)).where(_OF_CLAIM, col(ClaimRevision.digest) == bindparam("digest"))
_NEWEST = select(func.max(col(ClaimRevision.number))).where(_OF_CLAIM)
_ADD_CLAIM, _ADD_REVISION = insert(ClaimRow), insert(ClaimRevision)
_ADD_VERIFICATION, _ADD_RUN = insert(Verification), insert(RunRow)


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
    need: Need  # what it may take at most
    account: Account | None = None  # whose budgets it counts against
    assets: frozenset[str] = frozenset()  # digests


@dataclass(frozen=True)
class Submitted:
    """The verification of a submission, and the runs to nudge."""

    verification_id: str
    run_ids: tuple[str, ...]
    queue: str
    created: bool  # False: the same seal is known, this is its verification
    revised: str | None = None  # the claim of which this made a further revision


@dataclass(frozen=True)
class Upserted:
    """A record that was created or changed, and what its publisher said before and says now."""

    id: str
    new: bool
    before: Mapping[str, Any]
    after: Mapping[str, Any]


def put_environment(session: Session, name: str, digest: str, detail: Mapping[str, Any]) -> None:
    """Make an environment known; a known one becomes the newest of its name."""
    now = datetime.now(UTC)
    row = {"name": name, "digest": digest, "detail": json.dumps(detail), "created_at": now}
    add_missing(session, EnvironmentRow, (row,))
    session.get_one(EnvironmentRow, (name, digest)).created_at = now


def environments(session: Session) -> dict[str, str]:
    """Return the newest digest of every environment, by name."""
    return {row.name: row.digest for row in session.connection().execute(_ENVIRONMENTS)}


def environment_detail(session: Session, name: str, digest: str) -> str:
    """Return what an environment says of itself, as JSON."""
    return session.get_one(EnvironmentRow, (name, digest)).detail


def upsert_record(session: Session, publisher: str, external_id: str, facts: Mapping[str, Any]) -> Upserted:
    """Create a record or change what its publisher says about it; facts of None withdraw what was said.

    Raises:
        ValueError: a record has no such fact.

    """
    take_turns(session, "record", publisher, external_id)
    row = _record(session, publisher, external_id)
    now = datetime.now(UTC)
    new = row is None
    if row is None:
        row = Record(id=new_id("rec"), publisher=publisher, external_id=external_id, created_at=now, updated_at=now)
        session.add(row)
    before = said(row)
    told = {name: before[name] for name in TOLD}
    for name, value in facts.items():
        if name in TOLD:
            told[name] = value
        elif name in RECORD_FACTS:
            setattr(row, name, value)
        else:
            raise ValueError(f"a record has no {name!r}")
    row.told = json.dumps({name: value for name, value in told.items() if value is not None})
    row.updated_at = now
    session.flush()
    return Upserted(row.id, new, before, said(row))


def lock_record(session: Session, publisher: str, external_id: str) -> None:
    """Wait until nobody else changes a publisher's record of a name; held until the transaction ends."""
    take_turns(session, "record", publisher, external_id)


def lock_claim(session: Session, claim_id: str) -> None:
    """Wait until nobody else changes a claim; held until the transaction ends."""
    session.connection().execute(select(col(ClaimRow.id)).where(col(ClaimRow.id) == claim_id).with_for_update())


def set_visibility(session: Session, claim_id: str, visibility: str) -> None:
    """Say who may know of a claim without a record."""
    changed = update(ClaimRow).where(col(ClaimRow.id) == claim_id, col(ClaimRow.record_id).is_(None))
    session.connection().execute(changed.values(visibility=visibility))


def said(row: Record) -> dict[str, Any]:
    """Return everything that a publisher said about a record; None for what was not said."""
    told = json.loads(row.told or "{}")
    return {name: getattr(row, name) for name in RECORD_FACTS} | {name: told.get(name) for name in TOLD}


def submit(session: Session, submission: Submission, *, force: bool) -> Submitted:
    """Write a submission, or return the verification of the same publisher and seal that stands.

    A verification that faulted or was cancelled says nothing, so it does not count as known. What is known costs nothing.

    Raises:
        BudgetUsed: it does not fit into the budgets of its account; the transaction must not go on.

    """
    take_turns(session, "claim", submission.publisher, submission.claim_name)
    known = None if force else _standing(session, submission.publisher, submission.seal_digest)
    if known is not None:
        return known
    _afford(session, submission.account, submission.need)
    now = datetime.now(UTC)
    keep_artifacts(session, submission.artifacts)
    seal = {"digest": submission.seal_digest, "body": submission.seal_body, "created_at": now}
    add_missing(session, SealRow, (seal,))
    needs = ({"seal": submission.seal_digest, "artifact": digest} for digest in submission.artifacts)
    add_missing(session, SealArtifact, needs)
    assets.need(session, submission.seal_digest, submission.assets)
    revision_id, revised = _revision(session, submission, now)
    job = {
        "seal": submission.seal_digest,
        "claim_revision_id": revision_id,
        "publisher": submission.publisher,
        "queue": submission.queue,
        "runs_planned": submission.planned,
        "created_at": now,
        **_counted(submission.account, submission.need),
    }
    begun = begin(session, job, submission.specs, submission.environment)
    outbox.of_verification(session, begun.verification_id, submission.publisher, Event.RECEIVED)
    return replace(begun, revised=revised)


def again(
    session: Session, verification_id: str, specs: Sequence[RunSpec], environment: str, account: Account | None = None
) -> Submitted:
    """Write a new verification of a faulted one's seal, or return the one that was begun after it and stands.

    It counts against the account of who asks for it; where the service begins it itself, against that of the faulted one,
    and whether that can afford it is not asked: the failure was not its doing.

    Raises:
        BudgetUsed: as `submit`.

    """
    old = session.get_one(Verification, verification_id)
    take_turns(session, "retry", old.publisher, old.seal)
    known = _standing(session, old.publisher, old.seal, after=old.created_at)
    if known is not None:
        return known
    wanted = Need(len(specs), old.cpu_ms_reserved, old.gpu_ms_reserved)
    _afford(session, account, wanted)
    of_it = {"runs_planned": old.runs_planned, "retry_of": old.id, **_counted(account, wanted, old.account)}
    return begin_after(session, old, of_it, specs, environment)


def begin_after(
    session: Session, old: Verification, job: Mapping[str, Any], specs: Sequence[RunSpec] = (), environment: str = ""
) -> Submitted:
    """Write a verification of the claim of an earlier one, by the same queue, under its seal unless `job` names another.

    It counts against the account of the earlier one, and holds nothing of its budgets, unless `job` says so.
    """
    like_it = {name: getattr(old, name) for name in ("seal", "claim_revision_id", "publisher", "queue", "account")}
    fresh = {"runs_planned": 0, "cpu_ms_reserved": 0, "gpu_ms_reserved": 0, "created_at": datetime.now(UTC)}
    return begin(session, {**like_it, **fresh, **job}, specs, environment)


def _afford(session: Session, account: Account | None, wanted: Need) -> None:
    """Judge the budgets of an account; of two submissions at once the second one sees the first."""
    if account is None or account.budgets in (NO_BUDGETS, Budgets(account.budgets.requests_per_minute)):
        return
    take_turns(session, "account", account.id)
    used = spending.usage(session, [account.id])[account.id]
    try:
        judge(account.budgets, used, wanted)
    except BudgetUsed:
        judge(account.budgets, replace(used, taken=spending.taken(session, account.id)), wanted)
        raise


def _counted(account: Account | None, wanted: Need, otherwise: str | None = None) -> dict[str, Any]:
    counts = otherwise if account is None else account.id
    return {"account": counts, "cpu_ms_reserved": wanted.cpu_ms, "gpu_ms_reserved": wanted.gpu_ms}


def keep_artifacts(session: Session, sizes: Mapping[str, int]) -> None:
    """Make blobs known (digest -> bytes), so that rows may refer to them."""
    now = datetime.now(UTC)
    add_missing(
        session, Artifact, ({"digest": digest, "size": size, "created_at": now} for digest, size in sizes.items())
    )


def begin(session: Session, job: Mapping[str, Any], specs: Sequence[RunSpec], environment: str) -> Submitted:
    """Write a verification and its first runs; one that needs none is at once a judge's."""
    verification_id, queue, now = new_id("ver"), job["queue"], database_time(session)
    fresh = {"id": verification_id, "state": "queued", "cancel_requested": False, "touched_at": now}
    session.connection().execute(_ADD_VERIFICATION, {**fresh, **job})
    events.note(session, verification_id, "state", state="queued")
    if not specs:
        ending.change(session, verification_id, state=step(VERIFICATION, "queued", "all_in"))
        return Submitted(verification_id, (), queue, created=True)
    run_ids = add_runs(session, verification_id, queue, specs, environment, now)
    return Submitted(verification_id, run_ids, queue, created=True)


def add_runs(  # noqa: PLR0913 - what runs of one plan share
    session: Session, verification_id: str, queue: str, specs: Sequence[RunSpec], environment: str, touched: float
) -> tuple[str, ...]:
    """Write queued runs of a verification; returns their ids."""
    now = datetime.now(UTC)
    rows = [
        {
            "id": new_id("run"),
            "verification_id": verification_id,
            "key": spec.key,
            "purpose": spec.purpose.value,
            "seed": spec.seed,
            "spec": spec.model_dump_json(),
            "environment": environment,
            "queue": queue,
            "state": "queued",
            "attempts": 0,
            "created_at": now,
            "touched_at": touched,
            "nudge_at": 0.0,
        }
        for spec in specs
    ]
    session.connection().execute(_ADD_RUN, rows)
    for row in rows:
        told = {name: row[name] for name in ("state", "key", "purpose", "seed")}
        events.note(session, verification_id, "run", str(row["id"]), **told)
    return tuple(str(row["id"]) for row in rows)


def _standing(session: Session, publisher: str, seal: str, *, after: datetime | None = None) -> Submitted | None:
    """Return the newest verification of a publisher's seal that neither faulted nor was cancelled."""
    query = _STANDING if after is None else _STANDING.where(col(Verification.created_at) > after)
    found = session.connection().execute(query, {"publisher": publisher, "seal": seal}).first()
    return None if found is None else Submitted(found.id, (), found.queue, created=False)


def _record(session: Session, publisher: str, external_id: str) -> Record | None:
    query = select(Record).where(col(Record.publisher) == publisher, col(Record.external_id) == external_id)
    return session.scalars(query).first()


def _revision(session: Session, submission: Submission, now: datetime) -> tuple[str, str | None]:
    """Find or write record, claim and revision; returns the revision's id, and the claim's when this is a further one."""
    record_id = _record_of(session, submission)
    connection = session.connection()
    name = {"publisher": submission.publisher, "record": record_id or "", "name": submission.claim_name}
    claim_id: str | None = connection.execute(_CLAIM, name).scalar()
    if claim_id is None:
        claim_id = new_id("clm")
        claim = {
            "id": claim_id,
            "record_id": record_id,
            "record_key": record_id or "",
            "publisher": submission.publisher,
            "name": submission.claim_name,
            "created_at": now,
        }
        connection.execute(_ADD_CLAIM, claim)
    same = {"claim": claim_id, "digest": submission.claim_digest}
    revision_id: str | None = connection.execute(_REVISION, same).scalar()
    revised = None
    if revision_id is None:
        revision_id = new_id("rev")
        newest: int | None = connection.execute(_NEWEST, {"claim": claim_id}).scalar()
        revised = None if newest is None else claim_id
        revision = {
            "id": revision_id,
            "claim_id": claim_id,
            "number": (newest or 0) + 1,
            "digest": submission.claim_digest,
            "document": submission.claim_document,
            "created_at": now,
        }
        connection.execute(_ADD_REVISION, revision)
    return revision_id, revised


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
    return upsert_record(session, submission.publisher, external_id, facts).id
