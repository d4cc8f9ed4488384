"""What somebody should have done and did not: lost nudges, leases and judges, missing plans, healed faults, orphans.

Every step may be done twice, by two sweepers at once, or be cut off anywhere; the next sweep finds what is left.
"""

from __future__ import annotations

import logging
from itertools import islice, takewhile
from typing import TYPE_CHECKING

from app.actions.conclusion import fault_verification
from app.actions.planning import Nudges, Results, plan_next, sealed, send
from app.actions.retrying import SUBMIT_AGAIN, retry
from app.core.errors import Fault, Refusal
from app.store import answers, ending, events, hooks, outbox, presence, uploads
from app.store import sweep as found
from app.store.errors import StoreUnavailable
from app.store.source_lists import LATELY_SECONDS

if TYPE_CHECKING:
    from app.actions.parts import Parts

log = logging.getLogger(__name__)

#: Faults that time may heal, on another host or after a repair. The others say that bytes or programs changed, or that
#: we have a bug: trying the same again would end the same.
HEALED_BY_TIME = frozenset({"WORKER_LOST", "NO_ISOLATION"})
RETRY_WINDOW_SECONDS = 3600  # what faulted longer ago is begun again on request alone
WORKERS_KEPT_SECONDS = 86_400
ANSWERS_KEPT_SECONDS = 86_400  # under their idempotency keys
HOOKS_KEPT_SECONDS = 90 * 86_400  # deliveries that ended
PASSING_KEPT_SECONDS = 86_400  # progress and pieces of logs, for who watches
JUDGE_LEASES = 10  # a judge has no heartbeat: the last one is thought to be lost when so many leases are over
BATCH = 500


def sweep(parts: Parts) -> None:
    """Take back expired leases, plan and begin again what needs it, and repeat lost nudges."""
    settings = parts.settings
    with parts.store.read() as session:
        expired = found.expired(session)
    for run_id in expired:
        with parts.store.transaction() as session:
            lost = found.take_back(session, run_id, settings.attempts_max)
        if lost is not None:
            parts.queue.nudge_run(lost.id, lost.queue)
    _plan_unplanned(parts)
    _end_homeless(parts)
    _end_unjudged(parts)
    _retry_faulted(parts)
    _nudge_waiting(parts)
    _tell(parts)


def tidy(parts: Parts) -> int:
    """Remove old blobs that no row refers to, unfinished files, and workers long gone; returns how many files."""
    age = parts.settings.orphan_seconds
    with parts.store.transaction() as session:
        uploads.forget(session, age)
    removed = parts.blobs.remove_unfinished(age)
    old = parts.blobs.stale(age)
    while batch := list(islice(old, BATCH)):
        with parts.store.read() as session:
            known = found.known_artifacts(session, batch) | uploads.kept(session, batch)
        removed += sum(parts.blobs.remove_stale(digest, age) for digest in batch if digest not in known)
    with parts.store.transaction() as session:
        presence.forget(session, WORKERS_KEPT_SECONDS)
        events.forget_passing(session, PASSING_KEPT_SECONDS)
        answers.forget(session, ANSWERS_KEPT_SECONDS)
        outbox.forget(session, parts.settings.webhook_keep_seconds)
        hooks.forget(session, HOOKS_KEPT_SECONDS, LATELY_SECONDS)
    return removed


def _plan_unplanned(parts: Parts) -> None:
    with parts.store.read() as session:
        unplanned = found.unplanned(session)
    for verification_id, digest in unplanned:
        try:
            seal = sealed(parts, digest)
            results = Results(parts.blobs)
            results.prefetch(parts, verification_id)
            with parts.store.transaction() as session:
                row = ending.lock(session, verification_id)
                nudges = Nudges() if row is None else plan_next(session, row, seal, results)
            send(parts, nudges)
        except StoreUnavailable:
            raise
        except Fault as fault:
            log.exception("verification %s cannot be planned", verification_id)
            fault_verification(parts, verification_id, fault.reason_code, str(fault))


def _end_homeless(parts: Parts) -> None:
    settings = parts.settings
    with parts.store.read() as session:
        homeless = found.homeless(session, settings.environment_wait_seconds, settings.presence_seconds)
    for item in homeless:
        detail = f"No worker has the environment {item.name} as it was sealed any more. Please {SUBMIT_AGAIN}."
        fault_verification(parts, item.verification_id, "IMAGE_PULL_FAILED", detail)
    with parts.store.read() as session:
        assetless = found.assetless(session, settings.environment_wait_seconds, settings.presence_seconds)
    for item in assetless:
        detail = f"No worker has the asset {item.name} any more. Once it was added again, please {SUBMIT_AGAIN}."
        fault_verification(parts, item.verification_id, "IMAGE_PULL_FAILED", detail)


def _end_unjudged(parts: Parts) -> None:
    settings = parts.settings
    with parts.store.read() as session:
        unjudged = found.unjudged(session, JUDGE_LEASES * settings.lease_seconds, settings.attempts_max)
    for verification_id in unjudged:
        fault_verification(parts, verification_id, "WORKER_LOST", "Every judge that took the verification up was lost.")


def _retry_faulted(parts: Parts) -> None:
    pause = parts.settings.retry_after_seconds
    with parts.store.read() as session:
        faulted = found.retryable(session, HEALED_BY_TIME, pause, pause + RETRY_WINDOW_SECONDS)
    for verification_id in faulted:
        try:
            retry(parts, verification_id)
        except StoreUnavailable:
            raise
        except (Refusal, Fault) as error:
            log.info("verification %s is not begun again: %s", verification_id, error)


def _nudge_waiting(parts: Parts) -> None:
    """Repeat nudges, and note those that were sent: with the broker away all stay due."""
    stale = parts.settings.nudge_after_seconds
    with parts.store.read() as session:
        waiting = found.waiting_runs(session, stale)
        concluding = found.waiting_conclusions(session, stale, parts.settings.attempts_max)
    runs = [item.id for item in takewhile(lambda item: parts.queue.nudge_run(item.id, item.queue), waiting)]
    judged = list(takewhile(parts.queue.nudge_judge, concluding))
    if runs or judged:
        with parts.store.transaction() as session:
            found.nudged(session, runs, stale)
            found.touched(session, judged)


def _tell(parts: Parts) -> None:
    """Tell the operator of workers that are gone, and nudge whoever delivers when something is due."""
    with parts.store.transaction() as session:
        presence.tell_missing(session, parts.settings.presence_seconds)
        due = outbox.due_in(session)
    if due is not None and due <= 0:
        parts.queue.nudge_deliver()
