"""Bundles sent together, and large ones file by file: only what the service lacks, and never more than the archive."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from app import actions
from app.core.canonical import digest
from app.store.errors import StoreUnavailable
from assay_client import ServiceError, sending, wire
from assay_client.sending import packed
from tests.api.bundles import CLAIM, formula_bundle, script_bundle
from tests.client.test_client import service, speak

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.api.service import Service

__all__ = ["service", "speak"]

DATA = os.urandom(150_000).hex().encode()  # an archive of it has half as many bytes
LARGE = {**script_bundle(), "data/more.txt": DATA}


@pytest.fixture
def requests(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str, int]]:
    """Give the list of the requests that are sent: method, the address' last part, bytes of the body."""
    found: list[tuple[str, str, int]] = []
    arguments = wire.arguments

    def noted(request: Any) -> dict[str, Any]:
        size = sum(map(len, request.bundles)) + len(request.content or b"") + len(str(request.json or ""))
        found.append((request.method, request.path.rpartition("/")[2][:7], size))
        return arguments(request)

    monkeypatch.setattr(wire, "arguments", noted)
    return found


def claim(name: str) -> bytes:
    return packed(formula_bundle(CLAIM.replace('"gain"', f'"{name}"', 1)))


def test_only_what_the_service_lacks_is_sent(
    speak: Callable[..., Any], service: Service, requests: list[tuple[str, str, int]]
) -> None:
    told: list[tuple[int, int]] = []
    first = speak("submit_files", LARGE, told=lambda *item: told.append(item))
    assert [item[:2] for item in requests] == [("POST", "verific")] * 2, "the archive is less than all files alone"
    assert told == [(requests[1][2], 0)]
    whole = requests[1][2]
    requests.clear()
    assert speak("submit_files", LARGE)["id"] == first["id"]
    assert [item[:2] for item in requests] == [("POST", "verific")]
    requests.clear()
    told.clear()
    changed = {**LARGE, "reproduce.py": LARGE["reproduce.py"] + b"# changed\n"}
    second = speak("submit_files", changed, told=lambda *item: told.append(item))
    assert [item[0] for item in requests] == ["POST", "PUT", "POST"]
    assert told == [(len(changed["reproduce.py"]), 1)]
    assert sum(item[2] for item in requests) < whole / 100
    assert second["seal"] != first["seal"]
    again = service.send(packed(changed)).json()
    assert again["id"] == second["id"]


def test_with_force_it_is_asked_anew_and_nothing_is_sent_again(
    speak: Callable[..., Any], requests: list[tuple[str, str, int]]
) -> None:
    first = speak("submit_files", LARGE)["id"]
    requests.clear()
    assert speak("submit_files", LARGE, force=True)["id"] != first
    assert [item[0] for item in requests] == ["POST"]


def test_many_new_files_go_as_one_archive(
    speak: Callable[..., Any], requests: list[tuple[str, str, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "ONE_BY_ONE_MAX", 2)
    speak("submit_files", LARGE)
    changed = {**LARGE, **{f"{n}.txt": str(n).encode() for n in range(3)}}
    requests.clear()
    speak("submit_files", changed)
    assert [item[:2] for item in requests] == [("POST", "verific")] * 2


def test_what_may_not_be_sent_alone_goes_as_an_archive(
    speak: Callable[..., Any], service: Service, requests: list[tuple[str, str, int]]
) -> None:
    speak("submit_files", LARGE)
    settings = service.parts.settings.model_copy(update={"upload_bytes_max": 1})
    service.client.app.state.parts = replace(service.parts, settings=settings)  # type: ignore[attr-defined]
    requests.clear()
    changed = {**LARGE, "reproduce.py": LARGE["reproduce.py"] + b"# changed\n"}
    assert speak("submit_files", changed)["state"] == "queued"
    assert [item[0] for item in requests] == ["POST", "PUT", "POST"]
    assert requests[-1][2] > len(DATA) / 2


def test_a_refused_bundle_is_refused_with_its_problems_once_its_files_are_there(speak: Callable[..., Any]) -> None:
    speak("submit_files", LARGE)
    with pytest.raises(ServiceError) as caught:
        speak("submit_files", {**LARGE, "claim.toml": LARGE["claim.toml"] + b"typo = 1\n"})
    assert [item["code"] for item in caught.value.problem["errors"]] == ["unknown-key"]


def test_a_file_that_is_always_missing_ends_in_an_archive(
    speak: Callable[..., Any], service: Service, requests: list[tuple[str, str, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sweeper that takes every file away before it can be named."""
    speak("submit_files", LARGE)
    changed = {**LARGE, "reproduce.py": LARGE["reproduce.py"] + b"# changed\n"}
    renew, swept = service.parts.blobs.renew, digest(changed["reproduce.py"])
    monkeypatch.setattr(service.parts.blobs, "renew", lambda found: None if found == swept else renew(found))
    requests.clear()
    assert speak("submit_files", changed)["state"] == "queued"
    assert [item[0] for item in requests] == ["POST", "PUT"] * sending.TRIES + ["POST"]


def test_several_are_sent_by_one_request_each_for_itself(
    speak: Callable[..., Any], service: Service, requests: list[tuple[str, str, int]]
) -> None:
    bundles = [claim("one"), b"no archive", claim("two")]
    first = speak("submit_batch", bundles)
    assert [item[:2] for item in requests] == [("POST", "batch")]
    assert [getattr(item, "status", 0) for item in first] == [0, 422, 0]
    assert "this is neither a .tar.gz" in str(first[1])
    again = speak("submit_batch", bundles)
    assert [again[n]["id"] for n in (0, 2)] == [first[n]["id"] for n in (0, 2)]
    forced = speak("submit_batch", bundles, force=True)
    assert forced[0]["id"] != first[0]["id"]
    assert service.rows()["verification"] == 4
    requests.clear()
    assert speak("submit_batch", bundles[:1])[0]["id"] == forced[0]["id"]
    assert requests[0][:2] == ("POST", "verific"), "one alone needs no batch"


def test_of_a_batch_that_was_sent_before_what_was_cancelled_is_begun_anew(
    speak: Callable[..., Any], service: Service
) -> None:
    bundles = [claim("one"), claim("two")]
    first = speak("submit_batch", bundles)
    speak("cancel", first[0]["id"])
    second = speak("submit_batch", bundles)
    assert second[0]["id"] != first[0]["id"]
    assert second[1]["id"] == first[1]["id"]
    assert speak("submit_batch", bundles)[0]["id"] == second[0]["id"]


def test_what_the_service_was_too_busy_for_is_sent_again_alone(
    speak: Callable[..., Any], service: Service, requests: list[tuple[str, str, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    submit, busy = actions.submit_archive, [1]

    def refuse_once(*arguments: Any, **named: Any) -> Any:
        if busy:
            busy.pop()
            raise StoreUnavailable("a test")
        return submit(*arguments, **named)

    monkeypatch.setattr(actions, "submit_archive", refuse_once)
    found = speak("submit_batch", [claim("one"), claim("two")])
    assert [item["state"] for item in found] == ["queued", "queued"]
    assert [item[1] for item in requests][:2] == ["batch", "verific"]
