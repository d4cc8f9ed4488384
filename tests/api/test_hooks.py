"""`POST /v1/hooks/{source}`: what is answered, what is stored, and what is not done."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from app import actions
from app.api.rooms import Room
from app.core.hook_paths import PATTERN
from app.core.hooks import Kind
from app.store import source_lists

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx2

    from tests.api.service import Service

BODY = json.dumps({"zen": "Keep it logically awesome."}).encode()


@pytest.fixture
def source(service: Service) -> tuple[str, str]:
    """Return a source's address and secret."""
    return made(service)


def made(service: Service) -> tuple[str, str]:
    new = actions.NewSource(
        Kind.GITHUB, "octo", "octo/claims", "4711", PATTERN, ("python",), 5, 0, "https://api.github.com"
    )
    source_id, secret = actions.add_source(service.parts, new)
    return f"/v1/hooks/{source_id}", secret


def send(service: Service, source: tuple[str, str], body: bytes = BODY, **changes: Any) -> httpx2.Response:
    """Deliver as GitHub does; a keyword changes a header, None leaves it out."""
    digest = hmac.new(source[1].encode(), body, hashlib.sha256).hexdigest()
    usual = {
        "content-type": "application/json",
        "x-github-event": "ping",
        "x-github-delivery": "d-1",
        "x-hub-signature-256": f"sha256={digest}",
    }
    told = usual | {name.replace("_", "-"): value for name, value in changes.items()}
    headers = {name: value for name, value in told.items() if value is not None}
    return service.client.post(source[0], content=body, headers=headers)


def test_a_delivery_is_one_row_and_an_answer(service: Service, source: tuple[str, str]) -> None:
    before = service.rows()
    answer = send(service, source)
    assert answer.status_code == 202
    assert answer.json()["state"] == "queued"
    after = service.rows()
    assert {name: after[name] - before[name] for name in after if after[name] != before[name]} == {"hook_delivery": 1}
    with service.parts.store.read() as session:
        (row,) = source_lists.deliveries(session, source[0].rpartition("/")[2])
    assert (row["id"], row["event"], row["delivery"]) == (answer.json()["id"], "ping", "d-1")


def test_no_key_is_needed_where_keys_exist(service: Service, source: tuple[str, str]) -> None:
    actions.create_key(service.parts, actions.NewKey("octo", "", frozenset()))
    assert send(service, source).status_code == 202


@pytest.mark.parametrize(
    "changes",
    [
        {"x_hub_signature_256": None},
        {"x_hub_signature_256": "sha256=" + "0" * 64},
        {"x_hub_signature_256": "sha1=" + "0" * 40},
    ],
)
def test_what_is_not_signed_is_refused_and_counted(
    service: Service, source: tuple[str, str], changes: dict[str, Any]
) -> None:
    answer = send(service, source, **changes)
    assert answer.status_code == 401
    assert answer.json()["type"] == "/problems/signature-refused"
    assert service.rows()["hook_delivery"] == 0
    with service.parts.store.read() as session:
        query = "SELECT refused FROM hook_source"
        assert session.connection().exec_driver_sql(query).scalar() == 1


def test_a_source_that_is_not_there_is_answered_like_a_wrong_signature(
    service: Service, source: tuple[str, str]
) -> None:
    wrong = send(service, source, x_hub_signature_256="sha256=" + "0" * 64).json()
    for address in ("/v1/hooks/src_0000000000000000000000000", "/v1/hooks/x", "/v1/hooks/SRC_%00"):
        answer = send(service, (address, source[1]))
        assert answer.status_code == 401
        told = ("type", "title", "detail", "errors")
        assert {name: answer.json()[name] for name in told} == {name: wrong[name] for name in told}


