"""Bring a database to the newest schema: `python -m app.store.migrate`."""

from __future__ import annotations

import sys
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from app.store import triggers
from app.store.engine import missing_triggers, open_engine

MIGRATIONS = Path(__file__).parent.parent.parent / "migrations"


def config(url: str) -> Config:
    """Return Alembic's configuration for a database; there is no ini file that could hold a password."""
    found = Config()
    found.set_main_option("script_location", str(MIGRATIONS))
    found.attributes["url"] = url
    return found


def upgrade(url: str, revision: str = "head") -> None:
    """Upgrade a database."""
    command.upgrade(config(url), revision)


def downgrade(url: str, revision: str = "base") -> None:
    """Downgrade a database."""
    command.downgrade(config(url), revision)


def mend_triggers(url: str) -> int:
    """Create the triggers again if any is missing or disabled; returns how many were.

    Asked for by hand alone (`python -m app.store.migrate`): a start that mended them by itself would hide that somebody
    had switched a rule off.
    """
    engine = open_engine(url, 1)
    try:
        with engine.connect() as connection:
            if connection.dialect.name == "sqlite":
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            missing = missing_triggers(connection)
            if missing:
                triggers.create(connection)
            connection.commit()
        return len(missing)
    finally:
        engine.dispose()


def current(url: str) -> str | None:
    """Return the revision that a database has."""
    engine = open_engine(url, 1)
    try:
        with engine.connect() as connection:
            return MigrationContext.configure(connection).get_current_revision()
    finally:
        engine.dispose()


def head() -> str | None:
    """Return the newest revision."""
    return ScriptDirectory.from_config(config("")).get_current_head()


def main(url: str) -> None:
    """Upgrade a database and mend its triggers, saying what was done."""
    upgrade(url)
    mended = mend_triggers(url)
    print(f"at revision {current(url)}" + (f"; {mended} missing triggers created again" if mended else ""))  # noqa: T201


if __name__ == "__main__":
    from app.settings import Settings

    main(sys.argv[1] if len(sys.argv) > 1 else Settings().database)
