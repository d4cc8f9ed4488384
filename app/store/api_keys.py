"""API keys as rows. Whether a key is good is decided in the statement that looks for it.

A key that is unknown, misspelt, expired or revoked is not found, all the same and after the same one statement.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, bindparam, insert, or_, select, update
from sqlmodel import Session, col

from app.core.caller import NO_BUDGETS, Account, Budgets, Caller, Scope
from app.store import spending
from app.store.ids import new_id
from app.store.tables import ApiKeyRow, ClaimRow, Record

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sqlalchemy import RowMapping

USED_EVERY = timedelta(minutes=1)  # the last use of a key is written down so often at most
LISTED_MAX = 1000

#: What a key must be, at the moment `now`.
GOOD = and_(
    col(ApiKeyRow.revoked_at).is_(None),
    or_(col(ApiKeyRow.expires_at).is_(None), col(ApiKeyRow.expires_at) > bindparam("now")),
)
_BY_KEY = select(ApiKeyRow).where(col(ApiKeyRow.hash) == bindparam("hash"), GOOD)
_ANY = select(col(ApiKeyRow.id)).limit(1)
_ADD = insert(ApiKeyRow)


@dataclass(frozen=True)
class NewKey:
    """What a key is made for."""

    publisher: str
    name: str
    scopes: frozenset[Scope]
    expires_at: datetime | None = None
    budgets: Budgets = NO_BUDGETS
    successor_of: str | None = None
    account: str | None = None  # of a successor: the first key of the line


@dataclass(frozen=True)
class Found:
    """Who stands behind a key, and when the key was used before."""

    caller: Caller
    used_at: datetime | None


def publishers(session: Session) -> set[str]:
    """Return everybody for whom there is a key, a record or a claim."""
    named = (col(ApiKeyRow.publisher), col(Record.publisher), col(ClaimRow.publisher))
    return {name for column in named for name in session.connection().execute(select(column).distinct()).scalars()}


def find(session: Session, key_hash: str) -> Found | None:
    """Return who stands behind a key, by its hash; None when it is not good, whyever."""
    return _found(session.connection().execute(_BY_KEY, _at(key_hash)).mappings().first())


def any_exists(session: Session) -> bool:
    """Whether a key was ever made. A revoked one counts: who had one does not wish the door to open by itself again."""
    return session.connection().execute(_ANY).first() is not None


def note_use(session: Session, key_id: str, now: datetime) -> None:
    """Write down that a key was used."""
    session.connection().execute(update(ApiKeyRow).where(col(ApiKeyRow.id) == key_id).values(used_at=now))


def add(session: Session, key_hash: str, new: NewKey) -> str:
    """Write a key; returns its id."""
    key_id = new_id("key")
    row = {
        "id": key_id,
        "hash": key_hash,
        "publisher": new.publisher,
        "name": new.name,
        "scopes": " ".join(sorted(new.scopes)),
        "requests_per_minute": new.budgets.requests_per_minute,
        "queued_runs": new.budgets.queued_runs,
        "gpu_seconds_per_day": new.budgets.gpu_seconds_per_day,
        "cpu_seconds_per_day": new.budgets.cpu_seconds_per_day,
        "account": new.account,
        "successor_of": new.successor_of,
        "created_at": datetime.now(UTC),
        "expires_at": new.expires_at,
    }
    session.connection().execute(_ADD, row)
    return key_id


def listed(session: Session, publisher: str | None = None) -> list[dict[str, Any]]:
    """Return keys, newest first, of one publisher or of all; their hashes stay here."""
    query = select(ApiKeyRow).order_by(col(ApiKeyRow.created_at).desc(), col(ApiKeyRow.id).desc()).limit(LISTED_MAX)
    if publisher is not None:
        query = query.where(col(ApiKeyRow.publisher) == publisher)
    return _with_usage(session, [_shown(row) for row in session.connection().execute(query).mappings()])


def get(session: Session, key_id: str) -> dict[str, Any] | None:
    """Return a key by its id."""
    row = session.connection().execute(select(ApiKeyRow).where(col(ApiKeyRow.id) == key_id)).mappings().first()
    return None if row is None else _with_usage(session, [_shown(row)])[0]


def end(session: Session, key_id: str, moment: datetime) -> bool:
    """Let a key expire at a moment, unless it does so earlier; False when there is no such key."""
    change = (
        update(ApiKeyRow)
        .where(
            col(ApiKeyRow.id) == key_id, or_(col(ApiKeyRow.expires_at).is_(None), col(ApiKeyRow.expires_at) > moment)
        )
        .values(expires_at=moment)
    )
    session.connection().execute(change)
    return get(session, key_id) is not None


def revoke(session: Session, key_id: str, moment: datetime) -> bool:
    """Let a key be good no longer, for ever; False when there is no such key."""
    change = update(ApiKeyRow).where(col(ApiKeyRow.id) == key_id, col(ApiKeyRow.revoked_at).is_(None))
    session.connection().execute(change.values(revoked_at=moment))
    return get(session, key_id) is not None


def budgets_of(row: Mapping[str, Any]) -> Budgets:
    """Return the budgets of a key's row."""
    return Budgets(
        row["requests_per_minute"], row["queued_runs"], row["gpu_seconds_per_day"], row["cpu_seconds_per_day"]
    )


def _at(key_hash: str) -> dict[str, Any]:
    return {"hash": key_hash, "now": datetime.now(UTC)}


def _found(row: RowMapping | None) -> Found | None:
    if row is None:
        return None
    return Found(caller_of(row), row["used_at"])


def caller_of(row: RowMapping) -> Caller:
    """Return who stands behind a key, by its row."""
    return Caller(
        publisher=row["publisher"],
        scopes=_scopes(row["scopes"].split()),
        key_id=row["id"],
        account=Account(row["account"] or row["id"], budgets_of(dict(row))),
    )


def _scopes(names: Iterable[str]) -> frozenset[Scope]:
    return frozenset(Scope(name) for name in names)


def _shown(row: RowMapping) -> dict[str, Any]:
    shown = {name: value for name, value in row.items() if name != "hash"}
    ends, now = row["expires_at"], datetime.now(UTC)
    lasts = ends is None or (ends if ends.tzinfo else ends.replace(tzinfo=UTC)) > now
    account = row["account"] or row["id"]
    return shown | {"account": account, "scopes": row["scopes"].split(), "good": lasts and row["revoked_at"] is None}


def _with_usage(session: Session, keys: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Add to each key what counts against its budgets, in their units."""
    found = spending.usage(session, sorted({key["account"] for key in keys}))
    for key in keys:
        used = found[key["account"]]
        per_day = {"cpu_seconds_per_day": used.cpu_ms / 1000, "gpu_seconds_per_day": used.gpu_ms / 1000}
        key["used"] = {"queued_runs": used.runs, **per_day}
    return keys
