"""`POST /v1/hooks/{source}`: what is answered, what is stored, and what is not done."""

from __future__ import annotations

import hashlib
import hmac
import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from app import actions
from app.core.hook_paths import PATTERN
from app.core.hooks import Kind
from app.store import source_lists

if TYPE_CHECKING:
    import httpx2

    from tests.api.service import Service

BODY = json.dumps({"zen": "Keep it logically awesome."}).encode()


@pytest.fixture
def source(service: Service) -> tuple[str, str]:
    """Return a source's address and secret."""
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
