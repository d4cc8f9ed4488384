"""Whom the service answers at all: the networks that the operator let in, and nobody through a browser's back door.

Three checks, all before any handler and before any key is looked at (`app.api.callers`): the peer's address is in an
allowed network (loopback alone, unless the operator says otherwise), the Host header names this machine (a rebinding page
arrives with its own name), and an unsafe request carries no foreign Origin (a page elsewhere posts with its own).
`Sec-Fetch-Site` covers browsers that leave Origin out.
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from starlette.requests import Request

from app.api.problems import problem

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from app.settings import Settings

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class LocalOnly:
    """ASGI wrapper that refuses with 403 whoever is not this machine, and with 421 a foreign Host."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app = app
        self.networks = [ipaddress.ip_network(text) for text in settings.allow_clients]
        self.hosts = {host.lower() for host in settings.allow_hosts}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or refuse it."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self.app(scope, receive, send)
            return  # no websockets are served
        request = Request(scope)
        if {"content-length", "transfer-encoding"} <= set(request.headers):
            send = _closing(send)
        refusal = self._refusal(request)
        if refusal is None:
            await self.app(scope, receive, send)
            return
        await problem(request, *refusal)(scope, receive, send)

    def _refusal(self, request: Request) -> tuple[str, str] | None:
        """Return code and detail of the problem, None when there is none."""
        if request.client is not None and not self._known_peer(request.client.host):
            return "not-local", "the address of this request is in no network that the service answers"
        hosts = request.headers.getlist("host")
        if len(hosts) != 1 or _bare(hosts[0]) not in self.hosts:
            return "unknown-host", "the Host header does not name this service; see the setting allow_hosts"
        if request.method not in SAFE_METHODS and not self._same_origin(request, hosts[0]):
            return "foreign-origin", "the request comes from a page of another origin"
        return None

    def _known_peer(self, host: str) -> bool:
        try:
            address = ipaddress.ip_address(host)
        except ValueError:
            return False
        mapped = getattr(address, "ipv4_mapped", None)
        return any((mapped or address) in network for network in self.networks)

    @staticmethod
    def _same_origin(request: Request, host: str) -> bool:
        if any(site not in {"same-origin", "none"} for site in request.headers.getlist("sec-fetch-site")):
            return False
        own = {f"{scheme}://{host}".lower() for scheme in ("http", "https")}
        return all(origin.lower() in own for origin in request.headers.getlist("origin"))


def _closing(send: Send) -> Send:
    """Close the connection behind an answer (RFC 9112, 6.1).

    Of two lengths of one body the server believes the second kind; whoever passed the request on may have believed the
    other, and then what follows on the connection is not a request of who seems to send it.
    """

    async def relay(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", ()), (b"connection", b"close")]}
        await send(message)

    return relay


def asked_from_elsewhere(request: Request) -> bool:
    """Whether a page of another site, or of another port, makes a browser ask for this as a part of itself.

    Such a page reads nothing of an answer, but learns from a picture whether it is there. Somebody who follows a link from
    there asks for himself. Programs say none of this.
    """
    if all(site in {"same-origin", "none"} for site in request.headers.getlist("sec-fetch-site")):
        return False
    told = [request.headers.getlist(f"sec-fetch-{name}") for name in ("mode", "dest")]
    return told != [["navigate"], ["document"]]


def _bare(host: str) -> str:
    """Return the name in a Host header without its port, in lower case."""
    name, colon, port = host.rpartition(":")
    return (name if colon and port.isdigit() else host).lower()
