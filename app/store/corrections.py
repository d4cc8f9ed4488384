"""Corrections: public events that say what changed on a record, each also a row of the ledger. None is ever taken back."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlmodel import Session, col, select

from app.core.canonical import canonical, digest
from app.core.contracts.correction_record import CorrectionType, Event
from app.core.model import Status
from app.store import ledger
from app.store.ids import new_id
from app.store.standing import standing_of
from app.store.tables import Correction, GateRow, Record, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from app.core.contracts.correction_record import Change

DECIDED = {Status.VERIFIED.value, Status.FALSIFIED.value}
REVISED = "A claim was revised: its values or rules changed, and its new revision has no verdict yet."


@dataclass(frozen=True)
class Published:
    """What a record said of one of its claims, and of itself, before something happened."""

    record_id: str
    claim_id: str
    verdict: Verdict | None  # the claim's standing verdict
    status: str | None  # of the gate verdict; None: never projected
    reason_code: str | None


def published(session: Session, record_id: str, claim_id: str) -> Published:
    """Return what a record says, after locking it: of two verdicts at once the second one corrects the first."""
    session.exec(select(Record.id).where(Record.id == record_id).with_for_update()).one()
    row = session.get(GateRow, record_id, populate_existing=True)
    code = None if row is None else json.loads(row.document).get("reason_code")
    return Published(record_id, claim_id, standing_of(session, claim_id), None if row is None else row.status, code)


def of_verdict(session: Session, before: Published, status: str, verdict_id: str) -> str | None:
    """Write the correction that a new verdict makes, if it changes what was published; returns its id.

    Args:
        session: of the transaction that wrote the verdict.
        before: what was published.
        status: of the gate verdict now.
        verdict_id: the new verdict.

    """
    old, new = before.verdict, standing_of(session, before.claim_id)
    changed = old is not None and new is not None and (old.status, old.reason_code) != (new.status, new.reason_code)
    if changed and old is not None and new is not None:
        told = f"{old.status} ({old.reason_code}) became {new.status} ({new.reason_code})"
        note = f"A claim was verified again with another result: {told}."
    elif before.status in DECIDED and before.status != status:
        note = f"A further claim was verified, and the record's status {before.status} became {status}."
    else:
        return None
    return _gate_correction(session, before, ("gate_verdict",), note, verdict_id)


def of_revision(session: Session, before: Published, status: str) -> str:
    """Write the correction that a new revision of a tested claim makes; returns its id."""
    fields = ("claims", "gate_verdict") if before.status != status else ("claims",)
    return _gate_correction(session, before, fields, REVISED, None)


def of_publisher(session: Session, record_id: str, changes: Sequence[Change], note: str | None) -> list[str]:
    """Write the corrections that a publisher's changes make; returns their ids."""
    found = []
    for change in changes:
        said = note or f"The publisher changed {', '.join(change.fields)}."
        found.append(add(session, record_id, change.correction_type, said, change.fields, change.previous))
    return found


def add(  # noqa: PLR0913 - the parts of a correction
    session: Session,
    record_id: str,
    kind: CorrectionType,
    note: str,
    fields: Sequence[str],
    previous: Mapping[str, Any],
    verdict_id: str | None = None,
) -> str:
    """Write a correction and its row of the ledger; returns its id."""
    now = datetime.now(UTC)
    row = Correction(
        id=new_id("cor"),
        record_id=record_id,
        correction_type=kind.value,
        public_note=note,
        affected_fields=json.dumps(list(fields)),
        previous=json.dumps(dict(previous)),
        verdict_id=verdict_id,
        corrected_at=now,
    )
    session.add(row)
    session.flush()
    body = {
        "correction": row.id,
        "record": record_id,
        "correction_type": row.correction_type,
        "affected_fields": list(fields),
        "document": digest(canonical({"public_note": note, "previous": dict(previous)})),
        "verdict": verdict_id,
        "corrected_at": now.isoformat(),
    }
    ledger.append(session, "correction", row.id, body)
    return row.id


def events(session: Session, record_id: str) -> list[Event]:
    """Return every correction of a record, oldest first."""
    query = select(Correction).where(Correction.record_id == record_id)
    return [
        Event(
            event_id=row.id,
            corrected_at=row.corrected_at.isoformat(),
            correction_type=row.correction_type,
            public_note=row.public_note,
            affected_fields=tuple(json.loads(row.affected_fields)),
            previous=json.loads(row.previous),
        )
        for row in session.exec(query.order_by(col(Correction.corrected_at), col(Correction.id)))
    ]


def _gate_correction(
    session: Session, before: Published, fields: Sequence[str], note: str, verdict_id: str | None
) -> str:
    previous = {"gate_verdict": {"status": before.status, "reason_code": before.reason_code}}
    return add(session, before.record_id, CorrectionType.CLAIM, note, fields, previous, verdict_id)
