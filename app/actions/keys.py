"""Judges' public keys: published by their holders, retired by operators."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.store import keys

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from app.actions.parts import Parts
    from app.core.keys import KnownKey


def publish_keys(parts: Parts, found: Iterable[KnownKey]) -> None:
    """Publish a judge's keys; those that are known already are left as they are."""
    with parts.store.transaction() as session:
        keys.publish(session, found)


def retire_key(parts: Parts, keyid: str, moment: datetime) -> bool:
    """Say that a key signs no more; False when no judge has published it."""
    with parts.store.transaction() as session:
        return keys.retire(session, keyid, moment)
