"""Runs migrations with the engine settings of the service; the URL comes from the caller, never from a file."""

from __future__ import annotations

from alembic import context

from app.store.engine import open_engine
from app.store.tables import metadata


def run() -> None:
    """Migrate in one transaction."""
    engine = open_engine(context.config.attributes["url"], 1)
    try:
        with engine.connect() as connection:
            if connection.dialect.name == "sqlite":
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            context.configure(connection=connection, target_metadata=metadata, render_as_batch=True)
            with context.begin_transaction():
                context.run_migrations()
            connection.commit()
    finally:
        engine.dispose()


run()
