"""Opening and closing: changes of what stands, by whoever knows how it stands (`If-Match`).

A record opens or closes all of its claims; a claim without a record is released, or taken back to be a draft. Neither
touches a verdict, the ledger or a correction: what is said stays said, and only who is shown it changes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from fastapi import APIRouter, Depends, Response
from sqlalchemy import select
from sqlmodel import col

from app import actions
from app.api.callers import CallerDep, needs
from app.api.conditional import IfMatch, demand, weak_tag
from app.api.parts import JSON_BYTES_MAX, PartsDep, json_only
from app.api.problems import ApiError, Problem, not_found, not_yours
from app.api.record_schemas import ClaimHistoryOut, RecordIn, RecordOut
from app.api.records import ClaimId, RecordId, claim_out, facts_of, show
from app.api.schemas import Closed
from app.core.caller import Scope
from app.store import records
from app.store.tables import ClaimRow, Record
from app.store.visible import CLOSED_CLAIM, EVERYTHING

if TYPE_CHECKING:
    from sqlmodel import Session

router = APIRouter(tags=["records"])
CHANGED: dict[int | str, dict[str, Any]] = {status: {"model": Problem} for status in (404, 412, 428)}


class ClaimIn(Closed):
    """Who may know of a claim without a record."""

    visibility: Literal["public", "private"]


@router.patch(
    "/v1/records/{record_id}",
    response_model=RecordOut,
    responses=CHANGED,
    summary="Change a record that is as you know it",
    dependencies=[needs(Scope.CLAIMS_WRITE), Depends(json_only)],
    max_body_size=JSON_BYTES_MAX,
)
def patch(  # noqa: PLR0913 - parameters of a request
    parts: PartsDep,
    caller: CallerDep,
    response: Response,
    record_id: RecordId,
    facts: RecordIn,
    if_match: IfMatch = None,
) -> RecordOut:
    """Change what a publication is said to be, as PUT does, unless it changed meanwhile; nothing is created."""
    with parts.store.read() as session:
        row = records.find(session, str(caller.publisher), record_id)
        if row is None or not caller.owns(row.publisher):
            raise not_yours("record") if row is not None and row.visibility == "public" else not_found("record")
        before = show(parts, records.gather(session, row))
    demand(if_match, before)

    def unchanged(session: Session) -> None:
        demand(if_match, show(parts, records.gather(session, session.get_one(Record, row.id))))

    values = facts_of(parts, facts, row.publisher, row.external_id)
    actions.put_record(parts, row.publisher, row.external_id, values, facts.note, unchanged)
    with parts.store.read() as session:
        answer = show(parts, records.gather(session, session.get_one(Record, row.id)))
    response.headers["ETag"] = weak_tag(answer)
    return answer


@router.patch(
    "/v1/claims/{claim_id}",
    response_model=ClaimHistoryOut,
    responses={**CHANGED, 409: {"model": Problem}},
    summary="Release a claim, or take it back",
    dependencies=[needs(Scope.CLAIMS_WRITE), Depends(json_only)],
    max_body_size=JSON_BYTES_MAX,
)
def patch_claim(  # noqa: PLR0913 - parameters of a request
    parts: PartsDep,
    caller: CallerDep,
    response: Response,
    claim_id: ClaimId,
    wanted: ClaimIn,
    if_match: IfMatch = None,
) -> ClaimHistoryOut:
    """Say who may know of a claim that belongs to no record; one of a record is as open as its record says."""
    with parts.store.read() as session:
        found = _whose(session, claim_id)
        if found is None or not caller.owns(found[0].publisher):
            raise not_yours("claim") if found is not None and not found[1] else not_found("claim")
        row = found[0]
        if row.record_id is not None:
            raise ApiError(
                "claim-of-record", "the claim belongs to a record, whose `claims_visibility` says so for all"
            )
        before = _claim(session, claim_id)
    demand(if_match, before)
    actions.change_claim(
        parts, claim_id, wanted.visibility, lambda session: demand(if_match, _claim(session, claim_id))
    )
    with parts.store.read() as session:
        answer = _claim(session, claim_id)
    response.headers["ETag"] = weak_tag(answer)
    return answer


def _whose(session: Session, claim_id: str) -> tuple[ClaimRow, bool] | None:
    """Return a claim, and whether it is closed to others, by one statement."""
    query = select(ClaimRow, CLOSED_CLAIM).join(Record, col(Record.id) == ClaimRow.record_id, isouter=True)
    found = session.execute(query.where(col(ClaimRow.id) == claim_id)).first()
    return None if found is None else (found[0], bool(found[1]))


def _claim(session: Session, claim_id: str) -> ClaimHistoryOut:
    found = records.claim(session, claim_id, EVERYTHING)
    if found is None:
        raise not_found("claim")
    return claim_out(found)
