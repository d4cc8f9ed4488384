"""Blobs that publishers sent by themselves, and which blobs a caller may read, or name in a bundle.

That a blob lies here is the business of who sent it, and of who may read evidence that has it: naming a digest must be no
way to learn what others stored, nor to have it read by a script. What a publisher sent is his for a while; a blob that no
bundle names meanwhile is then an orphan. What counts against his room is what he himself sent, whoever else has it too.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import delete, func, select, update
from sqlmodel import Session, col

from app.store.tables import Artifact, ClaimRevision, ClaimRow, Record, SealArtifact, Upload, Verification
from app.store.taking_turns import add_missing, take_turns

if TYPE_CHECKING:
    from collections.abc import Collection
    from collections.abc import Set as AbstractSet

    from app.store.visible import Visible

ROW_BYTES = 4096  # that every blob counts beside its own: a block of the disk and a row


@dataclass(frozen=True)
class Held:
    """What a publisher sent and what is kept for him."""

    size: int  # bytes
    oldest: datetime | None  # when the first of it was sent


def lock(session: Session, publisher: str) -> None:
    """Wait until nobody else notes what a publisher sent; held until the transaction ends."""
    take_turns(session, "upload", publisher)


def note(session: Session, publisher: str, digest: str, size: int) -> None:
    """Note that a publisher sent a blob, again or for the first time. Rows are forgotten meanwhile, never this one."""
    now = datetime.now(UTC)
    again = update(Upload).where(col(Upload.publisher) == publisher, col(Upload.digest) == digest)
    if session.connection().execute(again.values(sent_at=now)).rowcount == 0:
        row = {"publisher": publisher, "digest": digest, "size": size, "sent_at": now}
        add_missing(session, Upload, (row,))


def held(session: Session, publisher: str, digest: str, keep_seconds: float) -> Held:
    """Return what counts against a publisher's room beside a blob."""
    sizes = func.coalesce(func.sum(col(Upload.size) + ROW_BYTES), 0)
    query = select(sizes, func.min(col(Upload.sent_at))).where(
        col(Upload.publisher) == publisher, col(Upload.digest) != digest, col(Upload.sent_at) > _before(keep_seconds)
    )
    size, oldest = session.connection().execute(query).one()
    return Held(int(size), oldest)


def readable(
    session: Session, publisher: str | None, digests: Collection[str], seen: Visible, keep_seconds: float
) -> AbstractSet[str]:
    """Return those of some blobs that a publisher sent, or that belong to the bundle of something that may be known.

    Args:
        session: to read with.
        publisher: whose; None: nobody's.
        digests: of the blobs.
        seen: what may be known, under the scope for evidence.
        keep_seconds: so long what was sent is its publisher's.

    """
    own = select(col(Upload.digest)).where(
        col(Upload.publisher) == (publisher or ""),
        col(Upload.digest).in_(digests),
        col(Upload.sent_at) > _before(keep_seconds),
    )
    bundled = (
        select(1)
        .select_from(SealArtifact)
        .join(Verification, col(Verification.seal) == SealArtifact.seal)
        .join(ClaimRevision, col(ClaimRevision.id) == Verification.claim_revision_id)
        .join(ClaimRow, col(ClaimRow.id) == ClaimRevision.claim_id)
        .join(Record, col(Record.id) == ClaimRow.record_id, isouter=True)
        .where(col(SealArtifact.artifact) == Artifact.digest, seen.evidence)
    )
    known = select(col(Artifact.digest)).where(col(Artifact.digest).in_(digests), bundled.exists())
    return set(session.connection().execute(own.union(known)).scalars())


def kept(session: Session, digests: Collection[str]) -> AbstractSet[str]:
    """Return those of some blobs that somebody sent and that are not forgotten."""
    return set(
        session.connection().execute(select(col(Upload.digest)).where(col(Upload.digest).in_(digests))).scalars()
    )


def forget(session: Session, older_than_seconds: float) -> None:
    """Forget what was sent long ago; what a bundle names since stays, for its rows refer to it."""
    session.connection().execute(delete(Upload).where(col(Upload.sent_at) < _before(older_than_seconds)))


def _before(seconds: float) -> datetime:
    return datetime.now(UTC) - timedelta(seconds=seconds)
