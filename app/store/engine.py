"""The engine and its one-transaction scopes, for SQLite and PostgreSQL alike.

One unit of work is one `with store.transaction()`. On SQLite it begins immediately, because a transaction that reads and
then writes would otherwise be refused at once when another one writes (SQLITE_BUSY has no waiting then). SQLite runs in
WAL mode on a local disk; triggers fire recursively, or INSERT OR REPLACE would walk past them.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlmodel import Session

from app.store import triggers
from app.store.errors import StoreBroken, StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine

_SQLITE_PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = NORMAL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA busy_timeout = 30000",
    "PRAGMA recursive_triggers = ON",
)


class Store:
    """A database; safe to share between threads, to be opened anew after a fork."""

    def __init__(self, url: str, *, pool_size: int = 10) -> None:
        self.url = url
        self.engine = open_engine(url, pool_size)
        self.dialect = self.engine.dialect.name

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """Give a session whose work is committed at the end, or not at all.

        Raises:
            StoreUnavailable: the database cannot be reached or does not answer.

        """
        with self._session(write=True) as session:
            yield session
            session.commit()

    @contextmanager
    def read(self) -> Iterator[Session]:
        """Give a session for reading.

        Raises:
            StoreUnavailable: as `transaction`.

        """
        with self._session(write=False) as session:
            yield session

    def check(self) -> None:
        """Make sure that the database is the one this program was written for.

        Raises:
            StoreBroken: tables or triggers are missing, with the remedy.
            StoreUnavailable: as `transaction`.

        """
        query = (
            "SELECT name FROM sqlite_master WHERE type = 'trigger'"
            if self.dialect == "sqlite"
            else "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled <> 'D'"
        )
        with self.read() as session:
            present = {row[0] for row in session.connection().execute(text(query))}
        missing = triggers.names(self.dialect) - present
        if missing:
            detail = f"the database lacks the trigger {min(missing)} (and {len(missing) - 1} more)"
            raise StoreBroken(detail, "run `python -m app.store.migrate`")

    def close(self) -> None:
        """Give every connection back."""
        self.engine.dispose()

    @contextmanager
    def _session(self, *, write: bool) -> Iterator[Session]:
        try:
            with Session(self.engine, expire_on_commit=False) as session:
                if write and self.dialect == "sqlite":
                    session.connection().exec_driver_sql("BEGIN IMMEDIATE")
                yield session
        except (OperationalError, InterfaceError) as error:
            raise StoreUnavailable(f"the database does not answer ({type(error.orig).__name__})") from error
        except DBAPIError as error:
            if error.connection_invalidated:
                raise StoreUnavailable("the connection to the database was lost") from error
            raise


def open_engine(url: str, pool_size: int = 10) -> Engine:
    """Return an engine with the settings that every connection of ours has."""
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        return create_engine(parsed, pool_size=pool_size, max_overflow=pool_size, pool_pre_ping=True)
    if parsed.database:
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    engine = create_engine(parsed, pool_size=pool_size, max_overflow=pool_size, connect_args={"timeout": 30})

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _: Any) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves
        for pragma in _SQLITE_PRAGMAS:
            connection.execute(pragma)

    return engine


def database_time(session: Session) -> float:
    """Return epoch seconds: the server's on PostgreSQL, where hosts' clocks differ; this machine's on SQLite."""
    if session.get_bind().dialect.name == "postgresql":
        found = session.connection().execute(text("SELECT extract(epoch FROM clock_timestamp())")).scalar_one()
        return float(found)
    return time.time()
