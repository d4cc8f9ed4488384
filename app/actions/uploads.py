"""Files that are sent one by one, to be named by their digests in a bundle.

The room of a publisher is looked at before the first byte is taken, so that nobody sends in vain what has no room; again
when all bytes are there, for whoever does not say in advance how many they are; and in the transaction that notes the file
and gives it its name, so that many at once cannot overrun it. What is refused never had a name, and is gone at once.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from app.core.errors import AssayError
from app.store import uploads

if TYPE_CHECKING:
    from sqlmodel import Session

    from app.actions.parts import Parts
    from app.store.blobs import Growing
    from app.store.visible import Visible


class NoRoom(AssayError):
    """A publisher has sent so much lately that no more is kept for him.

    Attributes:
        seconds: after which the oldest of it is forgotten.

    """

    def __init__(self, room: int, seconds: int) -> None:
        detail = (
            f"files that were sent one by one have {room >> 20} MiB of room; this one does not fit into what is left"
        )
        super().__init__("no-room", detail, "send the bundle as one archive")
        self.seconds = seconds


def check_room(parts: Parts, publisher: str, digest: str, size: int) -> None:
    """Let a file pass for which its publisher has room.

    Raises:
        NoRoom: he has not.

    """
    with parts.store.read() as session:
        _check(session, parts, publisher, digest, size)


def keep_blob(parts: Parts, growing: Growing, publisher: str, seen: Visible) -> bool:
    """Keep a file that a publisher sent: bytes first, then the row; says whether he could read it before.

    What he could not read is written although others may have sent it: neither the answer nor its time tells him. The bytes
    are on the disk before the transaction begins, in which only their name is missing.

    Raises:
        NoRoom: as `check_room`; nothing is kept.

    """
    digest, keep_seconds = growing.digest, parts.settings.orphan_seconds
    with parts.store.read() as session:
        _check(session, parts, publisher, digest, growing.size)
        known = bool(uploads.readable(session, publisher, (digest,), seen, keep_seconds))
    growing.settle(anyway=not known)
    with parts.store.transaction() as session:
        uploads.lock(session, publisher)
        _check(session, parts, publisher, digest, growing.size)
        growing.keep()
        uploads.note(session, publisher, digest, growing.size)
    return known


def _check(session: Session, parts: Parts, publisher: str, digest: str, size: int) -> None:
    room, keep_seconds = parts.settings.upload_bytes_max, parts.settings.orphan_seconds
    held = uploads.held(session, publisher, digest, keep_seconds)
    if held.size + size + uploads.ROW_BYTES > room:
        oldest = datetime.now(UTC) if held.oldest is None else held.oldest.replace(tzinfo=UTC)
        left = keep_seconds - (datetime.now(UTC) - oldest).total_seconds()
        raise NoRoom(room, max(1, math.ceil(left)))
