"""`/v1/records`: what a publisher says about a publication, and the public gate verdict that follows from its claims."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

from tests.api.bundles import SCRIPT_CLAIM, script_bundle
from tests.api.service import Sums

if TYPE_CHECKING:
    from app.core.model import RunSpec
    from tests.api.service import Service

FACTS = {"title": "A survey", "doi": "10.5281/zenodo.1", "question": "Is it so?", "claims_total": 3}


matching, contradicting = Sums(), Sums(off=1)


def crashing(_: RunSpec) -> None:
    return None


def claim_of(record: str, name: str = "total") -> dict[str, bytes]:
    claim = SCRIPT_CLAIM.replace("[claim]", f"[record]\n{record}\n[claim]").replace('id = "total"', f'id = "{name}"')
    return script_bundle(claim)


def gate_verdict(service: Service, record_id: str) -> dict[str, Any]:
    """Return a record's gate verdict after checking it against the schema that is served."""
    schema = service.client.get("/schemas/gate-verdict-v1").json()
    document: dict[str, Any] = service.client.get(f"/v1/records/{record_id}/gate-verdict").json()
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker()).validate(document)
    return document


def test_a_record_is_created_once_and_changed_afterwards(service: Service) -> None:
    created = service.client.put("/v1/records/survey", json=FACTS)
    changed = service.client.put("/v1/records/survey", json={"title": "A better survey"})
    assert (created.status_code, changed.status_code) == (201, 200)
    document = changed.json()
    assert created.headers["Location"] == document["urls"]["self"] == f"/v1/records/{document['id']}"
    assert document["title"] == "A better survey"
    assert {key: document[key] for key in FACTS if key != "title"} == {k: v for k, v in FACTS.items() if k != "title"}
    assert document["created_at"] == created.json()["created_at"]
    assert document["updated_at"] >= created.json()["updated_at"]


def test_a_record_is_read_by_the_publishers_id_and_by_ours(service: Service) -> None:
    document = service.client.put("/v1/records/survey", json=FACTS).json()
    assert service.client.get("/v1/records/survey").json() == document
    assert service.client.get(f"/v1/records/{document['id']}").json() == document


def test_putting_by_our_id_changes_that_record_and_makes_no_other(service: Service) -> None:
    document = service.client.put("/v1/records/survey", json=FACTS).json()
    answer = service.client.put(f"/v1/records/{document['id']}", json={"title": "New"})
    assert answer.status_code == 200
    assert (answer.json()["external_id"], answer.json()["title"]) == ("survey", "New")
    assert service.rows()["record"] == 1


def test_ids_of_our_form_are_not_the_publishers_to_give(service: Service) -> None:
    answer = service.client.put("/v1/records/rec_mine", json=FACTS)
    assert answer.status_code == 404
    assert service.rows()["record"] == 0


@pytest.mark.parametrize("reference", ['doi = "10.5281/zenodo.20732155"', 'title = "What is it? 100% / a title"'])
def test_a_record_without_a_publishers_id_is_reached_by_its_address(service: Service, reference: str) -> None:
    """A DOI or a title may be all that a claim says, and neither fits into a path."""
    document = service.submit(claim_of(reference)).json()
    record = service.client.get(document["urls"]["record"])
    assert record.status_code == 200
    urls = record.json()["urls"]
    assert service.client.get(urls["self"]).json() == record.json()
    assert service.client.get(urls["gate_verdict"]).json() == record.json()["gate_verdict"]


@pytest.mark.parametrize(
    ("record_id", "body"),
    [
        ("survey", {"unknown": 1}),
        ("survey", {"claims_total": -1}),
        ("survey", {"claims_total": 1_000_001}),
        ("survey", {"claims_total": "three"}),
        ("survey", {"visibility": "secret"}),
        ("survey", {"title": 5}),
        ("survey", {"title": "x" * 1_001}),
        ("survey", {"title": "half a pair \ud800"}),
        ("survey", {"title": "a NUL \0"}),
        ("survey", []),
        ("survey", None),
        ("Upper-Case", FACTS),
        ("-dash", FACTS),
        ("x" * 65, FACTS),
        ("with%20space", FACTS),
        ("%2e%2e", FACTS),
    ],
)
def test_an_unacceptable_record_is_refused_and_not_stored(service: Service, record_id: str, body: Any) -> None:
    headers = {"Content-Type": "application/json"}
    answer = service.client.put(f"/v1/records/{record_id}", content=json.dumps(body), headers=headers)
    assert answer.status_code == 422
    assert answer.json()["errors"]
    assert service.rows()["record"] == 0


