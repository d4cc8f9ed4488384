"""Endpoints of publishers: made, changed, removed."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import func
from sqlmodel import Session, col, select

from app.store.engine import database_time
from app.store.hook_tables import DeliveryRow, EndpointRow

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def create(  # noqa: PLR0913 - the parts of an endpoint
    session: Session,
    endpoint_id: str,
    publisher: str,
    *,
    url: str,
    events: Sequence[str],
    description: str,
    operator: bool,
    secret: str,
) -> dict[str, Any]:
    """Write an endpoint with a shut secret; returns it as it is shown."""
    now = datetime.now(UTC)
    row = EndpointRow(
        id=endpoint_id,
        publisher=publisher,
        operator=operator,
        url=url,
        description=description,
        events=json.dumps(list(events)),
        secret=secret,
        created_at=now,
        updated_at=now,
    )
    session.add(row)
    session.flush()
    return shown(session, row)


def find(session: Session, endpoint_id: str, publisher: str | None) -> EndpointRow | None:
    """Return an endpoint, locked, if it belongs to a publisher; None for `publisher`: to whomever."""
    query = select(EndpointRow).where(EndpointRow.id == endpoint_id, EndpointRow.url != "")
    if publisher is not None:
        query = query.where(EndpointRow.publisher == publisher)
    return session.exec(query.with_for_update(key_share=True)).first()


def change(session: Session, row: EndpointRow, values: Mapping[str, Any]) -> None:
    """Write what its owner changes. Enabling it again forgets that it failed."""
    for name, value in values.items():
        setattr(row, name, json.dumps(list(value)) if name == "events" else value)
    if values.get("state") == "enabled":
        row.reason, row.failing_since = None, None
    row.updated_at = datetime.now(UTC)
    session.flush()


def remove(session: Session, row: EndpointRow) -> None:
    """Forget address and secrets of a disabled endpoint, and show it to nobody any more."""
    row.url, row.secret, row.old_secret, row.old_until, row.reason = "", "", None, None, "removed"
    row.updated_at = datetime.now(UTC)
    session.flush()


def rotate(session: Session, row: EndpointRow, secret: str, overlap_seconds: float) -> None:
    """Put a new secret in the place of the present one, which goes on signing beside it for a while."""
    row.old_secret, row.old_until = row.secret, database_time(session) + overlap_seconds
    row.secret, row.updated_at = secret, datetime.now(UTC)
    session.flush()


def count(session: Session, publisher: str) -> int:
    """Return how many endpoints a publisher has."""
    query = select(func.count()).select_from(EndpointRow)
    return session.exec(query.where(EndpointRow.publisher == publisher, EndpointRow.url != "")).one()


def owner_of_delivery(session: Session, delivery_id: str) -> tuple[str, str] | None:
    """Return publisher and endpoint of a delivery."""
    query = (
        select(EndpointRow.publisher, EndpointRow.id)
        .join(DeliveryRow, col(DeliveryRow.endpoint_id) == EndpointRow.id)
        .where(DeliveryRow.id == delivery_id)
    )
    found = session.exec(query).first()
    return None if found is None else (found[0], found[1])


def shown(session: Session, row: EndpointRow) -> dict[str, Any]:
    """Return an endpoint as its owner is shown it: without its secrets."""
    now = database_time(session)
    overlapping = row.old_until if row.old_secret is not None and row.old_until and row.old_until > now else None
    return {
        "id": row.id,
        "publisher": row.publisher,
        "url": row.url,
        "description": row.description,
        "events": json.loads(row.events),
        "operator": row.operator,
        "state": row.state,
        "reason": row.reason,
        "failing_since": None if row.failing_since is None else datetime.fromtimestamp(row.failing_since, UTC),
        "old_secret_until": None if overlapping is None else datetime.fromtimestamp(overlapping, UTC),
        "created_at": row.created_at,
        "updated_at": row.updated_at,
    }
