"""Checkpoints of the ledger: one a day, and more on demand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from app.store import ledger

if TYPE_CHECKING:
    from app.actions.parts import Parts
    from app.store.ledger import Signer


def close_day(parts: Parts, now: datetime, sign: Signer) -> dict[str, Any] | None:
    """Write the checkpoint of the UTC day before `now` unless it is there; None: it is, or no row is that old.

    It is made by the first sweep after midnight, and covers every row that is there at that moment.
    """
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    day = (midnight - timedelta(days=1)).date().isoformat()
    with parts.store.read() as session:
        begun = ledger.begun(session)
        if begun is None or begun >= midnight or ledger.has_checkpoint(session, day):
            return None
    with parts.store.transaction() as session:
        return ledger.add_checkpoint(session, day, sign)


def make_checkpoint(parts: Parts, sign: Signer) -> dict[str, Any] | None:
    """Write a checkpoint of the ledger as it is now; None when it has no row."""
    with parts.store.transaction() as session:
        return ledger.add_checkpoint(session, None, sign)
