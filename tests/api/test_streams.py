"""Streams: a life told to its end, told again behind what is known, and live, over a real connection."""

from __future__ import annotations

import json
import threading
import time
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
import uvicorn

from app import actions
from app.api import streams
from app.api.callers import find_caller
from app.core.caller import Caller
from app.store.runs import LogPiece
from tests.api.bundles import script_bundle
from tests.api.service import ENVIRONMENT, Sums

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.api.service import Service

STREAM = {"Accept": "text/event-stream"}


def parsed(text: str) -> list[tuple[str, str | None, Any]]:
    """Return (event, id, data) of every event of a stream."""
    found = []
    for block in text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if line and not line.startswith(":"))
        if fields:
            found.append((fields["event"], fields.get("id"), json.loads(fields["data"])))
    return found


def read(service: Service, path: str, **headers: str) -> list[tuple[str, str | None, Any]]:
    answer = service.client.get(path, headers={**STREAM, **headers})
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"].startswith("text/event-stream")
    return parsed(answer.text)


@contextmanager
def listening(service: Service) -> Iterator[str]:
    """Serve the application on a port of this machine."""
    config = uvicorn.Config(service.client.app, port=0, log_level="error", lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = server.force_exit = True
        thread.join(10)


def test_a_stream_tells_a_whole_life_and_closes(service: Service) -> None:
    done = service.conclude(Sums(), script_bundle())
    answer = service.client.get(done["urls"]["events"], headers=STREAM)
    assert (answer.headers["X-Accel-Buffering"], answer.headers["Cache-Control"]) == ("no", "no-cache")
    told = parsed(answer.text)
    assert [data["state"] for kind, _, data in told if kind == "state"] == [
        "queued",
        "running",
        "concluding",
        "concluded",
    ]
    assert told[-1][0] == "end"
    assert next(data for kind, _, data in told if kind == "verdict")["verdict_id"] == done["verdict"]["id"]
    numbers = [int(number) for _, number, _ in told if number]
    assert numbers == sorted(set(numbers))
    listed = service.client.get(done["urls"]["events"]).json()
    assert [str(item["seq"]) for item in listed["data"]] == [number for _, number, _ in told]


def test_a_stream_goes_on_behind_the_last_event_that_is_known(service: Service) -> None:
    path = service.conclude(Sums(), script_bundle())["urls"]["events"]
    told = read(service, path)
    known = told[4][1]
    assert read(service, path, **{"Last-Event-ID": str(known)}) == told[5:]
    for odd in ("x", "-1", "1e3", "9" * 40):
        assert read(service, path, **{"Last-Event-ID": odd}) == told
    again = read(service, path, **{"Last-Event-ID": str(told[-1][1])})
    assert [(kind, number) for kind, number, _ in again] == [("end", None)]


def test_what_may_not_be_known_has_no_stream(service: Service) -> None:
    for path in ("ver_0", "ver_%00", "none"):
        answer = service.client.get(f"/v1/verifications/{path}/events", headers=STREAM)
        assert (answer.status_code, answer.headers["Content-Type"]) == (404, "application/problem+json")


def test_a_list_of_events_is_read_page_by_page(service: Service) -> None:
    path = service.conclude(Sums(), script_bundle())["urls"]["events"]
    whole, found, after = service.client.get(path).json()["data"], [], 0
    while True:
        page = service.client.get(f"{path}?limit=5&after={after}").json()
        found += page["data"]
        if page["next_after"] is None:
            break
        after = page["next_after"]
    assert found == whole
    assert service.client.get("/v1/events").json()["data"] == whole


def test_a_live_stream_tells_what_happens_when_it_happens(service: Service) -> None:
    document = service.submit(script_bundle()).json()
    with (
        listening(service) as base,
        httpx2.Client(base_url=base, timeout=20) as client,
        client.stream("GET", document["urls"]["events"], headers=STREAM) as answer,
    ):
        lines = answer.iter_lines()

        def until(kind: str) -> dict[str, Any]:
            for line in lines:
                if line == f"event: {kind}":
                    return dict(json.loads(next(lines).removeprefix("data: ")))
            raise AssertionError(kind)

        assert until("run")["state"] == "queued"
        claimed = actions.claim_run(service.parts, document["runs"][0]["id"], "tests:1", {ENVIRONMENT})
        assert not isinstance(claimed, (type(None), actions.Parts))
        assert until("state")["state"] == "running"
        actions.report_progress(service.parts, claimed, 0.25, "a quarter")
        assert until("progress") | {"at": None} == {
            "verification_id": document["id"],
            "run_id": document["runs"][0]["id"],
            "fraction": 0.25,
            "text": "a quarter",
            "at": None,
        }
        actions.report_output(service.parts, claimed, [LogPiece("stdout", 0, "one\ntwo\n")])
        assert until("log")["text"] == "one\ntwo\n"
        actions.fault_verification(service.parts, document["id"], "INTERNAL_ERROR", "a test")
        assert until("end")["state"] == "faulted"
        assert list(lines)[-1:] in ([], [""])


def test_all_events_are_followed_from_now_on(service: Service) -> None:
    service.submit()
    with (
        listening(service) as base,
        httpx2.Client(base_url=base, timeout=20) as client,
        client.stream("GET", "/v1/events?from_now=true", headers=STREAM) as answer,
    ):
        lines = answer.iter_lines()
        time.sleep(2 * streams.POLL_SECONDS)
        later = service.submit(script_bundle()).json()["id"]
        first = next(line for line in lines if line.startswith("data: "))
        assert json.loads(first.removeprefix("data: "))["verification_id"] == later


def test_a_stream_ends_when_what_it_follows_may_no_longer_be_known(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "SEEN_SECONDS", 0)
    path = service.submit().json()["urls"]["events"]
    may_know = [True, False]
    monkeypatch.setattr(streams, "_may_know", lambda *_: may_know.pop(0))
    assert "end" not in {kind for kind, _, _ in read(service, path)}


def test_streams_are_counted_and_given_back(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    path = service.conclude(Sums(), script_bundle())["urls"]["events"]
    monkeypatch.setattr(streams, "STREAMS_MAX", 1)
    read(service, path)
    read(service, path)
    assert service.client.get("/v1/verifications/none/events", headers=STREAM).status_code == 404
    read(service, path)
    service.client.app.state.streams = 1  # type: ignore[attr-defined]
    answer = service.client.get(path, headers=STREAM)
    assert (answer.status_code, answer.json()["type"]) == (429, "/problems/too-many-streams")
    assert answer.headers["Retry-After"]
    assert service.client.get(path).status_code == 200
    assert service.client.head(path, headers=STREAM).status_code == 200


def test_no_address_takes_all_streams_of_those_that_have_no_key(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beyond loopback; whoever sits at another address still gets one."""
    monkeypatch.setattr(streams, "STREAMS_EACH_MAX", 2)
    app = service.client.app
    monkeypatch.setattr(app.state.limiter, "address", lambda request: request.headers["x-from"])  # type: ignore[attr-defined]
    monkeypatch.setitem(app.dependency_overrides, find_caller, Caller)  # type: ignore[attr-defined]
    path = "/v1/events"
    with listening(service) as base, httpx2.Client(base_url=base, timeout=20) as client, ExitStack() as held:
        mine, other = {**STREAM, "x-from": "a"}, {**STREAM, "x-from": "b"}
        for _ in range(2):
            assert held.enter_context(client.stream("GET", path, headers=mine)).status_code == 200
        assert client.get(path, headers=mine).json()["type"] == "/problems/too-many-streams"
        assert held.enter_context(client.stream("GET", path, headers=other)).status_code == 200


def test_a_client_that_goes_away_gives_its_stream_back(service: Service) -> None:
    path = service.submit().json()["urls"]["events"]
    with listening(service) as base, httpx2.Client(base_url=base, timeout=20) as client:
        with client.stream("GET", path, headers=STREAM) as answer:
            next(answer.iter_lines())
            assert service.client.app.state.streams == 1  # type: ignore[attr-defined]
        deadline = time.monotonic() + 10
        while service.client.app.state.streams and time.monotonic() < deadline:  # type: ignore[attr-defined]
            time.sleep(0.05)
        assert service.client.app.state.streams == 0  # type: ignore[attr-defined]
