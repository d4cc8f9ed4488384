"""Both clients against the real application, and against servers that are none or behave badly."""

from __future__ import annotations

import hashlib
import inspect
import json
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any

import anyio
import httpx2
import pytest

from app import actions
from app.core import evidence
from app.store import migrate
from assay_client import AsyncClient, Client, ServiceError, Unreachable, flows, wire
from tests.api.bundles import CLAIM, SCRIPT_CLAIM, formula_bundle, script_bundle, tarred
from tests.api.service import ADDRESS, Service, open_service

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

GOOD = tarred(formula_bundle())


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    """Give a fresh service."""
    migrate.upgrade(f"sqlite:///{tmp_path / 'migrated.db'}")
    yield from open_service(tmp_path / "migrated.db", tmp_path / "home")


def call(client: Client | AsyncClient, name: str, *arguments: Any, **more: Any) -> Any:
    """Call a method of either client, to its end."""
    if isinstance(client, Client):
        return getattr(client, name)(*arguments, **more)

    async def run() -> Any:
        return await getattr(client, name)(*arguments, **more)

    return anyio.run(run)


@pytest.fixture(params=["blocking", "awaited"])
def speak(request: pytest.FixtureRequest, service: Service) -> Callable[..., Any]:
    """Give the methods of one of the clients, as functions, over the real application."""
    if request.param == "blocking":
        client: Client | AsyncClient = Client(ADDRESS)
        client._http = service.client
    else:
        client = AsyncClient(ADDRESS)
        transport = httpx2.ASGITransport(service.client.app, client=("127.0.0.1", 50000))  # type: ignore[arg-type]
        client._http = httpx2.AsyncClient(transport=transport, base_url=ADDRESS)
    return lambda name, *arguments, **more: call(client, name, *arguments, **more)


def test_a_claim_from_its_bundle_to_its_evidence(speak: Callable[..., Any], service: Service) -> None:
    files = script_bundle(SCRIPT_CLAIM.replace("[claim]", '[record]\nid = "r"\n[claim]', 1))
    speak("put_record", "r", {"title": "A title"})
    submitted = speak("submit", tarred(files))
    assert submitted["state"] == "queued"
    assert speak("record", "r")["title"] == "A title"
    concluded = service.conclude(lambda _: None, files)
    assert concluded["id"] == submitted["id"]
    waited = speak("wait", submitted["id"], 5)
    assert waited == speak("verification", submitted["id"])
    verdict = speak("verdict", waited["verdict"]["id"])
    assert verdict["status"] == "UNVERIFIED"
    archive = speak("evidence", verdict["id"])
    assert evidence.verify(archive, []).seal == waited["seal"]
    assert speak("gate_verdict", "r")["status"] == "UNVERIFIED"
    assert speak("fetch", "/livez").json() == {"status": "ok"}


def test_a_statement_is_approved_and_the_first_approval_stands(speak: Callable[..., Any]) -> None:
    found = speak("approve", f"sha256:{'0' * 64}", "Paper.main", ["Init"])
    assert (found["theorem"], found["imports"], found["approved_by"]) == ("Paper.main", ["Init"], "local")
    assert speak("approve", f"sha256:{'0' * 64}", "Paper.main", ["Init"]) == found


def test_the_same_bundle_is_the_same_verification_and_force_asks_anew(speak: Callable[..., Any]) -> None:
    first = speak("submit", GOOD)["id"]
    assert speak("submit", GOOD)["id"] == first
    assert speak("submit", GOOD, key="mine")["id"] == first
    assert speak("submit", GOOD, force=True)["id"] != first


def test_what_was_cancelled_or_faulted_is_begun_anew_by_the_same_bundle(
    speak: Callable[..., Any], service: Service
) -> None:
    first = speak("submit", GOOD)["id"]
    assert speak("cancel", first)["state"] == "cancelled"
    assert speak("cancel", first)["state"] == "cancelled"
    second = speak("submit", GOOD)["id"]
    assert second != first
    assert speak("submit", GOOD)["id"] == second
    actions.fault_verification(service.parts, second, "INTERNAL_ERROR", "a test")
    third = speak("retry", second)
    assert (third["retry_of"], third["state"]) == (second, "queued")
    with pytest.raises(ServiceError) as caught:
        speak("retry", third["id"])
    assert caught.value.status == 409


