"""Runs migrations with the engine settings of the service; the URL comes from the caller, never from a file.

Triggers belong to the newest schema and to no migration: one that changes tables removes them first (`triggers.drop`), and
they are created anew once the head is reached. Where no migration ran, none is touched: a missing one must be noticed.
"""

from __future__ import annotations

from typing import Any

from alembic import context

from app.store import (
    approvals,  # noqa: F401 - its table is part of the metadata
    asset_tables,  # noqa: F401 - its tables are part of the metadata
    hook_tables,  # noqa: F401 - its tables are part of the metadata
    source_tables,  # noqa: F401 - its tables are part of the metadata
    triggers,
)
from app.store.engine import open_engine
from app.store.errors import StoreBroken
from app.store.tables import metadata


def run() -> None:
    """Migrate in one transaction."""
    applied: list[Any] = []
    engine = open_engine(context.config.attributes["url"], 1)
    try:
        with engine.connect() as connection:
            if connection.dialect.name == "sqlite":
                # A table whose constraint changes is made anew under its name, which no reference to it may notice.
                connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            context.configure(
                connection=connection,
                target_metadata=metadata,
                render_as_batch=True,
                on_version_apply=lambda step, **_: applied.append(step),
            )
            with context.begin_transaction():
                context.run_migrations()
                if applied and context.get_context().get_current_revision() == context.get_head_revision():
                    triggers.create(connection)
            if connection.dialect.name == "sqlite" and connection.exec_driver_sql("PRAGMA foreign_key_check").first():
                raise StoreBroken("a migration left references that lead nowhere", "report it; nothing was changed")
            connection.commit()
    finally:
        engine.dispose()


run()
