"""HEAD and OPTIONS for every address, once: HEAD is GET without its body, OPTIONS names the methods that there are."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send


KEPT_HEADERS = frozenset({b"allow", b"x-request-id", b"x-content-type-options"})


class Methods:
    """ASGI wrapper; the application inside knows neither of the two methods."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        method = scope["method"] if scope["type"] == "http" else ""
        if method == "HEAD":
            await self.app({**scope, "method": "GET", "assay.head": True}, receive, _without_body(send))
        elif method == "OPTIONS":
            await self.app(scope, receive, _allowed(send))
        else:
            await self.app(scope, receive, send)


def _without_body(send: Send) -> Send:
    async def relay(message: Message) -> None:
        if message["type"] == "http.response.body":
            message = {**message, "body": b""}
        await send(message)

    return relay


def _allowed(send: Send) -> Send:
    """Answer 204 with the header `Allow` where the application says that it does not know the method."""
    known = False

    async def relay(message: Message) -> None:
        nonlocal known
        if message["type"] == "http.response.start" and message["status"] == 405:
            known = True
            kept = [(name, value) for name, value in message["headers"] if name.lower() in KEPT_HEADERS]
            message = {**message, "status": 204, "headers": kept}
        elif known:
            if message.get("more_body"):
                return
            message = {"type": "http.response.body", "body": b"", "more_body": False}
        await send(message)

    return relay
