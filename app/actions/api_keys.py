"""API keys: made, given a successor, revoked.

The text of a key is returned once, by what makes it, and is nowhere afterwards. The pepper under which it is hashed lies in
a file of its own: whoever reads the database alone can neither use a key nor recognise one.
"""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from app.actions.pepper import pepper
from app.core.apikeys import SECRET_BYTES, hashed, spell
from app.core.caller import Scope
from app.store import api_keys, logins
from app.store.api_keys import NewKey

if TYPE_CHECKING:
    from app.actions.parts import Parts

__all__ = ["NewKey", "create_key", "revoke_key", "rotate_key"]


def create_key(parts: Parts, new: NewKey) -> tuple[str, str]:
    """Make a key; returns its id and the key itself, which nobody is told again."""
    text = spell(secrets.token_bytes(SECRET_BYTES))
    digest = hashed(text, pepper(parts.settings))
    with parts.store.transaction() as session:
        return api_keys.add(session, digest, new), text


def rotate_key(parts: Parts, key_id: str, overlap: timedelta) -> tuple[str, str] | None:
    """Make a key that takes another's place; the old one stays good during the overlap. Returns as `create_key`.

    None: there is no such key, or it is no longer good, so that it has no place to take.
    """
    text = spell(secrets.token_bytes(SECRET_BYTES))
    digest, now = hashed(text, pepper(parts.settings)), datetime.now(UTC)
    with parts.store.transaction() as session:
        old = api_keys.get(session, key_id)
        if old is None or not old["good"]:
            return None
        scopes = frozenset(Scope(name) for name in old["scopes"])
        lasts = None if old["expires_at"] is None else now + (_aware(old["expires_at"]) - _aware(old["created_at"]))
        fresh = NewKey(old["publisher"], old["name"], scopes, lasts, api_keys.budgets_of(old), key_id, old["account"])
        api_keys.end(session, key_id, now + overlap)
        return api_keys.add(session, digest, fresh), text


def revoke_key(parts: Parts, key_id: str) -> bool:
    """Let a key be good no longer, at once and for ever, with its logins; False when there is no such key."""
    with parts.store.transaction() as session:
        logins.end_of_key(session, key_id)
        return api_keys.revoke(session, key_id, datetime.now(UTC))


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
