"""`/v1/ledger`: what is served holds offline, and grows without changing what was proved before."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from app import actions
from app.core import ledger, merkle
from tests.api.bundles import script_bundle

if TYPE_CHECKING:
    from tests.api.service import Service


def verdict(service: Service, notes: str) -> str:
    """Conclude a claim without a result; returns the verdict's id."""
    document = service.conclude(lambda _: None, {**script_bundle(), "notes.txt": notes.encode()})
    return str(document["verdict"]["id"])


def get(service: Service, path: str) -> Any:
    answer = service.client.get(path)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_an_empty_ledger_is_shown_and_exported(service: Service) -> None:
    document = get(service, "/v1/ledger")
    assert (document["size"], document["rows"], document["checkpoint"]) == (0, [], None)
    assert document["root"] == merkle.EMPTY.hex()
    assert ledger.check(service.client.get("/v1/ledger/export").content).ok


def test_every_receipt_and_the_export_hold_offline(service: Service) -> None:
    ids = [verdict(service, str(number)) for number in range(5)]
    assert get(service, "/v1/ledger")["size"] == 5
    for index, name in enumerate(ids):
        answer = service.client.get(f"/v1/ledger/{index}/receipt")
        report = ledger.check(answer.content)
        assert (report.ok, report.size) == (True, 5)
        assert answer.json()["leaf"]["body"]["verdict"] == name
        assert get(service, f"/v1/verdicts/{name}/receipt") == answer.json()
    report = ledger.check(service.client.get("/v1/ledger/export").content)
    assert (report.ok, report.size, report.root) == (True, 5, get(service, "/v1/ledger")["root"])


def test_rows_are_read_a_few_at_a_time(service: Service) -> None:
    for number in range(3):
        verdict(service, str(number))
    assert [row["seq"] for row in get(service, "/v1/ledger?from=1&limit=1")["rows"]] == [2]
    assert get(service, "/v1/ledger?from=3")["rows"] == []
    assert get(service, f"/v1/ledger?from={1 << 53}&limit=1000")["rows"] == []
    for query in ("from=-1", "limit=1001", f"from={(1 << 53) + 1}", "from=x"):
        assert service.client.get(f"/v1/ledger?{query}").status_code == 422


def test_a_checkpoint_on_demand_is_made_by_a_judge_and_covers_what_was_there(service: Service) -> None:
    verdict(service, "a")
    assert service.client.post("/v1/ledger/checkpoints").status_code == 202
    assert get(service, "/v1/ledger/checkpoints") == {"data": []}  # nobody is there to do it
    actions.make_checkpoint(service.parts, lambda _: ("key", "signature"))
    verdict(service, "b")
    (point,) = get(service, "/v1/ledger/checkpoints")["data"]
    assert (point["size"], point["signature"]) == (1, {"key_id": "key", "signature": "signature"})
    assert get(service, "/v1/ledger")["checkpoint"] == point
    receipt = get(service, "/v1/ledger/0/receipt")
    assert receipt["checkpoint"] | {"signature": receipt["signature"]} == point
    assert get(service, "/v1/ledger/1/receipt")["checkpoint"] is None
    report = ledger.check(service.client.get("/v1/ledger/export").content)
    assert (report.ok, report.signed) == (True, (point,))


def test_without_a_broker_a_checkpoint_cannot_be_asked_for(serving: Any) -> None:
    with serving(broker_url="redis+socket:///nowhere/broker.sock") as service:
        answer = service.client.post("/v1/ledger/checkpoints")
        assert answer.status_code == 503
        assert answer.headers["Retry-After"] == "5"


def test_a_later_ledger_is_proved_to_continue_an_earlier_one(service: Service) -> None:
    verdict(service, "a")
    verdict(service, "b")
    old = get(service, "/v1/ledger")
    for number in range(3):
        verdict(service, str(number))
    proof = get(service, "/v1/ledger/consistency?first=2&second=5")
    assert proof["first_root"] == old["root"]
    path = [bytes.fromhex(item) for item in proof["path"]]
    roots = (bytes.fromhex(old["root"]), bytes.fromhex(get(service, "/v1/ledger")["root"]))
    assert merkle.verify_consistency(2, 5, *roots, path)
    for query in ("first=5&second=2", "first=1&second=6"):
        answer = service.client.get(f"/v1/ledger/consistency?{query}")
        assert (answer.status_code, answer.headers["Content-Type"]) == (404, "application/problem+json")


def test_what_is_not_in_the_ledger_has_no_receipt(service: Service) -> None:
    for path in ("/v1/ledger/0/receipt", "/v1/verdicts/vrd_none/receipt", "/v1/verdicts/%00/receipt"):
        assert service.client.get(path).status_code == 404


def test_nothing_under_the_ledger_can_be_written(service: Service) -> None:
    verdict(service, "a")
    before = service.client.get("/v1/ledger/export").text
    for path in ("/v1/ledger", "/v1/ledger/export", "/v1/ledger/0/receipt", "/v1/ledger/consistency"):
        for method in ("POST", "PUT", "PATCH", "DELETE"):
            assert service.client.request(method, path, json={}).status_code == 405
    assert service.client.get("/v1/ledger/export").text == before
    assert json.loads(before.splitlines()[0])["size"] == 1
