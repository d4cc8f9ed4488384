"""`/livez` says that the process answers; `/readyz` that a submission would be taken in."""

from __future__ import annotations

import tempfile

from fastapi import APIRouter
from kombu.exceptions import OperationalError

from app.api.parts import PartsDep
from app.api.problems import ApiError, Problem
from app.api.schemas import Health
from app.store import intake
from app.store.errors import StoreBroken, StoreUnavailable

router = APIRouter(tags=["health"])


@router.get("/livez", summary="The process answers")
async def livez() -> Health:
    """Answer without touching anything, and without a thread of the pool: it answers when they are all taken."""
    return Health(status="ok")


@router.get("/readyz", responses={503: {"model": Problem}}, summary="The service takes in claims")
def readyz(parts: PartsDep) -> Health:
    """Check database, triggers, broker, blobs, and that a worker has published an environment."""
    try:
        parts.store.check()
        with parts.store.read() as session:
            environments = intake.environments(session)
    except (StoreUnavailable, StoreBroken) as error:
        raise ApiError("not-ready", f"database: {error.detail}") from error
    try:
        parts.queue.ping()
    except (OperationalError, OSError) as error:
        raise ApiError("not-ready", "broker: it does not answer") from error
    try:
        parts.blobs.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.TemporaryFile(dir=parts.blobs.folder):
            pass
    except OSError as error:
        raise ApiError("not-ready", "blobs: the folder cannot be written") from error
    if not environments:
        raise ApiError("not-ready", "workers: none has published an environment yet")
    return Health(status="ok")
