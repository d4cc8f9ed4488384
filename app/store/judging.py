"""Writing a conclusion: verdict, comparisons, controls, ledger and gate projection in the caller's one transaction."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import func
from sqlmodel import Session, col, select

from app.core import gate
from app.core.canonical import canonical
from app.core.lifecycle import VERIFICATION, step
from app.core.model import Status
from app.store.ending import lock
from app.store.ids import new_id
from app.store.intake import keep_artifacts
from app.store.tables import (
    ClaimRevision,
    ClaimRow,
    ComparisonRow,
    ControlRow,
    GateRow,
    LedgerRow,
    Record,
    Verdict,
    Verification,
)
from app.store.taking_turns import take_turns

if TYPE_CHECKING:
    from app.core.model import Judgement


def record_verdict(  # noqa: PLR0913 - the parts of a conclusion
    session: Session,
    verification_id: str,
    revision: int,
    judgement: Judgement,
    *,
    evidence: str,
    evidence_size: int,
    evaluated_at: datetime,
    contract_base: str,
) -> str | None:
    """Record a judgement if the verification is still at `revision`; returns the verdict's id, None if it is not."""
    row = lock(session, verification_id)
    if row is None or row.state != "concluding" or row.revision != revision:
        return None
    claim_revision = session.exec(select(ClaimRevision).where(ClaimRevision.id == row.claim_revision_id)).one()
    keep_artifacts(session, {evidence: evidence_size})
    verdict = Verdict(
        id=new_id("vrd"),
        verification_id=row.id,
        claim_id=claim_revision.claim_id,
        claim_revision_id=claim_revision.id,
        revision=revision,
        status=judgement.status.value,
        outcome=judgement.outcome.value,
        reason_code=judgement.reason_code,
        blame=judgement.blame.value if judgement.blame else None,
        reason=judgement.reason,
        evidence=evidence,
        evaluated_at=evaluated_at,
    )
    session.add(verdict)
    session.flush()
    for position, comparison in enumerate(judgement.comparisons):
        session.add(ComparisonRow(verdict_id=verdict.id, position=position, document=comparison.model_dump_json()))
    for position, control in enumerate(judgement.controls):
        session.add(ControlRow(verdict_id=verdict.id, position=position, **control.model_dump(mode="json")))
    row.state = step(VERIFICATION, row.state, "verdict")
    row.ended_at = datetime.now(UTC)
    session.flush()
    _project_gate(session, claim_revision.claim_id, contract_base)
    append_ledger(session, "verdict", _ledger_body(verdict, row))  # last: all conclusions take turns from here on
    return verdict.id


def append_ledger(session: Session, kind: str, body: dict[str, Any]) -> int:
    """Append to the hash chain; returns the new sequence number."""
    take_turns(session, "ledger")
    last = session.exec(select(LedgerRow).order_by(col(LedgerRow.seq).desc()).limit(1)).first()
    previous = last.hash if last is not None else "0" * 64
    spelled = canonical(body).decode()
    seq = (last.seq if last is not None else 0) + 1
    session.add(
        LedgerRow(seq=seq, prev_hash=previous, hash=ledger_hash(seq, previous, kind, spelled), kind=kind, body=spelled)
    )
    session.flush()
    return seq


def ledger_hash(seq: int, previous: str, kind: str, body: str) -> str:
    """Return the hash of a ledger row: SHA-256 over the canonical bytes of its parts."""
    return hashlib.sha256(canonical([seq, previous, kind, body])).hexdigest()


def standing_verdicts(session: Session, record_id: str) -> list[gate.StandingVerdict]:
    """Return the standing verdict of every tested claim of a record: the newest of its newest revision."""
    newest_revision = (
        select(ClaimRevision.claim_id, func.max(ClaimRevision.number).label("number"))
        .group_by(col(ClaimRevision.claim_id))
        .subquery()
    )
    query = (
        select(Verdict, Verification.seal, ClaimRow.name)
        .join(Verification, col(Verification.id) == Verdict.verification_id)
        .join(ClaimRow, col(ClaimRow.id) == Verdict.claim_id)
        .join(ClaimRevision, col(ClaimRevision.id) == Verdict.claim_revision_id)
        .join(
            newest_revision,
            (newest_revision.c.claim_id == ClaimRevision.claim_id) & (newest_revision.c.number == ClaimRevision.number),
        )
        .where(ClaimRow.record_id == record_id)
        .order_by(col(Verdict.evaluated_at), col(Verdict.id))
    )
    standing = {row[0].claim_id: row for row in session.exec(query)}
    ids = [verdict.id for verdict, _, _ in standing.values()]
    controls: dict[str, list[str]] = {}
    ordered = select(ControlRow.verdict_id, ControlRow.result).where(col(ControlRow.verdict_id).in_(ids))
    for verdict_id, result in session.exec(ordered.order_by(col(ControlRow.position))):
        controls.setdefault(verdict_id, []).append(result)
    return [_standing(*row, controls.get(row[0].id, [])) for row in standing.values()]


def _standing(verdict: Verdict, seal: str, claim: str, controls: list[str]) -> gate.StandingVerdict:
    return gate.StandingVerdict(
        claim=claim,
        status=Status(verdict.status),
        outcome=verdict.outcome,
        reason_code=verdict.reason_code,
        blame=verdict.blame,
        reason=verdict.reason,
        evaluated_at=verdict.evaluated_at.isoformat(),
        seal=seal,
        evidence_url=f"/v1/verdicts/{verdict.id}/evidence",
        evidence_sha256=verdict.evidence or "",
        controls=tuple(controls),
    )


def project_gate(session: Session, record_id: str, contract_base: str) -> dict[str, Any]:
    """Project a record's gate verdict from its standing verdicts and store it."""
    record = session.exec(select(Record).where(Record.id == record_id).with_for_update()).one()
    document = gate.project(standing_verdicts(session, record_id), record.claims_total, contract_base)
    row = session.get(GateRow, record_id)
    if row is None:
        row = GateRow(record_id=record_id, status="", document="", version=0, updated_at=datetime.now(UTC))
        session.add(row)
    row.status = document["status"]
    row.document = json.dumps(document)
    row.version += 1
    row.updated_at = datetime.now(UTC)
    session.flush()
    return document


def _project_gate(session: Session, claim_id: str, contract_base: str) -> None:
    record_id = session.exec(select(ClaimRow.record_id).where(ClaimRow.id == claim_id)).one()
    if record_id is not None:
        project_gate(session, record_id, contract_base)


def _ledger_body(verdict: Verdict, verification: Verification) -> dict[str, Any]:
    return {
        "verdict": verdict.id,
        "verification": verification.id,
        "seal": verification.seal,
        "status": verdict.status,
        "reason_code": verdict.reason_code,
        "evidence": verdict.evidence,
        "evaluated_at": verdict.evaluated_at.isoformat(),
    }
