"""`/v1/blobs/sha256:…`: files sent one by one, to be named by their digests in a bundle; and files read back.

Theory of operation. A body is written where blobs lie, under a temporary name, while it comes in and is hashed; only one
that has the digest of its address is given that name. So nothing is half stored, and no thread waits for a slow sender.
Whoever may not know of a blob is answered as if it were not there, also when he sends it himself: 201 and after the same
work, as everybody who is the first to send something.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any

from anyio import to_thread
from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import StreamingResponse
from starlette.requests import ClientDisconnect

from app import actions
from app.api.callers import CallerDep, needs
from app.api.conditional import CONDITIONAL, IMMUTABLE, kept, not_modified
from app.api.parts import PartsDep
from app.api.problems import ApiError, Problem, not_found
from app.api.schemas import BlobOut
from app.core.caller import Caller, Scope
from app.store import uploads
from app.store.errors import BlobMissing
from app.store.visible import visible_to

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

    from app.actions import Parts
    from app.store.blobs import Growing

router = APIRouter(prefix="/v1", tags=["blobs"])

CHUNK = 1 << 16
AT_ONCE = 1 << 18  # bytes that are handed to a thread together: its turn costs as much as writing them
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
REQUEST_BODY: dict[str, Any] = {
    "required": True,
    "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
}


async def _digest(digest: str) -> str:
    """Answer 404 for what is no digest."""
    if not DIGEST.fullmatch(digest):
        raise not_found("blob")
    return digest


Digest = Annotated[str, Depends(_digest)]


@router.put(
    "/blobs/{digest}",
    status_code=201,
    response_model=BlobOut,
    responses={
        200: {"model": BlobOut, "description": "it is kept on; you could read it before"},
        429: {"model": Problem},
    },
    openapi_extra={"requestBody": REQUEST_BODY},
    summary="Send a file",
)
async def put(
    parts: PartsDep,
    request: Request,
    response: Response,
    caller: Annotated[Caller, needs(Scope.VERIFICATIONS_WRITE)],
    digest: str,
) -> BlobOut:
    """Store a file under its digest for a day, so that a bundle can name it; the bundle then keeps it."""
    if not DIGEST.fullmatch(digest):
        raise ApiError("digest-mismatch", "the address ends in no digest: sha256: and 64 hexadecimal digits, small")
    publisher = str(caller.publisher)  # whoever may write has one
    told = request.headers.get("content-length", "")
    try:
        await to_thread.run_sync(
            actions.check_room, parts, publisher, digest, int(told) if told.isascii() and told.isdigit() else 0
        )
        with await to_thread.run_sync(parts.blobs.begin) as growing:
            await _receive(request, growing)
            if growing.digest != digest:
                raise ApiError("digest-mismatch", f"the body has the digest {growing.digest}")
            seen = visible_to(caller, Scope.EVIDENCE_READ)
            known = await to_thread.run_sync(actions.keep_blob, parts, growing, publisher, seen)
    except actions.NoRoom as error:
        raise ApiError("no-room", str(error), {"Retry-After": str(error.seconds)}) from error
    response.status_code = 200 if known else 201
    response.headers["Location"] = f"/v1/blobs/{digest}"
    return BlobOut(digest=digest, size=growing.size)


async def _receive(request: Request, growing: Growing) -> None:
    """Write a body as it comes."""
    waiting = bytearray()
    try:
        async for chunk in request.stream():
            waiting += chunk
            if len(waiting) >= AT_ONCE:
                await to_thread.run_sync(growing.write, bytes(waiting))
                waiting.clear()
    except ClientDisconnect as error:
        raise ApiError("bad-request", "the body ended early") from error
    await to_thread.run_sync(growing.write, bytes(waiting))


@router.get(
    "/blobs/{digest}",
    response_class=Response,
    responses={
        200: {"content": {"application/octet-stream": {}}, "description": "the file"},
        **CONDITIONAL,
        500: {"model": Problem},
    },
    summary="A file",
)
def read(parts: PartsDep, request: Request, caller: CallerDep, digest: Digest) -> Response:
    """Return a file that you sent lately, or of the bundle of something whose evidence you may read; hashed once more."""
    if not _may_read(parts, caller, digest):
        raise not_found("blob")
    headers = {
        "ETag": f'"{digest}"',
        "Cache-Control": kept(request, IMMUTABLE),
        "Content-Disposition": f'attachment; filename="{digest.removeprefix("sha256:")}"',
    }
    known = not_modified(request, headers)
    if known is not None:
        return known
    try:
        headers["Content-Length"] = str(parts.blobs.size(digest))
        if request.scope.get("assay.head"):
            return Response(None, 200, headers, "application/octet-stream")
        file = parts.blobs.opened(digest)  # one that does not hold is a problem, not half an answer
    except BlobMissing:  # swept since it was looked for; whoever needs it sends it again
        raise not_found("blob") from None
    return StreamingResponse(_pieces(file), 200, headers, "application/octet-stream")


def _may_read(parts: Parts, caller: Caller, digest: str) -> bool:
    sends = caller.may(Scope.VERIFICATIONS_WRITE) or caller.may(Scope.EVIDENCE_READ)
    seen = visible_to(caller, Scope.EVIDENCE_READ)
    with parts.store.read() as session:
        publisher = caller.publisher if sends else None
        return bool(uploads.readable(session, publisher, (digest,), seen, parts.settings.orphan_seconds))


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    with file:
        while chunk := file.read(CHUNK):
            yield chunk
