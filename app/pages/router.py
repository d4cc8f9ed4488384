"""Every page, for the web assembly. Twins come before the pages that would take their address for an id."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.routing import APIRoute

from app.pages import (
    assets,
    badges,
    claim,
    compare,
    feed,
    guide,
    login,
    record,
    records,
    reference,
    run,
    verification,
    webhooks,
    workers,
)
from app.pages.guard import PageGuard

__all__ = ["PageGuard", "router"]

router = APIRouter(include_in_schema=False)
MODULES = (
    assets,
    feed,
    guide,
    reference,
    login,
    records,
    record,
    claim,
    verification,
    run,
    workers,
    webhooks,
    compare,
    badges,
)
for _part in (feed.people, *(_module.router for _module in MODULES)):
    for _route in _part.routes:
        if isinstance(_route, APIRoute) and _route.methods == {"GET"}:
            _route.methods = {"GET", "HEAD"}  # the server sends what GET would, without its body
    router.include_router(_part)
