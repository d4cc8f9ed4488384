"""Which workers are there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.store import presence

if TYPE_CHECKING:
    from app.actions.parts import Parts
    from app.store.presence import KnownWorker


def announce(parts: Parts, worker: KnownWorker) -> None:
    """Say that a worker is there, and what it can run in; called when it starts and again every few seconds."""
    with parts.store.transaction() as session:
        if not presence.still_here(session, worker):
            presence.announce(session, worker)


def leave(parts: Parts, worker: KnownWorker) -> None:
    """Say that a worker ends in good order."""
    with parts.store.transaction() as session:
        presence.leave(session, worker.name)
