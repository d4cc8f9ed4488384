"""The auditor's hand: a judge that holds stored evidence against signatures and rows, a few seconds at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app import actions

if TYPE_CHECKING:
    from workers.hands import Hands


def audit(hands: Hands) -> None:
    """Do a step of the audit that is due, and ask for the next one; a request that is lost comes again with the beat."""
    if actions.audit(hands.parts):
        hands.parts.queue.nudge_audit()
