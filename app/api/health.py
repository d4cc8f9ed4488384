"""`/livez`: the process answers. `/readyz`: a submission would be taken in. `/v1/health`: stored evidence holds."""

from __future__ import annotations

import tempfile

from fastapi import APIRouter
from kombu.exceptions import OperationalError

from app.api.callers import ANYBODY
from app.api.parts import PartsDep
from app.api.problems import ApiError, Problem
from app.api.schemas import EvidenceHealth, Health
from app.store import auditing, intake
from app.store.errors import StoreBroken, StoreUnavailable

router = APIRouter(tags=["health"], dependencies=[ANYBODY])


@router.get("/v1/health", summary="Whether stored evidence holds")
def health(parts: PartsDep) -> EvidenceHealth:
    """Return the last audit of all stored evidence and how many alarms stand; `assay doctor` tells operators of each."""
    with parts.store.read() as session:
        found = auditing.shown(session)
    alarms = len(found["alarms"])
    return EvidenceHealth.model_validate({**found, "status": "alarm" if alarms else "ok", "alarms": alarms})


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
