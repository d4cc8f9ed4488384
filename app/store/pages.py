"""What pages show and no other door asks for: a claim or run with its neighbours, the house; not the feed (`feed`).

Nothing here decides anything. Only what the viewer may know of is there (`app.store.visible`).
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import and_, bindparam, func, or_, select
from sqlmodel import Session, col

from app.store.engine import database_time
from app.store.tables import (
    ClaimRevision,
    ClaimRow,
    Correction,
    GateRow,
    OutcomeRow,
    Record,
    RunRow,
    SealRow,
    Verdict,
    Verification,
    WorkerRow,
)
from app.store.visible import STRANGERS, Visible

COUNTED = 5_000  # what ended in a day is counted so far
LIVE = ("queued", "running", "concluding")
LISTED_MAX = 100


def _number(column: Any, *conditions: Any) -> Any:
    return select(func.count(column)).where(*conditions).correlate(Record).scalar_subquery()


# Their parts are built once: they stand before every reading of a page that is kept rendered.
_CLAIM_VERSION = (
    select(
        _number(Verdict.id, col(Verdict.claim_id) == bindparam("claim")),
        _number(ClaimRevision.id, col(ClaimRevision.claim_id) == bindparam("claim")),
        _number(
            Verification.id,
            col(Verification.claim_revision_id) == col(ClaimRevision.id),
            col(ClaimRevision.claim_id) == bindparam("claim"),
        ),
        _number(
            Verification.id,
            col(Verification.claim_revision_id) == col(ClaimRevision.id),
            col(ClaimRevision.claim_id) == bindparam("claim"),
            col(Verification.state).in_(LIVE),
        ),
        col(Record.updated_at),
    )
    .select_from(ClaimRow)
    .join(Record, col(Record.id) == ClaimRow.record_id, isouter=True)
    .where(col(ClaimRow.id) == bindparam("claim"))
)
_RECORD_VERSION = (
    select(
        col(Record.id),
        col(Record.updated_at),
        col(GateRow.version),
        _number(ClaimRow.id, col(ClaimRow.record_id) == col(Record.id)),
        _number(Correction.id, col(Correction.record_id) == col(Record.id)),
    )
    .join(GateRow, col(GateRow.record_id) == Record.id, isouter=True)
    .where(
        or_(
            and_(col(Record.publisher) == bindparam("publisher"), col(Record.external_id) == bindparam("name")),
            col(Record.id) == bindparam("name"),
        )
    )
)
_SHOWN = (
    select(col(Verification.id))
    .join(ClaimRevision, col(ClaimRevision.id) == Verification.claim_revision_id)
    .join(ClaimRow, col(ClaimRow.id) == ClaimRevision.claim_id)
    .join(Record, col(Record.id) == ClaimRow.record_id, isouter=True)
    .where(col(Verification.id) == bindparam("verification"))
)


@lru_cache(maxsize=256)
def _claim_version(seen: Visible) -> Any:
    return _CLAIM_VERSION.where(seen.claims)


@lru_cache(maxsize=256)
def _record_version(seen: Visible) -> Any:
    return _RECORD_VERSION.where(seen.records)


@lru_cache(maxsize=256)
def _shown(seen: Visible) -> Any:
    return _SHOWN.where(seen.claims)


def claim_version(session: Session, claim_id: str, seen: Visible = STRANGERS) -> tuple[str, ...] | None:
    """Return all that can change on a claim's page; None when the viewer may not know of it."""
    row = session.connection().execute(_claim_version(seen), {"claim": claim_id}).first()
    return None if row is None else tuple(str(value) for value in row)


def record_version(session: Session, publisher: str, name: str, seen: Visible = STRANGERS) -> tuple[str, ...] | None:
    """Return a record's id, and all that can change on its page: facts, gate verdict, claims, corrections.

    None: the viewer may not know of it. The name is the publisher's own, or ours.
    """
    row = session.connection().execute(_record_version(seen), {"publisher": publisher, "name": name}).first()
    return None if row is None else tuple(str(value) for value in row)


def record_of(session: Session, record_id: str) -> dict[str, Any]:
    """Return how a record is called."""
    query = select(col(Record.id), col(Record.title), col(Record.external_id)).where(col(Record.id) == record_id)
    return dict(session.connection().execute(query).mappings().one())


def verifications_of(session: Session, claim_id: str) -> list[dict[str, Any]]:
    """Return the verifications of a claim, newest first."""
    query = (
        select(col(Verification.id), col(Verification.state), col(Verification.created_at), col(ClaimRevision.number))
        .join(ClaimRevision, col(ClaimRevision.id) == Verification.claim_revision_id)
        .where(col(ClaimRevision.claim_id) == claim_id)
        .order_by(col(Verification.created_at).desc(), col(Verification.id).desc())
        .limit(LISTED_MAX)
    )
    return [dict(row) for row in session.connection().execute(query).mappings()]


def shown(session: Session, verification_id: str, seen: Visible = STRANGERS) -> bool:
    """Whether the viewer may know of a verification."""
    return session.connection().execute(_shown(seen), {"verification": verification_id}).first() is not None


def seal_body(session: Session, digest: str) -> bytes:
    """Return the sealed bytes."""
    body: str = (
        session.connection().execute(select(col(SealRow.body)).where(col(SealRow.digest) == digest)).scalar_one()
    )
    return body.encode()


def seal(session: Session, digest: str) -> dict[str, Any]:
    """Return what was sealed."""
    found: dict[str, Any] = json.loads(seal_body(session, digest))
    return found


