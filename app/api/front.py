"""`/`: what this is and where to go from here, for whoever types the address alone."""

from __future__ import annotations

import json

from fastapi import APIRouter, Request, Response

from app.api.callers import ANYBODY
from app.api.conditional import lasting
from app.api.schemas import Front, FrontUrls

router = APIRouter(tags=["front"], dependencies=[ANYBODY])


@router.get("/openapi.json", include_in_schema=False)
async def read_openapi(request: Request) -> Response:
    """Answer with the description of the interface, which changes with the service alone."""
    return lasting(request, json.dumps(request.app.openapi(), ensure_ascii=False).encode())


@router.head("/", include_in_schema=False)
@router.get("/", summary="Where to go from here")
async def read(request: Request, response: Response) -> Front:
    """Name the service and the addresses to begin with."""
    response.headers["Vary"] = "Accept"  # a browser finds the feed here
    urls = FrontUrls(
        verifications="/v1/verifications",
        records="/v1/records/{record_id}",
        all_records="/v1/records",
        claims="/v1/claims",
        runs="/v1/runs",
        verdicts="/v1/verdicts",
        events="/v1/events",
        workers="/v1/workers",
        ledger="/v1/ledger",
        summary="/v1/verdicts/summary",
        keys="/.well-known/assay-keys.json",
        openapi="/openapi.json",
        problems="/problems",
        ready="/readyz",
    )
    about = str(request.app.description)
    return Front(name=request.app.title, version=request.app.version, about=about, documentation="/docs", urls=urls)
