"""Rows about stored evidence: what a verdict's rows say, alarms over evidence that contradicts them, and audits."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import func
from sqlmodel import Session, col, select

from app.core.evidence_recorded import DECIDED, Recorded
from app.store.ids import new_id
from app.store.tables import AlarmRow, AuditRow, ComparisonRow, ControlRow, Verdict, Verification

if TYPE_CHECKING:
    from datetime import timedelta

ALARMS_SHOWN_MAX = 20


def recorded(session: Session, verdict_id: str) -> tuple[str | None, Recorded] | None:
    """Return the digest of a verdict's evidence and what its rows say; None: there is no such verdict."""
    query = (
        select(Verdict, Verification.seal, Verification.publisher)
        .join(Verification, col(Verification.id) == Verdict.verification_id)
        .where(Verdict.id == verdict_id)
    )
    row = session.exec(query).first()
    if row is None:
        return None
    verdict, seal, publisher = row
    comparisons = select(ComparisonRow.document).where(ComparisonRow.verdict_id == verdict_id)
    controls = select(ControlRow).where(ControlRow.verdict_id == verdict_id).order_by(col(ControlRow.position))
    told = Recorded(
        verification=verdict.verification_id,
        publisher=publisher,
        seal=seal,
        keyid=verdict.keyid,
        evaluated_at=verdict.evaluated_at,
        decided={name: getattr(verdict, name) for name in DECIDED},
        comparisons=[json.loads(item) for item in session.exec(comparisons.order_by(col(ComparisonRow.position)))],
        controls=[item.model_dump(exclude={"verdict_id", "position"}) for item in session.exec(controls)],
    )
    return verdict.evidence, told


def raise_alarm(session: Session, verdict_id: str, detail: str) -> bool:
    """Note that a verdict's evidence is not what was signed; says whether that is new."""
    now = datetime.now(UTC)
    row = session.get(AlarmRow, verdict_id)
    if row is None:
        session.add(AlarmRow(verdict_id=verdict_id, detail=detail, raised_at=now, seen_at=now))
        session.flush()
        return True
    new = row.resolved_at is not None
    if new:
        row.raised_at, row.resolved_at = now, None
    row.detail, row.seen_at = detail, now
    session.flush()
    return new


def resolve_alarm(session: Session, verdict_id: str) -> bool:
    """Note that a verdict's evidence is what was signed; says whether there was an alarm."""
    row = session.get(AlarmRow, verdict_id)
    if row is None or row.resolved_at is not None:
        return False
    row.resolved_at = datetime.now(UTC)
    session.flush()
    return True


def open_alarms(session: Session) -> list[AlarmRow]:
    """Return the alarms that stand, newest first."""
    query = select(AlarmRow).where(col(AlarmRow.resolved_at).is_(None)).order_by(col(AlarmRow.raised_at).desc())
    return list(session.exec(query.limit(ALARMS_SHOWN_MAX)))


def last_audit(session: Session) -> AuditRow | None:
    """Return the newest audit."""
    return session.exec(select(AuditRow).order_by(col(AuditRow.started_at).desc()).limit(1)).first()


def begin_audit(session: Session, every: timedelta) -> AuditRow | None:
    """Return the audit that is to be gone on with, begun now if the last one is old enough; None: nothing is due."""
    now = datetime.now(UTC)
    row = last_audit(session)
    if row is not None and row.ended_at is None:
        return row
    if row is not None and now - row.started_at < every:
        return None
    total = session.exec(select(func.count(col(Verdict.id)))).one()
    row = AuditRow(id=new_id("aud"), started_at=now, total=total)
    session.add(row)
    session.flush()
    return row


def next_verdicts(session: Session, audit: AuditRow, limit: int) -> list[str]:
    """Return the verdicts that an audit looks at next. Ids sort by time, so those that came meanwhile come last."""
    query = select(Verdict.id).where(col(Verdict.id) > audit.position, Verdict.evidence != None)  # noqa: E711
    return list(session.exec(query.order_by(col(Verdict.id)).limit(limit)))


def note_progress(session: Session, audit_id: str, position: str | None, checked: int, failed: int) -> None:
    """Note how far an audit is; `position` None: it is at its end."""
    row = session.get_one(AuditRow, audit_id)
    row.checked += checked
    row.failed += failed
    if position is None:
        row.ended_at = datetime.now(UTC)
    else:
        row.position = position


def shown(session: Session) -> dict[str, Any]:
    """Return the last audit and the alarms that stand, for operators."""
    audit = last_audit(session)
    return {
        "audit": None if audit is None else audit.model_dump(exclude={"position"}),
        "alarms": [item.model_dump(exclude={"resolved_at"}) for item in open_alarms(session)],
    }
