"""Writing a conclusion: verdict, comparisons, controls, ledger and gate projection in the caller's one transaction."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, func, insert, update
from sqlalchemy import select as select_columns
from sqlmodel import Session, col, select

from app.core import gate
from app.core.canonical import canonical
from app.core.lifecycle import VERIFICATION, step
from app.core.model import Status
from app.store.ending import VERIFICATION_COLUMNS, KnownVerification, change, lock
from app.store.engine import database_time
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
    from collections.abc import Mapping

    from app.core.model import Judgement

# Built once, for every conclusion executes them.
_TAKE_UP = (
    update(Verification)
    .where(col(Verification.id) == bindparam("verification"), col(Verification.state) == "concluding")
    .where(col(Verification.judgings) < bindparam("attempts_max"))
    .values(judgings=col(Verification.judgings) + 1, touched_at=bindparam("now"))
    .returning(*VERIFICATION_COLUMNS)
)
_CLAIM_OF = (
    select_columns(col(ClaimRow.id), col(ClaimRow.record_id))
    .join(ClaimRevision, col(ClaimRevision.claim_id) == ClaimRow.id)
    .where(col(ClaimRevision.id) == bindparam("revision"))
)
_LAST = select_columns(col(LedgerRow.seq), col(LedgerRow.hash)).order_by(col(LedgerRow.seq).desc()).limit(1)
_ADD_VERDICT, _ADD_COMPARISON, _ADD_CONTROL = insert(Verdict), insert(ComparisonRow), insert(ControlRow)
_ADD_LEDGER = insert(LedgerRow)


def take_up(session: Session, verification_id: str, attempts_max: int) -> KnownVerification | None:
    """Count a judge that takes a verification up, and return it; None: there is nothing to judge, or it lost too many."""
    wanted = {"verification": verification_id, "attempts_max": attempts_max, "now": database_time(session)}
    row = session.connection().execute(_TAKE_UP, wanted).first()
    return None if row is None else KnownVerification(*row)


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
    connection = session.connection()
    claim = connection.execute(_CLAIM_OF, {"revision": row.claim_revision_id}).one()
    keep_artifacts(session, {evidence: evidence_size})
    verdict = {
        "id": new_id("vrd"),
        "verification_id": row.id,
        "claim_id": claim.id,
        "claim_revision_id": row.claim_revision_id,
        "revision": revision,
        "status": judgement.status.value,
        "outcome": judgement.outcome.value,
        "reason_code": judgement.reason_code,
        "blame": judgement.blame.value if judgement.blame else None,
        "reason": judgement.reason,
        "evidence": evidence,
        "evaluated_at": evaluated_at,
    }
    connection.execute(_ADD_VERDICT, verdict)
    _add_findings(session, verdict["id"], judgement)
    change(session, row.id, state=step(VERIFICATION, row.state, "verdict"), ended_at=datetime.now(UTC))
    if claim.record_id is not None:
        project_gate(session, claim.record_id, contract_base)
    append_ledger(session, "verdict", _ledger_body(verdict, row.seal))  # last: all conclusions take turns from here on
    return str(verdict["id"])


def _add_findings(session: Session, verdict_id: str, judgement: Judgement) -> None:
    comparisons = [
        {"verdict_id": verdict_id, "position": position, "document": comparison.model_dump_json()}
        for position, comparison in enumerate(judgement.comparisons)
    ]
    controls = [
        {"verdict_id": verdict_id, "position": position, **control.model_dump(mode="json")}
        for position, control in enumerate(judgement.controls)
    ]
    for statement, rows in ((_ADD_COMPARISON, comparisons), (_ADD_CONTROL, controls)):
        if rows:
            session.connection().execute(statement, rows)


def append_ledger(session: Session, kind: str, body: dict[str, Any]) -> int:
    """Append to the hash chain; returns the new sequence number."""
    take_turns(session, "ledger")
    last = session.connection().execute(_LAST).first()
    previous = last.hash if last is not None else "0" * 64
    spelled = canonical(body).decode()
    seq: int = (last.seq if last is not None else 0) + 1
    row = {"seq": seq, "prev_hash": previous, "hash": ledger_hash(seq, previous, kind, spelled)}
    session.connection().execute(_ADD_LEDGER, {**row, "kind": kind, "body": spelled})
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


def _ledger_body(verdict: Mapping[str, Any], seal: str) -> dict[str, Any]:
    return {
        "verdict": verdict["id"],
        "verification": verdict["verification_id"],
        "seal": seal,
        "status": verdict["status"],
        "reason_code": verdict["reason_code"],
        "evidence": verdict["evidence"],
        "evaluated_at": verdict["evaluated_at"].isoformat(),
    }
