"""Answers to requests that had an `Idempotency-Key`, written by the transaction that made what they speak of.

So there is no moment in which the thing is there and its answer is not, or the other way round. Who asks a second time
while the first is at work waits in the database for the first one's end, and is then refused by the primary key
(`AlreadyAnswered`): nothing of the second is stored, and it is answered as the first was.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import bindparam, delete, insert, select
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col

from app.store.tables import Answered

if TYPE_CHECKING:
    from collections.abc import Mapping

_FIND = select(col(Answered.request), col(Answered.status), col(Answered.headers), col(Answered.body)).where(
    col(Answered.caller) == bindparam("by"),
    col(Answered.key) == bindparam("under"),
    col(Answered.route) == bindparam("at"),
)
_ADD = insert(Answered)


class AlreadyAnswered(Exception):
    """Another request with the same key was answered meanwhile; whatever this one wrote is taken back."""


@dataclass(frozen=True)
class Asked:
    """Whose key it is, what it says, and where it was used."""

    caller: str
    key: str
    route: str


@dataclass(frozen=True)
class Answer:
    """What was answered, and the digest of what was asked."""

    request: str
    status: int
    headers: Mapping[str, str]
    body: str


def find(session: Session, asked: Asked) -> Answer | None:
    """Return the answer that was given under a key; None: it is fresh."""
    wanted = {"by": asked.caller, "under": asked.key, "at": asked.route}
    row = session.connection().execute(_FIND, wanted).first()
    return None if row is None else Answer(row.request, row.status, json.loads(row.headers), row.body)


def keep(session: Session, asked: Asked, answer: Answer) -> None:
    """Keep an answer.

    Raises:
        AlreadyAnswered: the key was used meanwhile; the transaction must not go on.

    """
    row = {
        "caller": asked.caller,
        "key": asked.key,
        "route": asked.route,
        "request": answer.request,
        "status": answer.status,
        "headers": json.dumps(dict(answer.headers)),
        "body": answer.body,
        "created_at": datetime.now(UTC),
    }
    try:
        session.connection().execute(_ADD, row)
    except IntegrityError as error:
        raise AlreadyAnswered from error


def forget(session: Session, older_than_seconds: float) -> None:
    """Forget answers that are old; their keys are fresh again."""
    before = datetime.now(UTC) - timedelta(seconds=older_than_seconds)
    session.connection().execute(delete(Answered).where(col(Answered.created_at) < before))
