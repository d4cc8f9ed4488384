"""Events on their way out, written by the transaction that they tell of; and the deliveries that come of them.

Theory of operation. `tell` writes one row for each endpoint that is to hear of an event. A worker takes due rows with one
conditional UPDATE that counts the attempt and moves `due_at` behind the time an attempt may take, so two workers never
make the same attempt, and a worker that dies with one in its hands leaves a row that becomes due by itself. A receiver may
therefore hear twice of the same delivery, under the same id, and never not at all. `held_until` says that an attempt is
being made and for how long at most: until then nobody is let make another one.

Whatever concerns a claim is told to the endpoints of its publisher alone.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, delete, exists, func, insert, or_, select, update
from sqlmodel import Session, col

from app.core.webhook import Event, opening
from app.store.engine import database_time
from app.store.hook_tables import AttemptRow, DeliveryRow, EndpointRow
from app.store.ids import new_id
from app.store.tables import ClaimRevision, ClaimRow, Verification

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.core.webhook import Outcome

EACH = 4  # attempts at one endpoint at once

# Built once, for every submission and every verdict executes them.
_LISTENING = select(col(EndpointRow.id), col(EndpointRow.events)).where(
    col(EndpointRow.publisher) == bindparam("publisher"), col(EndpointRow.state) == "enabled"
)
_OPERATORS = select(col(EndpointRow.id), col(EndpointRow.events)).where(
    col(EndpointRow.operator).is_(True), col(EndpointRow.state) == "enabled"
)
_CLAIM = (
    select(col(ClaimRow.id), col(ClaimRow.record_id))
    .join(ClaimRevision, col(ClaimRevision.claim_id) == ClaimRow.id)
    .join(Verification, col(Verification.claim_revision_id) == ClaimRevision.id)
    .where(col(Verification.id) == bindparam("verification"))
)
_ADD = insert(DeliveryRow)
_TOLD = "assay.told"


@dataclass(frozen=True)
class Taken:
    """A delivery whose next attempt is ours to make."""

    id: str
    endpoint_id: str
    event: str
    data: dict[str, Any]
    attempts: int  # this one included
    created_at: datetime
    url: str
    secrets: tuple[str, ...]  # in use now, the newest first; shut, see app.core.lockbox


def tell(session: Session, publisher: str, event: Event, data: Mapping[str, Any]) -> list[str]:
    """Write an event for every endpoint of a publisher that subscribed to it; returns the deliveries' ids."""
    return _write(session, _endpoints(session, publisher, event), event, data)


def tell_operators(session: Session, event: Event, data: Mapping[str, Any]) -> list[str]:
    """Write an event of the service itself for the operator's endpoints; returns the deliveries' ids."""
    found = session.connection().execute(_OPERATORS).all()
    return _write(session, [row.id for row in found if event in json.loads(row.events)], event, data)


def tell_one(session: Session, endpoint_id: str, event: Event, data: Mapping[str, Any]) -> str:
    """Write an event for one endpoint, whatever it subscribed to; returns the delivery's id."""
    return _write(session, [endpoint_id], event, data)[0]


def of_verification(session: Session, verification_id: str, publisher: str, event: Event, **told: Any) -> None:
    """Write an event about a verification of a publisher, with what identifies its claim."""
    if not _endpoints(session, publisher, event):
        return
    found = session.connection().execute(_CLAIM, {"verification": verification_id}).one()
    record = {} if found.record_id is None else {"record_id": found.record_id}
    urls = {
        "verification": f"/v1/verifications/{verification_id}",
        "claim": f"/claims/{found.id}",
        **told.pop("urls", {}),
    }
    data = {"claim_id": found.id, "verification_id": verification_id, **record, **told, "urls": urls}
    tell(session, publisher, event, data)


def of_record(
    session: Session, publisher: str, record_id: str, before: Mapping[str, Any], after: Mapping[str, Any]
) -> None:
    """Write the event that a record was opened or closed, if what was and is said of it makes it so."""
    event = opening(before, after)
    if event is not None:
        data = {
            "record_id": record_id,
            "visibility": after["visibility"],
            "claims_visibility": "open" if after["claims_public"] else "closed",
            "urls": {"record": f"/records/{record_id}", "history": f"/v1/records/{record_id}/history"},
        }
        tell(session, publisher, event, data)


