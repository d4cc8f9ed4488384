"""Logins as rows: a browser that has shown a key. Whether one is good is decided in the statement that looks for it.

A login lasts as long as its key at most: the statement asks for a good key too, so that revoking, rotating out or an
expiry ends it without anybody having to think of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, delete, insert, select
from sqlmodel import Session, col

from app.store.api_keys import GOOD, caller_of
from app.store.tables import ApiKeyRow, LoginRow

if TYPE_CHECKING:
    from app.core.caller import Caller

LOGINS_MAX = 50  # of one key; who logs in once more ends the oldest

_FIND: Any = (
    select(ApiKeyRow, col(LoginRow.expires_at).label("until"))
    .join(LoginRow, col(LoginRow.key_id) == ApiKeyRow.id)
    .where(col(LoginRow.hash) == bindparam("hash"), col(LoginRow.expires_at) > bindparam("now"), GOOD)
)
_ADD = insert(LoginRow)


@dataclass(frozen=True)
class Login:
    """Who has logged in, with what, and until when."""

    caller: Caller
    key_name: str  # what its maker calls the key
    until: datetime


def find(session: Session, token_hash: str) -> Login | None:
    """Return who stands behind a login, by its token's hash; None when it is over, whyever."""
    asked = {"hash": token_hash, "now": datetime.now(UTC)}
    row = session.connection().execute(_FIND, asked).mappings().first()
    return None if row is None else Login(caller_of(row), row["name"], row["until"])


def add(session: Session, token_hash: str, key_id: str, until: datetime) -> None:
    """Write a login of a key, and forget those that are over and the oldest beyond LOGINS_MAX of the key."""
    now, connection = datetime.now(UTC), session.connection()
    connection.execute(delete(LoginRow).where(col(LoginRow.expires_at) <= now))
    own = col(LoginRow.key_id) == key_id
    newest = select(col(LoginRow.hash)).where(own).order_by(col(LoginRow.created_at).desc()).limit(LOGINS_MAX - 1)
    kept = list(connection.execute(newest).scalars())
    connection.execute(delete(LoginRow).where(own, col(LoginRow.hash).not_in(kept)))
    connection.execute(_ADD, {"hash": token_hash, "key_id": key_id, "created_at": now, "expires_at": until})


def end(session: Session, token_hash: str) -> None:
    """Forget a login."""
    session.connection().execute(delete(LoginRow).where(col(LoginRow.hash) == token_hash))


def end_of_key(session: Session, key_id: str) -> None:
    """Forget every login of a key."""
    session.connection().execute(delete(LoginRow).where(col(LoginRow.key_id) == key_id))
