"""`/webhooks`: who is told of events, who hands claims in, what became of each delivery, and buttons that do it again."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Request, Response

from app import actions
from app.api.callers import CallerDep
from app.api.forms import form_needs
from app.api.parts import PartsDep
from app.api.problems import ApiError, not_found
from app.core.caller import Caller, Scope
from app.core.errors import Refusal
from app.pages.parts import PageId
from app.pages.shell import led, page, twin, viewer_of
from app.store import hook_lists, source_lists, sources
from app.store.lists import Wanted

if TYPE_CHECKING:
    from sqlmodel import Session

    from app.actions import Parts

router = APIRouter(include_in_schema=False)

ENDPOINTS_MAX = 50  # of one page
DELIVERIES_MAX = 10  # of each endpoint and each source
REPORTS_MAX = 20  # of each source
CLAIMS_MAX = 10  # of each delivery that are shown to people; programs are given all


@router.get("/webhooks.json")
def read_json(parts: PartsDep, caller: CallerDep, request: Request) -> Response:
    """Answer with endpoints and deliveries for programs."""
    return twin(request, data(parts, caller))


@router.get("/webhooks")
def read(parts: PartsDep, caller: CallerDep, request: Request) -> Response:
    """Answer with endpoints and deliveries for people."""
    viewer = viewer_of(request)
    may = viewer is not None and bool(viewer.form_token) and caller.may(Scope.WEBHOOKS_MANAGE)
    return page(request, "webhooks.html", hooks=data(parts, caller), may=may, claims_max=CLAIMS_MAX)


@router.post("/webhooks/deliveries/{delivery_id}/replay")
def replay(
    parts: PartsDep, caller: Annotated[Caller, form_needs(Scope.WEBHOOKS_MANAGE)], delivery_id: PageId
) -> Response:
    """Make a delivery again, or now if it waits, and lead back."""
    try:
        known = actions.replay_delivery(parts, delivery_id, _whose(caller))
    except Refusal as refusal:
        raise ApiError(refusal.problems[0].code, f"{refusal.detail}; {refusal.remedy}") from refusal
    if not known:
        raise not_found("delivery")
    return led("/webhooks")


@router.post("/webhooks/incoming/{delivery_id}/replay")
def replay_incoming(
    parts: PartsDep, caller: Annotated[Caller, form_needs(Scope.WEBHOOKS_MANAGE)], delivery_id: PageId
) -> Response:
    """Work on what came in, or tell a commit, once more, and lead back."""
    try:
        known = actions.replay_incoming(parts, delivery_id, _whose(caller))
    except Refusal as refusal:
        raise ApiError("not-again", f"{refusal.detail}; {refusal.remedy}") from refusal
    if not known:
        raise not_found("delivery")
    return led("/webhooks#in")


def data(parts: Parts, caller: Caller) -> dict[str, Any]:
    """Return what the page shows: nothing to who may not manage webhooks."""
    if not caller.may(Scope.WEBHOOKS_MANAGE):
        return {"open": False, "endpoints": [], "sources": []}
    most = len(parts.settings.webhook_schedule) + 1
    with parts.store.read() as session:
        found = hook_lists.of_publisher(session, Wanted(ENDPOINTS_MAX), _whose(caller)).rows
        for row in found:
            wanted = Wanted(DELIVERIES_MAX, {"endpoint_id": row["id"]})
            row["deliveries"] = [
                {**item, "why": _why(item, row, most), "later": _later(item)}
                for item in hook_lists.deliveries(session, wanted).rows
            ]
        return {"open": True, "endpoints": found, "sources": _sources(session, _whose(caller))}


def _later(delivery: dict[str, Any]) -> bool:
    """Whether a delivery waits for a time that has not come, so that it can be hastened."""
    due = delivery["next_attempt_at"]
    return due is not None and due > datetime.now(UTC)


def _why(delivery: dict[str, Any], endpoint: dict[str, Any], most: int) -> str | None:
    """Return why a delivery was given up; None: it was not."""
    if delivery["state"] != "dead":
        return None
    if delivery["attempts"] >= most:
        return f"Given up: all {most} attempts failed."
    if endpoint["state"] == "disabled":
        return "Given up when its endpoint was disabled."
    return "Given up while its endpoint was disabled."


def _sources(session: Session, publisher: str | None) -> list[dict[str, Any]]:
    """Return the sources of a publisher that are in use, with what they delivered last; None: everybody's."""
    mine = [
        row for row in sources.listed(session) if row["removed_at"] is None and publisher in {None, row["publisher"]}
    ]
    return [
        {
            **row,
            "deliveries": [
                {**item, "later": _later(item)}
                for item in source_lists.deliveries(session, row["id"], limit=DELIVERIES_MAX)
            ],
            "reports": source_lists.reports(session, row["id"], limit=REPORTS_MAX),
            "untold": source_lists.untold(session, row["id"], limit=DELIVERIES_MAX),
        }
        for row in mine[:ENDPOINTS_MAX]
    ]


def _whose(caller: Caller) -> str | None:
    """Return whose endpoints a caller may see: the operator everybody's (None)."""
    return None if caller.operator else (caller.publisher or "")
