"""Every page, for the web assembly. Twins come before the pages that would take their address for an id."""

from __future__ import annotations

from fastapi import APIRouter

from app.pages import assets, badges, claim, compare, feed, guide, record, run, verification, workers
from app.pages.guard import PageGuard

__all__ = ["PageGuard", "router"]

router = APIRouter(include_in_schema=False)
router.include_router(feed.people)
MODULES = (assets, feed, guide, record, claim, verification, run, workers, compare, badges)
for _module in MODULES:
    router.include_router(_module.router)