def test_a_refusal_carries_every_problem(speak: Callable[..., Any], service: Service) -> None:
    before = service.rows()
    with pytest.raises(ServiceError) as caught:
        speak("submit", tarred(formula_bundle(CLAIM.replace('"8.7"', '"eight"') + "typo = 1\n")))
    assert caught.value.status == 422
    assert {item["code"] for item in caught.value.problem["errors"]} == {"unreadable-number", "unknown-key"}
    assert "claim.toml:7: value: " in str(caught.value)
    assert str(caught.value).count("unknown key 'typo'") == str(caught.value).count("'eight' is not") == 1
    assert service.rows() == before
    for name in ("verification", "cancel", "wait"):
        with pytest.raises(ServiceError) as caught:
            speak(name, "ver_none")
        assert caught.value.status == 404


def test_waiting_ends_when_the_time_is_over_and_tells_every_answer(speak: Callable[..., Any]) -> None:
    verification = speak("submit", GOOD)["id"]
    seen: list[str] = []
    with pytest.raises(TimeoutError, match=r"no verdict after 0\.2 s; the verification goes on"):
        speak("wait", verification, 0.2, lambda document: seen.append(document["state"]))
    assert len(seen) >= 2
    assert set(seen) == {"queued"}


# --- other servers ---------------------------------------------------------------------------------------------------


