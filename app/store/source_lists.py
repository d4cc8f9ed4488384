"""What sources delivered and what commits were told, as lists, and what of it needs a person.

Of what a commit was told the row holds the state that its forge was to show. That it did not hear of it says `error`: that
nobody could be told is no state of a forge.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, func, or_, select
from sqlmodel import Session, col

from app.store import hook_claims
from app.store.engine import database_time, seconds_since
from app.store.hook_reports import OPEN
from app.store.hook_tables import DeliveryRow
from app.store.source_tables import LISTED_MAX, HookRow, ReportRow, SourceRow
from app.store.tables import Verdict, Verification

if TYPE_CHECKING:
    from sqlalchemy import Select

DELIVERY_STATES = ("queued", "done", "failed")
LATELY_SECONDS = 604_800.0  # for so long a failure is news, and its payload is kept
_DELIVERY = (
    *("id", "source_id", "delivery", "event", "state", "attempts", "detail"),
    *("due_at", "held_until", "received_at", "ended_at"),
)
_REPORT = (
    *("id", "source_id", "sha", "context", "folder", "refusal", "verification_id"),
    *("told", "said", "told_at", "error", "created_at"),
)


def deliveries(
    session: Session, source_id: str, state: str | None = None, limit: int = LISTED_MAX
) -> list[dict[str, Any]]:
    """Return what a source delivered, of one state or of any, newest first, with what came of it and of each claim."""
    query: Any = select(
        *(col(getattr(HookRow, name)) for name in _DELIVERY), col(HookRow.body).is_not(None).label("kept")
    )
    query = query.where(col(HookRow.source_id) == source_id)
    if state is not None:
        query = query.where(col(HookRow.state) == state)
    found = session.connection().execute(query.order_by(col(HookRow.id).desc()).limit(limit)).mappings()
    now, rows = database_time(session), [dict(row) for row in found]
    claims = hook_claims.of_deliveries(session, [row["id"] for row in rows])
    return [{**_delivery(row, now), "claims": claims[row["id"]]} for row in rows]


def _delivery(row: dict[str, Any], now: float) -> dict[str, Any]:
    """Return a delivery with what can be done about it.

    `hopeless`: its payload was not kept when it failed, for it would fail again.
    """
    due, under_way = row.pop("due_at"), (row.pop("held_until") or 0.0) > now
    waits = row["state"] == "queued" and row["attempts"] and not under_way
    age = seconds_since(row["ended_at"])
    return {
        **row,
        "under_way": under_way,
        "next_attempt_at": datetime.fromtimestamp(due, UTC) if waits else None,
        "hopeless": row["state"] == "failed" and not row["kept"] and age is not None and age < LATELY_SECONDS,
    }


def reports(session: Session, source_id: str, limit: int = LISTED_MAX) -> list[dict[str, Any]]:
    """Return what commits were told on behalf of a source, newest first, with what there was to be told."""
    query = _told().where(col(ReportRow.source_id) == source_id).order_by(col(ReportRow.id).desc()).limit(limit)
    return [_report(dict(row)) for row in session.connection().execute(query).mappings()]


def untold(session: Session, source_id: str, limit: int = LISTED_MAX) -> list[dict[str, Any]]:
    """Return what commits could not be told on behalf of a source, newest first."""
    query = _told().where(col(ReportRow.source_id) == source_id, col(ReportRow.error) != "")
    found = session.connection().execute(query.order_by(col(ReportRow.id).desc()).limit(limit)).mappings()
    return [_report(dict(row)) for row in found]


def _told() -> Select[Any]:
    return (
        select(
            *(col(getattr(ReportRow, name)) for name in _REPORT),
            col(Verification.state),
            col(Verification.detail),
            col(Verdict.status),
            col(Verdict.reason_code),
        )
        .outerjoin(Verification, col(Verification.id) == ReportRow.verification_id)
        .outerjoin(Verdict, col(Verdict.verification_id) == ReportRow.verification_id)
    )


def _report(row: dict[str, Any]) -> dict[str, Any]:
    """Return a report with `heard`, whether the forge took it, and `happened`, what it was to take."""
    state, detail, status, code = (row.pop(name) for name in ("state", "detail", "status", "reason_code"))
    happened = row["refusal"] or (f"{status} {code}" if status else f"{state}: {detail}" if detail else state or "")
    heard = row["told"] not in {None, "given up"} and not row["error"]
    return {**row, "heard": heard, "happened": happened}


def waiting_outside(session: Session) -> tuple[int, float | None]:
    """Return how much waits for a worker that serves the queue `outside`, and since when the oldest (epoch seconds).

    Deliveries in and out, and commits to be told. What is to be tried again later does not wait yet.
    """
    now = database_time(session)
    came: Any = select(func.count(), func.min(col(HookRow.due_at))).where(
        col(HookRow.state) == "queued", col(HookRow.due_at) <= now
    )
    leaves: Any = select(func.count(), func.min(col(DeliveryRow.due_at))).where(
        col(DeliveryRow.state) == "pending", col(DeliveryRow.due_at) <= now
    )
    tell: Any = (
        select(func.count(), func.min(col(ReportRow.due_at)))
        .outerjoin(Verification, col(Verification.id) == ReportRow.verification_id)
        .where(OPEN, col(ReportRow.due_at) <= now)
    )
    found = [session.connection().execute(query).one() for query in (came, leaves, tell)]
    return sum(row[0] for row in found), min((row[1] for row in found if row[1] is not None), default=None)


def incoming(session: Session, publisher: str | None) -> dict[str, Any]:
    """Return what of the deliveries to a publisher's sources waits, failed lately, and could not be told; None: everybody's.

    `last` is the newest failure or, of what is tried again, the reason; None where there is neither.
    """
    mine = [] if publisher is None else [col(SourceRow.publisher) == publisher]
    lately = datetime.now(UTC) - timedelta(seconds=LATELY_SECONDS)
    failed = and_(col(HookRow.state) == "failed", col(HookRow.ended_at) >= lately)
    joined = col(SourceRow.id) == HookRow.source_id
    counted: Any = (
        select(col(HookRow.state), func.count(), func.min(col(HookRow.received_at)))
        .join(SourceRow, joined)
        .where(or_(col(HookRow.state) == "queued", failed), *mine)
        .group_by(col(HookRow.state))
    )
    newest: Any = (
        select(*(col(getattr(HookRow, name)) for name in ("id", "source_id", "detail", "received_at")))
        .join(SourceRow, joined)
        .where(or_(col(HookRow.state) == "queued", failed), col(HookRow.detail) != "", *mine)
        .order_by(col(HookRow.received_at).desc(), col(HookRow.id).desc())
        .limit(1)
    )
    lost: Any = (
        select(func.count())
        .select_from(ReportRow)
        .join(SourceRow, col(SourceRow.id) == ReportRow.source_id)
        .where(col(ReportRow.told) == "given up", col(ReportRow.created_at) >= lately, *mine)
    )
    connection = session.connection()
    found = {row[0]: (row[1], row[2]) for row in connection.execute(counted)}
    last = connection.execute(newest).mappings().first()
    return {
        "queued": found.get("queued", (0,))[0],
        "oldest_seconds": seconds_since(found.get("queued", (0, None))[1]),
        "failed": found.get("failed", (0,))[0],
        "untold": int(connection.execute(lost).scalar_one()),
        "last": None if last is None else dict(last),
    }


def source_of(session: Session, identity: str) -> tuple[str, str, bool] | None:
    """Return the source and publisher of a delivery or report, and whether that source was removed; None: there is none."""
    row = HookRow if identity.startswith("hkd_") else ReportRow
    query = (
        select(col(SourceRow.id), col(SourceRow.publisher), col(SourceRow.removed_at))
        .join(row, col(row.source_id) == SourceRow.id)
        .where(col(row.id) == identity)
    )
    found = session.connection().execute(query).first()
    return None if found is None else (found[0], found[1], found[2] is not None)
