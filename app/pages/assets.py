"""`/static`: the few files that pages load; their address changes with their bytes, so a browser keeps them for good."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from app.api.callers import ANYBODY
from app.api.conditional import IMMUTABLE, not_modified
from app.api.problems import not_found
from app.pages.shell import FILES, HEADERS, STATIC, VERSIONS

router = APIRouter(include_in_schema=False, dependencies=[ANYBODY])


@router.get("/static/{name}")
async def read(request: Request, name: str, v: str = "") -> Response:
    """Answer with a file."""
    if name not in FILES:
        raise not_found("file")
    kept = IMMUTABLE if v == VERSIONS[name] else "no-cache"
    headers = {**HEADERS, "ETag": f'"{VERSIONS[name]}"', "Cache-Control": kept}
    return not_modified(request, headers) or Response(FILES[name], 200, headers, STATIC[name])
