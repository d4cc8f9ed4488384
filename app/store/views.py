"""What doors show: read models assembled from rows. Nothing here decides anything."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, func, select
from sqlmodel import Session, col

from app.core import plan
from app.core.effects import effect
from app.core.errors import Fault
from app.core.seal import read_seal
from app.store.standing import HOLDS
from app.store.tables import (
    AlarmRow,
    ClaimRevision,
    ClaimRow,
    ComparisonRow,
    ControlRow,
    OutcomeRow,
    Record,
    RunRow,
    SealRow,
    Verdict,
    Verification,
)
from app.store.visible import EVERYTHING, Visible

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import RowMapping

#: Columns of a verification that are the business of its key's holder.
OF_THE_KEY = frozenset({"account", "cpu_ms_reserved", "gpu_ms_reserved", "cpu_ms", "gpu_ms"})

# Built once: clients ask again and again while they wait.
_THIS = col(Verification.id) == bindparam("verification")
_VERSION = (
    select(
        col(Verification.state),
        col(RunRow.state),
        col(RunRow.fence),
        col(RunRow.progress_fraction),
        col(RunRow.progress_text),
        select(func.count())
        .where(
            col(AlarmRow.verdict_id) == col(Verdict.id),
            col(Verdict.verification_id) == bindparam("verification"),
            col(AlarmRow.resolved_at).is_(None),
        )
        .scalar_subquery(),
    )
    .join(RunRow, col(RunRow.verification_id) == Verification.id, isouter=True)
    .where(_THIS)
    .order_by(col(RunRow.id))
)
_CLAIM: tuple[Any, ...] = (
    col(ClaimRow.id).label("claim_id"),
    ClaimRow.name,
    ClaimRow.record_id,
    ClaimRevision.number,
    ClaimRevision.document,
)
_VERIFICATION = (
    select(Verification, *_CLAIM, col(SealRow.body).label("sealed"))
    .join(SealRow, col(SealRow.digest) == Verification.seal)
    .join(ClaimRevision, col(ClaimRevision.id) == Verification.claim_revision_id)
    .join(ClaimRow, col(ClaimRow.id) == ClaimRevision.claim_id)
    .where(_THIS)
)
_RUNS = (
    select(RunRow, col(OutcomeRow.document), col(OutcomeRow.isolation), col(OutcomeRow.worker))
    .join(OutcomeRow, isouter=True)
    .where(col(RunRow.verification_id) == bindparam("verification"))
    .order_by(col(RunRow.created_at), col(RunRow.id))
)
_VERDICT = select(Verdict, HOLDS).where(col(Verdict.id) == bindparam("verdict"))
_VERDICT_OF = select(Verdict, HOLDS).where(col(Verdict.verification_id) == bindparam("verification"))
_COMPARISONS = (
    select(col(ComparisonRow.verdict_id), col(ComparisonRow.document))
    .where(col(ComparisonRow.verdict_id).in_(bindparam("verdicts", expanding=True)))
    .order_by(col(ComparisonRow.position))
)
_CONTROLS = (
    select(ControlRow)
    .where(col(ControlRow.verdict_id).in_(bindparam("verdicts", expanding=True)))
    .order_by(col(ControlRow.position))
)


@dataclass(frozen=True)
class VerificationView:
    """A verification with everything that belongs to it, as JSON-ready values."""

    row: dict[str, Any]
    claim: dict[str, Any]
    record_id: str | None
    runs: list[dict[str, Any]]
    verdict: dict[str, Any] | None


@lru_cache(maxsize=256)
def _version(seen: Visible) -> Any:
    if seen.verifications is EVERYTHING.verifications:
        return _VERSION
    claims = _VERSION.join(ClaimRevision, col(ClaimRevision.id) == Verification.claim_revision_id)
    claims = claims.join(ClaimRow, col(ClaimRow.id) == ClaimRevision.claim_id)
    return claims.join(Record, col(Record.id) == ClaimRow.record_id, isouter=True).where(seen.verifications)


@lru_cache(maxsize=256)
def _evidence(seen: Visible) -> Any:
    return (
        select(col(Verdict.evidence), seen.evidence.label("open"))
        .join(ClaimRow, col(ClaimRow.id) == Verdict.claim_id)
        .join(Record, col(Record.id) == ClaimRow.record_id, isouter=True)
        .where(col(Verdict.id) == bindparam("verdict"), seen.verdicts)
    )


@lru_cache(maxsize=256)
def _verdict(seen: Visible) -> Any:
    if seen.verdicts is EVERYTHING.verdicts:
        return _VERDICT
    claims = _VERDICT.join(ClaimRow, col(ClaimRow.id) == Verdict.claim_id)
    return claims.join(Record, col(Record.id) == ClaimRow.record_id, isouter=True).where(seen.verdicts)


def version(session: Session, verification_id: str, seen: Visible = EVERYTHING) -> str | None:
    """Return a digest of what changes in a verification's view, from one small statement; None: there is no such one.

    One that may not be known is not there.

    States and fences say it all: the other columns of a run change with them, and a verdict comes with its state. Only
    progress moves by itself, and an alarm over the stored evidence comes and goes.
    """
    found = session.connection().execute(_version(seen), {"verification": verification_id}).all()
    return hashlib.sha256(repr(found).encode()).hexdigest()[:32] if found else None


def verification(session: Session, verification_id: str) -> VerificationView | None:
    """Return one verification, or None."""
    this = {"verification": verification_id}
    row = session.connection().execute(_VERIFICATION, this).mappings().first()
    if row is None:
        return None
    document = json.loads(row["document"])
    ended = row["state"] == "concluded"
    verdict = session.connection().execute(_VERDICT_OF, this).mappings().first() if ended else None
    own = {name: row[name] for name in Verification.model_fields if name not in OF_THE_KEY}
    return VerificationView(
        row={**own, "runs_least": _runs_least(row["sealed"]), "seconds": _seconds(row["created_at"], row["ended_at"])},
        claim={
            "id": row["claim_id"],
            "name": row["name"],
            "revision": row["number"],
            "statement": document["claim"]["statement"],
            "kind": document["reproduce"]["kind"],
        },
        record_id=row["record_id"],
        runs=runs(session, verification_id),
        verdict=None if verdict is None else with_findings(session, [verdict])[0],
    )


def runs(session: Session, verification_id: str) -> list[dict[str, Any]]:
    """Return the runs of a verification, in the order in which they were planned."""
    return [_run(row) for row in session.connection().execute(_RUNS, {"verification": verification_id}).mappings()]


def verdict(session: Session, verdict_id: str, seen: Visible = EVERYTHING) -> dict[str, Any] | None:
    """Return one verdict with its comparisons and controls; None when there is none, or none that may be known."""
    row = session.connection().execute(_verdict(seen), {"verdict": verdict_id}).mappings().first()
    return None if row is None else with_findings(session, [row])[0]


def evidence(session: Session, verdict_id: str, seen: Visible) -> tuple[str | None, bool] | None:
    """Return the digest of a verdict's evidence and whether its archive may be read; None for a verdict not to be known."""
    row = session.connection().execute(_evidence(seen), {"verdict": verdict_id}).first()
    return None if row is None else (row.evidence, bool(row.open))


