"""`/v1/ledger`: the append-only ledger over verdicts and corrections, its checkpoints, receipts and export."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Path, Query
from fastapi.responses import StreamingResponse

from app.api.callers import CallerDep, needs
from app.api.parts import PartsDep
from app.api.problems import ApiError, Problem, not_found
from app.api.schemas import Accepted, Checkpoints, Consistency, LedgerOut, Receipt
from app.api.verifications import VerdictId
from app.core.caller import Scope
from app.core.ledger import EXPORT
from app.store import ledger
from app.store.visible import Visible, visible_to

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.actions import Parts

router = APIRouter(prefix="/v1", tags=["ledger"])

ROWS_MAX = 1000
#: No ledger grows so long, and every database holds such a number.
BIG = 1 << 53
Size = Annotated[int, Query(ge=1, le=BIG)]


@router.get("/ledger", summary="Where the ledger ends, and its rows")
def read(
    parts: PartsDep,
    caller: CallerDep,
    begin: Annotated[int, Query(alias="from", ge=0, le=BIG, description="index of the first row, from 0")] = 0,
    limit: Annotated[int, Query(ge=0, le=ROWS_MAX)] = 100,
) -> LedgerOut:
    """Return size, root and head as they are now, and rows from an index on."""
    with parts.store.read() as session:
        end = ledger.head(session)
        newest = ledger.checkpoints(session, 1)
        rows = [row for row in ledger.rows(session, begin, limit, visible_to(caller)) if row["seq"] <= end.size]
    shown = {"schema": EXPORT, "size": end.size, "root": end.root, "head": end.head, "rows": rows}
    return LedgerOut.model_validate(shown | {"checkpoint": newest[0] if newest else None})


@router.get(
    "/ledger/export",
    response_class=StreamingResponse,
    responses={200: {"content": {"application/x-ndjson": {}}, "description": "head, rows and checkpoints, one a line"}},
    summary="The whole ledger",
)
def export(parts: PartsDep, caller: CallerDep) -> StreamingResponse:
    """Return the ledger as NDJSON; check it with `assay ledger verify FILE`."""
    headers = {"Content-Disposition": 'attachment; filename="ledger.ndjson"', "Cache-Control": "no-cache"}
    return StreamingResponse(_lines(parts, visible_to(caller)), media_type="application/x-ndjson", headers=headers)


@router.get("/ledger/checkpoints", summary="The newest checkpoints of the ledger")
def list_checkpoints(
    parts: PartsDep, _: CallerDep, limit: Annotated[int, Query(ge=1, le=ROWS_MAX)] = 100
) -> Checkpoints:
    """Return the roots that were written down: one a day, and those made on demand."""
    with parts.store.read() as session:
        return Checkpoints(data=ledger.checkpoints(session, limit))


@router.post(
    "/ledger/checkpoints",
    status_code=202,
    dependencies=[needs(Scope.ADMIN)],
    responses={503: {"model": Problem}},
    summary="Ask for a checkpoint now",
)
def create_checkpoint(parts: PartsDep) -> Accepted:
    """Ask a judge to write down the root as it is now; it appears among the checkpoints in a moment."""
    if not parts.queue.nudge_checkpoint():
        raise ApiError(
            "not-ready", "the broker cannot be reached, so that no judge could be asked", {"Retry-After": "5"}
        )
    return Accepted(detail="a checkpoint is written as soon as a judge is free, if the ledger has a row")


@router.get(
    "/ledger/consistency",
    responses={404: {"model": Problem}},
    summary="That an earlier ledger is the beginning of a later one",
)
def read_consistency(parts: PartsDep, _: CallerDep, first: Size, second: Size) -> Consistency:
    """Return the proof between two sizes of the ledger."""
    with parts.store.read() as session:
        try:
            return Consistency.model_validate(ledger.consistency(session, first, second))
        except ValueError as error:
            raise ApiError("not-found", f"there is no such proof: {error}") from error


@router.get(
    "/ledger/{index}/receipt",
    responses={404: {"model": Problem}},
    summary="The receipt of a row",
)
def read_receipt(
    parts: PartsDep, caller: CallerDep, index: Annotated[int, Path(ge=0, le=BIG, description="from 0")]
) -> Receipt:
    """Return the proof that a row is in the ledger; check it with `assay ledger verify FILE`."""
    with parts.store.read() as session:
        return _receipt(ledger.receipt(session, index, visible_to(caller)))


@router.get(
    "/verdicts/{verdict_id}/receipt",
    responses={404: {"model": Problem}},
    summary="The receipt of a verdict",
)
def read_verdict_receipt(parts: PartsDep, caller: CallerDep, verdict_id: VerdictId) -> Receipt:
    """Return the proof that a verdict is in the ledger, to be kept beside its evidence."""
    with parts.store.read() as session:
        seen = visible_to(caller)
        index = ledger.index_of(session, verdict_id, seen)
        return _receipt(None if index is None else ledger.receipt(session, index, seen))


def _receipt(found: dict[str, Any] | None) -> Receipt:
    if found is None:
        raise not_found("row of the ledger")
    return Receipt.model_validate(found)


def _lines(parts: Parts, seen: Visible) -> Iterator[bytes]:
    """Yield the export, row by row as of its beginning: rows that come meanwhile belong to the next one."""
    with parts.store.read() as session:
        end = ledger.head(session)
        points = [point for point in ledger.checkpoints(session, BIG) if point["size"] <= end.size]
    yield _line({"schema": EXPORT, "size": end.size, "root": end.root, "head": end.head})
    for begin in range(0, end.size, ROWS_MAX):
        with parts.store.read() as session:
            rows = ledger.rows(session, begin, min(ROWS_MAX, end.size - begin), seen)
        yield from map(_line, rows)
    yield from map(_line, reversed(points))


def _line(document: dict[str, Any]) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode() + b"\n"
