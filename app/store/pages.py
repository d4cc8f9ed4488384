"""What pages show and no other door asks for: a claim or run with its neighbours. Not the feed, nor the house.

Nothing here decides anything. Only what the viewer may know of is there (`app.store.visible`).
"""

from __future__ import annotations

import json
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, bindparam, func, or_, select
from sqlmodel import Session, col

from app.core.loglines import LogIndex
from app.store.tables import (
    AlarmRow,
    ClaimRevision,
    ClaimRow,
    Correction,
    GateRow,
    LogRow,
    OutcomeRow,
    Record,
    RunRow,
    SealRow,
    Verdict,
    Verification,
)
from app.store.visible import CLOSED_CLAIM, STRANGERS, Visible

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.store.engine import Store

LIVE = ("queued", "running", "concluding")
LISTED_MAX = 100


def _number(column: Any, *conditions: Any) -> Any:
    return select(func.count(column)).where(*conditions).correlate(Record).scalar_subquery()


# Their parts are built once: they stand before every reading of a page that is kept rendered.
_CLAIM_VERSION = (
    select(
        _number(Verdict.id, col(Verdict.claim_id) == bindparam("claim")),
        _number(ClaimRevision.id, col(ClaimRevision.claim_id) == bindparam("claim")),
        _number(
            Verification.id,
            col(Verification.claim_revision_id) == col(ClaimRevision.id),
            col(ClaimRevision.claim_id) == bindparam("claim"),
        ),
        _number(
            Verification.id,
            col(Verification.claim_revision_id) == col(ClaimRevision.id),
            col(ClaimRevision.claim_id) == bindparam("claim"),
            col(Verification.state).in_(LIVE),
        ),
        _number(
            AlarmRow.verdict_id,
            col(AlarmRow.verdict_id) == col(Verdict.id),
            col(Verdict.claim_id) == bindparam("claim"),
            col(AlarmRow.resolved_at).is_(None),
        ),
        col(Record.updated_at),
        col(ClaimRow.visibility),
    )
    .select_from(ClaimRow)
    .join(Record, col(Record.id) == ClaimRow.record_id, isouter=True)
    .where(col(ClaimRow.id) == bindparam("claim"))
)
_RECORD_VERSION = (
    select(
        col(Record.id),
        col(Record.updated_at),
        col(GateRow.version),
        _number(ClaimRow.id, col(ClaimRow.record_id) == col(Record.id)),
        _number(Correction.id, col(Correction.record_id) == col(Record.id)),
    )
    .join(GateRow, col(GateRow.record_id) == Record.id, isouter=True)
    .where(
        or_(
            and_(col(Record.publisher) == bindparam("publisher"), col(Record.external_id) == bindparam("name")),
            col(Record.id) == bindparam("name"),
        )
    )
)
_SHOWN = (
    select(col(ClaimRow.publisher), CLOSED_CLAIM.label("closed"))
    .select_from(Verification)
    .join(ClaimRevision, col(ClaimRevision.id) == Verification.claim_revision_id)
    .join(ClaimRow, col(ClaimRow.id) == ClaimRevision.claim_id)
    .join(Record, col(Record.id) == ClaimRow.record_id, isouter=True)
    .where(col(Verification.id) == bindparam("verification"))
)


@lru_cache(maxsize=256)
def _claim_version(seen: Visible) -> Any:
    return _CLAIM_VERSION.where(seen.claims)


@lru_cache(maxsize=256)
def _record_version(seen: Visible) -> Any:
    return _RECORD_VERSION.where(seen.records)


@lru_cache(maxsize=256)
def _shown(seen: Visible) -> Any:
    return _SHOWN.where(seen.claims)


def claim_version(store: Store, claim_id: str, seen: Visible = STRANGERS) -> tuple[str, ...] | None:
    """Return all that can change on a claim's page; None when the viewer may not know of it."""
    row = store.first(_claim_version(seen), {"claim": claim_id})
    return None if row is None else tuple(str(value) for value in row)


