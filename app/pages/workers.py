"""`/workers`: whether anybody works, what waits and for how long, and what needs a person."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request, Response

from app.api.parts import PartsDep
from app.pages.shell import page, twin
from app.store import pages

if TYPE_CHECKING:
    from app.actions import Parts

router = APIRouter(include_in_schema=False)


@router.get("/workers.json")
def read_json(parts: PartsDep, request: Request) -> Response:
    """Answer with the house for programs."""
    return twin(request, data(parts))


@router.get("/workers")
def read(parts: PartsDep, part: str = "") -> Response:
    """Answer with the house for people; `?part=live` is what changes, alone."""
    return page("workers_live.html" if part == "live" else "workers.html", house=data(parts))


def data(parts: Parts) -> dict[str, Any]:
    """Return what the page shows."""
    with parts.store.read() as session:
        return pages.house(session, parts.settings.presence_seconds, parts.settings.nudge_after_seconds * 2)
