"""Forms of pages: what a browser sends, and whether the person before it meant to.

A browser adds its cookie to whatever any page makes it send. So a form counts only when it comes from a page of ours
(`app.api.access` refuses another `Origin`) and carries a token that follows from the login's own cookie, which no other
page can read. A login has neither yet: there the `Origin` must be said, and be ours.
"""

from __future__ import annotations

import hmac
from typing import Annotated, Any
from urllib.parse import parse_qsl

from fastapi import Depends, Request

from app.api.callers import Viewer, find_caller, find_viewer
from app.api.limits import count
from app.api.problems import ApiError
from app.core.caller import Caller, Scope

FORM_BYTES_MAX = 8192
FIELDS_MAX = 8
TOKEN = "form_token"  # noqa: S105 - the name of a field


async def read_fields(request: Request) -> dict[str, str]:
    """Return the fields of a form, the last of a name.

    Raises:
        ApiError: it is larger than any form of ours, or no form at all.

    """
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > FORM_BYTES_MAX:
            raise ApiError("content-too-large", "a form of a page is smaller")
    try:
        return dict(parse_qsl(body.decode(), max_num_fields=FIELDS_MAX))
    except ValueError:
        raise ApiError("bad-request", "the body is no form") from None


Fields = Annotated[dict[str, str], Depends(read_fields)]


async def find_sender(request: Request, fields: Fields) -> Viewer:
    """Return who sends a form.

    Raises:
        ApiError: nobody is logged in where somebody must be, or the form is not of a page that was made for the sender.

    """
    if "authorization" in request.headers:  # no browser sends it by itself
        return Viewer(await find_caller(request))
    viewer = await find_viewer(request, cookie=True)
    await count(request, viewer.caller)
    request.state.viewer = viewer
    if not viewer.form_token:
        raise ApiError("key-needed", "nobody is logged in here, or not any more", {"WWW-Authenticate": "Bearer"})
    if not hmac.compare_digest(viewer.form_token.encode(), fields.get(TOKEN, "").encode("utf-8", "surrogatepass")):
        raise ApiError("form-refused", "the form does not carry the token of this login")
    return viewer


Sender = Annotated[Viewer, Depends(find_sender)]


def form_needs(scope: Scope) -> Any:
    """Return the dependency of a form that only a key with a scope may send; it gives the caller."""

    async def allowed(sender: Sender) -> Caller:
        if not sender.caller.may(scope):
            raise ApiError("scope-missing", f"the key lacks the scope {scope}")
        return sender.caller

    allowed.__dict__["scope"] = scope
    return Depends(allowed)


async def from_own_page(request: Request) -> str:
    """Return the scheme by which the browser reached us, as its page's `Origin` says.

    Raises:
        ApiError: there is none, so that nobody can tell whose page it was.

    """
    origins = request.headers.getlist("origin")
    if len(origins) != 1:
        raise ApiError("foreign-origin", "the form does not say from which page it comes")
    return origins[0].partition(":")[0].lower()


OwnScheme = Annotated[str, Depends(from_own_page)]
