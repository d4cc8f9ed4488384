"""What sources delivered, and what commits are to be told about it.

Theory of operation. A delivery is one row, written when it comes. A worker takes a due row by a statement that counts
the attempt and moves `due_at` behind the time that an attempt may take, so a worker that dies with one in its hands
leaves a row that becomes due by itself. `taken_at` says when, and by it sources take turns. Only a row that is `done`
makes a repeated delivery one that needs no work. Two are the same by their digest and topic, never by a sender's id
alone: where that is not signed, anybody could have put it there.

`held_until` says that somebody holds a row and for how long at most, so that one who asks for it again is told so, and
nothing is worked on twice at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, delete, func, insert, or_, select, update
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from app.core.hook_change import Topic
from app.store.engine import database_time
from app.store.ids import new_id
from app.store.source_tables import DETAIL_MAX, PAUSES, BegunRow, HookClaimRow, HookRow, ReportRow

if TYPE_CHECKING:
    from sqlalchemy import Select

    from app.core.hooks import Signed


_ADD = insert(HookRow)
_SAME = select(col(HookRow.id), col(HookRow.state)).where(
    col(HookRow.source_id) == bindparam("source"),
    col(HookRow.digest) == bindparam("digest"),
    col(HookRow.topic) == bindparam("topic"),
)


@dataclass(frozen=True)
class Taken:
    """A delivery whose present attempt is ours."""

    id: str
    source_id: str
    event: str
    body: bytes
    attempts: int


def receive(session: Session, source_id: str, signed: Signed, body: bytes) -> tuple[str, str]:
    """Write a delivery down; returns its id and state: `done` means that there is nothing left to do about it.

    Raises:
        sqlalchemy.exc.IntegrityError: another transaction wrote the same one at this moment; ask again.

    """
    same = {"source": source_id, "digest": signed.digest, "topic": (signed.topic or Topic.OTHER).value}
    known = session.connection().execute(_SAME, same).first()
    now = database_time(session)
    if known is None:
        row = {
            "id": new_id("hkd"),
            "source_id": source_id,
            "delivery": signed.delivery,
            "digest": signed.digest,
            "topic": same["topic"],
            "event": signed.event[:100],
            "body": body,
            "state": "queued",
            "attempts": 0,
            "due_at": now,
            "detail": "",
            "received_at": datetime.now(UTC),
        }
        session.connection().execute(_ADD, row)
        return str(row["id"]), "queued"
    if known.state == "failed":
        again = {"state": "queued", "attempts": 0, "due_at": now, "body": body, "event": signed.event[:100]}
        again |= {"detail": "", "ended_at": None}
        change = update(HookRow).where(col(HookRow.id) == known.id, col(HookRow.state) == "failed")
        session.connection().execute(change.values(again))
    return known.id, "queued" if known.state == "failed" else known.state


def take(session: Session, patience_seconds: float) -> Taken | None:
    """Take a delivery that is due, and count the attempt that is about to be made.

    Sources take turns: the one that was served longest ago is next, and of one source what has been due longest. So
    whoever delivers much delays nobody else by more than one delivery of each other source.
    """
    now = database_time(session)
    for source_id in session.connection().execute(_next_sources(now)).scalars().all():
        due = select(HookRow).where(col(HookRow.source_id) == source_id, *_due(now))
        query = due.order_by(col(HookRow.due_at), col(HookRow.id)).limit(1).with_for_update(skip_locked=True)
        row = session.execute(query).scalars().first()
        if row is not None:
            row.attempts, row.due_at = row.attempts + 1, now + patience_seconds
            row.held_until, row.taken_at = row.due_at, now
            session.flush()
            return Taken(row.id, row.source_id, row.event, row.body or b"", row.attempts)
    return None


def _due(now: float) -> tuple[Any, Any]:
    return col(HookRow.state) == "queued", col(HookRow.due_at) <= now


def _next_sources(now: float) -> Select[Any]:
    """Return the query of the sources with something due, the one that was served longest ago first."""
    served = aliased(HookRow)
    last = select(func.max(col(served.taken_at))).where(col(served.source_id) == col(HookRow.source_id))
    turn = func.coalesce(last.correlate(HookRow).scalar_subquery(), 0.0)
    waiting = select(col(HookRow.source_id)).where(*_due(now)).group_by(col(HookRow.source_id))
    return waiting.order_by(turn, func.min(col(HookRow.due_at)), col(HookRow.source_id))


def settle(session: Session, taken: Taken, state: str, detail: str, *, keep: bool = True) -> None:
    """Write down how a delivery ended: `done`, or `failed` so that the same one may come again, or be worked on again.

    Args:
        session: of a transaction.
        taken: the delivery.
        state: it ends in.
        detail: what is said of it.
        keep: a failed one's payload; False: it would fail again, whenever it is worked on.

    """
    moment = datetime.now(UTC)
    ended: dict[str, Any] = {"state": state, "detail": detail[:DETAIL_MAX], "ended_at": moment, "held_until": None}
    if state == "done" or not keep:
        ended["body"] = None
    session.connection().execute(_ours(taken).values(ended))


def postpone(session: Session, taken: Taken, detail: str) -> bool:
    """Leave a delivery for another attempt; False: there were enough, and it ended as `failed`."""
    if taken.attempts > len(PAUSES):
        settle(session, taken, "failed", detail)
        return False
    due = database_time(session) + PAUSES[taken.attempts - 1]
    session.connection().execute(_ours(taken).values(due_at=due, detail=detail[:DETAIL_MAX], held_until=None))
    return True


def _ours(taken: Taken) -> Any:
    """Return the change of a delivery, unless our time ran out and somebody else has taken it since."""
    return update(HookRow).where(
        col(HookRow.id) == taken.id, col(HookRow.attempts) == taken.attempts, col(HookRow.state) == "queued"
    )


def note_begun(session: Session, source_id: str, verification_id: str) -> None:
    """Count a verification against the budget of the source that began it."""
    session.add(BegunRow(verification_id=verification_id, source_id=source_id, begun_at=datetime.now(UTC)))
    session.flush()


def begun_since(session: Session, source_id: str, seconds: float) -> int:
    """Return how many verifications a source began within so many seconds."""
    since = datetime.now(UTC) - timedelta(seconds=seconds)
    query = select(func.count()).where(col(BegunRow.source_id) == source_id, col(BegunRow.begun_at) > since)
    return int(session.connection().execute(query).scalar_one())


def replay(session: Session, delivery_id: str) -> bool:
    """Let a delivery that has not ended well be worked on now; False: it is done, or its payload is no longer kept.

    One that somebody holds is not changed either, see `held`.
    """
    now = database_time(session)
    again = {"state": "queued", "attempts": 0, "due_at": now, "held_until": None, "detail": "", "ended_at": None}
    free = or_(col(HookRow.held_until).is_(None), col(HookRow.held_until) <= now)
    open_still = (col(HookRow.state) != "done", col(HookRow.body).is_not(None), free)
    change = update(HookRow).where(col(HookRow.id) == delivery_id, *open_still)
    return session.connection().execute(change.values(again)).rowcount == 1


def held(session: Session, identity: str) -> bool:
    """Whether somebody works on a delivery, or tells a commit of a report, at this moment."""
    row = HookRow if identity.startswith("hkd_") else ReportRow
    query = select(col(row.id)).where(col(row.id) == identity, col(row.held_until) > database_time(session))
    return session.connection().execute(query).first() is not None


def forget(session: Session, older_than_seconds: float, payloads_older_than_seconds: float) -> None:
    """Remove deliveries that ended long ago: what they would repeat is older than any sender keeps.

    The payload of a failed one is kept for a shorter while, in which it may be worked on again.
    """
    now = datetime.now(UTC)
    ended = col(HookRow.state) != "queued"
    old = (ended, col(HookRow.ended_at) < now - timedelta(seconds=older_than_seconds))
    claims = delete(HookClaimRow).where(col(HookClaimRow.delivery_id).in_(select(col(HookRow.id)).where(*old)))
    session.connection().execute(claims)
    session.connection().execute(delete(HookRow).where(*old))
    before = now - timedelta(seconds=payloads_older_than_seconds)
    kept = update(HookRow).where(ended, col(HookRow.ended_at) < before, col(HookRow.body).is_not(None))
    session.connection().execute(kept.values(body=None))
