"""Writing what others may be writing at the same moment.

SQLite has one writer at a time: every transaction of ours that writes begins immediately, so what it reads first stays
true until it ends. On PostgreSQL two transactions may both find that a row is not there yet; `add_missing` lets both
insert it, and `take_turns` makes those with the same subject wait for each other. Neither is an error for anybody.

Everywhere a verification's row is locked before any of its runs. Whoever took them the other way round could meet a
cancellation coming towards it, and one of the two would be ended by the database as a deadlock.
"""

from __future__ import annotations

import hashlib
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, inspect, select, text, tuple_
from sqlalchemy import insert as plain_insert
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, SQLModel

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Insert, Select

_TURN = text("SELECT pg_advisory_xact_lock(:key)")


def take_turns(session: Session, *subject: str) -> None:
    """Wait until no other transaction works on the same subject; held until this one ends."""
    if session.get_bind().dialect.name == "postgresql":
        key = int.from_bytes(hashlib.sha256("\0".join(subject).encode()).digest()[:8], "big", signed=True)
        session.connection().execute(_TURN, {"key": key})


def add_missing(session: Session, table: type[SQLModel], rows: Iterable[dict[str, Any]]) -> None:
    """Insert the rows whose keys are not there yet, in the order of their keys so that two writers never cross."""
    keys, present, add, add_unless_there = _statements(table)
    wanted = {tuple(row[key] for key in keys): row for row in rows}
    if not wanted:
        return
    connection = session.connection()
    if connection.dialect.name == "postgresql":
        connection.execute(add_unless_there, [wanted[key] for key in sorted(wanted)])
        return
    # An append-only table's trigger refuses even an INSERT OR IGNORE of what is there.
    found = {tuple(row) for row in connection.execute(present, {"keys": list(wanted)})}
    fresh = [wanted[key] for key in sorted(wanted.keys() - found)]
    if fresh:
        connection.execute(add, fresh)


@cache
def _statements(table: type[SQLModel]) -> tuple[tuple[str, ...], Select[Any], Insert, Insert]:
    """Return the names of a table's keys, and the statements of `add_missing`: which are there, add, add unless there."""
    keys = tuple(column.key for column in inspect(table).primary_key)
    columns = [getattr(table, key) for key in keys]
    present = select(*columns).where(tuple_(*columns).in_(bindparam("keys", expanding=True)))
    return keys, present, plain_insert(table), insert(table).on_conflict_do_nothing()
