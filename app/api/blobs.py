"""`/v1/blobs/sha256:…`: files sent one by one, to be named by their digests in a bundle; and files read back.

Whoever may not know of a blob is answered as if it were not there, also when he sends it himself: 201, like everybody who
sends something for the first time.
"""

from __future__ import annotations

import hashlib
import re
import tempfile
from typing import IO, TYPE_CHECKING, Annotated, Any

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
from app.store.visible import visible_to

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from app.actions import Parts

router = APIRouter(prefix="/v1", tags=["blobs"])

CHUNK = 1 << 16
IN_MEMORY = 1 << 20
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


async def _digest(digest: str) -> str:
    """Answer 404 for what is no digest."""
    if not _DIGEST.fullmatch(digest):
        raise not_found("blob")
    return digest


Digest = Annotated[str, Depends(_digest)]


async def _received(request: Request) -> AsyncIterator[tuple[IO[bytes], str, int]]:
    """Give a body as a file at its begin, with digest and size; larger ones lie on the disk meanwhile."""
    state, size = hashlib.sha256(), 0
    with tempfile.SpooledTemporaryFile(IN_MEMORY) as file:
        try:
            async for chunk in request.stream():
                state.update(chunk)
                size += len(chunk)
                if size > IN_MEMORY:
                    await to_thread.run_sync(file.write, chunk)
                else:
                    file.write(chunk)
        except ClientDisconnect as error:
            raise ApiError("bad-request", "the body ended early") from error
        file.seek(0)
        yield file, f"sha256:{state.hexdigest()}", size


@router.put(
    "/blobs/{digest}",
    status_code=201,
    response_model=BlobOut,
    responses={
        200: {"model": BlobOut, "description": "you sent it before, or may read it anyway"},
        **{status: {"model": Problem} for status in (400, 404, 413, 422, 429)},
    },
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
        }
    },
    summary="Send a file",
)
def put(
    parts: PartsDep,
    response: Response,
    caller: Annotated[Caller, needs(Scope.CLAIMS_WRITE)],
    digest: Digest,
    body: Annotated[Any, Depends(_received)],
) -> BlobOut:
    """Store a file under its digest for a day, so that a bundle can name it; the bundle then keeps it."""
    file, found, size = body
    if found != digest:
        raise ApiError("digest-mismatch", "the body has another digest than its address says")
    publisher = caller.publisher or parts.settings.publisher
    seen = visible_to(caller, Scope.EVIDENCE_READ)
    with parts.store.read() as session:
        known = uploads.may_read(session, publisher, digest, seen)
        if not known and uploads.held(session, publisher) + size > parts.settings.upload_bytes_max:
            raise ApiError("too-many-uploads", "so much that no bundle names was sent already", {"Retry-After": "3600"})
    actions.put_blob(parts, publisher, iter(lambda: file.read(CHUNK), b""), size)
    response.status_code = 200 if known else 201
    response.headers["Location"] = f"/v1/blobs/{digest}"
    return BlobOut(digest=digest, size=size)


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
    """Return a file that you sent, or that belongs to something you may know of; it is hashed again before it is sent."""
    with parts.store.read() as session:
        seen = visible_to(caller, Scope.EVIDENCE_READ)
        if not uploads.may_read(session, caller.publisher, digest, seen):
            raise not_found("blob")
    headers = {
        "ETag": f'"{digest}"',
        "Cache-Control": kept(request, IMMUTABLE),
        "Content-Disposition": f'attachment; filename="{digest.removeprefix("sha256:")}"',
    }
    known = not_modified(request, headers)
    if known is not None:
        return known
    headers["Content-Length"] = str(parts.blobs.path(digest).stat().st_size)
    if request.scope.get("assay.head"):
        return Response(None, 200, headers, "application/octet-stream")
    pieces = _pieces(parts, digest)
    first = next(pieces)  # a blob that does not hold is a problem, not half an answer
    return StreamingResponse(_joined(first, pieces), 200, headers, "application/octet-stream")


def _pieces(parts: Parts, digest: str) -> Iterator[bytes]:
    with parts.blobs.opened(digest) as file:
        yield file.read(CHUNK)
        while chunk := file.read(CHUNK):
            yield chunk


def _joined(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest
