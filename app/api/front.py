"""`/`: what this is and where to go from here, for whoever types the address alone."""

from __future__ import annotations

from fastapi import APIRouter, Request

from app.api.callers import ANYBODY
from app.api.schemas import Front, FrontUrls

LISTS = ("records", "claims", "verifications", "runs", "verdicts", "events", "workers", "ledger")

router = APIRouter(tags=["front"], dependencies=[ANYBODY])


@router.head("/", include_in_schema=False)
@router.get("/", summary="Where to go from here")
async def read(request: Request) -> Front:
    """Name the service and the addresses to begin with."""
    urls = FrontUrls(
        verifications="/v1/verifications",
        records="/v1/records/{record_id}",
        lists=[f"/v1/{name}" for name in LISTS],
        summary="/v1/verdicts/summary",
        keys="/.well-known/assay-keys.json",
        openapi="/openapi.json",
        problems="/problems",
        ready="/readyz",
    )
    about = str(request.app.description)
    return Front(name=request.app.title, version=request.app.version, about=about, documentation="/docs", urls=urls)
