"""Answers that a client need not fetch twice: an entity tag, and 304 when the client knows it.

A tag that is made from the answer's own bytes cannot be wrong about them. Who follows a verification asks many times,
and making the bytes costs more than all the rest: its tag is made from a version that whoever reads the rows vouches
for. What may still change gets a weak tag and must be asked for again every time; what never changes gets a strong one
and may be kept for a year. Whoever shows who he is may be shown more than others: such an answer is his own browser's to
keep, and nobody's in between.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Annotated

from fastapi import Header, Request, Response

from app.api.problems import ApiError, Problem

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from pydantic import BaseModel

IMMUTABLE = "public, max-age=31536000, immutable"
#: What a handler of such an answer may say beside 200.
CONDITIONAL: dict[int | str, dict[str, Any]] = {
    304: {"description": "the client's copy is the newest"},
    404: {"model": Problem},
}
IfMatch = Annotated[str | None, Header(description="ETag of what is changed, as it was last read or answered")]
_TAG = re.compile(r'"[^"]*"')


def current(request: Request, document: BaseModel) -> Response:
    """Return a document that may change."""
    body = _spelled(document)
    headers = {"ETag": f"W/{_tag(body)}", "Cache-Control": kept(request, "no-cache")}
    return not_modified(request, headers) or Response(body, media_type="application/json", headers=headers)


def weak_tag(document: BaseModel) -> str:
    """Return the tag of a document that may change."""
    return f"W/{_tag(_spelled(document))}"


def demand(asked: str | None, document: BaseModel) -> None:
    """Let a change pass that was thought up on the document as it is now.

    Tags of what may change are weak, which the comparison of RFC 9110, 13.1.1, would never accept; but ours are made of the
    bytes, so equal ones mean equal documents.

    Raises:
        ApiError: no tag was sent, or another one than the document's.

    """
    if asked is None:
        raise ApiError("condition-needed", "a change needs `If-Match` with the ETag of what it changes")
    if asked.strip() != "*" and weak_tag(document).removeprefix("W/") not in _TAG.findall(asked):
        now = {"ETag": weak_tag(document)}
        raise ApiError("condition-failed", "it is no longer as it was when this ETag was given", now)


def current_at(request: Request, version: str, make: Callable[[], BaseModel]) -> Response:
    """Return a document that may change, made only if the client has not seen it in this version.

    The version was read before the document is: one that changes in between is told with the older tag, and told again.
    """
    headers = {"ETag": f'W/"{version}"', "Cache-Control": kept(request, "no-cache")}
    known = not_modified(request, headers)
    return known or Response(_spelled(make()), media_type="application/json", headers=headers)


def settled(request: Request, document: BaseModel) -> Response:
    """Return a document that never changes."""
    body = _spelled(document)
    headers = {"ETag": _tag(body), "Cache-Control": kept(request, IMMUTABLE)}
    return not_modified(request, headers) or Response(body, media_type="application/json", headers=headers)


def lasting(request: Request, body: bytes) -> Response:
    """Return a JSON document that changes with the service alone, so that it is asked for again after an hour."""
    headers = {
        "ETag": f'"{hashlib.sha256(body).hexdigest()[:32]}"',
        "Cache-Control": kept(request, "public, max-age=3600"),
    }
    return not_modified(request, headers) or Response(body, media_type="application/json", headers=headers)


def kept(request: Request, how: str) -> str:
    """Return how an answer may be kept: by nobody in between when the request shows a key or a cookie."""
    if "authorization" not in request.headers and "cookie" not in request.headers:
        return how
    return f"private, {how.removeprefix('public, ')}"


def not_modified(request: Request, headers: dict[str, str]) -> Response | None:
    """Return 304 when the client names the tag of `headers`, compared weakly (RFC 9110, 13.1.2); None when it does not."""
    asked = ",".join(request.headers.getlist("if-none-match"))
    if asked.strip() == "*" or headers["ETag"].removeprefix("W/") in _TAG.findall(asked):
        return Response(status_code=304, headers=headers)
    return None


def _spelled(document: BaseModel) -> bytes:
    return document.model_dump_json(by_alias=True).encode()


def _tag(body: bytes) -> str:
    return f'"{hashlib.sha256(body).hexdigest()[:32]}"'
