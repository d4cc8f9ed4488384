"""`/workers`: whether anybody works, what waits and for how long, and what needs a person."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request, Response

from app.api.callers import CallerDep
from app.api.parts import PartsDep
from app.core.caller import Caller, Scope
from app.pages.shell import page, twin
from app.store.hook_lists import waiting
from app.store.house import house
from app.store.source_lists import incoming
from app.store.visible import visible_to

if TYPE_CHECKING:
    from app.actions import Parts

router = APIRouter(include_in_schema=False)


@router.get("/workers.json")
def read_json(parts: PartsDep, caller: CallerDep, request: Request) -> Response:
    """Answer with the house for programs."""
    return twin(request, data(parts, caller))


@router.get("/workers")
def read(parts: PartsDep, caller: CallerDep, request: Request, part: str = "") -> Response:
    """Answer with the house for people; `?part=live` is what changes, alone."""
    return page(request, "workers_live.html" if part == "live" else "workers.html", house=data(parts, caller))


def data(parts: Parts, caller: Caller) -> dict[str, Any]:
    """Return what the page shows."""
    with parts.store.read() as session:
        stuck_seconds = parts.settings.nudge_after_seconds * 2
        found = house(session, parts.settings.presence_seconds, stuck_seconds, visible_to(caller))
        hooks = caller.publisher is not None and caller.may(Scope.WEBHOOKS_MANAGE)
        if not hooks and not caller.operator:
            return found | {"deliveries": None, "incoming": None}
        whose = None if caller.operator else caller.publisher
        return found | {"deliveries": waiting(session, whose), "incoming": incoming(session, whose)}
