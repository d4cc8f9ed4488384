"""A batch: each claim for itself, in its order, once under its key, and nothing by halves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from app import actions
from app.api.batches import BATCH_MAX
from app.core.caller import Scope
from tests.api.bundles import formula_bundle, formula_document, script_bundle, tarred
from tests.api.service import TARGET

if TYPE_CHECKING:
    import httpx2

    from tests.api.service import Service

BATCH = f"{TARGET}/batch"


def claim(name: str) -> dict[str, Any]:
    return formula_document(claim={"id": name, "statement": f"By {name} A is 8.7 points above B"})


def send(service: Service, *claims: Any, key: str | None = None, **query: Any) -> httpx2.Response:
    headers = {"Idempotency-Key": key} if key else {}
    return service.client.post(BATCH, json={"claims": list(claims)}, headers=headers, params=query)


def ids(answer: httpx2.Response) -> list[str | None]:
    return [item["verification"] and item["verification"]["id"] for item in answer.json()["data"]]


def test_each_claim_is_answered_as_it_would_be_alone(service: Service) -> None:
    answer = send(service, claim("one"), {"schema": "assay-claim-v1"}, claim("one"), claim("two"))
    assert answer.status_code == 200
    document = answer.json()
    assert [item["status"] for item in document["data"]] == [202, 422, 200, 202]
    assert (document["accepted"], document["refused"]) == (3, 1)
    first, refused, same, other = document["data"]
    assert same["verification"]["id"] == first["verification"]["id"] != other["verification"]["id"]
    assert service.client.get(first["verification"]["urls"]["self"]).status_code == 200
    assert refused["verification"] is None
    assert refused["problem"]["type"] == "/problems/bundle-refused"
    assert all(item["remedy"] for item in refused["problem"]["errors"])
    assert service.rows()["verification"] == 2


def test_archives_come_as_parts(service: Service) -> None:
    archives = (tarred(formula_bundle()), b"no archive", tarred(script_bundle()))
    answer = service.client.post(BATCH, files=[("bundle", ("bundle", data)) for data in archives])
    assert [item["status"] for item in answer.json()["data"]] == [202, 422, 202]
    assert [item["verification"]["claim"]["kind"] for item in answer.json()["data"][::2]] == ["formula", "script"]


@pytest.mark.parametrize(
    ("document", "pointer"),
    [
        ([], ""),
        ({}, ""),
        ({"claims": [], "more": 1}, ""),
        ({"claims": {}}, ""),
        ({"claims": []}, "/claims"),
        ({"claims": [claim("one")] * (BATCH_MAX + 1)}, "/claims"),
        ({"claims": [claim("one"), "two"]}, "/claims/1"),
    ],
)
def test_what_is_no_batch_is_refused_as_a_whole(service: Service, document: Any, pointer: str) -> None:
    before = service.rows()
    answer = service.client.post(BATCH, json=document)
    assert answer.status_code == 422
    (found,) = answer.json()["errors"]
    assert (found["in"], found["pointer"]) == ("body", pointer)
    assert "1 to 50 claims" in found["remedy"]
    assert service.rows() == before


def test_too_many_archives_are_refused_as_a_whole(service: Service) -> None:
    before = service.rows()
    files = [("bundle", ("bundle", tarred(formula_bundle())))] * (BATCH_MAX + 1)
    assert service.client.post(BATCH, files=files).status_code == 400
    assert service.client.post(BATCH, files=[("other", ("bundle", b"x"))]).status_code == 422
    assert service.rows() == before


def test_a_batch_sent_twice_under_its_key_is_done_once(service: Service) -> None:
    first = send(service, claim("one"), {}, claim("two"), key="k", force=True)
    assert "Idempotent-Replayed" not in first.headers
    before = service.rows()
    second = send(service, claim("one"), {}, claim("two"), key="k", force=True)
    assert ids(second) == ids(first)
    assert [item["status"] for item in second.json()["data"]] == [202, 422, 202]
    assert second.headers["Idempotent-Replayed"] == "true"
    assert service.rows() == before
    assert ids(send(service, claim("one"), key="other", force=True)) != ids(first)[:1], "the key is what tells it apart"


def test_another_batch_under_the_same_key_is_refused_as_a_whole(service: Service) -> None:
    send(service, {}, claim("one"), key="k")
    before = service.rows()
    for claims in ([claim("two")], [{}, claim("one"), claim("two")], [claim("one")]):
        answer = send(service, *claims, key="k")
        assert (answer.status_code, answer.json()["type"]) == (422, "/problems/key-of-another")
    assert service.rows() == before


def test_a_batch_that_broke_off_goes_on_where_it_was(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    submit, left = actions.submit_formula, [1]

    def break_off(*args: Any, **named: Any) -> Any:
        if not left:
            raise RuntimeError("the process ends")
        left.pop()
        return submit(*args, **named)

    monkeypatch.setattr(actions, "submit_formula", break_off)
    assert send(service, claim("one"), claim("two"), key="k", force=True).status_code == 500
    (stored,) = service.client.get(TARGET).json()["data"]
    monkeypatch.setattr(actions, "submit_formula", submit)
    answer = send(service, claim("one"), claim("two"), key="k", force=True)
    assert ids(answer)[0] == stored["id"]
    assert service.rows()["verification"] == 2


def test_a_batch_needs_the_scope_of_a_submission(service: Service) -> None:
    poor = actions.create_key(service.parts, actions.NewKey("alice", "", frozenset({Scope.VERDICTS_READ})))[1]
    shown = {"Authorization": f"Bearer {poor}"}
    assert service.client.post(BATCH, json={"claims": [claim("one")]}, headers=shown).status_code == 403
    assert send(service, claim("one")).status_code == 401


def test_the_address_of_batches_is_no_id_of_a_verification(service: Service) -> None:
    assert service.client.options(BATCH).headers["Allow"] == "OPTIONS, POST"
    assert service.client.delete(BATCH).headers["Allow"] == "OPTIONS, POST"
    assert service.client.get(BATCH).status_code == 404
