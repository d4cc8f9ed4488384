"""Lists of records, claims, verifications, runs, verdicts and workers, page by page; and the counts of verdicts."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, TypeVar
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel

from app.api import cursors
from app.api.callers import ANYBODY, CallerDep
from app.api.conditional import CONDITIONAL, current
from app.api.list_schemas import (
    ClaimItem,
    ClaimsQuery,
    Identity,
    ListOut,
    PageQuery,
    RecordItem,
    RecordsQuery,
    RunItem,
    RunsQuery,
    VerdictItem,
    VerdictsQuery,
    VerdictSummary,
    VerificationItem,
    VerificationsQuery,
    WorkerItem,
    WorkersQuery,
)
from app.api.parts import PartsDep
from app.api.problems import Problem, not_found
from app.api.verifications import VerificationId
from app.store import feed, lists, presence
from app.store.engine import database_time
from app.store.lists import Wanted
from app.store.visible import visible_to

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sqlmodel import Session

    from app.actions import Parts
    from app.core.caller import Caller
    from app.store.lists import Listed
    from app.store.visible import Visible

router = APIRouter(prefix="/v1")

T = TypeVar("T", bound=BaseModel)
LISTED: dict[int | str, dict[str, Any]] = {304: CONDITIONAL[304], 422: {"model": Problem}}
PAGE = frozenset({"limit", "cursor", "since", "until"})


@router.get(
    "/records", tags=["records"], name="list", response_model=ListOut[RecordItem], responses=LISTED, summary="Records"
)
def list_records(
    parts: PartsDep, request: Request, caller: CallerDep, query: Annotated[RecordsQuery, Query()]
) -> Response:
    """Return the records that you may know of, newest first."""
    return _page(parts, request, caller, query, RecordItem, lists.records)


@router.get(
    "/claims", tags=["claims"], name="list", response_model=ListOut[ClaimItem], responses=LISTED, summary="Claims"
)
def list_claims(
    parts: PartsDep, request: Request, caller: CallerDep, query: Annotated[ClaimsQuery, Query()]
) -> Response:
    """Return the claims that you may know of, as their newest revisions say them, newest first."""
    return _page(parts, request, caller, query, ClaimItem, lists.claims)


@router.get(
    "/verifications",
    tags=["verifications"],
    name="list",
    response_model=ListOut[VerificationItem],
    responses=LISTED,
    summary="Verifications",
)
def list_verifications(
    parts: PartsDep, request: Request, caller: CallerDep, query: Annotated[VerificationsQuery, Query()]
) -> Response:
    """Return the verifications of claims that you may know of, newest first."""
    return _page(parts, request, caller, query, VerificationItem, lists.verifications)


@router.get("/runs", tags=["runs"], name="list", response_model=ListOut[RunItem], responses=LISTED, summary="Runs")
def list_runs(parts: PartsDep, request: Request, caller: CallerDep, query: Annotated[RunsQuery, Query()]) -> Response:
    """Return the runs of claims that you may know of, newest first."""
    return _page(parts, request, caller, query, RunItem, lists.runs)


@router.get(
    "/verifications/{verification_id}/runs",
    tags=["verifications"],
    name="runs",
    response_model=ListOut[RunItem],
    responses={**LISTED, 404: {"model": Problem}},
    summary="The runs of a verification",
)
def list_runs_of(
    parts: PartsDep,
    request: Request,
    caller: CallerDep,
    verification_id: VerificationId,
    query: Annotated[PageQuery, Query()],
) -> Response:
    """Return the runs of one verification, newest first."""
    seen = visible_to(caller)
    with parts.store.read() as session:
        if not lists.has_verification(session, verification_id, seen):
            raise not_found("verification")
        of = {"verification_id": verification_id}
        return answer_page(parts, request, query, RunItem, lambda wanted: lists.runs(session, wanted, seen), of)


@router.get(
    "/verdicts",
    tags=["verdicts"],
    name="list",
    response_model=ListOut[VerdictItem],
    responses=LISTED,
    summary="Verdicts",
)
def list_verdicts(
    parts: PartsDep, request: Request, caller: CallerDep, query: Annotated[VerdictsQuery, Query()]
) -> Response:
    """Return the verdicts on claims that you may know of, newest first."""
    return _page(parts, request, caller, query, VerdictItem, lists.verdicts)


@router.get(
    "/verdicts/summary",
    tags=["verdicts"],
    name="summary",
    response_model=VerdictSummary,
    responses={304: CONDITIONAL[304], 422: LISTED[422]},
    summary="How many verdicts there are of each sort",
)
def summarise(parts: PartsDep, caller: CallerDep, request: Request) -> Response:
    """Return counts by status, kind, reason and blame of what you may know of; lists have no totals."""
    seen = visible_to(caller)
    with parts.store.read() as session:
        rows = feed.tally(session, seen)
        gates = lists.gates(session, seen)
    counts: dict[str, dict[str, int]] = {name: {} for name in feed.FACETS}
    for row in rows:
        for name, found in counts.items():
            if row[name] is not None:
                found[row[name]] = found.get(row[name], 0) + row["number"]
    return current(request, VerdictSummary.model_validate({**counts, "gate": gates}))


async def _claim_id(claim_id: Identity) -> str:
    return claim_id


@router.get(
    "/claims/{claim_id}/verdicts",
    tags=["claims"],
    name="verdicts",
    response_model=ListOut[VerdictItem],
    responses={**LISTED, 404: {"model": Problem}},
    summary="The verdicts on a claim",
)
def list_verdicts_on(
    parts: PartsDep,
    request: Request,
    caller: CallerDep,
    claim_id: Annotated[str, Depends(_claim_id)],
    query: Annotated[PageQuery, Query()],
) -> Response:
    """Return every verdict on one claim, of whichever revision, newest first."""
    seen = visible_to(caller)
    with parts.store.read() as session:
        if not lists.has_claim(session, claim_id, seen):
            raise not_found("claim")
        of = {"claim_id": claim_id}
        return answer_page(parts, request, query, VerdictItem, lambda wanted: lists.verdicts(session, wanted, seen), of)


@router.get(
    "/workers",
    tags=["workers"],
    name="list",
    response_model=ListOut[WorkerItem],
    responses=LISTED,
    dependencies=[ANYBODY],
    summary="Workers",
)
def list_workers(parts: PartsDep, request: Request, query: Annotated[WorkersQuery, Query()]) -> Response:
    """Return the worker processes that said lately that they are there, and those that no longer do."""
    period = parts.settings.presence_seconds
    with parts.store.read() as session:
        now = database_time(session)

        def find(wanted: Wanted) -> Listed:
            found = lists.workers(session, wanted)
            for row in found.rows:
                row["present"] = now - row["seen_at"] <= presence.MISSED_MAX * period
                row["seen_at"] = datetime.fromtimestamp(row["seen_at"], UTC)
            return found

        return answer_page(parts, request, query, WorkerItem, find)


def _page(  # noqa: PLR0913 - a list, who asks, and for which part of it
    parts: Parts,
    request: Request,
    caller: Caller,
    query: PageQuery,
    shape: type[T],
    rows: Callable[[Session, Wanted, Visible], Listed],
) -> Response:
    """Return a page of a list of what the caller may know of."""
    seen = visible_to(caller)
    with parts.store.read() as session:
        return answer_page(parts, request, query, shape, lambda wanted: rows(session, wanted, seen))


def answer_page(  # noqa: PLR0913 - a list, and who asks for which part of it
    parts: Parts,
    request: Request,
    query: PageQuery,
    shape: type[T],
    find: Callable[[Wanted], Listed],
    of: Mapping[str, str] | None = None,
) -> Response:
    """Return a page of a list as a document with `next_cursor`, and `Link` for clients that follow it."""
    filters = {name: str(value) for name, value in query.model_dump(exclude=set(PAGE), exclude_none=True).items()}
    key, path = cursors.cursor_key(parts.settings), request.url.path
    question = {**filters, **(of or {}), "of": path}
    for name, at in (("since", query.since), ("until", query.until)):
        if at is not None:
            question[name] = at.isoformat()
    after = None if query.cursor is None else cursors.read(key, question, query.cursor)
    found = find(Wanted(query.limit, {**filters, **(of or {})}, query.since, query.until, after))
    following = None if found.after is None else cursors.write(key, question, found.after)
    data = [shape.model_validate(_shown(shape, row)) for row in found.rows]
    answer = current(request, ListOut[shape](data=data, next_cursor=following))  # type: ignore[valid-type]
    if following is not None:
        asked = [(name, value) for name, value in request.query_params.multi_items() if name != "cursor"]
        answer.headers["Link"] = f'<{path}?{urlencode([*asked, ("cursor", following)])}>; rel="next"'
    return answer


def _shown(shape: type[BaseModel], row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row with the addresses that its shape has."""
    if shape is RunItem:
        return {**row, "urls": run_urls(row)}
    if shape is ClaimItem:
        return {**row, "revision": row["number"], "urls": {"self": f"/v1/claims/{row['id']}"}}
    place = {RecordItem: "records", VerdictItem: "verdicts", VerificationItem: "verifications"}.get(shape)
    return {**row, "urls": {"self": f"/v1/{place}/{row['id']}"}} if place else dict(row)


def run_urls(row: Mapping[str, Any]) -> dict[str, str | None]:
    """Return where to go from a run; its logs have addresses once they are stored."""
    path = f"/v1/runs/{row['id']}"
    return {
        "self": path,
        "verification": f"/v1/verifications/{row['verification_id']}",
        "stdout": f"{path}/stdout" if row.get("stdout") else None,
        "stderr": f"{path}/stderr" if row.get("stderr") else None,
    }
