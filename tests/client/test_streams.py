"""Following a verification: a real service's stream, and servers that break, stay silent or say nonsense."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from assay_client import Client, ServiceError, Unreachable, streams
from tests.api.bundles import SCRIPT_CLAIM, script_bundle, tarred
from tests.api.service import Service
from tests.client.test_client import BOTH, STATE, opened, scripted, service, speak

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["service", "speak"]

DONE = {**STATE, "state": "concluded"}
SSE = {"Content-Type": "text/event-stream"}
Said = list[dict[str, Any]]


def event(number: int, kind: str = "state", data: str = '{"verification_id": "ver_1", "at": "then", "n": 1}') -> bytes:
    return f"event: {kind}\ndata: {data}\nid: {number}\n\n".encode()


def test_a_page_of_verdicts_is_asked_for_with_its_filters_and_the_next_one_with_its_cursor(
    speak: Callable[..., Any], service: Service
) -> None:
    for number in range(3):
        claim = SCRIPT_CLAIM.replace('id = "', f'id = "n{number}-', 1)
        service.conclude(lambda _: None, script_bundle(claim))
    first = speak("verdicts", {"status": "UNVERIFIED", "limit": "2"})
    second = speak("verdicts", {"status": "UNVERIFIED", "limit": "2"}, first["next_cursor"])
    found = [item["claim"][:2] for item in first["data"] + second["data"]]
    assert found == ["n2", "n1", "n0"]
    assert second["next_cursor"] is None
    assert speak("verdicts", {"status": "FALSIFIED"})["data"] == []


def test_a_log_is_read_from_a_byte_on_and_what_is_not_there_is_nothing(
    speak: Callable[..., Any], service: Service
) -> None:
    concluded = service.conclude(lambda _: None, script_bundle(SCRIPT_CLAIM))
    run = concluded["runs"][0]["id"]
    assert speak("log", run, "stdout") == b"said\n"
    assert speak("log", run, "stdout", 2) == b"id\n"
    assert speak("log", run, "stdout", 5) == speak("log", run, "stderr") == b""
    assert speak("log", "run_none", "stderr") == b""


@BOTH
def test_a_stream_that_breaks_goes_on_behind_the_last_event_and_tells_each_once(kind: type[Client]) -> None:
    broken = (200, {**SSE, "Content-Length": "9999"}, event(1) + event(2) + b"event: state\nda")
    ended = (200, SSE, event(5) + event(6, "end"))
    seen: Said = []
    with scripted(broken, ended, (200, {}, DONE)) as (url, asked):
        assert opened(kind, url, None, "follow", "ver_1", seen.append)["state"] == "concluded"
    assert [(item["seq"], item["kind"]) for item in seen] == [(1, "state"), (2, "state"), (5, "state"), (6, "end")]
    assert seen[0] == {
        "seq": 1,
        "kind": "state",
        "verification_id": "ver_1",
        "run_id": None,
        "created_at": "then",
        "data": {"n": 1},
    }
    assert [headers.get("Last-Event-ID") for _, headers in asked] == ["0", "2", None]


@BOTH
def test_a_stream_that_is_closed_before_its_end_is_opened_again(kind: type[Client]) -> None:
    seen: Said = []
    with scripted((200, SSE, b": ping\n\n"), (200, SSE, event(3, "end")), (200, {}, DONE)) as (url, _):
        opened(kind, url, None, "follow", "ver_1", seen.append, None, 2)
    assert [item["seq"] for item in seen] == [3]


@BOTH
def test_a_silent_stream_is_no_failure_but_ends_the_wait_in_time(
    kind: type[Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "SILENCE_SECONDS", 0.1)
    silent = (200, {**SSE, "Content-Length": "9999"}, event(1))
    begun = time.monotonic()
    with scripted(silent) as (url, asked), pytest.raises(TimeoutError, match=r"no verdict after 0\.6 s"):
        opened(kind, url, None, "follow", "ver_1", lambda _: None, 0.6)
    assert time.monotonic() - begun < 5
    assert asked[-1][1]["Last-Event-ID"] == "1"


@BOTH
@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ((404, {}, {"detail": "there is no such verification"}), ServiceError),
        ((200, {"Content-Type": "text/html"}, b"hello"), Unreachable),
        ((200, SSE, event(1, "state", "nonsense")), ServiceError),
        ((200, SSE, event(1, "state", "[]")), ServiceError),
    ],
)
def test_what_is_no_stream_of_ours_is_said(kind: type[Client], answer: Any, error: type[Exception]) -> None:
    with scripted(answer) as (url, _), pytest.raises(error):
        opened(kind, url, None, "follow", "ver_1", lambda _: None)


@BOTH
def test_too_many_streams_are_waited_for_as_long_as_the_service_says(kind: type[Client]) -> None:
    seen: Said = []
    busy = (429, {"Retry-After": "0"}, {"detail": "too many"})
    with scripted(busy, busy, (200, SSE, event(1, "end")), (200, {}, DONE)) as (url, asked):
        opened(kind, url, None, "follow", "ver_1", seen.append)
    assert (len(asked), len(seen)) == (4, 1)


@BOTH
def test_a_service_that_wants_to_be_waited_for_too_long_is_given_up(kind: type[Client]) -> None:
    busy = (429, {"Retry-After": "86400"}, {"detail": "too many"})
    begun = time.monotonic()
    with scripted(busy) as (url, _), pytest.raises(ServiceError, match="too many"):
        opened(kind, url, None, "follow", "ver_1", lambda _: None)
    soon = (429, {"Retry-After": "15"}, {"detail": "too many"})
    with scripted(soon, soon) as (url, _), pytest.raises(TimeoutError):
        opened(kind, url, None, "follow", "ver_1", lambda _: None, 0.5)
    assert time.monotonic() - begun < 10


@BOTH
def test_a_service_that_went_away_for_good_is_given_up(kind: type[Client], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "OUTAGE_SECONDS", 0.5)
    gone = threading.Event()
    failed: list[BaseException] = []

    def follow(url: str) -> None:
        try:
            opened(kind, url, None, "follow", "ver_1", lambda _: gone.set())
        except Unreachable as error:
            failed.append(error)

    with scripted((200, SSE, event(1))) as (url, _):
        thread = threading.Thread(target=follow, args=(url,))
        thread.start()
        assert gone.wait(10)
    thread.join(20)
    assert len(failed) == 1


def test_a_real_verification_is_told_from_its_beginning_to_its_end(speak: Callable[..., Any], service: Service) -> None:
    files = script_bundle(SCRIPT_CLAIM)
    submitted = speak("submit", tarred(files))["id"]
    service.conclude(lambda _: None, files)
    seen: Said = []
    assert speak("follow", submitted, seen.append, 20)["state"] == "concluded"
    assert [item["seq"] for item in seen] == sorted({item["seq"] for item in seen})
    assert {"state", "run", "verdict"} < {item["kind"] for item in seen}
    assert seen[-1]["kind"] == "end"
