"""The sweeper's hand: mends what somebody should have done and did not. Running it twice does no harm."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from app import actions
from app.core import checkpoints
from app.core.errors import Fault
from app.store.errors import StoreUnavailable

if TYPE_CHECKING:
    from app.store.ledger import Signer
    from workers.hands import Hands

log = logging.getLogger(__name__)


def sweep(hands: Hands) -> None:
    """Sweep once, and close the ledger's day when it is over."""
    actions.sweep(hands.parts)
    try:
        day = actions.day_to_close(hands.parts, datetime.now(UTC))
        if day is not None:
            actions.close_day(hands.parts, day, checkpoint_signer(hands))
    except StoreUnavailable:
        raise
    except Fault:
        log.exception("the ledger's day cannot be closed; the next sweep tries again")


def tidy(hands: Hands) -> None:
    """Open verdicts of checkers that are believed no more again, and remove what no row refers to any more."""
    actions.reopen(hands.parts)
    removed = actions.tidy(hands.parts)
    if removed:
        log.info("%d orphaned files removed", removed)


def make_checkpoint(hands: Hands) -> None:
    """Write a checkpoint of the ledger as it is now."""
    actions.make_checkpoint(hands.parts, checkpoint_signer(hands))


def checkpoint_signer(hands: Hands) -> Signer:
    """Return what signs checkpoints; in a worker that holds no key it signs nothing.

    The key is fetched, and published when it is new, before the ledger's transaction holds the database.

    Raises:
        Fault: there is no key in use here.

    """
    signer = hands.judging().signer
    return lambda body: None if signer is None else checkpoints.sign(body, signer)
