"""Places in a list, as a client carries them from page to page: closed, and good for the same question alone.

A place names the last row that a page looked at, by time and id. That may be a row that the client may not know of, so a
cursor is encrypted; and a forged one would be a question that nobody may ask: where hidden rows lie. AES-SIV (RFC 5297)
does both, without a nonce: the same place of the same question is the same cursor, and a page that stayed as it was is
recognised. List and filters are authenticated with it, so a cursor cannot be used for another list.
"""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from app.api.problems import ApiError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.settings import Settings


def cursor_key(settings: Settings) -> bytes:
    """Return the secret that closes cursors: every web process of a service has the same, and restarts keep it."""
    secret = settings.read_pepper() or settings.database.encode()
    return hashlib.sha512(b"assay-cursor-v2\0" + secret).digest()


def write(key: bytes, question: Mapping[str, str], place: tuple[datetime, str]) -> str:
    """Return a cursor that stands behind a place.

    Args:
        key: of `cursor_key`.
        question: the list and its filters.
        place: time and id of the last row that was looked at.

    """
    at = place[0] if place[0].tzinfo else place[0].replace(tzinfo=UTC)
    body = json.dumps([at.isoformat(), place[1]]).encode()
    return base64.urlsafe_b64encode(AESSIV(key).encrypt(body, [_asked(question)])).decode().rstrip("=")


def read(key: bytes, question: Mapping[str, str], cursor: str) -> tuple[datetime, str]:
    """Return the place that a cursor stands behind.

    Raises:
        ApiError: it was not written here, or for another question.

    """
    try:
        data = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        body = AESSIV(key).decrypt(data, [_asked(question)])
    except (ValueError, InvalidTag):
        problem = "`cursor` was not given for this list with these filters; begin again without it"
        raise ApiError("bad-cursor", problem) from None
    at, identity = json.loads(body)
    return datetime.fromisoformat(at), identity


def _asked(question: Mapping[str, str]) -> bytes:
    return json.dumps(dict(question), sort_keys=True).encode()
