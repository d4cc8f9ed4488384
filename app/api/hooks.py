"""`/v1/hooks/{source}`: what forges and programs deliver. One insert, then the answer; a worker does the rest.

Theory of operation. Whoever sends is a stranger until the last byte of the body proves a signature. Until then he costs one
look for the source and a digest of what comes: without a known source, or without anything that could be its signature,
nothing of the body is taken in; else its beginning is held in memory and the rest in a file, for a while and for few at
once. What proves not to be signed is counted by address and, up to a limit, in the row of its source; beyond that it is
answered 429 and nothing is written. Addresses are no proof of who sends, since a forge delivers for everybody: a signed
delivery is taken in whatever else its address has sent.
"""

from __future__ import annotations

import asyncio
import re
from contextlib import AsyncExitStack
from tempfile import SpooledTemporaryFile
from typing import TYPE_CHECKING, Any, Literal

from fastapi import APIRouter, BackgroundTasks, Depends, Request
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, Field
from starlette.requests import ClientDisconnect

from app import actions
from app.api.parts import PartsDep
from app.api.problems import ApiError, Problem
from app.core.errors import Refusal
from app.core.hooks import BODY_BYTES_MAX

if TYPE_CHECKING:
    from app.actions import Parts
    from app.api.limits import Limiter
    from app.core.hooks import Checking, Signed

SMALL_BYTES = 256 << 10  # what of a body is held in memory; nearly all deliveries are smaller
BODY_SECONDS_MAX = 60.0  # for a body to come; forges give up after ten

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
    responses={401: {"model": Problem}, 408: {"model": Problem}, 429: {"model": Problem}},
    summary="Deliver a webhook",
)
async def deliver(source: str, request: Request, parts: PartsDep, later: BackgroundTasks) -> Delivered:
    """Take in what a forge or a program tells. It is signed with the secret of the source, in its sender's own way."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise ApiError("unsupported-media-type", "a delivery is application/json; set the forge's content type to that")
    headers = {name.lower(): value for name, value in request.headers.items()}
    signed, body, checking = None, b"", None
    if _ID.fullmatch(source) is not None:
        checking = await run_in_threadpool(actions.check_delivery, parts, source, headers)
    if checking is not None and not checking.hopeless:
        signed, body = await _read(request, checking)
    if signed is None:
        await run_in_threadpool(_refuse, request, parts, source if checking is not None else None)
        raise ApiError("signature-refused", "the request is not signed by a source of this service, or too long ago")
    try:
        found = await run_in_threadpool(actions.take_in, parts, source, signed, body)
    except Refusal as refusal:
        raise ApiError("bad-request", f"{refusal.detail}; {refusal.remedy}") from refusal
    if found[1] != "done":
        later.add_task(parts.queue.nudge_hooks)
    return Delivered(id=found[0], state="done" if found[1] == "done" else "queued")


def _refuse(request: Request, parts: Parts, source: str | None) -> None:
    """Count what nobody signed, by address; beyond the limit nothing more is written about it.

    A delivery that is signed never comes here: who sends others from its address takes nothing from it.

    Raises:
        ApiError: the address has sent too many.

    """
    limiter: Limiter = request.app.state.limiter
    amount, who = limiter.settings.bad_hooks_per_minute, f"address {limiter.address(request)}"
    if not limiter.take("bad-hooks", amount, who):
        left = limiter.left("bad-hooks", amount, who)
        detail = f"bad-hooks: more than {amount} within a minute; come back in {left.seconds} seconds"
        raise ApiError("too-many-requests", detail, {"Retry-After": str(left.seconds), **left.headers()})
    if source is not None:
        actions.count_refusal(parts, source)


async def _read(request: Request, checking: Checking) -> tuple[Signed | None, bytes]:
    """Take a body in and return what was signed with it.

    Until that is known only its beginning is in memory, and what is large has to find a place.

    Raises:
        ApiError: it is larger than what a forge sends, ends early, or comes too slowly.

    """
    told = request.headers.get("content-length", "")
    if told.isdigit() and int(told) > BODY_BYTES_MAX:
        raise _too_large()
    async with AsyncExitStack() as held:
        body = held.enter_context(SpooledTemporaryFile(max_size=SMALL_BYTES))  # noqa: SIM115 - the stack closes it
        size = 0
        try:
            async with asyncio.timeout(BODY_SECONDS_MAX):
                async for chunk in request.stream():
                    if size <= SMALL_BYTES < size + len(chunk):
                        limiter, room = request.app.state.limiter, request.app.state.room
                        await held.enter_async_context(room.place(limiter.address(request)))
                    size += len(chunk)
                    if size > BODY_BYTES_MAX:
                        raise _too_large()
                    checking.add(chunk)
                    body.write(chunk)
        except TimeoutError as error:
            detail = f"the body did not come within {BODY_SECONDS_MAX:g} seconds"
            raise ApiError("body-too-slow", detail, {"Connection": "close"}) from error
        except ClientDisconnect as error:
            raise ApiError("bad-request", "the body ended early") from error
        signed = checking.end()
        if signed is None:
            return None, b""
        body.seek(0)
        return signed, body.read()


def _too_large() -> ApiError:
    return ApiError("content-too-large", f"a delivery has at most {BODY_BYTES_MAX >> 20} MiB")
