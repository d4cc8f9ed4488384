"""`/records`: every record, those first that were registered last, page by page; `/records.json` for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request, Response

from app.api import cursors
from app.api.callers import CallerDep
from app.api.parts import PartsDep
from app.pages.parts import sight
from app.pages.shell import page, twin
from app.store import feed, lists
from app.store.visible import visible_to

if TYPE_CHECKING:
    from app.actions import Parts
    from app.core.caller import Caller

router = APIRouter(include_in_schema=False)

LIMIT = 30
QUESTION = {"list": "/records"}  # what a place in this list is good for
SHOWN = ("id", "external_id", "publisher", "title", "visibility", "created_at")


def read_records(parts: Parts, caller: Caller, before: str | None) -> dict[str, Any]:
    """Return one page of the records that the caller may know of, and the place behind it.

    Raises:
        ApiError: `before` names no place in this list.

    """
    key = cursors.cursor_key(parts.settings)
    after = cursors.read(key, QUESTION, before) if before else None
    with parts.store.read() as session:
        found = lists.records(session, lists.Wanted(LIMIT, after=after), visible_to(caller))
        gates = feed.gate_documents(session, [row["id"] for row in found.rows])
    rows = [{name: row[name] for name in SHOWN} | {"gate": gates.get(row["id"])} for row in found.rows]
    return {"records": rows, "next": None if found.after is None else cursors.write(key, QUESTION, found.after)}


@router.get("/records.json")
def read_json(parts: PartsDep, caller: CallerDep, request: Request, before: str | None = None) -> Response:
    """Answer with a page of records for programs."""
    return twin(request, read_records(parts, caller, before))


@router.get("/records")
def read_page(parts: PartsDep, caller: CallerDep, request: Request, before: str | None = None) -> Response:
    """Answer with a page of records for people."""
    found = read_records(parts, caller, before)
    rows = [row | {"closed": row["visibility"] == "private"} for row in found["records"]]
    return page(request, "records.html", records=rows, next=found["next"], before=before, sight=sight(caller))
