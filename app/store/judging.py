"""Writing a conclusion: verdict, findings, gate projection, ledger and correction in the caller's one transaction."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, insert, update
from sqlalchemy import select as select_columns
from sqlmodel import Session, col, select

from app.core import gate
from app.core.lifecycle import VERIFICATION, step
from app.core.webhook import Event
from app.store import corrections, events, ledger, outbox
from app.store.ending import VERIFICATION_COLUMNS, KnownVerification, change, lock
from app.store.engine import database_time
from app.store.ids import new_id
from app.store.intake import keep_artifacts
from app.store.keys import is_retired
from app.store.standing import standing_verdicts
from app.store.tables import (
    ClaimRevision,
    ClaimRow,
    ComparisonRow,
    ControlRow,
    GateRow,
    Record,
    Verdict,
    Verification,
)

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
_ADD_VERDICT, _ADD_COMPARISON, _ADD_CONTROL = insert(Verdict), insert(ComparisonRow), insert(ControlRow)


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
    keyid: str,
    evaluated_at: datetime,
    contract_base: str,
) -> str | None:
    """Record a judgement; returns the verdict's id.

    None: the verification is no longer at `revision`, or the key that signed was retired meanwhile. Another judge, or the
    same one with its new key, is asked again by the sweeper.
    """
    row = lock(session, verification_id)
    if row is None or row.state != "concluding" or row.revision != revision or is_retired(session, keyid):
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
        "keyid": keyid,
        "evaluated_at": evaluated_at,
    }
    before = None if claim.record_id is None else corrections.published(session, claim.record_id, claim.id)
    _add_findings(session, str(verdict["id"]), judgement)  # before the verdict, which the database refuses without them
    connection.execute(_ADD_VERDICT, verdict)
    told = {"verdict_id": verdict["id"], **{name: verdict[name] for name in ("status", "reason_code", "reason")}}
    events.note(session, row.id, "verdict", **told)
    change(session, row.id, state=step(VERIFICATION, row.state, "verdict"), ended_at=datetime.now(UTC))
    _tell(session, row, verdict)
    projected = None if before is None else project_gate(session, before.record_id, contract_base)
    # From here on all conclusions take turns.
    ledger.append(session, "verdict", str(verdict["id"]), _ledger_body(verdict, row.seal))
    if before is not None and projected is not None:
        corrected = corrections.of_verdict(session, before, projected["status"], str(verdict["id"]))
        if corrected is not None:
            old = None if before.verdict is None else before.verdict.id
            _tell_correction(session, before, row.publisher, corrected, str(verdict["id"]), corrected=old)
    return str(verdict["id"])


def note_revision(session: Session, claim_id: str, contract_base: str) -> None:
    """Publish that a claim of a record has a new revision: what was tested before no longer stands, and stays readable."""
    claim = select(ClaimRow.record_id, ClaimRow.publisher).where(ClaimRow.id == claim_id)
    record_id, publisher = session.exec(claim).one()
    newest = select(Verdict.id).where(Verdict.claim_id == claim_id)
    tested = session.exec(newest.order_by(col(Verdict.evaluated_at).desc(), col(Verdict.id).desc()).limit(1)).first()
    if record_id is None or tested is None:
        return
    before = corrections.published(session, record_id, claim_id)
    status = project_gate(session, record_id, contract_base)["status"]
    correction_id = corrections.of_revision(session, before, status)
    _tell_correction(session, before, publisher, correction_id, None, corrected=tested)


def _tell(session: Session, row: KnownVerification, verdict: Mapping[str, Any]) -> None:
    """Write the events of a verdict."""
    told = {name: verdict[name] for name in ("status", "reason_code")}
    urls = {"verdict": f"/v1/verdicts/{verdict['id']}", "evidence": f"/v1/verdicts/{verdict['id']}/evidence"}
    known = {"verdict_id": verdict["id"], **told}
    outbox.of_verification(session, row.id, row.publisher, Event.RECORDED, **known, urls=urls)
    outbox.finished(session, row.id, row.publisher, "concluded", **known)


def _tell_correction(  # noqa: PLR0913 - the parts of a correction
    session: Session,
    before: corrections.Published,
    publisher: str,
    correction_id: str,
    verdict_id: str | None,
    *,
    corrected: str | None,
) -> None:
    """Write the event of a correction: by a new verdict, or (without one) by a new revision of a tested claim."""
    known = {"claim_id": before.claim_id, "record_id": before.record_id, "correction_id": correction_id}
    urls = {"history": f"/v1/records/{before.record_id}/history"}
    told = {**known, "verdict_id": verdict_id, "corrected_verdict_id": corrected, "urls": urls}
    outbox.tell(session, publisher, Event.CORRECTED, told)


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


def project_gate_of(session: Session, verdict_id: str, contract_base: str) -> None:
    """Project the gate verdict of a verdict's record anew, if it has one."""
    query = (
        select(ClaimRow.record_id).join(Verdict, col(Verdict.claim_id) == ClaimRow.id).where(Verdict.id == verdict_id)
    )
    record_id = session.exec(query).first()
    if record_id is not None:
        project_gate(session, record_id, contract_base)


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
