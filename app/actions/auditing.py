"""Stored evidence is never believed: it is held against signature and rows whenever it is read, and all of it every day.

Evidence that does not hold is not served. It raises an alarm that stays until the evidence holds again, for example after
a restore from a backup. As long as it stands, the verdict says so wherever it is shown, and counts as none for its record.
An audit goes in steps, so that a judge comes to its verdicts in between, and one that was cut off is gone on with.
"""

from __future__ import annotations

import logging
import time
from datetime import timedelta
from typing import TYPE_CHECKING

from app.core.errors import Fault
from app.core.evidence_recorded import contradictions
from app.store import auditing, judging, keys
from app.store.errors import EvidenceBroken, StoreUnavailable

if TYPE_CHECKING:
    from app.actions.parts import Parts

log = logging.getLogger(__name__)

BATCH = 100  # verdicts whose ids are read at a time
STEP_SECONDS = 5.0


def read_evidence(parts: Parts, verdict_id: str) -> bytes | None:
    """Return the archive of a verdict after holding it against signature and rows; None: there is none.

    Raises:
        Fault: it is missing or does not hold; operators are alarmed, and nobody gets it.

    """
    with parts.store.read() as session:
        found = auditing.recorded(session, verdict_id)
        known = keys.published(session)
    if found is None or found[0] is None:
        return None
    try:
        archive = parts.blobs.read(found[0])
        findings = contradictions(archive, found[1], known)
        if findings:
            raise EvidenceBroken(verdict_id, "; ".join(findings))
    except StoreUnavailable:
        raise
    except Fault as fault:
        log.critical("ALARM: the evidence of verdict %s does not hold: %s", verdict_id, fault)
        with parts.store.transaction() as session:
            if auditing.raise_alarm(session, verdict_id, fault.detail):
                judging.project_gate_of(session, verdict_id, parts.settings.contract_base)
        raise
    return archive


def audit(parts: Parts, seconds: float = STEP_SECONDS) -> bool:
    """Do a step of the audit that is due; says whether there is more to do at once."""
    with parts.store.transaction() as session:
        row = auditing.begin_audit(session, timedelta(seconds=parts.settings.audit_seconds))
        if row is None:
            return False
        waiting = auditing.next_verdicts(session, row, BATCH)
    until = time.monotonic() + seconds
    checked = failed = 0
    position = None
    for verdict_id in waiting:
        failed += not _holds(parts, verdict_id)
        checked, position = checked + 1, verdict_id
        if time.monotonic() > until:
            break
    with parts.store.transaction() as session:
        auditing.note_progress(session, row.id, position, checked, failed)
    return position is not None


def _holds(parts: Parts, verdict_id: str) -> bool:
    try:
        read_evidence(parts, verdict_id)
    except StoreUnavailable:
        raise
    except Fault:
        return False
    with parts.store.transaction() as session:
        if auditing.resolve_alarm(session, verdict_id):
            judging.project_gate_of(session, verdict_id, parts.settings.contract_base)
    return True