def test_a_record_without_tested_claims_has_a_gate_verdict_that_says_so(service: Service) -> None:
    service.client.put("/v1/records/survey", json=FACTS)
    document = gate_verdict(service, "survey")
    assert (document["status"], document["evaluated_at"]) == ("UNVERIFIED", None)
    assert document["claims"] == {"total": 3, "tested": 0, "verified": 0, "falsified": 0}


@pytest.mark.parametrize(
    ("results", "status"),
    [
        ([matching], "VERIFIED"),
        ([contradicting], "FALSIFIED"),
        ([crashing], "UNVERIFIED"),
        ([matching, contradicting], "FALSIFIED"),
        ([matching, crashing], "UNVERIFIED"),
    ],
    ids=["one match", "one contradiction", "one crash", "a match and a contradiction", "a match and a crash"],
)
def test_the_gate_verdict_follows_from_the_claims(service: Service, results: list[Any], status: str) -> None:
    service.client.put("/v1/records/survey", json=FACTS)
    for number, result in enumerate(results):
        service.conclude(result, claim_of('id = "survey"', f"total-{number}"))
    document = gate_verdict(service, "survey")
    assert document["status"] == status
    assert document["claims"]["tested"] == len(results)
    assert document["evaluated_at"] is not None
    assert service.client.get(document["evidence_url"]).status_code == 200
    assert document == service.client.get("/v1/records/survey").json()["gate_verdict"]


def test_record_and_gate_verdict_are_not_sent_twice_while_nothing_changed(service: Service) -> None:
    service.client.put("/v1/records/survey", json=FACTS)
    for path in ("/v1/records/survey", "/v1/records/survey/gate-verdict"):
        tag = service.client.get(path).headers["ETag"]
        assert tag.startswith("W/")
        assert service.client.get(path, headers={"If-None-Match": tag}).status_code == 304
        service.conclude(crashing, claim_of('id = "survey"', path.rpartition("/")[2]))
        changed = service.client.get(path, headers={"If-None-Match": tag})
        assert changed.status_code == 200
        assert changed.headers["ETag"] != tag


def test_the_schema_is_the_published_one(service: Service) -> None:
    answer = service.client.get("/schemas/gate-verdict-v1")
    assert answer.json()["properties"]["schema"]["const"] == "https://assignee.net/schemas/gate-verdict-v1"
    assert len(answer.json()["required"]) == 10


@pytest.mark.parametrize(
    ("facts", "pointer", "remedy"),
    [
        ({"titel": "x"}, "/titel", "did you mean 'title'?"),
        (
            {"artifacts": [{"type": "report", "label": "R", "url": "https://e.org", "lable": "R"}]},
            "/artifacts/0/lable",
            "did you mean 'label'?",
        ),
        ({"math": {"statment": "x"}}, "/math/statment", "did you mean 'statement'?"),
        ({"math": {"zzz": "x"}}, "/math/zzz", "use one of id, problem_id, "),
    ],
    ids=["at the top", "in a list", "in a table", "near none"],
)
def test_a_key_that_is_not_known_is_answered_with_the_one_that_was_meant(
    service: Service, facts: dict[str, Any], pointer: str, remedy: str
) -> None:
    answer = service.client.put("/v1/records/misspelt", json=facts)
    assert answer.status_code == 422
    (found,) = answer.json()["errors"]
    assert (found["pointer"], found["code"]) == (pointer, "extra-forbidden")
    assert found["remedy"].startswith(remedy)
