"""The sweeper's hand: mends what somebody should have done and did not. Running it twice does no harm."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from app import actions

if TYPE_CHECKING:
    from workers.hands import Hands

log = logging.getLogger(__name__)


def sweep(hands: Hands) -> None:
    """Sweep once."""
    actions.sweep(hands.parts)


def tidy(hands: Hands) -> None:
    """Remove once what no row refers to any more."""
    removed = actions.tidy(hands.parts)
    if removed:
        log.info("%d orphaned files removed", removed)
