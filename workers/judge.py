"""The judge's hand: concludes a verification whose runs are all in. Only judges hold the signing key."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from app import actions
from app.core.errors import Fault
from app.store.errors import StoreUnavailable

if TYPE_CHECKING:
    from workers.hands import Hands

log = logging.getLogger(__name__)


def conclude(hands: Hands, verification_id: str) -> None:
    """Write the verdict of a verification; safe to call any number of times, one verdict comes of it."""
    try:
        actions.conclude(hands.judging(), verification_id)
        actions.tell_commits(hands.parts, verification_id)
    except StoreUnavailable:
        raise  # nothing is wrong with the verification; the sweeper asks again
    except Fault as fault:
        log.exception("verification %s: fault while concluding", verification_id)
        actions.fault_verification(hands.parts, verification_id, fault.reason_code, str(fault))
    except Exception:
        log.exception("verification %s: unexpected error while concluding", verification_id)
        detail = "The judge failed; its log has the reason."
        actions.fault_verification(hands.parts, verification_id, "INTERNAL_ERROR", detail)