def finished(session: Session, verification_id: str, publisher: str, state: str, **told: Any) -> None:
    """Write the event that a verification has ended."""
    of_verification(session, verification_id, publisher, Event.FINISHED, state=state, **told)


def take(session: Session, most: int, patience_seconds: float, busy: Mapping[str, int]) -> list[Taken]:
    """Take due deliveries, oldest first, and count the attempt that is about to be made.

    Each endpoint gets its share, EACH at once and one at once while it fails, so that who is slow or gone holds up no other.

    Args:
        session: of a transaction.
        most: deliveries to take.
        patience_seconds: longer than an attempt may take; after that the row is due again by itself.
        busy: how many attempts the caller is making already, by endpoint.

    """
    now = database_time(session)
    waiting = (col(DeliveryRow.state) == "pending", col(DeliveryRow.due_at) <= now)
    endpoint, failing = col(EndpointRow.id), col(EndpointRow.failing_since)
    asked = select(endpoint, failing).join(DeliveryRow, col(DeliveryRow.endpoint_id) == endpoint).where(*waiting)
    oldest = asked.group_by(endpoint, failing).order_by(func.min(col(DeliveryRow.due_at)), endpoint)
    ids: list[str] = []
    for endpoint_id, failing_since in session.connection().execute(oldest.limit(most + len(busy))).all():
        room = (EACH if failing_since is None else 1) - busy.get(endpoint_id, 0)
        room = min(room, most - len(ids))
        if room > 0:
            due = select(col(DeliveryRow.id)).where(*waiting, col(DeliveryRow.endpoint_id) == endpoint_id)
            share = due.order_by(col(DeliveryRow.due_at), col(DeliveryRow.id)).limit(room)
            ids += session.connection().execute(share.with_for_update(skip_locked=True)).scalars()
    if not ids:
        return []
    taken = (
        update(DeliveryRow)
        .where(col(DeliveryRow.id).in_(ids))
        .values(
            attempts=col(DeliveryRow.attempts) + 1, due_at=now + patience_seconds, held_until=now + patience_seconds
        )
    )
    session.connection().execute(taken)
    query = (
        select(DeliveryRow, EndpointRow)
        .join(EndpointRow, col(EndpointRow.id) == DeliveryRow.endpoint_id)
        .where(col(DeliveryRow.id).in_(ids))
        .order_by(col(DeliveryRow.due_at), col(DeliveryRow.id))
    )
    return [
        Taken(
            row.id,
            row.endpoint_id,
            row.event,
            json.loads(row.data),
            row.attempts,
            row.created_at if row.created_at.tzinfo else row.created_at.replace(tzinfo=UTC),
            endpoint.url,
            secrets_of(endpoint, now),
        )
        for row, endpoint in session.execute(query)
    ]


def secrets_of(endpoint: EndpointRow, now: float) -> tuple[str, ...]:
    """Return the secrets in use at a moment, the newest first."""
    old = endpoint.old_secret if endpoint.old_until is not None and endpoint.old_until > now else None
    return (endpoint.secret,) if old is None else (endpoint.secret, old)


def settle(  # noqa: PLR0913 - an attempt and what follows from it
    session: Session,
    taken: Taken,
    outcome: Outcome,
    *,
    duration_ms: int,
    again_after: float | None,
    give_up_after: float,
) -> str:
    """Write down what came of an attempt; returns the delivery's state.

    Args:
        session: of a transaction.
        taken: the delivery.
        outcome: of the attempt.
        duration_ms: it took.
        again_after: seconds until the next attempt; None: there is none.
        give_up_after: seconds of nothing but failures after which an endpoint is disabled.

    """
    now, moment = database_time(session), datetime.now(UTC)
    # No stronger lock than this needs: events for the endpoint, which refer to its row, are written meanwhile.
    endpoint = session.get_one(
        EndpointRow, taken.endpoint_id, with_for_update={"key_share": True}, populate_existing=True
    )
    row = session.get_one(DeliveryRow, taken.id, with_for_update=True, populate_existing=True)
    session.add(
        AttemptRow(
            id=new_id("att"),
            delivery_id=taken.id,
            number=taken.attempts,
            status=outcome.status,
            answer=outcome.answer,
            error=outcome.error,
            duration_ms=duration_ms,
            attempted_at=moment,
        )
    )
    if row.attempts != taken.attempts:
        return row.state  # our time ran out, and somebody else has taken it since
    row.held_until = None
    if row.state != "pending":
        return row.state  # it was given up meanwhile
    if outcome.delivered:
        row.state, row.ended_at, endpoint.failing_since = "delivered", moment, None
        return row.state
    endpoint.failing_since = endpoint.failing_since or now
    if again_after is None or endpoint.state == "disabled":
        row.state, row.ended_at = "dead", moment
    else:
        row.due_at = now + again_after
    if outcome.gone:
        disable(session, endpoint, "the receiver answered 410: it wants nothing any more")
    elif now - endpoint.failing_since >= give_up_after:
        disable(session, endpoint, f"every attempt has failed for {give_up_after / 86_400:g} days")
    session.flush()
    session.refresh(row)  # disabling gave it up behind the back of this object
    return row.state


