"""What the page of the house shows: queues, workers with what they do, runs that need a look, and what ended lately."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import and_, func, or_, select
from sqlmodel import Session, col

from app.store.engine import database_time
from app.store.tables import (
    ClaimRevision,
    ClaimRow,
    EnvironmentRow,
    ListingRow,
    OutcomeRow,
    Record,
    RunRow,
    Verdict,
    Verification,
    WorkerRow,
)
from app.store.visible import STRANGERS, Visible

COUNTED = 2_000  # what ended in a day is counted so far
LISTED_MAX = 100


def house(session: Session, period_seconds: float, stuck_seconds: float, seen: Visible = STRANGERS) -> dict[str, Any]:
    """Return queues, workers, runs that need a look, and what ended lately."""
    now = database_time(session)
    return {
        "queues": _queues(session),
        "workers": _workers(session, now, period_seconds, seen),
        "stuck": _stuck(session, now, stuck_seconds, seen),
        "ended": _ended(session),
        "outcomes": _outcomes(session, seen),
        "environments": _environments(session),
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


def _workers(session: Session, now: float, period_seconds: float, seen: Visible) -> list[dict[str, Any]]:
    rows = session.connection().execute(select(WorkerRow).order_by(col(WorkerRow.name))).mappings().all()
    busy = _running(session, seen)
    return [
        {
            "running": busy.get(row["name"], []),
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


def _running(session: Session, seen: Visible) -> dict[str, list[dict[str, Any]]]:
    """Return worker -> what it is running; None for the name of a run that the viewer may not know of."""
    query = (
        select(
            *(col(item) for item in (RunRow.id, RunRow.lease_owner, RunRow.started_at)),
            col(ClaimRow.name).label("claim"),
            seen.claims.label("shown"),
        )
        .join(Verification, col(Verification.id) == RunRow.verification_id)
        .join(ClaimRevision, col(ClaimRevision.id) == Verification.claim_revision_id)
        .join(ClaimRow, col(ClaimRow.id) == ClaimRevision.claim_id)
        .join(Record, col(Record.id) == ClaimRow.record_id, isouter=True)
        .where(col(RunRow.state) == "running")
        .order_by(col(RunRow.touched_at))
        .limit(LISTED_MAX)
    )
    found: dict[str, list[dict[str, Any]]] = {}
    for row in session.connection().execute(query):
        told = {"run": row.id, "claim": row.claim} if row.shown else {"run": None, "claim": None}
        found.setdefault(row.lease_owner, []).append({**told, "seconds": _age(row.started_at)})
    return found


def _environments(session: Session) -> dict[str, str]:
    """Return digest -> name of every environment that was ever built."""
    query = select(col(EnvironmentRow.digest), col(EnvironmentRow.name))
    return {row[0]: row[1] for row in session.connection().execute(query)}


def _outcomes(session: Session, seen: Visible) -> dict[str, dict[str, int]]:
    """Return how many runs and verdicts of the last day ended how, of the COUNTED newest that the viewer may know of."""
    day = datetime.now(UTC) - timedelta(days=1)
    runs: Any = (
        select(col(OutcomeRow.kind).label("how"))
        .join(RunRow, col(RunRow.id) == OutcomeRow.run_id)
        .join(Verification, col(Verification.id) == RunRow.verification_id)
        .join(ClaimRevision, col(ClaimRevision.id) == Verification.claim_revision_id)
        .join(ClaimRow, col(ClaimRow.id) == ClaimRevision.claim_id)
        .join(Record, col(Record.id) == ClaimRow.record_id, isouter=True)
        .where(col(RunRow.state) == "done", col(RunRow.touched_at) >= day.timestamp(), seen.claims)
        .order_by(col(RunRow.touched_at).desc())
    )
    verdicts: Any = (
        select(col(Verdict.status).label("how"))
        .join(ListingRow, col(ListingRow.verdict_id) == Verdict.id)
        .where(col(Verdict.evaluated_at) >= day)
        .order_by(col(Verdict.evaluated_at).desc(), col(Verdict.id).desc())
    )
    if seen.audiences is not None:
        verdicts = verdicts.where(col(ListingRow.audience).in_(seen.audiences))
    found: dict[str, dict[str, int]] = {}
    for name, asked in (("runs", runs), ("verdicts", verdicts)):
        newest = asked.limit(COUNTED).subquery()
        query = select(newest.c.how, func.count()).group_by(newest.c.how).order_by(func.count().desc(), newest.c.how)
        found[name] = {row[0]: row[1] for row in session.connection().execute(query)}
    return found


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
