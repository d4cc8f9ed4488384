"""Logins of browsers: begun by a key, ended by who began them or by time.

A token is 256 random bits, told once, to the browser that keeps it as a cookie. The database holds its hash under the
pepper of the keys.
"""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from app.actions.pepper import pepper
from app.core.apikeys import hashed
from app.store import logins

if TYPE_CHECKING:
    from app.actions.parts import Parts

__all__ = ["log_in", "log_out"]


def log_in(parts: Parts, key_id: str) -> str:
    """Begin a login of a good key; returns its token."""
    token = secrets.token_urlsafe(32)
    until = datetime.now(UTC) + timedelta(seconds=parts.settings.login_seconds)
    with parts.store.transaction() as session:
        logins.add(session, hashed(token, pepper(parts.settings)), key_id, until)
    return token


def log_out(parts: Parts, token: str) -> None:
    """End a login; one that is over already stays over."""
    with parts.store.transaction() as session:
        logins.end(session, hashed(token, pepper(parts.settings)))
