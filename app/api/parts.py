"""What every handler is given: the service's parts, and the promise that a claim could be sealed now."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from app.actions import Parts
from app.api.problems import ApiError
from app.store import intake


async def get_parts(request: Request) -> Parts:
    """Return the service's parts; a coroutine, for a plain function would cost a thread's turn."""
    parts: Parts = request.app.state.parts
    return parts


JSON_BYTES_MAX = 1 << 20  # of a JSON body

PartsDep = Annotated[Parts, Depends(get_parts)]


def json_only(request: Request) -> None:
    """Refuse a body of another type; without this it would be called a body of the wrong shape."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise ApiError("unsupported-media-type", "the body is sent as application/json")


def require_environment(parts: PartsDep) -> None:
    """Refuse to look at a claim while there is nothing to seal it with: the claim would be blamed for our lack."""
    with parts.store.read() as session:
        if not intake.environments(session):
            raise ApiError("no-environment", "no worker has published an environment yet", {"Retry-After": "5"})
