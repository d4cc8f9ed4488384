"""The engine and its one-transaction scopes, for SQLite and PostgreSQL alike.

One unit of work is one `with store.transaction()`. On SQLite it begins immediately, because a transaction that reads and
then writes would otherwise be refused at once when another one writes (SQLITE_BUSY has no waiting then). SQLite runs in
WAL mode on a local disk; triggers fire recursively, or INSERT OR REPLACE would walk past them.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import create_engine, event, inspect, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlmodel import Session

from app.store import triggers
from app.store.errors import StoreBroken, StoreUnavailable
from app.store.tables import REVISION

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sqlalchemy import Connection, Engine, Executable, Row

_SQLITE_PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = NORMAL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA busy_timeout = 30000",
    "PRAGMA recursive_triggers = ON",
)
_SQLITE_TRIGGERS = "SELECT name, tbl_name FROM sqlite_master WHERE type = 'trigger'"
#: Enabled for ordinary sessions ('O') or for all ('A'); disabled and replica-only ones keep no rule of ours.
_POSTGRESQL_TRIGGERS = (
    "SELECT tgname, relname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid"
    " WHERE NOT tgisinternal AND tgenabled IN ('O', 'A') AND relnamespace = current_schema()::regnamespace"
)
MIGRATE = "run `python -m app.store.migrate`"


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

    def first(self, statement: Executable, values: Mapping[str, Any]) -> Row[Any] | None:
        """Return the first row of one statement, without what a session costs.

        Raises:
            StoreUnavailable: as `transaction`.

        """
        with self._told(), self.engine.connect() as connection:
            return connection.execute(statement, values).first()

    def check(self) -> None:
        """Make sure that the database is the one this program was written for.

        Raises:
            StoreBroken: tables or triggers are missing, or of another version, with the remedy.
            StoreUnavailable: as `transaction`.

        """
        with self.read() as session:
            missing = missing_triggers(session.connection())
            revision = _revision(session.connection())
        if missing:
            trigger, table = missing[0]
            more = f" (and {len(missing) - 1} more)" if missing[1:] else ""
            raise StoreBroken(f"the database lacks the trigger {trigger} on {table}, or it is disabled{more}", MIGRATE)
        if revision != REVISION:
            raise StoreBroken(f"the database is at revision {revision}, this program wants {REVISION}", MIGRATE)

    def close(self) -> None:
        """Give every connection back."""
        self.engine.dispose()

    @contextmanager
    def _session(self, *, write: bool) -> Iterator[Session]:
        with self._told(), Session(self.engine, expire_on_commit=False) as session:
            if write and self.dialect == "sqlite":
                session.connection().exec_driver_sql("BEGIN IMMEDIATE")
            yield session

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Say of a database that cannot be reached that it cannot."""
        try:
            yield
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

    @event.listens_for(engine, "checkin")
    def _end(connection: Any, _: Any) -> None:
        # A COMMIT that a deferred foreign key refuses leaves SQLite's transaction open, and the pool thinks it over.
        if connection is not None and connection.in_transaction:
            connection.rollback()

    return engine


def database_time(session: Session) -> float:
    """Return epoch seconds: the server's on PostgreSQL, where hosts' clocks differ; this machine's on SQLite."""
    if session.get_bind().dialect.name == "postgresql":
        found = session.connection().execute(text("SELECT extract(epoch FROM clock_timestamp())")).scalar_one()
        return float(found)
    return time.time()


def seconds_since(moment: datetime | str | None) -> float | None:
    """Return how long ago a moment was, to a tenth of a second and never below zero; None for none.

    SQLite gives moments without a zone, and as text where it is not told their type; both are UTC.
    """
    if moment is None:
        return None
    at = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return round(max(0.0, (datetime.now(UTC) - at).total_seconds()), 1)


def missing_triggers(connection: Connection) -> list[tuple[str, str]]:
    """Return the triggers that should be there and are not, or are disabled, each with its table."""
    dialect = connection.dialect.name
    query = _SQLITE_TRIGGERS if dialect == "sqlite" else _POSTGRESQL_TRIGGERS
    present = {(trigger, table) for trigger, table in connection.execute(text(query))}
    return sorted(set(triggers.owners(dialect).items()) - present)


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
