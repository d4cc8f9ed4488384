"""Who is served while keys do not exist: this machine, by its own name, and no page of another origin."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from fastapi.testclient import TestClient

from tests.api.bundles import formula_document
from tests.api.service import ADDRESS, TARGET

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from tests.api.service import Service

HOST = "127.0.0.1:8000"


def answer(service: Service, method: str, headers: list[tuple[str, str]], peer: str = "127.0.0.1") -> tuple[int, Any]:
    """Send a request with exactly these headers; returns status and the problem's code."""
    client = TestClient(service.client.app, base_url=ADDRESS, client=(peer, 50000), raise_server_exceptions=False)
    request = client.build_request(
        method, "/livez" if method == "GET" else f"{TARGET}?force=true", json=formula_document()
    )
    request.headers = type(request.headers)(
        [(name, value) for name, value in request.headers.multi_items() if name != "host"] + headers
    )
    found = client.send(request)
    return found.status_code, found.json().get("type", "").removeprefix("/problems/")


@pytest.mark.parametrize(
    ("peer", "status"),
    [
        ("127.0.0.1", 200),
        ("127.9.8.7", 200),
        ("::1", 200),
        ("::ffff:127.0.0.1", 200),
        ("10.0.0.5", 403),
        ("192.168.1.2", 403),
        ("::ffff:10.0.0.5", 403),
        ("fe80::1", 403),
        ("fe80::1%eth0", 403),
        ("2001:db8::1", 403),
        ("0.0.0.0", 403),  # noqa: S104 - as a peer
        ("not-an-address", 403),
    ],
)
def test_only_peers_of_this_machine_are_served(house: Service, peer: str, status: int) -> None:
    found, code = answer(house, "GET", [("host", HOST)], peer)
    assert found == status
    assert code == ("" if status == 200 else "not-local")


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:8000", 200),
        ("127.0.0.1", 200),
        ("localhost:8000", 200),
        ("LocalHost:8000", 200),
        ("[::1]:8000", 200),
        ("[::1]", 200),
        ("rebinding.example:8000", 421),
        ("127.0.0.1.rebinding.example", 421),
        ("localhost.rebinding.example", 421),
        ("rebinding.example@localhost", 421),
        ("localhost:8000@rebinding.example", 421),
        ("localhost:80:80", 421),
        ("127.1", 421),
        ("::1", 421),
        ("", 421),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_only_our_own_names_are_answered_to(house: Service, method: str, host: str, status: int) -> None:
    """A page that rebinds its own name to this machine arrives with that name, even for reading."""
    found, code = answer(house, method, [("host", host)])
    assert found == (202 if method == "POST" and status == 200 else status)
    assert code == ("" if status == 200 else "unknown-host")


@pytest.mark.parametrize("hosts", [[HOST, "rebinding.example"], ["rebinding.example", HOST], [HOST, HOST]])
def test_two_host_headers_are_refused(house: Service, hosts: list[str]) -> None:
    assert answer(house, "GET", [("host", host) for host in hosts]) == (421, "unknown-host")


def test_a_request_without_a_host_is_refused(house: Service) -> None:
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": "/livez", "query_string": b"", "headers": [], "client": None}
    asyncio.run(house.client.app(scope, receive, send))  # type: ignore[arg-type]
    assert sent[0]["status"] == 421


ORIGINS = [
    ([], True),
    ([("origin", "http://127.0.0.1:8000")], True),
    ([("origin", "HTTP://127.0.0.1:8000")], True),
    ([("origin", "https://127.0.0.1:8000")], True),
    ([("origin", "http://127.0.0.1:8001")], False),
    ([("origin", "http://127.0.0.1")], False),
    ([("origin", "http://localhost:8000")], False),
    ([("origin", "http://evil.example")], False),
    ([("origin", "null")], False),
    ([("origin", "")], False),
    ([("origin", "http://[")], False),
    ([("origin", "ftp://127.0.0.1:8000")], False),
    ([("origin", "http://127.0.0.1:8000"), ("origin", "http://evil.example")], False),
    ([("sec-fetch-site", "same-origin")], True),
    ([("sec-fetch-site", "none")], True),
    ([("sec-fetch-site", "same-site")], False),
    ([("sec-fetch-site", "cross-site")], False),
    ([("sec-fetch-site", "same-origin"), ("sec-fetch-site", "cross-site")], False),
    ([("origin", "http://127.0.0.1:8000"), ("sec-fetch-site", "cross-site")], False),
]


@pytest.mark.parametrize(("headers", "allowed"), ORIGINS, ids=[str(headers) for headers, _ in ORIGINS])
def test_a_page_of_another_origin_changes_nothing(
    house: Service, headers: list[tuple[str, str]], *, allowed: bool
) -> None:
    rows = house.rows()
    found, code = answer(house, "POST", [("host", HOST), *headers])
    assert (found, code) == ((202, "") if allowed else (403, "foreign-origin"))
    assert (house.rows() == rows) is not allowed


def test_reading_asks_for_no_origin(house: Service) -> None:
    assert answer(house, "GET", [("host", HOST), ("origin", "http://evil.example")]) == (200, "")


def test_the_operator_may_let_in_others(serving: Callable[..., AbstractContextManager[Service]]) -> None:
    with serving(allow_clients=["10.0.0.0/8"], allow_hosts=["assay.internal"]) as service:
        assert answer(service, "GET", [("host", "assay.internal")], "10.1.2.3") == (200, "")
        assert answer(service, "GET", [("host", "assay.internal")], "127.0.0.1") == (403, "not-local")
        assert answer(service, "GET", [("host", "localhost")], "10.1.2.3") == (421, "unknown-host")


def test_a_socket_without_an_address_is_this_machine(house: Service) -> None:
    """Behind a Unix socket the server gives no peer; whoever may open the socket is let in by the file system."""
    client = TestClient(house.client.app, base_url=ADDRESS, client=None)  # type: ignore[arg-type]
    assert client.get("/livez").status_code == 200