class Scripted(BaseHTTPRequestHandler):
    """Gives the answers of its server's list, the last one for ever, and notes what it was asked."""

    def do_GET(self) -> None:
        """Answer."""
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        answers, asked = self.server.script, self.server.asked  # type: ignore[attr-defined]
        asked.append((self.path, dict(self.headers)))
        status, headers, body = answers.pop(0) if len(answers) > 1 else answers[0]
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in {"Content-Length": str(len(data)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def do_POST(self) -> None:
        """Answer."""
        self.do_GET()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def scripted(*script: tuple[int, dict[str, str], Any]) -> Iterator[tuple[str, list[tuple[str, dict[str, str]]]]]:
    """Run a server with these answers; yields its address and what it is asked."""
    with HTTPServer(("127.0.0.1", 0), Scripted) as server:
        server.script, server.asked = list(script), []  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", server.asked  # type: ignore[attr-defined]
        finally:
            server.shutdown()


def opened(kind: type[Client | AsyncClient], url: str, token: str | None, name: str, *arguments: Any) -> Any:
    """Open a client, call one method, close it."""
    if issubclass(kind, Client):
        with kind(url, token) as client:
            return getattr(client, name)(*arguments)

    async def run() -> Any:
        async with kind(url, token) as client:
            return await getattr(client, name)(*arguments)

    return anyio.run(run)


BOTH = pytest.mark.parametrize("kind", [Client, AsyncClient])
STATE: dict[str, Any] = {"id": "ver_1", "state": "queued", "urls": {}}


@BOTH
def test_the_key_goes_with_every_request_and_into_no_error(kind: type[Client]) -> None:
    with scripted((401, {}, {"detail": "who are you?"})) as (url, asked):
        with pytest.raises(ServiceError, match="who are you") as caught:
            opened(kind, f"{url}/", "assay_live_secret", "verification", "ver_1")
        assert asked[0][1]["Authorization"] == "Bearer assay_live_secret"
    assert "secret" not in repr(caught.value) + str(caught.value)
    with scripted((200, {}, STATE)) as (url, asked):
        opened(kind, url, None, "verification", "ver_1")
        assert "Authorization" not in asked[0][1]


@pytest.mark.parametrize("token", ["", "a b", "a\r\nHost: evil", "clé", "a\x00"])
@BOTH
def test_a_key_that_no_header_can_hold_is_refused_unrepeated(kind: type[Client], token: str) -> None:
    with pytest.raises(ValueError, match="copy it again") as caught:
        kind("http://127.0.0.1:1", token)
    assert not token or token not in str(caught.value)


@BOTH
def test_a_redirect_is_not_followed_with_the_key(kind: type[Client]) -> None:
    with scripted((200, {}, STATE)) as (elsewhere, asked):
        with scripted((302, {"Location": f"{elsewhere}/x"}, {})) as (url, _), pytest.raises(ServiceError):
            opened(kind, url, "k", "verification", "ver_1")
        assert asked == []


@BOTH
def test_a_busy_service_is_asked_again_when_it_says_so(kind: type[Client]) -> None:
    busy = (429, {"Retry-After": "0"}, {"detail": "too often"})
    with scripted(busy, (503, {"Retry-After": "0"}, b"x"), (409, {"Retry-After": "0"}, {}), (202, {}, STATE)) as (
        url,
        asked,
    ):
        assert opened(kind, url, None, "submit", b"x")["id"] == "ver_1"
        assert len({headers["Idempotency-Key"] for _, headers in asked}) == 1
        assert len(asked) == 4


@pytest.mark.parametrize("headers", [{}, {"Retry-After": "86400"}, {"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}])
@BOTH
def test_a_service_that_does_not_say_when_or_says_too_late_is_believed(
    kind: type[Client], headers: dict[str, str]
) -> None:
    with scripted((429, headers, {"detail": "too often"})) as (url, asked):
        with pytest.raises(ServiceError, match="too often"):
            opened(kind, url, None, "verification", "ver_1")
        assert len(asked) == 1


@BOTH
def test_a_replayed_answer_about_a_dead_verification_leads_to_a_new_one(kind: type[Client]) -> None:
    """What the service kept for the digest may have faulted since; the follow-on key is the same whenever it is sent."""
    replayed = {"Idempotent-Replayed": "true"}
    script = [(202, replayed, STATE), (200, {}, {**STATE, "state": "faulted"}), (202, {}, {**STATE, "id": "ver_2"})]
    keys = []
    for _ in range(2):
        with scripted(*script) as (url, asked):
            assert opened(kind, url, None, "submit", b"bundle")["id"] == "ver_2"
            keys.append([headers.get("Idempotency-Key") for _, headers in asked])
    digest = hashlib.sha256(b"bundle").hexdigest()
    assert keys[0] == keys[1] == [digest, None, hashlib.sha256(f"{digest} ver_1".encode()).hexdigest()]
    alive = [(202, replayed, STATE), (200, {}, {**STATE, "state": "running"})]
    with scripted(*alive) as (url, asked):
        assert opened(kind, url, None, "submit", b"bundle")["state"] == "running"
        assert len(asked) == 2


@BOTH
def test_nobody_there_and_no_address_are_said(kind: type[Client]) -> None:
    with pytest.raises(Unreachable, match=r"no service answers at http://127\.0\.0\.1:1: "):
        opened(kind, "http://127.0.0.1:1", None, "verification", "ver_1")
    with pytest.raises(Unreachable, match="is no address of a service"):
        kind("http://[::1")


@BOTH
def test_a_service_that_goes_away_is_waited_for_and_then_given_up(
    kind: type[Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flows, "OUTAGE_SECONDS", 0.5)
    with scripted((200, {}, STATE)) as (url, _):
        timer = threading.Timer(0.2, lambda: None)
        timer.start()
        with pytest.raises(TimeoutError):
            opened(kind, url, None, "wait", "ver_1", 0.1)
    begun = time.monotonic()
    with pytest.raises(Unreachable):
        opened(kind, url, None, "wait", "ver_1", 5)
    assert time.monotonic() - begun < 3


def test_an_error_is_thrown_into_the_flow_where_it_can_be_answered() -> None:
    flow = flows.waiting("ver_1", None, None)
    next(flow)
    answer = httpx2.Response(200, json=STATE, request=httpx2.Request("GET", "http://h/v1/x"))
    assert isinstance(flow.send(answer), flows.Pause)
    assert isinstance(next(flow), flows.Request)
    assert isinstance(flow.throw(Unreachable("gone")), flows.Pause), "a short absence is waited out"


def test_no_proxy_of_the_environment_is_asked() -> None:
    assert wire.settings("http://h", None)["trust_env"] is False
    assert inspect.signature(httpx2.Client).parameters["follow_redirects"].default is False
