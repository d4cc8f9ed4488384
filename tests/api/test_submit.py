"""`POST /v1/verifications`: what a submission answers, in every form that a bundle comes in."""

from __future__ import annotations

import tarfile
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from app import actions
from app.api import verifications
from app.api.submission import REQUEST_BODY
from tests.api.bundles import (
    CLAIM,
    formula_bundle,
    formula_document,
    inside,
    script_bundle,
    tarred,
    zipped,
)
from tests.api.service import TARGET

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from tests.api.service import Service

ARCHIVES = {
    "tar.gz": tarred(formula_bundle()),
    "tar": tarred(formula_bundle(), "w"),
    "GNU tar": tarred(formula_bundle(), "w:gz", tarfile.GNU_FORMAT),
    "ustar": tarred(formula_bundle(), "w:gz", tarfile.USTAR_FORMAT),
    "zip": zipped(formula_bundle()),
    "stored zip": zipped(formula_bundle(), 0),
    "tar.gz with one folder around": tarred(inside("gain-1.0", formula_bundle())),
    "zip with one folder around": zipped(inside("gain-1.0", formula_bundle())),
    "zip as a file manager makes it": zipped(
        {**inside("gain", formula_bundle()), "__MACOSX/gain/._claim.toml": b"\0\5\26\7", "gain/.DS_Store": b"Bud1"}
    ),
}


def test_a_new_bundle_is_accepted_with_its_address_and_when_to_come_back(service: Service) -> None:
    answer = service.submit()
    document = answer.json()
    assert answer.status_code == 202
    assert answer.headers["Location"] == document["urls"]["self"] == f"{TARGET}/{document['id']}"
    assert int(answer.headers["Retry-After"]) > 0
    assert document["id"].startswith("ver_")
    assert document["state"] == "queued"
    assert document["seal"].startswith("sha256:")
    assert document["claim"] | {"id": "", "revision": 0} == {
        "id": "",
        "name": "gain",
        "revision": 0,
        "statement": "A is 8.7 points above B",
        "kind": "formula",
    }
    assert [run["key"] for run in document["runs"]] == ["measure-0"]
    assert document["urls"]["cancel"] == f"{TARGET}/{document['id']}/cancel"
    assert document["verdict"] is None


def test_the_same_files_have_the_same_seal_however_they_come(service: Service) -> None:
    answers = {name: service.send(archive) for name, archive in ARCHIVES.items()}
    assert {name: answer.status_code for name, answer in answers.items()} == dict.fromkeys(ARCHIVES, 200) | {
        "tar.gz": 202
    }
    assert len({answer.json()["seal"] for answer in answers.values()}) == 1


def test_a_formula_comes_as_json_too(service: Service) -> None:
    answer = service.client.post(TARGET, json=formula_document())
    assert answer.status_code == 202
    assert answer.json()["claim"]["kind"] == "formula"


def test_json_with_another_order_of_keys_is_the_same_claim(service: Service) -> None:
    document = formula_document()
    first = service.client.post(TARGET, json=document)
    again = service.client.post(TARGET, json=dict(reversed(document.items())))
    assert again.status_code == 200
    assert again.json()["id"] == first.json()["id"]


@pytest.mark.parametrize("name", REQUEST_BODY["content"]["application/json"]["examples"])
def test_the_examples_of_the_description_are_accepted(service: Service, name: str) -> None:
    example = REQUEST_BODY["content"]["application/json"]["examples"][name]["value"]
    answer = service.client.post(TARGET, json=example)
    if "files" in example:  # nobody has sent these; tests/api/test_blobs.py has some that were
        assert {item["code"] for item in answer.json()["errors"]} == {"missing-blob"}
    else:
        assert answer.status_code == 202


def test_the_same_seal_again_answers_with_its_verification_and_stores_nothing(service: Service) -> None:
    first = service.submit()
    rows = service.rows()
    again = service.submit()
    assert again.status_code == 200
    assert again.json()["id"] == first.json()["id"]
    assert again.headers["Location"] == first.headers["Location"]
    assert "Retry-After" not in again.headers
    assert service.rows() == rows


def test_force_verifies_the_same_seal_once_more(service: Service) -> None:
    first, again = service.submit(), service.submit(force=True)
    assert again.status_code == 202
    assert again.json()["id"] != first.json()["id"]
    assert again.json()["seal"] == first.json()["seal"]


def test_a_cancelled_verification_does_not_stand_in_the_way_of_a_new_one(service: Service) -> None:
    first = service.submit().json()
    service.client.post(first["urls"]["cancel"])
    assert service.submit().status_code == 202


