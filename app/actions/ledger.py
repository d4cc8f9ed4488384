"""Checkpoints of the ledger: one a day, and more on demand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from app.store import ledger

if TYPE_CHECKING:
    from app.actions.parts import Parts
    from app.store.ledger import Signer


def day_to_close(parts: Parts, now: datetime) -> str | None:
    """Return the UTC day before `now` if it has no checkpoint yet; None: it has, or no row is that old."""
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    day = (midnight - timedelta(days=1)).date().isoformat()
    with parts.store.read() as session:
        begun = ledger.begun(session)
        due = begun is not None and begun < midnight and not ledger.has_checkpoint(session, day)
    return day if due else None


def close_day(parts: Parts, day: str, sign: Signer) -> dict[str, Any] | None:
    """Write the checkpoint of a day, over every row that is there at this moment; None: somebody was faster.

    Args:
        parts: the service's parts.
        day: as of `day_to_close`.
        sign: signs bytes, without a transaction of its own: this one holds the database.

    """
    with parts.store.transaction() as session:
        return ledger.add_checkpoint(session, day, sign)


def make_checkpoint(parts: Parts, sign: Signer) -> dict[str, Any] | None:
    """Write a checkpoint of the ledger as it is now; None when it has no row."""
    with parts.store.transaction() as session:
        return ledger.add_checkpoint(session, None, sign)
