"""Judges' public keys as rows: published by judges, served to everybody, never changed. A retirement is a row of its own."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sqlalchemy import bindparam, select
from sqlmodel import Session, col

from app.core.keys import KnownKey, public_key
from app.store.tables import KeyRetirement, SigningKeyRow

if TYPE_CHECKING:
    from collections.abc import Iterable

_RETIRED = select(col(KeyRetirement.keyid)).where(col(KeyRetirement.keyid) == bindparam("keyid"))


def publish(session: Session, keys: Iterable[KnownKey]) -> None:
    """Write the rows that are not there yet: keys, and that some of them are retired."""
    now = datetime.now(UTC)
    for key in keys:
        keyid = key.public.id
        if session.get(SigningKeyRow, keyid) is None:
            begins = key.not_before or now
            session.add(SigningKeyRow(keyid=keyid, public_key=key.public.text, not_before=begins, created_at=now))
            session.flush()
        if key.retired_at is not None:
            retire(session, keyid, key.retired_at)


def retire(session: Session, keyid: str, moment: datetime) -> bool:
    """Say that a key signs no more; False when no judge has published it."""
    if session.get(SigningKeyRow, keyid) is None:
        return False
    if not is_retired(session, keyid):
        session.add(KeyRetirement(keyid=keyid, retired_at=moment))
        session.flush()
    return True


def is_retired(session: Session, keyid: str) -> bool:
    """Whether a key was retired."""
    return session.connection().execute(_RETIRED, {"keyid": keyid}).first() is not None


def published(session: Session) -> list[KnownKey]:
    """Return every key that a judge has published, oldest first."""
    query = (
        select(SigningKeyRow, col(KeyRetirement.retired_at))
        .join(KeyRetirement, col(KeyRetirement.keyid) == SigningKeyRow.keyid, isouter=True)
        .order_by(col(SigningKeyRow.not_before), col(SigningKeyRow.keyid))
    )
    rows = session.execute(query)
    return [KnownKey(public_key(row.public_key), row.not_before, retired_at) for row, retired_at in rows]
