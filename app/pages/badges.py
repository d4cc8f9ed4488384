"""Badges of claims and records, for READMEs: drawn here, or as JSON for shields.

They never say "verified" alone: a claim's names its rule, a record's how many of its claims were tested.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request, Response

from app.api import public_record
from app.api.callers import CallerDep
from app.api.parts import PartsDep
from app.api.problems import not_found
from app.core.caller import Caller
from app.pages import pictures
from app.pages.parts import PageId, RecordName
from app.pages.shell import render, tagged, twin
from app.store import records, views
from app.store.visible import visible_to

if TYPE_CHECKING:
    from app.actions import Parts

router = APIRouter(include_in_schema=False)

COLOURS = {
    "VERIFIED": ("#14663a", "brightgreen"),
    "FALSIFIED": ("#a3161f", "red"),
    "UNVERIFIED": ("#545b66", "lightgrey"),
}
RULE_MAX = 40


@router.get("/v1/claims/{claim_id}/badge.svg")
def claim_svg(parts: PartsDep, caller: CallerDep, request: Request, claim_id: PageId) -> Response:
    """Answer with the badge of a claim."""
    return _svg(request, _claim(parts, caller, claim_id))


@router.get("/v1/claims/{claim_id}/badge.json")
def claim_json(parts: PartsDep, caller: CallerDep, request: Request, claim_id: PageId) -> Response:
    """Answer with the badge of a claim, for shields."""
    return twin(request, _shield(_claim(parts, caller, claim_id)))


@router.get("/v1/records/{record_id}/badge.svg")
def record_svg(parts: PartsDep, caller: CallerDep, request: Request, record_id: RecordName) -> Response:
    """Answer with the badge of a record."""
    return _svg(request, _record(parts, caller, record_id))


@router.get("/v1/records/{record_id}/badge.json")
def record_json(parts: PartsDep, caller: CallerDep, request: Request, record_id: RecordName) -> Response:
    """Answer with the badge of a record, for shields."""
    return twin(request, _shield(_record(parts, caller, record_id)))


def claim_message(status: str | None, comparisons: list[dict[str, Any]]) -> str:
    """Return what the badge of a claim says."""
    if status is None:
        return "not tested"
    if status != "VERIFIED" or not comparisons:
        return status.lower()
    rules = list(dict.fromkeys(pictures.held_to(pictures.comparison(row)) for row in comparisons))
    told = rules[0].replace("tolerance=", "±").replace("±±", "±")
    more = f", and {len(rules) - 1} more" if rules[1:] else ""
    return f"{status.lower()} {told[:RULE_MAX]}{more}"


def record_message(gate: dict[str, Any]) -> str:
    """Return what the badge of a record says."""
    return f"{gate['status'].lower()}, {gate['claims']['tested']} of {gate['claims']['total']} tested"


def _claim(parts: Parts, caller: Caller, claim_id: str) -> dict[str, str]:
    with parts.store.read() as session:
        found = records.claim(session, claim_id, visible_to(caller))
        if found is None:
            raise not_found("claim")
        standing = found["standing_verdict"]
        verdict = None if standing is None else views.verdict(session, standing)
    if verdict is not None and not verdict["evidence_holds"]:
        return {"label": "claim", "message": "evidence damaged", "status": "UNVERIFIED"}
    status = None if verdict is None else verdict["status"]
    message = claim_message(status, [] if verdict is None else verdict["comparisons"])
    return {"label": "claim", "message": message, "status": status or "UNVERIFIED"}


def _record(parts: Parts, caller: Caller, record_id: str) -> dict[str, str]:
    with parts.store.read() as session:
        publisher = caller.publisher or parts.settings.publisher
        row = records.find(session, publisher, record_id, visible_to(caller))
        if row is None:
            raise not_found("record")
        known = records.gather(session, row)
    gate = public_record.gate_verdict(known, parts.settings)
    return {"label": "record", "message": record_message(gate), "status": gate["status"]}


def _svg(request: Request, badge: dict[str, str]) -> Response:
    return tagged(request, render("badge.svg", colour=COLOURS[badge["status"]][0], **badge), "image/svg+xml")


def _shield(badge: dict[str, str]) -> dict[str, Any]:
    colour = COLOURS[badge["status"]][1]
    return {"schemaVersion": 1, "label": badge["label"], "message": badge["message"], "color": colour, "isError": False}
