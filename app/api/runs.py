"""`/v1/runs/{id}`: one execution, and what it wrote."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import APIRouter, Depends, Header, Request, Response

from app.api.callers import CallerDep
from app.api.conditional import CONDITIONAL, IMMUTABLE, current, kept, not_modified
from app.api.list_schemas import RunDetail
from app.api.lists import run_urls
from app.api.parts import PartsDep
from app.api.problems import ApiError, Problem, not_found
from app.store import lists
from app.store.visible import visible_to

if TYPE_CHECKING:
    from app.actions import Parts
    from app.core.caller import Caller

router = APIRouter(prefix="/v1", tags=["runs"])

_ID = re.compile(r"run_[0-9a-z]{1,64}")
_RANGE = re.compile(r"bytes=(\d{0,15})-(\d{0,15})")


async def _run_id(run_id: str) -> str:
    """Answer 404 for what has not even the form of an id; some databases refuse to look for a NUL."""
    if not _ID.fullmatch(run_id):
        raise not_found("run")
    return run_id


RunId = Annotated[str, Depends(_run_id)]


@router.get("/runs/{run_id}", response_model=RunDetail, responses=CONDITIONAL, summary="A run")
def read(parts: PartsDep, request: Request, caller: CallerDep, run_id: RunId) -> Response:
    """Return what one execution was for, what its process did, and where its bytes are."""
    row = _find(parts, caller, run_id)
    return current(request, RunDetail.model_validate({**row, "urls": run_urls(row)}))


@router.get(
    "/runs/{run_id}/{stream}",
    response_class=Response,
    responses={
        200: {"content": {"text/plain": {}}, "description": "everything that the run wrote to the stream"},
        206: {"content": {"text/plain": {}}, "description": "the part that `Range` names"},
        **CONDITIONAL,
        416: {"model": Problem},
        500: {"model": Problem},
    },
    name="read_log",
    summary="What a run wrote",
)
def read_log(  # noqa: PLR0913 - parameters of a request
    parts: PartsDep,
    request: Request,
    caller: CallerDep,
    run_id: RunId,
    stream: Literal["stdout", "stderr"],
    wanted: Annotated[str, Header(alias="Range", description="one range, as `bytes=0-999` or `bytes=-1000`")] = "",
    if_range: Annotated[str, Header(alias="If-Range", description="the tag that the range was chosen of")] = "",
) -> Response:
    """Return a stream of a run that is over, or one range of it; while a run goes on, follow its verification's events."""
    digest = _find(parts, caller, run_id)[stream]
    if digest is None:
        raise not_found("log")
    headers = {
        "ETag": f'"{digest}"',
        "Cache-Control": kept(request, IMMUTABLE),
        "Accept-Ranges": "bytes",
        "Content-Disposition": f'inline; filename="{run_id}-{stream}.txt"',
    }
    known = not_modified(request, headers)
    if known is not None:
        return known
    data = parts.blobs.read(digest)
    if if_range not in {"", headers["ETag"]}:
        wanted = ""
    part = part_of(wanted, len(data))
    if part is None:
        return Response(data, 200, headers, "text/plain; charset=utf-8")
    begin, end = part
    headers["Content-Range"] = f"bytes {begin}-{end - 1}/{len(data)}"
    return Response(data[begin:end], 206, headers, "text/plain; charset=utf-8")


def part_of(wanted: str, size: int) -> tuple[int, int] | None:
    """Return begin and end of the one range that a `Range` header names (RFC 9110, 14.1); None: the whole is answered.

    Raises:
        ApiError: nothing of the range exists.

    """
    found = _RANGE.fullmatch(wanted.strip())
    if found is None or not (found[1] or found[2]):
        return None
    if not found[1]:
        begin, end = max(0, size - int(found[2])), size
    else:
        begin, end = int(found[1]), min(int(found[2]) + 1, size) if found[2] else size
        if found[2] and int(found[2]) < begin:
            return None  # no range at all
    if begin >= end:
        raise ApiError("range-not-there", f"there are {size} bytes", {"Content-Range": f"bytes */{size}"})
    return begin, end


def _find(parts: Parts, caller: Caller, run_id: str) -> dict[str, Any]:
    with parts.store.read() as session:
        found = lists.run(session, run_id, visible_to(caller))
    if found is None:
        raise not_found("run")
    return found
