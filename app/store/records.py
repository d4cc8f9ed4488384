"""What is public about a record, gathered from its rows for the contracts; and the history of its claims."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, exists, func, or_, select
from sqlmodel import Session, col

from app.core.contracts.math_result import PROOF_KINDS, Tested
from app.core.contracts.review_monitor import Watched
from app.core.levels import ClaimCounts
from app.core.model import ControlResult, Status
from app.store import corrections
from app.store.intake import environments, said
from app.store.standing import HOLDS
from app.store.tables import (
    ClaimRevision,
    ClaimRow,
    ControlRow,
    GateRow,
    OutcomeRow,
    Record,
    RunRow,
    SealRow,
    Verdict,
    Verification,
)
from app.store.visible import CLOSED_CLAIM, EVERYTHING, STRANGERS, Visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sqlalchemy import RowMapping

    from app.core.contracts.correction_record import Event

LIVE = ("queued", "running", "concluding")
LOCATED = ("quote", "cells")  # the controls that look for a claim in its sources
_VERDICTS = (
    select(
        col(Verdict.id),
        col(Verdict.claim_id),
        col(Verdict.status),
        col(Verdict.reason_code),
        col(Verdict.reason),
        col(Verdict.evidence),
        HOLDS,
        col(Verdict.evaluated_at),
        col(Verdict.verification_id),
        col(ClaimRow.name),
        col(ClaimRevision.number),
        col(ClaimRevision.document),
        col(Verification.seal),
    )
    .join(ClaimRow, col(ClaimRow.id) == Verdict.claim_id)
    .join(ClaimRevision, col(ClaimRevision.id) == Verdict.claim_revision_id)
    .join(Verification, col(Verification.id) == Verdict.verification_id)
    .order_by(col(Verdict.evaluated_at), col(Verdict.id))
)


@dataclass(frozen=True)
class Known:
    """A record, everything that its publisher said of it, and what was counted over its claims."""

    row: dict[str, Any]
    said: dict[str, Any]
    gate: dict[str, Any] | None
    verdicts: list[dict[str, Any]]  # all of its claims, oldest first; `standing` says which stand
    counts: ClaimCounts
    tested: list[Tested]
    watched: list[Watched]
    environments: dict[str, str]
    corrections: list[Event]
    supersedes: list[str]  # ids of records whose place it takes

    @property
    def public(self) -> bool:
        """Whether strangers may know of it."""
        return bool(self.row["visibility"] == "public")


def find(session: Session, publisher: str, name: str, seen: Visible = EVERYTHING) -> Record | None:
    """Return a record by a publisher's own id, or by ours, whosever it is; None when it may not be known."""
    own = and_(col(Record.publisher) == publisher, col(Record.external_id) == name)
    return session.scalars(select(Record).where(or_(own, col(Record.id) == name), seen.records)).first()


def gather(session: Session, row: Record) -> Known:
    """Return everything that the contracts of a record are made from."""
    gate = session.get(GateRow, row.id)
    verdicts = _history(session, ClaimRow.record_id == row.id)
    newest = _newest_revisions(session, row.id)
    for item in verdicts:
        item["standing"] = False
    for item in {item["claim_id"]: item for item in verdicts if item["number"] == newest[item["claim_id"]]}.values():
        item["standing"] = True
    standing = [item for item in verdicts if item["standing"] and item["evidence_holds"]]
    succeeded = select(col(Record.id)).where(col(Record.superseded_by) == row.id).order_by(col(Record.id))
    return Known(
        row=row.model_dump(exclude={"told"}),
        said=said(row) | {"superseded_by": _successor(session, row)},
        gate=None if gate is None else json.loads(gate.document),
        verdicts=verdicts,
        counts=_counts(session, standing, len(newest)),
        tested=_tested(session, standing),
        watched=_watched(session, verdicts, newest),
        environments=environments(session),
        corrections=corrections.events(session, row.id),
        supersedes=list(session.scalars(succeeded.where(col(Record.visibility) == "public"))),
    )


def claim(session: Session, claim_id: str, seen: Visible = STRANGERS) -> dict[str, Any] | None:
    """Return a claim with every revision and every verdict; None when it may not be known."""
    query = select(ClaimRow, CLOSED_CLAIM).join(Record, col(Record.id) == ClaimRow.record_id, isouter=True)
    found = session.execute(query.where(col(ClaimRow.id) == claim_id, seen.claims)).first()
    if found is None:
        return None
    row, closed = found
    verdicts = _history(session, ClaimRow.id == claim_id)
    revisions = session.scalars(
        select(ClaimRevision).where(col(ClaimRevision.claim_id) == claim_id).order_by(col(ClaimRevision.number))
    ).all()
    standing = [item for item in verdicts if item["number"] == revisions[-1].number]
    return {
        "id": row.id,
        "name": row.name,
        "record_id": row.record_id,
        "publisher": row.publisher,
        "closed": bool(closed),
        "visibility": row.visibility if row.record_id is None else None,
        "revisions": [
            {
                "number": item.number,
                "created_at": item.created_at,
                "document": json.loads(item.document),
                "verdicts": [verdict for verdict in verdicts if verdict["number"] == item.number],
            }
            for item in revisions
        ],
        "standing_verdict": standing[-1]["id"] if standing else None,
    }