def test_cancelling_is_idempotent_and_final(service: Service) -> None:
    document = service.submit().json()
    answers = [service.client.post(document["urls"]["cancel"]) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [202, 202, 202]
    final = [answer.json() for answer in answers]
    assert final[0]["state"] == "cancelled"
    assert final[0]["urls"]["cancel"] is None
    assert final[0] == final[1] == final[2]


def test_cancelling_after_the_verdict_leaves_the_verdict(service: Service) -> None:
    document = service.conclude(lambda _: None, script_bundle())
    answer = service.client.post(f"{TARGET}/{document['id']}/cancel")
    assert answer.status_code == 202
    assert answer.json()["state"] == "concluded"
    assert answer.json()["verdict"] == document["verdict"]


def test_a_claim_that_names_a_record_is_attached_to_it(service: Service) -> None:
    claim = CLAIM.replace("[claim]", '[record]\nid = "survey"\ntitle = "A survey"\n[claim]')
    document = service.submit(formula_bundle(claim)).json()
    assert document["urls"]["record"] == f"/v1/records/{document['record_id']}"
    record = service.client.get(document["urls"]["record"]).json()
    assert (record["external_id"], record["title"]) == ("survey", "A survey")


def test_a_script_waits_in_the_queue_of_its_kind(service: Service) -> None:
    document = service.submit(script_bundle()).json()
    assert document["claim"]["kind"] == "script"
    assert document["runs"][0]["purpose"] == "measure"


def test_a_broker_that_is_down_does_not_refuse_a_claim(
    serving: Callable[..., AbstractContextManager[Service]],
) -> None:
    with serving(broker_url="redis+socket:///nowhere/broker.sock") as service:
        answer = service.submit()
        assert answer.status_code == 202
        assert service.client.get(answer.json()["urls"]["self"]).json()["state"] == "queued"


@pytest.mark.parametrize("kind", ["formula", "script", "JSON", "a claim that would be refused"])
def test_without_any_environment_the_service_is_not_ready_and_the_claim_not_to_blame(
    serving: Callable[..., AbstractContextManager[Service]], kind: str
) -> None:
    with serving(environment=False) as service:
        rows = service.rows()
        answer = {
            "formula": service.submit,
            "script": lambda: service.submit(script_bundle()),
            "JSON": lambda: service.client.post(TARGET, json=formula_document()),
            "a claim that would be refused": lambda: service.submit({"claim.toml": b"nonsense"}),
        }[kind]()
        assert answer.status_code == 503
        assert answer.json()["type"] == "/problems/no-environment"
        assert int(answer.headers["Retry-After"]) > 0
        assert service.rows() == rows


def test_a_formula_needs_the_environment_python_and_not_just_any(
    serving: Callable[..., AbstractContextManager[Service]],
) -> None:
    with serving(environment=False) as service:
        actions.publish_environment(service.parts, "science", "sha256:" + "5" * 64, {})
        answer = service.submit()
        assert (answer.status_code, answer.json()["type"]) == (503, "/problems/no-environment")
        assert "Retry-After" in answer.headers


def test_prefer_wait_answers_with_the_verdict_when_it_comes_in_time(service: Service) -> None:
    def work() -> None:
        while not _queued(service):
            time.sleep(0.01)
        for _ in range(3):
            for run_id in _queued(service):
                service._run(run_id, lambda _: None)
        service.judge(_only_verification(service))

    hands = threading.Thread(target=work)
    hands.start()
    try:
        parts = {"bundle": ("bundle", tarred(script_bundle()), "application/gzip")}
        answer = service.client.post(TARGET, files=parts, headers={"Prefer": "respond-async, wait=20"})
    finally:
        hands.join()
    assert answer.status_code == 200
    assert answer.json()["state"] == "concluded"
    assert answer.headers["Preference-Applied"] == "wait=20"


def test_prefer_wait_ends_after_its_time(service: Service) -> None:
    parts = {"bundle": ("bundle", tarred(formula_bundle()), "application/gzip")}
    answer = service.client.post(TARGET, files=parts, headers={"Prefer": "wait=1"})
    assert answer.status_code == 202
    assert answer.json()["state"] == "queued"
    assert answer.headers["Preference-Applied"] == "wait=1"


def test_waiters_beyond_the_cap_are_answered_at_once(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """A waiting handler holds a thread of the pool, and the pool must stay free for others."""
    monkeypatch.setattr(verifications, "_waiting", threading.BoundedSemaphore(1))
    verifications._waiting.acquire()
    begun = time.monotonic()
    parts = {"bundle": ("bundle", tarred(formula_bundle()), "application/gzip")}
    answer = service.client.post(TARGET, files=parts, headers={"Prefer": "wait=30"})
    assert answer.status_code == 202
    assert time.monotonic() - begun < 20


def _queued(service: Service) -> list[str]:
    return [run["id"] for item in _verifications(service) for run in item["runs"] if run["state"] == "queued"]


def _only_verification(service: Service) -> str:
    (found,) = _verifications(service)
    return str(found["id"])


def _verifications(service: Service) -> list[Any]:
    from sqlmodel import select

    from app.store.tables import Verification

    with service.parts.store.read() as session:
        ids = session.exec(select(Verification.id)).all()
    return [service.client.get(f"{TARGET}/{item}").json() for item in ids]
