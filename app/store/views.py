"""What doors show: read models assembled from rows. Nothing here decides anything."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlmodel import Session, col, select

from app.store.tables import (
    ClaimRevision,
    ClaimRow,
    ComparisonRow,
    ControlRow,
    GateRow,
    OutcomeRow,
    Record,
    RunRow,
    Verdict,
    Verification,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime


@dataclass(frozen=True)
class VerificationView:
    """A verification with everything that belongs to it, as JSON-ready values."""

    row: dict[str, Any]
    claim: dict[str, Any]
    record_id: str | None
    runs: list[dict[str, Any]]
    verdict: dict[str, Any] | None


def verification(session: Session, verification_id: str) -> VerificationView | None:
    """Return one verification, or None."""
    query = (
        select(Verification, ClaimRevision, ClaimRow)
        .join(ClaimRevision, col(ClaimRevision.id) == Verification.claim_revision_id)
        .join(ClaimRow, col(ClaimRow.id) == ClaimRevision.claim_id)
        .where(Verification.id == verification_id)
    )
    found = session.exec(query).first()
    if found is None:
        return None
    row, revision, claim = found
    verdict_row = session.exec(select(Verdict).where(Verdict.verification_id == verification_id)).first()
    document = json.loads(revision.document)
    return VerificationView(
        row={**row.model_dump(), "seconds": _seconds(row.created_at, row.ended_at)},
        claim={
            "id": claim.id,
            "name": claim.name,
            "revision": revision.number,
            "statement": document["claim"]["statement"],
            "kind": document["reproduce"]["kind"],
        },
        record_id=claim.record_id,
        runs=_runs(session, verification_id),
        verdict=None if verdict_row is None else _verdicts(session, [verdict_row])[0],
    )


def verdict(session: Session, verdict_id: str) -> dict[str, Any] | None:
    """Return one verdict with its comparisons and controls, or None."""
    row = session.get(Verdict, verdict_id)
    return None if row is None else _verdicts(session, [row])[0]


def record(session: Session, publisher: str, external_id: str) -> dict[str, Any] | None:
    """Return a record with its gate verdict, or None; the record's id is accepted in place of the publisher's own."""
    query = select(Record).where(
        Record.publisher == publisher, (col(Record.external_id) == external_id) | (col(Record.id) == external_id)
    )
    row = session.exec(query).first()
    if row is None:
        return None
    gate = session.get(GateRow, row.id)
    return {**row.model_dump(), "gate_verdict": None if gate is None else json.loads(gate.document)}


def latest(session: Session, limit: int) -> list[dict[str, Any]]:
    """Return the newest verdicts, newest first, with what a table of them shows."""
    query = (
        select(Verdict, ClaimRow.name)
        .join(ClaimRow, col(ClaimRow.id) == Verdict.claim_id)
        .order_by(col(Verdict.evaluated_at).desc(), col(Verdict.id).desc())
        .limit(limit)
    )
    rows = session.exec(query).all()
    shown = _verdicts(session, [row for row, _ in rows])
    return [{**verdict, "claim": name} for verdict, (_, name) in zip(shown, rows, strict=True)]


def _verdicts(session: Session, rows: Sequence[Verdict]) -> list[dict[str, Any]]:
    """Return verdicts with their comparisons and controls, which are fetched for all of them at once."""
    ids = [row.id for row in rows]
    comparisons: dict[str, list[Any]] = {verdict_id: [] for verdict_id in ids}
    controls: dict[str, list[Any]] = {verdict_id: [] for verdict_id in ids}
    compared = select(ComparisonRow).where(col(ComparisonRow.verdict_id).in_(ids))
    for comparison in session.exec(compared.order_by(col(ComparisonRow.position))):
        comparisons[comparison.verdict_id].append(json.loads(comparison.document))
    attacked = select(ControlRow).where(col(ControlRow.verdict_id).in_(ids))
    for control in session.exec(attacked.order_by(col(ControlRow.position))):
        controls[control.verdict_id].append(control.model_dump(exclude={"verdict_id", "position"}))
    return [{**row.model_dump(), "comparisons": comparisons[row.id], "controls": controls[row.id]} for row in rows]


def _runs(session: Session, verification_id: str) -> list[dict[str, Any]]:
    query = (
        select(RunRow, OutcomeRow)
        .join(OutcomeRow, isouter=True)
        .where(RunRow.verification_id == verification_id)
        .order_by(col(RunRow.created_at), col(RunRow.id))
    )
    return [_run(run, outcome) for run, outcome in session.exec(query)]


def _run(run: RunRow, outcome: OutcomeRow | None) -> dict[str, Any]:
    spec = json.loads(run.spec)
    found: dict[str, Any] = {
        "id": run.id,
        "key": run.key,
        "purpose": run.purpose,
        "seed": run.seed,
        "derivation": spec.get("derivation"),
        "state": run.state,
        "attempts": run.attempts,
        "outcome": None,
        "isolation": None,
        "worker": None,
        "progress": None,
        "started_at": run.started_at,
        "ended_at": run.ended_at,
    }
    if run.state == "running" and run.progress_fraction is not None:
        found["progress"] = {"fraction": run.progress_fraction, "text": run.progress_text or ""}
    if outcome is not None:
        found |= {
            "outcome": json.loads(outcome.document),
            "isolation": json.loads(outcome.isolation),
            "worker": outcome.worker,
        }
    return found


def _seconds(start: datetime, end: datetime | None) -> float | None:
    return None if end is None else round((end - start).total_seconds(), 3)
