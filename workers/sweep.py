"""The sweeper's hand: repeats lost nudges and takes back lost leases. Running it twice does no harm."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app import actions

if TYPE_CHECKING:
    from workers.hands import Hands


def sweep(hands: Hands) -> None:
    """Sweep once."""
    actions.sweep(hands.parts)
