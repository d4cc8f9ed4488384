"""Bring a database to the newest schema: `python -m app.store.migrate`."""

from __future__ import annotations

import sys
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from app.store.engine import open_engine

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


if __name__ == "__main__":
    from app.settings import Settings

    upgrade(sys.argv[1] if len(sys.argv) > 1 else Settings().database)
