"""THE story: what happens when a nudge about a run arrives.

A message is only a nudge, the database is the truth. Whatever arrives twice, late or never, each run is executed under
one lease, its outcome is accepted once, and one judgement follows from all of them. Read it from top to bottom:

1. Claim the run. Somebody else has it, or it is over: stop. A confirm run is left to another worker for a moment, where
   there is one that did not measure: the nudge goes out again, and this worker holds still so that it cannot take it.
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
from app.store.errors import StaleFence, StoreUnavailable
from app.store.runs import Claimed, LeftToOthers
from workers.execute import execute
from workers.live import LiveLog

if TYPE_CHECKING:
    from app.store.runs import Renewal
    from sandbox import Usage
    from workers.hands import Hands

log = logging.getLogger(__name__)

PROGRESS = re.compile(rb"^::progress ([01](?:\.\d{1,6})?)(?: ([^\x00-\x1f\x7f]{0,200}))?\s*$", re.MULTILINE)
PROGRESS_SECONDS_MIN = 1.0  # a script may report as often as it likes; the database hears of it once a second
LOOK_SECONDS = 2.0  # a cancellation is seen so soon, without writing anything
HOLD_SECONDS = 0.1  # long enough for an idle worker to take a nudge


def execute_run(hands: Hands, run_id: str) -> None:
    """Execute one run if it is still to be done; safe to call any number of times."""
    # 1. Claim.
    claimed = actions.claim_run(
        hands.parts, run_id, hands.name, set(hands.environments), set(hands.assets), gpu=hands.gpu is not None
    )
    if isinstance(claimed, LeftToOthers):
        time.sleep(HOLD_SECONDS)
    if not isinstance(claimed, Claimed):
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
            hands.assets,
            lambda key, name: actions.left_by(hands.parts, claimed.verification_id, key, name),
            hands.gpu,
        )
        if seal.claim.limits.gpus:
            hands.look_at_gpu()
        if heartbeat.lost:
            raise StaleFence(run_id)
        if heartbeat.cancelled:
            took, gpus = done.outcome, seal.claim.limits.gpus
            actions.cancel_run(hands.parts, claimed, took.cpu_ms or 0, (took.wall_ms or 0) * gpus)
            return
        # 4. and 5. Store, plan, nudge.
        actions.finish_run(hands.parts, claimed, seal, done, worker=hands.name)
    except StaleFence:
        log.warning("run %s: the lease was lost, its outcome is thrown away", run_id)
    except Fault as fault:
        log.exception("run %s: fault", run_id)
        if fault.code in {"environment-changed", "asset-changed"}:
            hands.doubt()
        _give_back(hands, claimed, fault.reason_code, str(fault))
    except Exception:
        log.exception("run %s: unexpected error", run_id)
        _give_back(hands, claimed, "INTERNAL_ERROR", "The worker failed; its log has the reason.")


def _give_back(hands: Hands, claimed: Claimed, code: str, detail: str) -> None:
    try:
        actions.fail_run(hands.parts, claimed, code, detail)
    except StaleFence:
        log.warning("run %s: the lease was lost, whoever has it now decides", claimed.run_id)


class Heartbeat:
    """Called by the box about twice a second; renews the lease, passes progress on, and says when to stop."""

    def __init__(self, hands: Hands, claimed: Claimed) -> None:
        self.hands = hands
        self.claimed = claimed
        self.lost = False
        self.cancelled = False
        self._renewed_at = self._looked_at = time.monotonic()
        self._told_at = 0.0
        self._told = b""
        self._log = LiveLog()
        self._said_at = 0.0

    def __call__(self, usage: Usage) -> bool:
        """Return False when the run must end now."""
        now = time.monotonic()
        settings = self.hands.parts.settings
        try:
            if now - self._renewed_at >= settings.heartbeat_seconds:
                self._heed(actions.renew(self.hands.parts, self.claimed))
                self._renewed_at = self._looked_at = now
            elif now - self._looked_at >= LOOK_SECONDS:
                self._heed(actions.look(self.hands.parts, self.claimed))
                self._looked_at = now
            self._pass_on_progress(usage.stdout, now)
            self._pass_on_log(usage, now)
        except StoreUnavailable as fault:
            # The lease outlives a short absence of the database; whether it was lost is known when it is back.
            log.warning("run %s: no heartbeat: %s", self.claimed.run_id, fault)
            self.lost = now - self._renewed_at >= settings.lease_seconds
        return not (self.lost or self.cancelled)

    def _heed(self, renewal: Renewal) -> None:
        self.lost, self.cancelled = not renewal.held, renewal.cancel

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

    def _pass_on_log(self, usage: Usage, now: float) -> None:
        if now - self._said_at < PROGRESS_SECONDS_MIN:
            return
        pieces = self._log.pieces(usage)
        if pieces:
            self._said_at = now
            actions.report_output(self.hands.parts, self.claimed, pieces)
