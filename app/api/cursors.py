"""Places in a list, as a client carries them from page to page: opaque, signed, and good for the same question alone.

A place names the last row of a page by time and id. Signed, because a forged one would be a question that nobody may ask:
where hidden rows lie. With the list and its filters under the signature a cursor cannot be used for another list.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from app.api.problems import ApiError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.settings import Settings

MAC_BYTES = 16


def cursor_key(settings: Settings) -> bytes:
    """Return the secret that signs cursors: every web process of a service has the same, and restarts keep it."""
    secret = settings.read_pepper() or settings.database.encode()
    return hashlib.sha256(b"assay-cursor-v1\0" + secret).digest()


def write(key: bytes, question: Mapping[str, str], place: tuple[datetime, str]) -> str:
    """Return a cursor that stands behind a place.

    Args:
        key: of `cursor_key`.
        question: the list and its filters.
        place: time and id of the last row that was told.

    """
    at = place[0] if place[0].tzinfo else place[0].replace(tzinfo=UTC)
    body = json.dumps([at.isoformat(), place[1]]).encode()
    return base64.urlsafe_b64encode(_mac(key, question, body) + body).decode().rstrip("=")


def read(key: bytes, question: Mapping[str, str], cursor: str) -> tuple[datetime, str]:
    """Return the place that a cursor stands behind.

    Raises:
        ApiError: it was not written here, or for another question.

    """
    try:
        data = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    except ValueError:
        data = b""
    mac, body = data[:MAC_BYTES], data[MAC_BYTES:]
    if not hmac.compare_digest(mac, _mac(key, question, body)):
        raise ApiError("bad-cursor", "`cursor` was not given for this list with these filters; begin again without it")
    at, identity = json.loads(body)
    return datetime.fromisoformat(at), identity


def _mac(key: bytes, question: Mapping[str, str], body: bytes) -> bytes:
    asked = json.dumps(dict(question), sort_keys=True).encode()
    return hmac.digest(key, len(asked).to_bytes(4, "big") + asked + body, "sha256")[:MAC_BYTES]
