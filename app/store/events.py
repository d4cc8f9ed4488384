"""What happens to verifications, as rows that nobody changes any more: what streams tell, and tell again after a break.

Theory of operation. Whoever changes a state says so with `note`; the rows are written by the same transaction, as the
last thing before it commits. Every such transaction holds the row of its verification, so the numbers of one
verification's events rise in the order in which they become visible: who has read up to one has missed none before it.

Across verifications that does not hold. PostgreSQL gives a number when a row is written, and a transaction with a later
number may commit first. Numbers are given without gaps, though, and milliseconds before the commit: `everything` stops
before a gap until the row after it is SETTLED_SECONDS old, and what is missing by then was rolled back.

Progress and pieces of a live log are for watching only. Nothing judges by them, each run has few of them (`LIVE_BYTES_MAX`
of log), and they are removed a day later; the whole log is a blob that the outcome names.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, delete, event, func, insert, select
from sqlmodel import Session, col

from app.store.tables import EventRow

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Row

PASSING = ("progress", "log")
SETTLED_SECONDS = 10  # between a number and its commit lie milliseconds
LIVE_BYTES_MAX = 1 << 16  # of one run's log that streams tell while it goes on

_WAITING = "assay.events"
_ADD = insert(EventRow)
_COLUMNS = (
    col(EventRow.seq),
    col(EventRow.verification_id),
    col(EventRow.run_id),
    col(EventRow.kind),
    col(EventRow.document),
    col(EventRow.created_at),
)
_OF = (
    select(*_COLUMNS)
    .where(col(EventRow.verification_id) == bindparam("verification"), col(EventRow.seq) > bindparam("after"))
    .order_by(col(EventRow.seq))
    .limit(bindparam("most"))
)
_ALL = (
    select(*_COLUMNS).where(col(EventRow.seq) > bindparam("after")).order_by(col(EventRow.seq)).limit(bindparam("most"))
)
_LAST = select(func.max(col(EventRow.seq)))


@dataclass(frozen=True)
class Event:
    """One thing that happened."""

    seq: int
    verification_id: str
    run_id: str | None
    kind: str
    told: dict[str, Any]
    created_at: datetime


def note(session: Session, verification_id: str, kind: str, run_id: str | None = None, **told: Any) -> None:
    """Say what this transaction does to a verification; the caller holds its row, or has just made it."""
    row = {"verification_id": verification_id, "run_id": run_id, "kind": kind, "document": json.dumps(told)}
    session.info.setdefault(_WAITING, []).append(row)


@event.listens_for(Session, "before_commit")
def _write(session: Session) -> None:
    waiting = session.info.pop(_WAITING, None)
    if waiting:
        now = datetime.now(UTC)
        session.connection().execute(_ADD, [{**row, "created_at": now} for row in waiting])


def of(session: Session, verification_id: str, after: int, most: int) -> list[Event]:
    """Return what happened to a verification after an event."""
    wanted = {"verification": verification_id, "after": after, "most": most}
    return _read(session.connection().execute(_OF, wanted))


def everything(session: Session, after: int, most: int) -> list[Event]:
    """Return what happened to all verifications after an event, as far as nothing in between can still appear."""
    found = _read(session.connection().execute(_ALL, {"after": after, "most": most}))
    settled = datetime.now(UTC) - timedelta(seconds=SETTLED_SECONDS)
    expected = after + 1
    for index, item in enumerate(found):
        if item.seq != expected and item.created_at > settled:
            return found[:index]
        expected = item.seq + 1
    return found


def last(session: Session) -> int:
    """Return the number of the newest event; 0 when there is none."""
    return session.connection().execute(_LAST).scalar() or 0


def forget_passing(session: Session, older_than_seconds: float) -> None:
    """Remove progress and pieces of logs that are old; never the newest event, whose number SQLite would give again."""
    before = datetime.now(UTC) - timedelta(seconds=older_than_seconds)
    old = delete(EventRow).where(col(EventRow.kind).in_(PASSING), col(EventRow.created_at) < before)
    session.connection().execute(old.where(col(EventRow.seq) < last(session)))


def _read(rows: Iterable[Row[Any]]) -> list[Event]:
    return [
        Event(row.seq, row.verification_id, row.run_id, row.kind, json.loads(row.document), _aware(row.created_at))
        for row in rows
    ]


def _aware(at: datetime) -> datetime:
    return at if at.tzinfo else at.replace(tzinfo=UTC)
