"""How long the like of a verification usually took, from what is stored; nothing where too little is.

Asked in this order, until one has brought LEAST of them: earlier verifications of the same seal; of the same claim; of
claims that the viewer may know of, in the same environment and of the same kind. The newest NEWEST are looked at. Of those
the range is told in which the middle four fifths lie; a machine that was asleep and a cache that was warm stay outside.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, select
from sqlmodel import Session, col

from app.store.tables import ClaimRevision, ClaimRow, Record, RunRow, Verification
from app.store.visible import STRANGERS, Visible

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

LEAST = 5
NEWEST = 40
RUNS_LOOKED_AT = 400  # newest runs among which those of the same environment are looked for
OUTSIDE = 0.1  # of them below the range, and as many above


@dataclass(frozen=True)
class Usual:
    """A range of seconds, and of what it is the range."""

    low: float
    high: float
    number: int
    like: str  # seal | claim | environment


def of_verification(session: Session, verification_id: str, seen: Visible = STRANGERS) -> Usual | None:
    """Return how long the like of a verification took from its first run to its verdict."""
    this = (
        select(col(Verification.seal), col(Verification.publisher), col(ClaimRevision.claim_id))
        .join(ClaimRevision, col(ClaimRevision.id) == Verification.claim_revision_id)
        .where(col(Verification.id) == verification_id)
    )
    row = session.connection().execute(this).first()
    if row is None:
        return None
    seal = and_(col(Verification.publisher) == row.publisher, col(Verification.seal) == row.seal)
    claim = col(ClaimRevision.claim_id) == row.claim_id
    for like, condition in (("seal", seal), ("claim", claim)):
        found = _usual(_concluded(session, verification_id, condition), like)
        if found is not None:
            return found
    return _usual(_of_environment(session, verification_id, seen), "environment")


def _usual(seconds: Sequence[float], like: str) -> Usual | None:
    if len(seconds) < LEAST:
        return None
    ordered = sorted(seconds)
    last = len(ordered) - 1
    return Usual(ordered[math.floor(OUTSIDE * last)], ordered[math.ceil((1 - OUTSIDE) * last)], len(ordered), like)


def _concluded(session: Session, but: str, condition: Any) -> list[float]:
    query = (
        select(col(Verification.started_at), col(Verification.ended_at))
        .join(ClaimRevision, col(ClaimRevision.id) == Verification.claim_revision_id)
        .where(condition, col(Verification.state) == "concluded", col(Verification.id) != but)
        .order_by(col(Verification.created_at).desc())
        .limit(NEWEST)
    )
    return _seconds(session.connection().execute(query).all())


def _of_environment(session: Session, verification_id: str, seen: Visible) -> list[float]:
    own = (
        select(col(RunRow.environment), col(ClaimRevision.document))
        .join(Verification, col(Verification.id) == RunRow.verification_id)
        .join(ClaimRevision, col(ClaimRevision.id) == Verification.claim_revision_id)
        .where(col(RunRow.verification_id) == verification_id)
        .limit(1)
    )
    this = session.connection().execute(own).first()
    if this is None:
        return []
    newest = (
        select(col(RunRow.verification_id), col(RunRow.environment))
        .where(col(RunRow.state) == "done")
        .order_by(col(RunRow.touched_at).desc())
        .limit(RUNS_LOOKED_AT)
        .subquery()
    )
    query = (
        select(col(Verification.started_at), col(Verification.ended_at), col(ClaimRevision.document))
        .join(ClaimRevision, col(ClaimRevision.id) == Verification.claim_revision_id)
        .join(ClaimRow, col(ClaimRow.id) == ClaimRevision.claim_id)
        .join(Record, col(Record.id) == ClaimRow.record_id, isouter=True)
        .where(
            col(Verification.id).in_(select(newest.c.verification_id).where(newest.c.environment == this.environment)),
            col(Verification.state) == "concluded",
            col(Verification.id) != verification_id,
            seen.claims,
        )
        .order_by(col(Verification.created_at).desc())
        .limit(NEWEST)
    )
    rows = session.connection().execute(query).all()
    return _seconds([row[:2] for row in rows if _kind(row.document) == _kind(this.document)])


def _kind(document: str) -> str:
    return str(json.loads(document)["reproduce"]["kind"])


def _seconds(rows: Sequence[Sequence[datetime | None]]) -> list[float]:
    return [(ended - begun).total_seconds() for begun, ended in rows if begun is not None and ended is not None]
