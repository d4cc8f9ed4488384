"""Blobs that publishers sent by themselves, and which blobs a caller may read or name in a bundle.

That a blob lies here is no secret to who sent it, and to nobody else: naming a digest must not be a way to learn what others
stored, or to have it read by a script. A blob nobody named in a bundle within a day is forgotten and then swept.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import delete, func, literal, or_, select
from sqlmodel import Session, col

from app.store.tables import Upload

if TYPE_CHECKING:
    from app.store.visible import Visible


def note(session: Session, publisher: str, digest: str, size: int) -> bool:
    """Note that a publisher sent a blob; says whether it is the first time."""
    row = session.get(Upload, (publisher, digest))
    now = datetime.now(UTC)
    if row is not None:
        row.sent_at = now
        return False
    session.add(Upload(publisher=publisher, digest=digest, size=size, sent_at=now))
    return True


def held(session: Session, publisher: str) -> int:
    """Return how many bytes a publisher sent that are not forgotten yet."""
    query = select(func.coalesce(func.sum(col(Upload.size)), 0)).where(col(Upload.publisher) == publisher)
    return int(session.connection().execute(query).scalar_one())


def may_read(session: Session, publisher: str | None, digest: str, seen: Visible) -> bool:
    """Whether a blob was sent by a publisher, or belongs to something that may be known."""
    own = select(1).where(col(Upload.publisher) == (publisher or ""), col(Upload.digest) == digest).exists()
    query = select(1).where(or_(own, seen.blobs(literal(digest))))
    return session.connection().execute(query).first() is not None


def forget(session: Session, older_than_seconds: float) -> None:
    """Forget what was sent long ago; what a bundle names since stays, for its rows refer to it."""
    before = datetime.now(UTC) - timedelta(seconds=older_than_seconds)
    session.connection().execute(delete(Upload).where(col(Upload.sent_at) < before))
