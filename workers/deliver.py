"""The messenger: makes due deliveries, from threads of its own, so that no run waits for a slow receiver.

Whatever it does is a row first and is taken by one statement; the messenger may end at any moment.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from app import actions
from app.core import webhook
from app.core.addresses import check_address
from app.core.errors import Fault, Refusal
from app.core.webhook import Outcome
from workers.outside import OutsideError

if TYPE_CHECKING:
    from app.actions import Parts
    from app.store.outbox import Taken
    from workers.outside import Outside

log = logging.getLogger(__name__)

AT_ONCE = 16  # attempts of one process
LOOK_SECONDS = 20.0  # at the latest it is looked again whether something is due


def attempt(parts: Parts, outside: Outside, taken: Taken) -> None:
    """Make one attempt at a delivery and write down what came of it."""
    begun = time.monotonic()
    outcome = _send(parts, outside, taken)
    duration_ms = int((time.monotonic() - begun) * 1000)
    state = actions.settle_delivery(parts, taken, outcome, duration_ms)
    if outcome.error:
        log.info("delivery %s, attempt %d: %s; it is %s", taken.id, taken.attempts, outcome.error, state)


def _send(parts: Parts, outside: Outside, taken: Taken) -> Outcome:
    settings = parts.settings
    sent = webhook.body(taken.event, taken.created_at, taken.data, settings.public_url.rstrip("/"))
    try:
        headers = webhook.headers(taken.id, datetime.now(UTC), sent, actions.secrets_of(parts, taken))
        check_address(taken.url, settings.outside_allow)  # the operator may have closed what was open
        answer = outside.ask(
            "POST",
            taken.url,
            headers,
            sent,
            seconds=settings.webhook_timeout_seconds,
            most=webhook.ANSWER_BYTES_MAX,
        )
    except OutsideError as error:
        return Outcome(None, "", str(error))
    except Refusal as refusal:
        return Outcome(None, "", refusal.detail)
    except Fault as fault:
        log.warning("delivery %s cannot be signed: %s", taken.id, fault)
        return Outcome(None, "", "the service could not sign it; ask its operator")
    return webhook.judge(answer.status, answer.body)


class Messenger:
    """Makes what is due, AT_ONCE at a time; sleeps until something is, or somebody wakes it."""

    def __init__(self, parts: Parts, outside: Outside) -> None:
        self._parts = parts
        self._outside = outside
        self._woken = threading.Event()
        self._over = False
        self._busy: Counter[str] = Counter()  # attempts that are being made, by endpoint
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._work, name="messenger", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def wake(self) -> None:
        """Look now."""
        self._woken.set()

    def stop(self) -> None:
        """Begin nothing more; what is under way becomes due again by itself if it does not end."""
        self._over = True
        self.wake()
        self._thread.join(1)

    def _work(self) -> None:
        while not self._over:
            self._woken.clear()
            try:
                pause = self._round()
            except Fault as fault:
                log.warning("nothing could be delivered: %s", fault)
                pause = LOOK_SECONDS
            except Exception:
                log.exception("the messenger stumbled")
                pause = LOOK_SECONDS
            self._woken.wait(pause)

    def _round(self) -> float:
        """Begin what is due; returns for how long nothing more will be, as far as is known."""
        with self._lock:
            busy = +self._busy
        free = AT_ONCE - busy.total()
        taken = actions.take_deliveries(self._parts, free, busy) if free else []
        for delivery in taken:
            with self._lock:
                self._busy[delivery.endpoint_id] += 1
            threading.Thread(target=self._run, args=(delivery,), daemon=True).start()
        if taken or not free:
            return 0.0 if 0 < len(taken) < free else LOOK_SECONDS  # the end of an attempt wakes it
        due = actions.deliveries_due_in(self._parts)
        # What is due and was not taken waits for an endpoint's share: the end of an attempt there wakes it too.
        return LOOK_SECONDS if due is None or due <= 0 else min(due, LOOK_SECONDS)

    def _run(self, delivery: Taken) -> None:
        try:
            attempt(self._parts, self._outside, delivery)
        except Fault as fault:
            log.warning("what came of a delivery could not be written down: %s", fault)
        except Exception:
            log.exception("a delivery stumbled")
        finally:
            with self._lock:
                self._busy[delivery.endpoint_id] -= 1
            self.wake()
