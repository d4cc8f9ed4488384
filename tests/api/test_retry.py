"""`POST /v1/verifications/{id}/retry`: a fault of ours is made good under the same seal, and nothing else is repeated."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from app import actions
from tests.api.bundles import script_bundle
from tests.api.service import TARGET

if TYPE_CHECKING:
    from tests.api.service import Service


def faulted(service: Service) -> dict[str, Any]:
    """Return a verification that our side failed."""
    document = service.submit().json()
    actions.fault_verification(service.parts, document["id"], "WORKER_LOST", "every worker was lost")
    found: dict[str, Any] = service.client.get(document["urls"]["self"]).json()
    return found


def test_a_fault_says_that_it_is_ours_and_where_to_try_again(service: Service) -> None:
    document = faulted(service)
    assert (document["state"], document["reason_code"], document["blame"]) == ("faulted", "WORKER_LOST", "service")
    assert document["verdict"] is None
    assert document["urls"]["retry"] == f"{TARGET}/{document['id']}/retry"
    assert document["urls"]["cancel"] is None


def test_a_faulted_verification_begins_again_in_a_new_one_of_the_same_seal(service: Service) -> None:
    old = faulted(service)
    answer = service.client.post(old["urls"]["retry"])
    new = answer.json()
    assert answer.status_code == 202
    assert answer.headers["Location"] == new["urls"]["self"]
    assert int(answer.headers["Retry-After"]) > 0
    assert new["id"] != old["id"] == new["retry_of"]
    assert (new["seal"], new["state"]) == (old["seal"], "queued")
    assert service.client.get(old["urls"]["self"]).json() == old


def test_trying_again_twice_begins_once(service: Service) -> None:
    old = faulted(service)
    first = service.client.post(old["urls"]["retry"])
    rows = service.rows()
    again = service.client.post(old["urls"]["retry"])
    assert again.status_code == 200
    assert again.json()["id"] == first.json()["id"]
    assert "Retry-After" not in again.headers
    assert service.rows() == rows


@pytest.mark.parametrize("state", ["queued", "concluded", "cancelled"])
def test_what_did_not_fault_is_not_tried_again(service: Service, state: str) -> None:
    document = service.conclude(lambda _: None, script_bundle()) if state == "concluded" else service.submit().json()
    if state == "cancelled":
        service.client.post(document["urls"]["cancel"])
    rows = service.rows()
    answer = service.client.post(f"{TARGET}/{document['id']}/retry")
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/not-retryable")
    assert state in answer.json()["detail"]
    assert [item["code"] for item in answer.json()["errors"]] == ["not-faulted"]
    assert answer.json()["errors"][0]["remedy"]
    assert service.rows() == rows
    assert document["urls"]["retry"] is None


def test_a_seal_whose_environment_was_replaced_is_not_tried_again(service: Service) -> None:
    old = faulted(service)
    actions.publish_environment(service.parts, "python", "sha256:" + "f" * 64, {})
    answer = service.client.post(old["urls"]["retry"])
    assert answer.status_code == 409
    assert answer.json()["errors"][0]["code"] == "environment-gone"


def test_an_unknown_verification_is_not_found(service: Service) -> None:
    assert service.client.post(f"{TARGET}/ver_none/retry").status_code == 404
