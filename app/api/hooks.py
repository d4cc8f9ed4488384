"""`/v1/hooks/{source}`: what forges and programs deliver. One insert, then the answer; a worker does the rest."""

from __future__ import annotations

import re
from typing import Any, Literal

from fastapi import APIRouter, BackgroundTasks, Depends, Request
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, Field
from starlette.requests import ClientDisconnect

from app import actions
from app.api.parts import PartsDep
from app.api.problems import ApiError, Problem
from app.core.hooks import BODY_BYTES_MAX

router = APIRouter(prefix="/v1", tags=["hooks"])

_ID = re.compile(r"src_[0-9a-z]{1,64}")
_BODY: dict[str, Any] = {
    "required": True,
    "content": {
        "application/json": {
            "schema": {"type": "object", "description": "as the forge sends it; of a program, see the example"},
            "examples": {
                "program": {
                    "summary": "a claim of a program",
                    "value": {
                        "type": "claim.submitted",
                        "timestamp": "2026-01-05T09:00:00Z",
                        "data": {"bundle": "H4sIAAAAAAAAA…"},
                    },
                }
            },
        }
    },
}


class Delivered(BaseModel):
    """What became of a delivery so far."""

    id: str = Field(description="`hkd_…`, as `assay sources deliveries` shows it", examples=["hkd_06c8w0h4"])
    state: Literal["queued", "done"] = Field(description="`done`: the same delivery was worked on before")


async def signed() -> None:
    """Say that whoever asks has signed the request with a source's secret; the handler itself looks, at the raw bytes."""


signed.__dict__["scope"] = "signature"


@router.post(
    "/hooks/{source}",
    status_code=202,
    response_model=Delivered,
    dependencies=[Depends(signed)],
    openapi_extra={"requestBody": _BODY},
    responses={401: {"model": Problem}},
    summary="Deliver a webhook",
)
async def deliver(source: str, request: Request, parts: PartsDep, later: BackgroundTasks) -> Delivered:
    """Take in what a forge or a program tells. It is signed with the secret of the source, in its sender's own way."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise ApiError("unsupported-media-type", "a delivery is application/json; set the forge's content type to that")
    found = None
    # Nobody else's body is taken in: who knows no source could have as much of it held as there is memory.
    if _ID.fullmatch(source) is not None and await run_in_threadpool(actions.has_source, parts, source):
        body = await _read(request)
        headers = {name.lower(): value for name, value in request.headers.items()}
        found = await run_in_threadpool(actions.receive, parts, source, headers, body)
    if found is None:
        raise ApiError("signature-refused", "the request is not signed by a source of this service, or too long ago")
    if found[1] != "done":
        later.add_task(parts.queue.nudge_hooks)
    return Delivered(id=found[0], state="done" if found[1] == "done" else "queued")


async def _read(request: Request) -> bytes:
    """Return the body, without taking in more of it than a forge sends."""
    data = bytearray()
    try:
        async for chunk in request.stream():
            data += chunk
            if len(data) > BODY_BYTES_MAX:
                raise ApiError("content-too-large", f"a delivery has at most {BODY_BYTES_MAX >> 20} MiB")
    except ClientDisconnect as error:
        raise ApiError("bad-request", "the body ended early") from error
    return bytes(data)