def _successor(session: Session, row: Record) -> str | None:
    """Return the record that takes a record's place, unless it is private: nobody may learn that it is there."""
    public = select(col(Record.id)).where(col(Record.id) == row.superseded_by, col(Record.visibility) == "public")
    return None if row.superseded_by is None else session.scalar(public)


def _history(session: Session, condition: Any) -> list[dict[str, Any]]:
    return [_verdict(row) for row in session.connection().execute(_VERDICTS.where(condition)).mappings()]


def _verdict(row: RowMapping) -> dict[str, Any]:
    document = json.loads(row["document"])
    statement = document["claim"]["statement"]
    return {**row, "document": document, "statement": statement, "kind": document["reproduce"]["kind"]}


def _newest_revisions(session: Session, record_id: str) -> dict[str, int]:
    query = (
        select(col(ClaimRevision.claim_id), func.max(col(ClaimRevision.number)))
        .join(ClaimRow, col(ClaimRow.id) == ClaimRevision.claim_id)
        .where(col(ClaimRow.record_id) == record_id)
        .group_by(col(ClaimRevision.claim_id))
    )
    return {row[0]: row[1] for row in session.execute(query)}


def _counts(session: Session, standing: list[dict[str, Any]], claims: int) -> ClaimCounts:
    """Count what was done with the claims; nobody tells these numbers."""
    located: dict[str, set[str]] = {}
    query = select(col(ControlRow.verdict_id), col(ControlRow.result)).where(
        col(ControlRow.verdict_id).in_([item["id"] for item in standing]), col(ControlRow.name).in_(LOCATED)
    )
    for verdict_id, result in session.execute(query):
        located.setdefault(verdict_id, set()).add(result)
    grounded = [
        found
        for found in located.values()
        if ControlResult.PASS.value in found and ControlResult.FAIL.value not in found
    ]
    executed = exists().where(
        col(RunRow.verification_id) == col(Verification.id),
        col(OutcomeRow.run_id) == col(RunRow.id),
        col(OutcomeRow.kind) == "exited",
        col(OutcomeRow.result).is_not(None),
    )
    ids = [item["verification_id"] for item in standing]
    ran = session.scalar(select(func.count()).select_from(Verification).where(col(Verification.id).in_(ids), executed))
    return ClaimCounts(
        source_grounded_claims=len(grounded),
        aggregate_claim_records=claims,
        artifact_inspected_claims=sum(item["kind"] != "formula" for item in standing),
        sandbox_executed_claims=int(ran or 0),
        externally_reviewed_or_formally_verified_claims=sum(
            item["kind"] in PROOF_KINDS and item["status"] == Status.VERIFIED for item in standing
        ),
    )


def _tested(session: Session, standing: list[dict[str, Any]]) -> list[Tested]:
    ids = [item["verification_id"] for item in standing]
    query = (
        select(col(RunRow.verification_id), col(OutcomeRow.document))
        .join(OutcomeRow, col(OutcomeRow.run_id) == RunRow.id)
        .where(col(RunRow.verification_id).in_(ids), col(RunRow.purpose).in_(("measure", "prove", "replay")))
    )
    spent: dict[str, int] = {}
    for verification_id, document in session.execute(query):
        spent[verification_id] = spent.get(verification_id, 0) + int(json.loads(document).get("cpu_ms") or 0)
    return [
        Tested(
            item["kind"],
            Status(item["status"]),
            _seconds(spent.get(item["verification_id"])),
            item["reason_code"],
        )
        for item in standing
    ]


def _seconds(milliseconds: int | None) -> float | None:
    return None if milliseconds is None else milliseconds / 1000


def _watched(session: Session, verdicts: list[dict[str, Any]], newest: Mapping[str, int]) -> list[Watched]:
    last = {item["claim_id"]: item for item in verdicts}.values()  # of every tested claim
    seals = _seals(session, {item["seal"] for item in last})
    live = select(col(ClaimRevision.claim_id)).join(
        Verification, col(Verification.claim_revision_id) == ClaimRevision.id
    )
    ids = [item["claim_id"] for item in last]
    going = set(session.scalars(live.where(col(ClaimRevision.claim_id).in_(ids), col(Verification.state).in_(LIVE))))
    return [
        Watched(
            evaluated_at=item["evaluated_at"],
            environment=(seals[item["seal"]]["environment"]["name"], seals[item["seal"]]["environment"]["digest"]),
            versions=seals[item["seal"]]["versions"],
            revoked=(seals[item["seal"]].get("proof") or {}).get("refused") is not None,
            revised=item["number"] != newest[item["claim_id"]],
            reverifying=item["claim_id"] in going,
        )
        for item in last
    ]


def _seals(session: Session, digests: Iterable[str]) -> dict[str, dict[str, Any]]:
    query = select(col(SealRow.digest), col(SealRow.body)).where(col(SealRow.digest).in_(list(digests)))
    return {digest: json.loads(body) for digest, body in session.execute(query)}
