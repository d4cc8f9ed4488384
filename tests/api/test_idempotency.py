"""`Idempotency-Key`: sent twice is done once, and answered twice alike."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import pytest

from app import actions
from app.actions import sweeping
from app.api.idempotency import Once
from app.core.caller import OPERATOR
from tests.api.bundles import formula_bundle, formula_document, tarred
from tests.api.service import TARGET, open_service
from tests.store.house import at_once
from tests.store.postgres import Cluster

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import httpx2

    from tests.api.service import Service

REPLAYED = "Idempotent-Replayed"
KEY = {"Idempotency-Key": "k-1"}
GAIN = tarred(formula_bundle())  # packed once: an archive holds the time at which it was packed
MORE = tarred({**formula_bundle(), "more.txt": b"x"})


def send(service: Service, archive: bytes = GAIN, key: str = "k-1", **query: Any) -> httpx2.Response:
    bundle = {"bundle": ("b", archive, "application/octet-stream")}
    return service.client.post(TARGET, files=bundle, params=query, headers={"Idempotency-Key": key})


def same(first: httpx2.Response, again: httpx2.Response) -> None:
    """Hold a repeated answer against the first one."""
    assert REPLAYED not in first.headers
    assert again.headers[REPLAYED] == "true"
    assert (again.status_code, again.json()) == (first.status_code, first.json())
    for name in ("Location", "Retry-After", "Content-Type"):
        assert again.headers.get(name) == first.headers.get(name)


def test_a_bundle_sent_twice_is_taken_in_once_even_by_force(service: Service) -> None:
    first = send(service, force="true")
    rows = service.rows()
    same(first, send(service, force="true"))
    assert first.status_code == 202
    assert rows["answered"] == 1
    assert service.rows() == rows


def test_a_formula_too_however_its_members_are_ordered(service: Service) -> None:
    document = formula_document()
    first = service.client.post(TARGET, json=document, headers=KEY)
    same(first, service.client.post(TARGET, json=dict(reversed(document.items())), headers=KEY))


def test_the_answer_is_that_of_then_and_does_not_wait(service: Service) -> None:
    first = send(service)
    service.client.post(first.json()["urls"]["cancel"])
    bundle = {"bundle": ("b", GAIN, "application/octet-stream")}
    again = service.client.post(TARGET, files=bundle, headers={**KEY, "Prefer": "wait=5"})
    same(first, again)
    assert again.json()["state"] == "queued"


def test_a_known_seal_is_answered_alike_too(service: Service) -> None:
    service.send(GAIN)
    first = send(service)
    assert first.status_code == 200
    same(first, send(service))


@pytest.mark.parametrize("other", [{"archive": MORE}, {"force": "true"}])
def test_a_key_of_something_else_is_a_mistake(service: Service, other: dict[str, Any]) -> None:
    send(service)
    rows = service.rows()
    answer = send(service, **other)
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/key-of-another")
    assert service.rows() == rows


def test_a_refused_one_may_be_sent_mended_under_its_key(service: Service) -> None:
    assert send(service, tarred({"claim.toml": b"schema = 1"})).status_code == 422
    answer = send(service)
    assert answer.status_code == 202
    assert REPLAYED not in answer.headers


@pytest.mark.parametrize("key", ["", "with blank", "x" * 256])
def test_a_key_has_a_form(service: Service, key: str) -> None:
    assert send(service, key=key).status_code == 422


def test_while_the_first_is_at_work_the_second_is_told_to_come_back(service: Service) -> None:
    once = Once.of(OPERATOR, "k", "here")
    seen = []

    def work() -> str:
        with pytest.raises(Exception, match="is being answered") as caught:
            once.done(service.parts, lambda: "twice")
        seen.append(caught.value)
        return "once"

    assert once.done(service.parts, work) == "once"
    assert [(error.code, error.headers) for error in seen] == [("key-in-flight", {"Retry-After": "1"})]
    assert once.done(service.parts, lambda: "later") == "later"


def test_whoever_comes_second_in_another_process_gets_the_first_answer(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other process is at the same place, between looking and writing: the primary key decides."""
    first = send(service, force="true")
    rows, looks, found = service.rows(), [], Once.found

    def late(self: Once, parts: actions.Parts) -> Any:
        looks.append(self)
        return None if len(looks) == 1 else found(self, parts)

    monkeypatch.setattr(Once, "found", late)
    same(first, send(service, force="true"))
    assert len(looks) == 2
    assert service.rows() == rows


def test_trying_again_under_a_key_is_answered_as_the_first_time(service: Service) -> None:
    old = service.submit().json()
    actions.fault_verification(service.parts, old["id"], "WORKER_LOST", "lost")
    path = f"{TARGET}/{old['id']}/retry"
    first = service.client.post(path, headers=KEY)
    assert first.status_code == 202
    same(first, service.client.post(path, headers=KEY))
    assert REPLAYED not in service.client.post(path).headers


def test_an_old_answer_is_forgotten(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    send(service)
    actions.tidy(service.parts)
    assert service.rows()["answered"] == 1
    monkeypatch.setattr(sweeping, "ANSWERS_KEPT_SECONDS", -1)
    actions.tidy(service.parts)
    assert service.rows()["answered"] == 0
    assert REPLAYED not in send(service).headers


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def either(request: pytest.FixtureRequest, migrated: Path, tmp_path: Path) -> Iterator[Service]:
    """Give a service on both databases."""
    if request.param == "sqlite":
        yield from open_service(migrated, tmp_path)
        return
    cluster = Cluster()
    try:
        yield from open_service(tmp_path / "none", tmp_path, database_url=cluster.create())
    finally:
        cluster.stop()


def test_of_two_processes_at_once_one_takes_it_in_and_both_answer_alike(
    either: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Threads stand for processes, so what this process knows of requests at work is put aside: the database decides."""
    monkeypatch.setattr(Once, "alone", lambda _: nullcontext())
    for turn in range(5):
        before = either.rows()
        calls = [lambda key=f"k-{turn}": send(either, key=key, force="true")] * 3
        answers = at_once(*calls)
        assert [getattr(answer, "status_code", answer) for answer in answers] == [202] * 3
        assert len({answer.json()["id"] for answer in answers}) == 1  # type: ignore[union-attr]
        assert sum(REPLAYED in answer.headers for answer in answers) == 2  # type: ignore[union-attr]
        after = either.rows()
        assert {name: after[name] - before[name] for name in ("verification", "answered")} == {
            "verification": 1,
            "answered": 1,
        }