def run(session: Session, run_id: str, seen: Visible = STRANGERS) -> dict[str, Any] | None:
    """Return a run with its outcome; None when the viewer may not know of it."""
    query = (
        select(
            RunRow,
            col(OutcomeRow.document).label("outcome"),
            *(getattr(OutcomeRow, name) for name in ("isolation", "derived", "worker", "result", "stdout", "stderr")),
            col(Verification.seal).label("seal"),
            col(ClaimRow.id).label("claim_id"),
            col(ClaimRow.name).label("claim"),
        )
        .join(Verification, col(Verification.id) == RunRow.verification_id)
        .join(ClaimRevision, col(ClaimRevision.id) == Verification.claim_revision_id)
        .join(ClaimRow, col(ClaimRow.id) == ClaimRevision.claim_id)
        .join(Record, col(Record.id) == ClaimRow.record_id, isouter=True)
        .join(OutcomeRow, col(OutcomeRow.run_id) == RunRow.id, isouter=True)
        .where(col(RunRow.id) == run_id, seen.claims)
    )
    row = session.connection().execute(query).mappings().first()
    if row is None:
        return None
    hidden = {"lease_owner", "lease_until", "nudge_at", "touched_at", "spec"}
    found = {name: value for name, value in row.items() if name not in hidden}
    for name in ("outcome", "isolation", "derived"):
        found[name] = None if found[name] is None else json.loads(found[name])
    return found | {"derivation": json.loads(row["spec"]).get("derivation")}


# --- the house -------------------------------------------------------------------------------------------------------


def house(session: Session, period_seconds: float, stuck_seconds: float, seen: Visible = STRANGERS) -> dict[str, Any]:
    """Return queues, workers, runs that need a look, and what ended lately."""
    now = database_time(session)
    return {
        "queues": _queues(session),
        "workers": _workers(session, now, period_seconds),
        "stuck": _stuck(session, now, stuck_seconds, seen),
        "ended": _ended(session),
        "counted_over": COUNTED,
    }


def _queues(session: Session) -> list[dict[str, Any]]:
    waiting = (
        select(col(RunRow.queue), func.count(), func.min(col(RunRow.created_at)))
        .where(col(RunRow.state) == "queued")
        .group_by(col(RunRow.queue))
    )
    running = select(col(RunRow.queue), func.count()).where(col(RunRow.state) == "running").group_by(col(RunRow.queue))
    judging = select(func.count(), func.min(col(Verification.created_at))).where(
        col(Verification.state) == "concluding"
    )
    connection = session.connection()
    depth = {row[0]: (row[1], row[2]) for row in connection.execute(waiting)}
    busy: dict[str, int] = {row[0]: row[1] for row in connection.execute(running)}
    found = [
        {
            "queue": name,
            "queued": depth.get(name, (0, None))[0],
            "oldest_seconds": _age(depth.get(name, (0, None))[1]),
            "running": busy.get(name, 0),
        }
        for name in sorted({"cpu", *depth, *busy})
    ]
    number, oldest = connection.execute(judging).one()
    return [*found, {"queue": "judge", "queued": number, "oldest_seconds": _age(oldest), "running": 0}]


def _workers(session: Session, now: float, period_seconds: float) -> list[dict[str, Any]]:
    rows = session.connection().execute(select(WorkerRow).order_by(col(WorkerRow.name))).mappings()
    return [
        {
            "name": row["name"],
            "host": row["host"],
            "queues": json.loads(row["queues"]),
            "environments": json.loads(row["environments"]),
            "started_at": row["started_at"],
            "seen_seconds": round(max(0.0, now - row["seen_at"]), 1),
            "present": now - row["seen_at"] <= 3 * period_seconds,
        }
        for row in rows
    ]


def _stuck(session: Session, now: float, stuck_seconds: float, seen: Visible) -> list[dict[str, Any]]:
    """Return runs whose lease ran out, and runs that wait for longer than a nudge should take."""
    query = (
        select(
            *(col(item) for item in (RunRow.id, RunRow.state, RunRow.queue)),
            col(RunRow.attempts),
            col(RunRow.touched_at),
            seen.claims.label("shown"),
        )
        .join(Verification, col(Verification.id) == RunRow.verification_id)
        .join(ClaimRevision, col(ClaimRevision.id) == Verification.claim_revision_id)
        .join(ClaimRow, col(ClaimRow.id) == ClaimRevision.claim_id)
        .join(Record, col(Record.id) == ClaimRow.record_id, isouter=True)
        .where(
            or_(
                and_(col(RunRow.state) == "running", col(RunRow.lease_until) < now),
                and_(col(RunRow.state) == "queued", col(RunRow.touched_at) < now - stuck_seconds),
            )
        )
        .order_by(col(RunRow.touched_at))
        .limit(LISTED_MAX)
    )
    return [
        {
            "run": row.id if row.shown else None,  # of a closed claim even its run's name is nobody's business
            "state": row.state,
            "queue": row.queue,
            "attempts": row.attempts,
            "seconds": round(max(0.0, now - row.touched_at), 1),
        }
        for row in session.connection().execute(query)
    ]


def _ended(session: Session) -> dict[str, int]:
    """Return how many verifications of the last day ended how, at most COUNTED of each: what is asked is whether any did."""
    day = datetime.now(UTC) - timedelta(days=1)
    found = {}
    for state in ("concluded", "cancelled", "faulted"):
        newest = (
            select(col(Verification.id))
            .where(col(Verification.state) == state, col(Verification.created_at) >= day)
            .limit(COUNTED)
            .subquery()
        )
        found[state] = int(session.connection().execute(select(func.count()).select_from(newest)).scalar_one())
    return found


def _age(created_at: datetime | str | None) -> float | None:
    if created_at is None:
        return None
    at = datetime.fromisoformat(created_at) if isinstance(created_at, str) else created_at
    at = at.replace(tzinfo=UTC) if at.tzinfo is None else at
    return round(max(0.0, (datetime.now(UTC) - at).total_seconds()), 1)