def record_version(store: Store, publisher: str, name: str, seen: Visible = STRANGERS) -> tuple[str, ...] | None:
    """Return a record's id, and all that can change on its page: facts, gate verdict, claims, corrections.

    None: the viewer may not know of it. The name is the publisher's own, or ours.
    """
    row = store.first(_record_version(seen), {"publisher": publisher, "name": name})
    return None if row is None else tuple(str(value) for value in row)


def record_of(session: Session, record_id: str) -> dict[str, Any]:
    """Return how a record is called."""
    query = select(col(Record.id), col(Record.title), col(Record.external_id)).where(col(Record.id) == record_id)
    return dict(session.connection().execute(query).mappings().one())


def verifications_of(session: Session, claim_id: str) -> list[dict[str, Any]]:
    """Return the verifications of a claim, newest first."""
    query = (
        select(col(Verification.id), col(Verification.state), col(Verification.created_at), col(ClaimRevision.number))
        .join(ClaimRevision, col(ClaimRevision.id) == Verification.claim_revision_id)
        .where(col(ClaimRevision.claim_id) == claim_id)
        .order_by(col(Verification.created_at).desc(), col(Verification.id).desc())
        .limit(LISTED_MAX)
    )
    return [dict(row) for row in session.connection().execute(query).mappings()]


def shown(session: Session, verification_id: str, seen: Visible = STRANGERS) -> dict[str, Any] | None:
    """Return whose a verification is and whether its claim is closed; None when the viewer may not know of it."""
    row = session.connection().execute(_shown(seen), {"verification": verification_id}).mappings().first()
    return None if row is None else dict(row)


def seal_body(session: Session, digest: str) -> bytes:
    """Return the sealed bytes."""
    body: str = (
        session.connection().execute(select(col(SealRow.body)).where(col(SealRow.digest) == digest)).scalar_one()
    )
    return body.encode()


def seal(session: Session, digest: str) -> dict[str, Any]:
    """Return what was sealed."""
    found: dict[str, Any] = json.loads(seal_body(session, digest))
    return found


def run(session: Session, run_id: str, seen: Visible = STRANGERS) -> dict[str, Any] | None:
    """Return a run with its outcome; None when the viewer may not know of it."""
    query = (
        select(
            RunRow,
            col(OutcomeRow.document).label("outcome"),
            *(getattr(OutcomeRow, name) for name in ("isolation", "derived", "worker", "result", "stdout", "stderr")),
            col(OutcomeRow.samples),
            col(Verification.seal).label("seal"),
            col(ClaimRow.id).label("claim_id"),
            col(ClaimRow.name).label("claim"),
            col(ClaimRow.publisher).label("publisher"),
            CLOSED_CLAIM.label("closed"),
            col(Verdict.id).label("verdict_id"),
        )
        .join(Verification, col(Verification.id) == RunRow.verification_id)
        .join(ClaimRevision, col(ClaimRevision.id) == Verification.claim_revision_id)
        .join(ClaimRow, col(ClaimRow.id) == ClaimRevision.claim_id)
        .join(Record, col(Record.id) == ClaimRow.record_id, isouter=True)
        .join(OutcomeRow, col(OutcomeRow.run_id) == RunRow.id, isouter=True)
        .join(Verdict, col(Verdict.verification_id) == RunRow.verification_id, isouter=True)
        .where(col(RunRow.id) == run_id, seen.claims)
    )
    row = session.connection().execute(query).mappings().first()
    if row is None:
        return None
    hidden = {"lease_owner", "lease_until", "nudge_at", "touched_at", "spec"}
    found = {name: value for name, value in row.items() if name not in hidden}
    for name in ("outcome", "isolation", "derived", "samples"):
        found[name] = None if found[name] is None else json.loads(found[name])
    if row["state"] == "running":  # afterwards its outcome says whose it was
        found["worker"] = row["lease_owner"]
    return found | {"derivation": json.loads(row["spec"]).get("derivation")}


def log_indices(session: Session, digests: Sequence[str]) -> dict[str, LogIndex]:
    """Return where lines begin in logs; those that were stored without it are left out."""
    query = select(LogRow).where(col(LogRow.digest).in_(digests))
    return {
        row["digest"]: LogIndex(row["lines"], row["first_error"], tuple(json.loads(row["blocks"])))
        for row in session.connection().execute(query).mappings()
    }
