"""The public keys of this service's judges, for whoever checks evidence: `/.well-known/assay-keys.json`."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Response

from app.api.callers import ANYBODY
from app.api.parts import PartsDep
from app.core.keys import key_set
from app.store import keys

router = APIRouter(tags=["keys"], dependencies=[ANYBODY])


@router.get("/.well-known/assay-keys.json", summary="The public keys of the judges")
def read_keys(parts: PartsDep, response: Response) -> dict[str, Any]:
    """Return every key that a judge has published, with the time in which it signs; `assay keys trust` reads it.

    That this service shows a key proves nothing about the key: compare its id with what the operator says elsewhere.
    """
    response.headers["Cache-Control"] = "max-age=300"
    with parts.store.read() as session:
        return key_set(keys.published(session))
