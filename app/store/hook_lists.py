"""Lists of endpoints and of what was delivered to them, page by page, newest first; see `app.store.lists`."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import func
from sqlalchemy import select as select_columns
from sqlmodel import Session, col, select

from app.store import endpoints
from app.store.engine import database_time, seconds_since
from app.store.hook_tables import AttemptRow, DeliveryRow, EndpointRow
from app.store.lists import Listed, between

if TYPE_CHECKING:
    from app.store.lists import Wanted


def of_publisher(session: Session, wanted: Wanted, publisher: str | None) -> Listed:
    """Return the endpoints of a publisher; None: everybody's."""
    at, identity = col(EndpointRow.created_at), col(EndpointRow.id)
    query = select_columns(EndpointRow).where(col(EndpointRow.url) != "").order_by(at.desc(), identity.desc())
    if publisher is not None:
        query = query.where(col(EndpointRow.publisher) == publisher)
    found = session.execute(between(query, at, identity, wanted).limit(wanted.limit + 1)).scalars().all()
    return _page([endpoints.shown(session, row) for row in found], wanted)


def deliveries(session: Session, wanted: Wanted) -> Listed:
    """Return deliveries, each with its attempts, oldest first; filters: endpoint_id, state."""
    at, identity = col(DeliveryRow.created_at), col(DeliveryRow.id)
    query = select_columns(DeliveryRow).order_by(at.desc(), identity.desc())
    for name, value in wanted.filters.items():
        query = query.where(getattr(DeliveryRow, name) == value)
    found = session.execute(between(query, at, identity, wanted).limit(wanted.limit + 1)).scalars().all()
    logs: dict[str, list[dict[str, Any]]] = {row.id: [] for row in found}
    made = select(AttemptRow).where(col(AttemptRow.delivery_id).in_(logs))
    for item in session.exec(made.order_by(col(AttemptRow.attempted_at), col(AttemptRow.id))):
        logs[item.delivery_id].append(item.model_dump(exclude={"id", "delivery_id"}))
    now = database_time(session)
    return _page([_shown(row, logs[row.id], now) for row in found], wanted)


def waiting(session: Session, publisher: str | None) -> dict[str, Any]:
    """Return how many deliveries wait, the oldest for how long, and how many were given up; None: of every publisher."""
    query = (
        select_columns(col(DeliveryRow.state), func.count(), func.min(col(DeliveryRow.created_at)))
        .join(EndpointRow, col(EndpointRow.id) == DeliveryRow.endpoint_id)
        .where(col(DeliveryRow.state).in_(("pending", "dead")))
        .group_by(col(DeliveryRow.state))
    )
    if publisher is not None:
        query = query.where(col(EndpointRow.publisher) == publisher)
    found = {row[0]: (row[1], row[2]) for row in session.connection().execute(query)}
    oldest = found.get("pending", (0, None))[1]
    age = seconds_since(oldest)
    return {"pending": found.get("pending", (0,))[0], "oldest_seconds": age, "dead": found.get("dead", (0,))[0]}


def _shown(row: DeliveryRow, log: list[dict[str, Any]], now: float) -> dict[str, Any]:
    under_way = (row.held_until or 0.0) > now
    due = datetime.fromtimestamp(row.due_at, UTC) if row.state == "pending" and not under_way else None
    told = row.model_dump(exclude={"data", "due_at", "held_until"})
    return {**told, "under_way": under_way, "next_attempt_at": due, "data": json.loads(row.data), "log": log}


def _page(rows: list[dict[str, Any]], wanted: Wanted) -> Listed:
    more = len(rows) > wanted.limit
    rows = rows[: wanted.limit]
    return Listed(rows, (rows[-1]["created_at"], rows[-1]["id"]) if more else None)