def disable(session: Session, endpoint: EndpointRow, reason: str | None) -> None:
    """Send an endpoint nothing any more; what waits for it is given up, and its owner is told by the other endpoints."""
    if endpoint.state == "disabled":
        return
    endpoint.state, endpoint.reason, endpoint.updated_at = "disabled", reason, datetime.now(UTC)
    session.flush()
    waiting = (col(DeliveryRow.endpoint_id) == endpoint.id, col(DeliveryRow.state) == "pending")
    session.connection().execute(update(DeliveryRow).where(*waiting).values(state="dead", ended_at=datetime.now(UTC)))
    if reason is not None:
        urls = {"endpoint": f"/v1/webhook-endpoints/{endpoint.id}"}
        told = {"endpoint_id": endpoint.id, "reason": reason, "urls": urls}
        tell(session, endpoint.publisher, Event.DISABLED, told)


def replay(session: Session, delivery_id: str) -> str | None:
    """Make a delivery due now, one that has ended from its first attempt on; returns its state before.

    None: an attempt is being made, and nothing is changed; or there is no such delivery.
    """
    row = session.get(DeliveryRow, delivery_id, with_for_update=True, populate_existing=True)
    now = database_time(session)
    if row is None or (row.held_until or 0.0) > now:
        return None
    before = row.state
    row.due_at, row.held_until = now, None
    if before != "pending":
        row.state, row.attempts, row.ended_at = "pending", 0, None
    return before


def forget(session: Session, older_than_seconds: float) -> None:
    """Remove attempts that are old, and deliveries that ended as long ago."""
    before = datetime.now(UTC) - timedelta(seconds=older_than_seconds)
    session.connection().execute(delete(AttemptRow).where(col(AttemptRow.attempted_at) < before))
    old = delete(DeliveryRow).where(
        or_(col(DeliveryRow.state) == "delivered", col(DeliveryRow.state) == "dead"),
        col(DeliveryRow.ended_at) < before,
        ~exists().where(col(AttemptRow.delivery_id) == DeliveryRow.id),
    )
    session.connection().execute(old)


def due_in(session: Session) -> float | None:
    """Return the seconds until a delivery is due, at most 0 for now; None: none waits."""
    first = select(func.min(col(DeliveryRow.due_at))).where(col(DeliveryRow.state) == "pending")
    moment = session.connection().execute(first).scalar()
    return None if moment is None else float(moment) - database_time(session)


def told(session: Session) -> bool:
    """Whether a transaction wrote something that somebody should deliver at once."""
    return bool(session.info.get(_TOLD))


def _endpoints(session: Session, publisher: str, event: Event) -> list[str]:
    found = session.connection().execute(_LISTENING, {"publisher": publisher}).all()
    return [row.id for row in found if event in json.loads(row.events)]


def _write(session: Session, endpoint_ids: list[str], event: Event, data: Mapping[str, Any]) -> list[str]:
    if not endpoint_ids:
        return []
    now, moment, text = database_time(session), datetime.now(UTC), json.dumps(data)
    rows = [
        {
            "id": new_id("msg"),
            "endpoint_id": endpoint_id,
            "event": event.value,
            "data": text,
            "state": "pending",
            "attempts": 0,
            "due_at": now,
            "created_at": moment,
        }
        for endpoint_id in endpoint_ids
    ]
    session.connection().execute(_ADD, rows)
    session.info[_TOLD] = True
    return [str(row["id"]) for row in rows]