def latest(session: Session, limit: int) -> list[dict[str, Any]]:
    """Return the newest verdicts, newest first, with what a table of them shows."""
    claim: Any = col(ClaimRow.name).label("claim")
    query = (
        select(Verdict, HOLDS, claim)
        .join(ClaimRow, col(ClaimRow.id) == Verdict.claim_id)
        .order_by(col(Verdict.evaluated_at).desc(), col(Verdict.id).desc())
        .limit(limit)
    )
    return with_findings(session, session.connection().execute(query).mappings().all())


def comparisons(session: Session, verdicts: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    """Return the comparisons of verdicts, by the verdict's id, which are fetched for all of them at once."""
    found: dict[str, list[dict[str, Any]]] = {verdict_id: [] for verdict_id in verdicts}
    for verdict_id, document in session.connection().execute(_COMPARISONS, {"verdicts": list(verdicts)}):
        found[verdict_id].append(json.loads(document))
    return found


def with_findings(session: Session, rows: Sequence[RowMapping]) -> list[dict[str, Any]]:
    """Return verdicts with their comparisons and controls, which are fetched for all of them at once."""
    wanted = {"verdicts": [row["id"] for row in rows]}
    compared = comparisons(session, wanted["verdicts"])
    controls: dict[str, list[Any]] = {verdict_id: [] for verdict_id in wanted["verdicts"]}
    for row in session.connection().execute(_CONTROLS, wanted).mappings():
        shown = {name: value for name, value in row.items() if name not in {"verdict_id", "position"}}
        controls[row["verdict_id"]].append(shown | {"effect": effect(row["name"], row["result"])})
    return [
        # the verdict's `revision` counts plans and fences the conclusion; readers would take it for the claim's
        {name: value for name, value in row.items() if name != "revision"}
        | {"comparisons": compared[row["id"]], "controls": controls[row["id"]]}
        for row in rows
    ]


def _run(row: RowMapping) -> dict[str, Any]:
    shown = ("id", "key", "purpose", "seed", "state", "attempts", "started_at", "ended_at")
    found: dict[str, Any] = {
        **{name: row[name] for name in shown},
        "derivation": json.loads(row["spec"]).get("derivation"),
        "outcome": None,
        "isolation": None,
        "worker": row["lease_owner"] if row["state"] == "running" else row["worker"],
        "progress": None,
    }
    if row["state"] == "running" and row["progress_fraction"] is not None:
        found["progress"] = {"fraction": row["progress_fraction"], "text": row["progress_text"] or ""}
    if row["document"] is not None:
        found |= {"outcome": json.loads(row["document"]), "isolation": json.loads(row["isolation"])}
    return found


def _runs_least(sealed: str) -> int | None:
    """Return how many runs a verdict on a seal takes at least; None for a seal that this version does not read."""
    try:
        return plan.least_steps(read_seal(sealed.encode()))
    except Fault:
        return None


def _seconds(start: datetime, end: datetime | None) -> float | None:
    return None if end is None else round((end - start).total_seconds(), 3)
