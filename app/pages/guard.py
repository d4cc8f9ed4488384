"""Pages for people in the place of problem documents: a browser that asks for HTML is answered in HTML.

The problem is the same, with its status and the request's id; only the clothes differ. Programs, which do not ask for
`text/html` by name, and everything below `/v1` keep the document.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from starlette.datastructures import Headers

from app.api.kinds import KINDS
from app.api.meant import meant
from app.api.problems import MEDIA_TYPE
from app.pages.shell import HEADERS, dressed, render, wants_html

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

KEPT_HEADERS = frozenset(
    {b"x-request-id", b"allow", b"retry-after", b"ratelimit", b"ratelimit-policy", b"cache-control"}
)


class PageGuard:
    """ASGI wrapper that turns problem documents into pages for browsers."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or not _for_people(scope):
            await self.app(scope, receive, send)
            return
        begun: Message | None = None
        body = bytearray()

        async def relay(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                if _is_problem(message):
                    begun = message
                    return
            elif begun is not None:
                body.extend(message.get("body", b""))
                if message.get("more_body"):
                    return
                page = _page(scope, bytes(body))
                await send({**begun, "headers": _headers(begun, page)})
                message = {"type": "http.response.body", "body": page, "more_body": False}
            await send(message)

        await self.app(scope, receive, relay)


def _for_people(scope: Scope) -> bool:
    return not scope["path"].startswith("/v1/") and wants_html(Headers(scope=scope).get("accept", ""))


def _is_problem(message: Message) -> bool:
    return bool(dict(message["headers"]).get(b"content-type", b"").startswith(MEDIA_TYPE.encode()))


def _page(scope: Scope, document: bytes) -> bytes:
    problem = json.loads(document)
    code = problem["type"].rpartition("/")[2]
    viewer = scope.get("state", {}).get("viewer")
    shown = {"problem": problem, "kind": KINDS[code], "code": code, "viewer": viewer}
    page = render("problem.html", **shown, goal=meant(scope["path"]) if code == "not-found" else None)
    return dressed(viewer, page)


def _headers(begun: Message, page: bytes) -> list[tuple[bytes, bytes]]:
    kept = [(name, value) for name, value in begun["headers"] if name in KEPT_HEADERS]
    ours = {**HEADERS, "Content-Type": "text/html; charset=utf-8", "Content-Length": str(len(page)), "Vary": "Accept"}
    return kept + [(name.lower().encode(), value.encode()) for name, value in ours.items()]
