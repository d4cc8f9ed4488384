"""THE story: what happens when a nudge about a run arrives.

A message is only a nudge, the database is the truth. Whatever arrives twice, late or never, each run is executed under
one lease, its outcome is accepted once, and one judgement follows from all of them. Read it from top to bottom:

1. Claim the run. Somebody else has it, or it is over: stop.
2. Read the seal and hash it again. Bytes that no longer match are our fault, never the claim's.
3. Execute the run in the box. No transaction is open. Meanwhile a heartbeat renews the lease; a lost lease or a
   cancellation ends the box, and its output is thrown away.
4. Store the outcome under the lease's fence and, in the same transaction, ask the plan what comes next: further runs,
   or the judge.
5. After the commit, nudge. A nudge that is not sent is repeated by the sweeper.
"""

from __future__ import annotations

import logging
import re
import time
from typing import TYPE_CHECKING

from app import actions
from app.core.errors import Fault
from app.store.errors import StaleFence
from workers.execute import execute

if TYPE_CHECKING:
    from app.store.runs import Claimed
    from sandbox import Usage
    from workers.hands import Hands

log = logging.getLogger(__name__)

PROGRESS = re.compile(rb"^::progress ([01](?:\.\d{1,6})?)(?: ([^\r\n]{0,200}))?\s*$", re.MULTILINE)
PROGRESS_SECONDS_MIN = 1.0  # a script may report as often as it likes; the database hears of it once a second


def execute_run(hands: Hands, run_id: str) -> None:
    """Execute one run if it is still to be done; safe to call any number of times."""
    # 1. Claim.
    claimed = actions.claim_run(hands.parts, run_id, hands.name, set(hands.environments))
    if claimed is None:
        return
    try:
        # 2. Read the seal.
        seal = actions.sealed(hands.parts, claimed.seal)
        # 3. Execute.
        heartbeat = Heartbeat(hands, claimed)
        done = execute(
            hands.box,
            hands.environments[claimed.environment],
            seal,
            claimed.seal,
            claimed.spec,
            hands.parts.blobs.read,
            heartbeat,
        )
        if heartbeat.lost:
            return
        if heartbeat.cancelled:
            actions.cancel_run(hands.parts, claimed)
            return
        # 4. and 5. Store, plan, nudge.
        actions.finish_run(hands.parts, claimed, seal, done, worker=hands.name)
    except StaleFence:
        log.warning("run %s: the lease was lost, its outcome is thrown away", run_id)
    except Fault as fault:
        log.exception("run %s: fault", run_id)
        actions.fail_run(hands.parts, claimed, fault.reason_code, fault.detail)
    except Exception:
        log.exception("run %s: unexpected error", run_id)
        actions.fail_run(hands.parts, claimed, "INTERNAL_ERROR", "the worker failed; its log has the reason")


class Heartbeat:
    """Called by the box about twice a second; renews the lease, passes progress on, and says when to stop."""

    def __init__(self, hands: Hands, claimed: Claimed) -> None:
        self.hands = hands
        self.claimed = claimed
        self.lost = False
        self.cancelled = False
        self._renewed_at = time.monotonic()
        self._told_at = 0.0
        self._told = b""

    def __call__(self, usage: Usage) -> bool:
        """Return False when the run must end now."""
        now = time.monotonic()
        settings = self.hands.parts.settings
        if now - self._renewed_at >= settings.heartbeat_seconds:
            self._renewed_at = now
            renewal = actions.renew(self.hands.parts, self.claimed)
            self.lost, self.cancelled = not renewal.held, renewal.cancel
            if self.lost or self.cancelled:
                return False
        self._pass_on_progress(usage.stdout, now)
        return True

    def _pass_on_progress(self, stdout: bytes, now: float) -> None:
        if now - self._told_at < PROGRESS_SECONDS_MIN:
            return
        lines = PROGRESS.findall(stdout[-4096:])
        if not lines or lines[-1] == self._told:
            return
        self._told_at, self._told = now, lines[-1]
        fraction, text = lines[-1]
        actions.report_progress(
            self.hands.parts, self.claimed, min(1.0, float(fraction)), text.decode("utf-8", "replace")
        )
