"""Which verdict of a claim stands: the newest of its newest revision. Everything older stays readable beside it."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sqlalchemy import exists, func
from sqlmodel import Session, col, select

from app.core import gate
from app.core.model import Comparison, Status
from app.core.multiplicity import chance
from app.store.tables import AlarmRow, ClaimRevision, ClaimRow, ComparisonRow, ControlRow, Verdict, Verification

if TYPE_CHECKING:
    from sqlmodel.sql.expression import SelectOfScalar


def holds(verdict_id: Any) -> Any:
    """Return the column `evidence_holds` for a column of verdicts: whether no alarm stands over what is stored."""
    alarm = exists().where(col(AlarmRow.verdict_id) == verdict_id, col(AlarmRow.resolved_at).is_(None))
    return (~alarm).label("evidence_holds")


HOLDS = holds(col(Verdict.id))


def newest_revisions() -> Any:
    """Return a subquery of every claim's newest revision: claim_id, number."""
    return (
        select(ClaimRevision.claim_id, func.max(ClaimRevision.number).label("number"))
        .group_by(col(ClaimRevision.claim_id))
        .subquery()
    )


def standing_of(session: Session, claim_id: str) -> Verdict | None:
    """Return the standing verdict of a claim."""
    newest = select(func.max(ClaimRevision.number)).where(ClaimRevision.claim_id == claim_id).scalar_subquery()
    query: SelectOfScalar[Verdict] = (
        select(Verdict)
        .join(ClaimRevision, col(ClaimRevision.id) == Verdict.claim_revision_id)
        .where(Verdict.claim_id == claim_id, ClaimRevision.number == newest)
        .order_by(col(Verdict.evaluated_at).desc(), col(Verdict.id).desc())
        .limit(1)
    )
    return session.exec(query).first()


def standing_verdicts(session: Session, record_id: str) -> list[gate.StandingVerdict]:
    """Return the standing verdict of every tested claim of a record; one whose evidence does not hold tests nothing."""
    newest = newest_revisions()
    query = (
        select(Verdict, Verification.seal, ClaimRow.name, HOLDS)
        .join(Verification, col(Verification.id) == Verdict.verification_id)
        .join(ClaimRow, col(ClaimRow.id) == Verdict.claim_id)
        .join(ClaimRevision, col(ClaimRevision.id) == Verdict.claim_revision_id)
        .join(newest, (newest.c.claim_id == ClaimRevision.claim_id) & (newest.c.number == ClaimRevision.number))
        .where(ClaimRow.record_id == record_id)
        .order_by(col(Verdict.evaluated_at), col(Verdict.id))
    )
    newest_of = {row[0].claim_id: row for row in session.exec(query)}
    standing = {claim: row[:3] for claim, row in newest_of.items() if row[3]}
    ids = [verdict.id for verdict, _, _ in standing.values()]
    controls: dict[str, list[str]] = {}
    ordered = select(ControlRow.verdict_id, ControlRow.result).where(col(ControlRow.verdict_id).in_(ids))
    for verdict_id, result in session.exec(ordered.order_by(col(ControlRow.position))):
        controls.setdefault(verdict_id, []).append(result)
    chances = _chances(session, ids)
    return [_standing(*row, controls.get(row[0].id, []), chances.get(row[0].id)) for row in standing.values()]


def _chances(session: Session, verdict_ids: list[str]) -> dict[str, Decimal | None]:
    """Return for each verdict how probable its contradiction is by chance; None where chance has no part in it."""
    query = select(ComparisonRow.verdict_id, ComparisonRow.document).where(
        col(ComparisonRow.verdict_id).in_(verdict_ids)
    )
    found: dict[str, list[Comparison]] = {}
    for verdict_id, document in session.exec(query):
        found.setdefault(verdict_id, []).append(Comparison.model_validate_json(document))
    return {verdict_id: chance(comparisons) for verdict_id, comparisons in found.items()}


def _standing(
    verdict: Verdict, seal: str, claim: str, controls: list[str], by_chance: Decimal | None
) -> gate.StandingVerdict:
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
        chance=by_chance,
    )