def test_the_body_of_who_knows_no_source_is_not_taken_in(
    service: Service, source: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.api.hooks.BODY_BYTES_MAX", 10)
    assert send(service, source).status_code == 413
    assert send(service, ("/v1/hooks/src_nowhere", source[1])).status_code == 401
    assert send(service, ("/v1/hooks/none", source[1])).status_code == 401


def test_a_delivery_without_its_event_is_refused_and_counts_for_nothing(
    service: Service, source: tuple[str, str]
) -> None:
    answer = send(service, source, x_github_event=None)
    assert answer.status_code == 400
    assert "X-GitHub-Event" in answer.json()["detail"]
    assert service.rows()["hook_delivery"] == 0
    assert refused(service) == 0  # it is signed
    assert send(service, source).json()["state"] == "queued"


def test_a_body_that_is_replayed_takes_no_true_delivery_s_place(service: Service, source: tuple[str, str]) -> None:
    """Whoever has seen a signed body can send it under any event and any id, before the true one or after it."""
    true = {"body": b'{"after": "none"}', "x_github_event": "push", "x_github_delivery": "d-2"}
    for event in ("star", "watch", "pull_request", "release"):
        send(service, source, true["body"], x_github_event=event, x_github_delivery="d-2")  # type: ignore[arg-type]
    while (taken := actions.take_hook(service.parts)) is not None:
        actions.settle_hook(service.parts, taken, "done", "")
    assert service.rows()["hook_delivery"] == 3  # one for each topic, however many names
    first = send(service, source, **true).json()  # type: ignore[arg-type]
    assert first["state"] == "queued"
    again = send(service, source, **{**true, "x_github_delivery": "d-3"}).json()  # type: ignore[arg-type]
    assert again == first
    assert service.rows()["hook_delivery"] == 4


def test_a_form_is_refused_with_what_to_set(service: Service, source: tuple[str, str]) -> None:
    answer = send(service, source, content_type="application/x-www-form-urlencoded")
    assert answer.status_code == 415
    assert "content type" in answer.json()["detail"]


def test_the_same_delivery_is_one_row_even_when_it_comes_at_once(service: Service, source: tuple[str, str]) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: send(service, source), range(16)))
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert service.rows()["hook_delivery"] == 1


def test_a_secret_that_cannot_be_read_is_our_fault_and_not_the_sender_s(
    service: Service, source: tuple[str, str]
) -> None:
    service.parts.settings.pepper_file.unlink()
    answer = send(service, source)
    assert answer.status_code == 500
    assert service.rows()["hook_delivery"] == 0


def test_who_sends_what_nobody_signed_is_limited_and_shuts_nobody_else_out(serving: Callable[..., Any]) -> None:
    with serving(bad_hooks_per_minute=3) as service:
        known = made(service)
        unsigned = {"x_hub_signature_256": "sha256=" + "0" * 64}
        answers = [send(service, known, **unsigned) for _ in range(3)]
        answers += [send(service, ("/v1/hooks/src_nowhere", known[1])), send(service, known, **unsigned)]
        assert [answer.status_code for answer in answers] == [401] * 3 + [429] * 2
        assert answers[-1].json()["type"] == "/problems/too-many-requests"
        assert 1 <= int(answers[-1].headers["Retry-After"]) <= 60
        assert refused(service) == 3  # beyond the limit nothing is written
        assert send(service, known).status_code == 202  # of the same address
        assert send(service, known, x_github_delivery="d-2", body=b"{}").status_code == 202


def refused(service: Service) -> int:
    with service.parts.store.read() as session:
        return int(session.connection().exec_driver_sql("SELECT refused FROM hook_source").scalar_one())


def test_a_body_that_nothing_could_have_signed_is_not_taken_in(
    service: Service, source: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.api.hooks.BODY_BYTES_MAX", 10)
    for value in (None, "sha256=", "md5=" + "0" * 32):
        assert send(service, source, x_hub_signature_256=value).status_code == 401


def test_a_large_body_is_the_same_in_pieces_and_is_no_more_than_a_forge_sends(
    service: Service, source: tuple[str, str]
) -> None:
    body = json.dumps({"zen": "x" * (3 << 20)}).encode()
    assert send(service, source, body).status_code == 202
    taken = actions.take_hook(service.parts)
    assert taken is not None
    assert taken.body == body
    assert send(service, source, body, x_hub_signature_256="sha256=" + "0" * 64).status_code == 401
    assert send(service, source, b"[" + b" " * (26 << 20)).status_code == 413
    assert service.rows()["hook_delivery"] == 1


def test_large_bodies_find_few_places_and_wait_for_them() -> None:
    async def visit(room: Room, who: str, held: list[str], most: list[tuple[int, int]]) -> None:
        async with room.place(who):
            held.append(who)
            most.append((len(held), max(held.count(name) for name in held)))
            await asyncio.sleep(0.01)
            held.remove(who)

    async def all_of_them() -> list[tuple[int, int]]:
        held: list[str] = []
        most: list[tuple[int, int]] = []
        room = Room(3, 2)
        await asyncio.gather(*(visit(room, who, held, most) for who in "aaaaaabbbc"))
        return most

    most = asyncio.run(all_of_them())
    assert len(most) == 10  # everybody came in
    assert (max(together for together, _ in most), max(of_one for _, of_one in most)) == (3, 2)
