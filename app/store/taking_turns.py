"""Writing what others may be writing at the same moment.

SQLite has one writer at a time: every transaction of ours that writes begins immediately, so what it reads first stays
true until it ends. On PostgreSQL two transactions may both find that a row is not there yet; `add_missing` lets both
insert it, and `take_turns` makes those with the same subject wait for each other. Neither is an error for anybody.

Everywhere a verification's row is locked before any of its runs. Whoever took them the other way round could meet a
cancellation coming towards it, and one of the two would be ended by the database as a deadlock.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert as plain_insert
from sqlalchemy import inspect, select, text, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, SQLModel

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def take_turns(session: Session, *subject: str) -> None:
    """Wait until no other transaction works on the same subject; held until this one ends."""
    if session.get_bind().dialect.name == "postgresql":
        key = int.from_bytes(hashlib.sha256("\0".join(subject).encode()).digest()[:8], "big", signed=True)
        session.connection().execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": key})


def add_missing(session: Session, table: type[SQLModel], rows: Iterable[dict[str, Any]]) -> None:
    """Insert the rows whose keys are not there yet, in the order of their keys so that two writers never cross."""
    keys = [column.key for column in inspect(table).primary_key]
    wanted = {tuple(row[key] for key in keys): row for row in rows}
    if not wanted:
        return
    if session.get_bind().dialect.name == "postgresql":
        statement = insert(table).values([wanted[key] for key in sorted(wanted)]).on_conflict_do_nothing()
        session.connection().execute(statement)
        return
    # An append-only table's trigger refuses even an INSERT OR IGNORE of what is there.
    fresh = [wanted[key] for key in sorted(wanted.keys() - _present(session, table, keys, list(wanted)))]
    if fresh:
        session.connection().execute(plain_insert(table), fresh)


def _present(
    session: Session, table: type[SQLModel], keys: Sequence[str], wanted: Sequence[tuple[str, ...]]
) -> set[tuple[str, ...]]:
    columns = [getattr(table, key) for key in keys]
    found = session.connection().execute(select(*columns).where(tuple_(*columns).in_(wanted)))
    return {tuple(row) for row in found}
