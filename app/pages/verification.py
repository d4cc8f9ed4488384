"""`/verifications/{id}`: how far a job is, run by run, in an order that people read; it renews itself while it lives."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Request, Response

from app import actions
from app.api.callers import CallerDep
from app.api.forms import form_needs
from app.api.parts import PartsDep
from app.api.problems import ApiError, not_found
from app.core import plan
from app.core.caller import Caller, Scope
from app.core.errors import Fault, Refusal
from app.core.lifecycle import VERIFICATION, final
from app.core.model import Purpose
from app.core.seal import read_seal
from app.pages.parts import PageId, sight
from app.pages.shell import led, page, page_at, render, twin, viewer_of
from app.store import durations, ending, pages, views, waiting
from app.store.visible import Visible, visible_to

if TYPE_CHECKING:
    from sqlmodel import Session

    from app.actions import Parts

router = APIRouter(include_in_schema=False)

STEPS = ("queued", "running", "concluding", "concluded")
FINAL = final(VERIFICATION)
PURPOSES = [str(item) for item in Purpose]


@router.get("/verifications/{verification_id}.json")
def read_json(parts: PartsDep, caller: CallerDep, request: Request, verification_id: PageId) -> Response:
    """Answer with the job for programs."""
    with parts.store.read() as session:
        return twin(request, _now(parts, session, verification_id, visible_to(caller)))


@router.get("/verifications/{verification_id}")
def read(parts: PartsDep, caller: CallerDep, request: Request, verification_id: PageId, part: str = "") -> Response:
    """Answer with the job for people; `?part=live` is what changes, alone."""
    seen = visible_to(caller)
    with parts.store.read() as session:
        whose = pages.shown(session, verification_id, seen)
        if whose is None:
            raise not_found("verification")
        version = views.version(session, verification_id) or ""
        found = _now(parts, session, verification_id, seen)
        template = "verification_live.html" if part == "live" else "verification.html"
        shown: dict[str, Any] = {"job": found, "steps": STEPS, "may": _may(request, session, verification_id)}
        shown["sight"] = sight(caller)
        if found["state"] not in FINAL:  # its clock goes on
            return page(request, template, **shown)
        key = (template, verification_id, version, str(shown["may"]), shown["sight"], str(whose["closed"]))
        return page_at(request, key, lambda: render(template, **shown))


@router.post("/verifications/{verification_id}/cancel")
def cancel(
    parts: PartsDep, caller: Annotated[Caller, form_needs(Scope.VERIFICATIONS_WRITE)], verification_id: PageId
) -> Response:
    """Ask for the end of a verification, and lead back to it."""
    if not actions.cancel(parts, verification_id, caller):
        raise not_found("verification")
    return led(f"/verifications/{verification_id}")


@router.post("/verifications/{verification_id}/retry")
def retry(
    parts: PartsDep, caller: Annotated[Caller, form_needs(Scope.VERIFICATIONS_WRITE)], verification_id: PageId
) -> Response:
    """Begin a verification that faulted again, and lead to the new one."""
    try:
        submitted = actions.retry(parts, verification_id, caller)
    except Refusal as refusal:
        raise ApiError("not-retryable", refusal.detail, refusal=refusal) from refusal
    if submitted is None:
        raise not_found("verification")
    return led(f"/verifications/{submitted.verification_id}")


def _may(request: Request, session: Session, verification_id: str) -> bool:
    """Say whether who looks may cancel and retry: a login of the publisher's, or this machine without keys."""
    viewer = viewer_of(request)
    if viewer is None or not viewer.form_token or not viewer.caller.may(Scope.VERIFICATIONS_WRITE):
        return False
    row = ending.find(session, verification_id)
    return row is not None and viewer.caller.owns(row.publisher)


def _now(parts: Parts, session: Session, verification_id: str, seen: Visible) -> dict[str, Any]:
    """Return what the page shows of a verification, and what its waiting runs need that no worker has."""
    found = data(session, verification_id, seen)
    period_seconds = parts.settings.presence_seconds
    return found | {"lacks": waiting.lacked(session, verification_id, period_seconds) if found["live"] else None}


def data(session: Session, verification_id: str, seen: Visible) -> dict[str, Any]:
    """Return what there is to show of a verification, whoever works."""
    whose = pages.shown(session, verification_id, seen)
    found = None if whose is None else views.verification(session, verification_id)
    if whose is None or found is None:
        raise not_found("verification")
    row = found.row
    done = sum(item["state"] == "done" for item in found.runs)
    live = row["state"] not in FINAL
    told = ("id", "state", "seal", "reason_code", "blame", "detail", "created_at", "started_at", "ended_at", "retry_of")
    purposes: dict[str, list[dict[str, Any]]] = {}
    for item in sorted(found.runs, key=lambda run: (PURPOSES.index(run["purpose"]), run["key"])):
        purposes.setdefault(item["purpose"], []).append(item)
    return {
        **{name: row[name] for name in told},
        **whose,
        "claim": found.claim,
        "record_id": found.record_id,
        "runs_done": done,
        "runs_least": max(_least(session, row["seal"]), done),
        "runs_most": row["runs_planned"],
        "seconds": row["seconds"] if not live else _since(row["created_at"]),
        "live": live,
        "usual": _usual(session, verification_id, seen) if live else None,
        "purposes": [{"purpose": name, "runs": items} for name, items in purposes.items()],
        "verdict": found.verdict,
    }


def _usual(session: Session, verification_id: str, seen: Visible) -> dict[str, Any] | None:
    found = durations.of_verification(session, verification_id, seen)
    return None if found is None else asdict(found)


def _least(session: Session, digest: str) -> int:
    """Return how many runs a verdict takes at least; 0 when the seal is of other rules."""
    try:
        return plan.least_steps(read_seal(pages.seal_body(session, digest)))
    except Fault:
        return 0


def _since(created_at: datetime) -> float:
    at = created_at if created_at.tzinfo else created_at.replace(tzinfo=UTC)
    return round(max(0.0, (datetime.now(UTC) - at).total_seconds()), 1)
