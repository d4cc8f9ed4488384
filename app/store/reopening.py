"""Verdicts over proofs that stand although their checker may decide nothing any more, and the verifications that say so.

A verdict is never changed. What was decided is judged anew in a verification of its own, under a seal that differs in what
the operator believes; its verdict then stands beside the old one, and corrects it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import and_, exists, or_, select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from app.store.intake import Submitted, begin_after
from app.store.standing import newest_revisions
from app.store.tables import ClaimRevision, ClaimRow, SealArtifact, SealRow, Verdict, Verification
from app.store.taking_turns import add_missing, take_turns

if TYPE_CHECKING:
    from collections.abc import Collection

FAULTED_STAYS = timedelta(days=1)  # one that faulted is begun again a day later: the same would most likely come of it


@dataclass(frozen=True)
class Decided:
    """A standing verdict over a proof."""

    verdict_id: str
    verification_id: str
    seal: str
    status: str
    claim: str
    publisher: str


def decided(session: Session, reason_codes: Collection[str]) -> list[Decided]:
    """Return every standing verdict with one of some reason codes, oldest first."""
    later, newest = aliased(Verdict), newest_revisions()
    overtaken = exists().where(
        col(later.claim_revision_id) == col(Verdict.claim_revision_id),
        or_(
            col(later.evaluated_at) > col(Verdict.evaluated_at),
            and_(col(later.evaluated_at) == col(Verdict.evaluated_at), col(later.id) > col(Verdict.id)),
        ),
    )
    query = (
        select(
            col(Verdict.id),
            col(Verdict.verification_id),
            col(Verification.seal),
            col(Verdict.status),
            col(ClaimRow.name),
            col(ClaimRow.publisher),
        )
        .join(Verification, col(Verification.id) == Verdict.verification_id)
        .join(ClaimRow, col(ClaimRow.id) == Verdict.claim_id)
        .join(ClaimRevision, col(ClaimRevision.id) == Verdict.claim_revision_id)
        .join(newest, and_(newest.c.claim_id == ClaimRevision.claim_id, newest.c.number == ClaimRevision.number))
        .where(col(Verdict.reason_code).in_(list(reason_codes)), ~overtaken)
        .order_by(col(Verdict.evaluated_at), col(Verdict.id))
    )
    return [Decided(*row) for row in session.connection().execute(query)]


def reopen(session: Session, verification_id: str, seal: str, body: str) -> Submitted:
    """Write a verification that needs no run of the claim of a concluded one, or return the one that was begun after it.

    Args:
        session: of a transaction.
        verification_id: the concluded one.
        seal: digest of what the new one judges; it has the same files.
        body: its bytes.

    """
    old = session.get_one(Verification, verification_id)
    take_turns(session, "retry", old.publisher, seal)
    now = datetime.now(UTC)
    known = _begun(session, old, seal, now)
    if known is not None:
        return Submitted(known, (), old.queue, created=False)
    add_missing(session, SealRow, ({"digest": seal, "body": body, "created_at": now},))
    files = session.connection().execute(select(col(SealArtifact.artifact)).where(col(SealArtifact.seal) == old.seal))
    add_missing(session, SealArtifact, [{"seal": seal, "artifact": found} for found in files.scalars()])
    return begin_after(session, old, {"seal": seal, "created_at": now})


def _begun(session: Session, old: Verification, seal: str, now: datetime) -> str | None:
    """Return the newest verification of a seal that was begun after another one, unless it faulted a while ago."""
    query = select(col(Verification.id)).where(
        col(Verification.publisher) == old.publisher,
        col(Verification.seal) == seal,
        col(Verification.created_at) > old.created_at,
        or_(
            col(Verification.state).not_in(("faulted", "cancelled")),
            col(Verification.created_at) > now - FAULTED_STAYS,
        ),
    )
    found: str | None = session.scalars(query.order_by(col(Verification.created_at).desc()).limit(1)).first()
    return found
