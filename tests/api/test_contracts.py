"""The public contracts of a record as they are served, and what of a private record or a closed claim is not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
from referencing import Registry, Resource

from app.core.contracts import shape
from tests.api.bundles import script_bundle, tarred
from tests.api.test_records import claim_of, crashing, matching

if TYPE_CHECKING:
    from tests.api.service import Service

SEED = {
    "title": "Impact of Intermediate English Task Training on XTREME-R Low-Resource Language Robustness",
    "abstract": "Intermediate-task training often improves model performance.",
    "question": "To what extent does it degrade robustness?",
    "doi": "10.5281/zenodo.20732155",
    "claims_total": 9,
    "review_score": 9.0,
    "dimensions": {"evidence_strength": 6.0, "citation_grounding": 5.5, "uncertainty_disclosure": 5.0},
    "artifacts": [{"type": "report", "label": "Report", "url": "https://example.org/report.pdf", "format": "pdf"}],
    "review_method": "Automated multi-reviewer assessment",
    "provenance_note": "Machine-generated synthesis of existing literature. Not primary research.",
}
#: Those that every record has.
ALWAYS = set(shape.CONTRACTS) - {"math-result-v1", "benchmark-evidence-v1"}


def put(service: Service, name: str = "seed", **facts: Any) -> dict[str, Any]:
    answer = service.client.put(f"/v1/records/{name}", json=facts)
    assert answer.status_code in {200, 201}, answer.text
    document: dict[str, Any] = answer.json()
    return document


def contract(service: Service, name: str, record: str = "seed", query: str = "") -> dict[str, Any]:
    """Return a contract of a record after checking it against the schemas that are served."""
    served = {
        item["contract"]: service.client.get(item["url"]).json() for item in service.client.get("/schemas").json()
    }
    resources = [Resource.from_contents(schema) for schema in served.values()]
    registry: Any = Registry().with_resources([(item.id(), item) for item in resources])
    answer = service.client.get(f"/v1/records/{record}/contracts/{name}{query}")
    assert answer.status_code == 200, answer.text
    document: dict[str, Any] = answer.json()
    assert document["schema"] == served[name]["$id"]
    validator = jsonschema.Draft202012Validator(
        served[name], registry=registry, format_checker=jsonschema.FormatChecker()
    )
    validator.validate(document)
    return document


@pytest.mark.parametrize("facts", [{}, SEED], ids=["nothing", "everything"])
@pytest.mark.parametrize("tested", ["untested", "verified", "inconclusive"])
def test_every_contract_of_a_record_fits_its_schema(service: Service, facts: dict[str, Any], tested: str) -> None:
    put(service, **facts)
    if tested != "untested":
        service.conclude(matching if tested == "verified" else crashing, claim_of('id = "seed"'))
    whole = service.client.get("/v1/records/seed").json()
    assert whole["contracts"].keys() == ALWAYS
    for name in ALWAYS:
        assert contract(service, name) == whole["contracts"][name]
    assert whole["contracts"]["gate-verdict-v1"] == whole["gate_verdict"]
    assert service.client.get(whole["urls"]["manifest"]).json() == whole["contracts"]["paper-manifest-v1"]
    assert service.client.get(whole["urls"]["corrections"]).json() == whole["contracts"]["correction-record-v1"]


def test_the_rows_of_the_seeds_page_follow_from_what_its_publisher_says(service: Service) -> None:
    document = put(service, **SEED)
    service.conclude(matching, claim_of('id = "seed"'))
    document = service.client.get("/v1/records/seed").json()
    assert document["coverage"] == "1 of 9 claims tested"
    assert document["gate_verdict"]["status"] == "VERIFIED"
    found = document["contracts"]
    levels = {key: item["level"] for key, item in found["quality-dimensions-v1"]["dimensions"].items()}
    assert {key: level for key, level in levels.items() if level != "UNASSESSED"} == {
        "evidence_strength": "MEDIUM",
        "citation_grounding": "MEDIUM",
        "uncertainty_disclosure": "MEDIUM",
        "reproducibility_status": "HIGH",
    }
    assert found["correction-record-v1"]["correction_state"] == "CURRENT"
    provenance = found["source-provenance-v1"]
    assert (provenance["provenance_level"], provenance["report_artifact"]) == ("L4", "AVAILABLE")
    assert provenance["external_record"] == "REGISTERED"
    summary = found["verification-levels-v1"]["claim_summary"]
    assert (summary["aggregate_claim_records"], summary["sandbox_executed_claims"]) == (1, 1)
    assert summary["per_claim_public_records"] == []
    assert {item["type"] for item in found["paper-manifest-v1"]["artifacts"]} == {
        "manifest",
        "report",
        "external_record",
    }


def test_nine_claims_that_are_found_in_their_source_make_the_seeds_level_and_tier(service: Service) -> None:
    put(service, **SEED)
    for number in range(9):
        files = claim_of('id = "seed"', f"total-{number}")
        located = b'quote = "The total of all scores is 6"\nsection = "Results"\n[[expect]]'
        source = b'[[source]]\nid = "paper"\ntitle = "Paper"\nfile = "paper.md"\n[[expect]]'
        claim = files["claim.toml"].replace(b"[[expect]]", located, 1).replace(b"[[expect]]", source, 1)
        paper = b"# Results\n\nThe total of all scores is 6 in every year.\n"
        service.conclude(matching, {**files, "claim.toml": claim, "paper.md": paper})
    document = service.client.get("/v1/records/seed").json()
    assert document["coverage"] == "9 of 9 claims tested"
    found = document["contracts"]
    level = found["verification-levels-v1"]
    assert (level["paper_level"], level["paper_level_label"]) == (2, "Source-grounded claims")
    assert level["claim_summary"]["source_grounded_claims"] == 9
    assert level["claim_summary"]["claim_record_source"] == "parsed source sections"
    assert found["quality-tiers-v1"]["tier"] == "FLAGSHIP_CANDIDATE"
    assert found["source-provenance-v1"]["claim_lineage"]["label"] == "9 aggregate source-grounded claims"


def test_an_operator_may_support_more_levels(serving: Any) -> None:
    with serving(level_max=7) as service:
        put(service)
        document = contract(service, "verification-levels-v1")
        assert document["unsupported_upper_levels"] == []
    with serving() as service:
        put(service)
        assert len(contract(service, "verification-levels-v1")["unsupported_upper_levels"]) == 5


def test_another_base_address_is_in_documents_and_schemas_alike(serving: Any) -> None:
    with serving(contract_base="https://assay.example/") as service:
        put(service, **SEED)
        for name in ALWAYS:
            assert contract(service, name)["schema"] == f"https://assay.example/schemas/{name}"


def test_benchmarks_and_mathematics_come_with_what_the_publisher_says(service: Service) -> None:
    entries = [
        {"model": "mBERT", "benchmark": "Pos", "score_pct": "88.9", "source_title": "A", "year": 2019},
        {"model": "mBERT", "benchmark": "Pos", "score_pct": "14.3", "source_title": "B", "year": 2020},
        {"model": "XLM-R", "benchmark": "Pos", "score_pct": "73.8", "source_title": "A"},
    ]
    put(service, benchmarks=entries, math={"problem_name": "Sums", "n_cases": 3})
    assert contract(service, "benchmark-evidence-v1")["model"] == "XLM-R"
    chosen = contract(service, "benchmark-evidence-v1", query="?bench=Pos&model=mBERT")
    assert chosen["spread_pp"] == 74.6
    assert service.client.get(chosen["json_url"]).json() == chosen
    missing = service.client.get("/v1/records/seed/contracts/benchmark-evidence-v1?model=none")
    assert missing.status_code == 404
    assert service.client.get("/v1/records/seed/contracts/math-result-v1").status_code == 404  # nothing was tested
    service.conclude(matching, claim_of('id = "seed"'))
    assert contract(service, "math-result-v1")["verification"]["state"] == "COMPUTATIONAL_EVIDENCE"


def test_dimensions_may_be_given_as_a_document_of_their_contract(service: Service) -> None:
    document = {
        "schema": "https://www.assignee.net/schemas/quality-dimensions-v1",
        "dimensions": {"novelty": {"score": 5.0, "level": "MEDIUM"}},
    }
    assert put(service, dimensions=document)["dimensions"] == {"novelty": 5.0}
    for wrong in ({"schema": "https://assignee.net/schemas/quality-tiers-v1"}, document | {"dimensions": 5}):
        assert service.client.put("/v1/records/seed", json={"dimensions": wrong}).status_code == 422


@pytest.mark.parametrize(
    "facts",
    [
        {"review_score": 10.1},
        {"review_score": -1},
        {"review_score": "high"},
        {"dimensions": {"beauty": 5}},
        {"dimensions": {"novelty": 11}},
        {"artifacts": [{"type": "report", "label": "R", "url": "javascript:alert(1)"}]},
        {"artifacts": [{"type": "report", "label": "R", "url": "https://e.org/<script>"}]},
        {"artifacts": [{"type": "Report", "label": "R", "url": "https://e.org/r"}]},
        {"artifacts": [{"type": "report", "label": "R", "url": "https://e.org/r", "sha256": "0" * 64}]},
        {"artifacts": [{"type": "report", "label": "R", "url": "https://e.org/r"}] * 101},
        {"benchmarks": [{"model": "m", "benchmark": "b", "score_pct": "NaN", "source_title": "s"}]},
        {"math": {"status": "proved"}},
        {"claims_visibility": "secret"},
        {"superseded_by": "none"},
        {"superseded_by": "seed"},
        {"status": "VERIFIED"},
        {"gate_verdict": {"status": "VERIFIED"}},
        {"note": "x" * 1001},
    ],
)
def test_what_no_publisher_may_say_is_refused_and_changes_nothing(service: Service, facts: dict[str, Any]) -> None:
    before = put(service, **SEED)
    answer = service.client.put("/v1/records/seed", json=facts)
    assert answer.status_code == 422
    assert answer.json()["detail"]
    assert service.client.get("/v1/records/seed").json() == before


def test_not_a_number_is_no_score(service: Service) -> None:
    headers = {"Content-Type": "application/json"}
    for body in (b'{"review_score": NaN}', b'{"dimensions": {"novelty": Infinity}}'):
        assert service.client.put("/v1/records/seed", content=body, headers=headers).status_code in {400, 422}
    assert service.rows()["record"] == 0


# --- corrections -----------------------------------------------------------------------------------------------------------


def test_a_change_is_a_correction_with_its_note_and_what_was_said_before(service: Service) -> None:
    put(service, **SEED)
    document = put(service, title="A better title", note="The title was cut off.")
    assert document["title"] == "A better title"
    record = contract(service, "correction-record-v1")
    (event,) = record["correction_events"]
    assert (record["correction_state"], event["correction_type"]) == ("CORRECTED", "METADATA")
    assert (event["public_note"], event["previous"]) == ("The title was cut off.", {"title": SEED["title"]})
    history = service.client.get("/v1/records/seed/history").json()
    assert [item["event_id"] for item in history["corrections"]] == [event["event_id"]]


def test_a_changed_verdict_is_a_correction_and_the_old_one_stays_readable(service: Service) -> None:
    put(service, claims_total=1)
    first = service.conclude(matching, claim_of('id = "seed"'))
    second = service.client.post("/v1/verifications?force=true", files=_bundle()).json()
    _finish(service, second["id"], crashing)
    assert contract(service, "correction-record-v1")["correction_events"][0]["affected_fields"] == ["gate_verdict"]
    history = service.client.get("/v1/records/seed/history").json()["verdicts"]
    assert [(item["status"], item["standing"]) for item in history] == [("VERIFIED", False), ("UNVERIFIED", True)]
    assert service.client.get(first["urls"]["verdict"]).json()["status"] == "VERIFIED"
    assert history[0]["verdict_id"] == first["verdict"]["id"]


def _bundle() -> dict[str, Any]:
    return {"bundle": ("bundle", tarred(claim_of('id = "seed"')), "application/octet-stream")}


def _finish(service: Service, verification_id: str, results: Any) -> None:
    path = f"/v1/verifications/{verification_id}"
    while queued := [run for run in service.client.get(path).json()["runs"] if run["state"] == "queued"]:
        for run in queued:
            service._run(run["id"], results)
    service.judge(verification_id)


def test_a_record_that_is_superseded_says_so_on_both_sides(service: Service) -> None:
    put(service, **SEED)
    new = put(service, "newer", title="Newer")
    assert put(service, superseded_by="newer")["superseded_by"] == new["id"]
    old = contract(service, "correction-record-v1")
    assert (old["correction_state"], old["superseded_by"]) == ("SUPERSEDED", new["id"])
    urls = contract(service, "correction-record-v1", "newer")["known_superseded_manifest_urls"]
    assert [service.client.get(url).status_code for url in urls] == [200]


def test_a_private_successor_is_not_named(service: Service) -> None:
    put(service, **SEED)
    new = put(service, "newer", title="Newer", visibility="private")
    put(service, superseded_by="newer")
    assert new["id"] not in service.client.get("/v1/records/seed").text
    assert contract(service, "correction-record-v1")["correction_state"] == "CURRENT"
    put(service, "newer", visibility="public")
    assert contract(service, "correction-record-v1")["correction_state"] == "SUPERSEDED"


# --- what is not shown -----------------------------------------------------------------------------------------------------

#: What a stranger is shown, for whom this machine's own browser asks when a page of another site makes it.
STRANGER = {"Sec-Fetch-Site": "cross-site"}


def test_a_private_record_is_nowhere(service: Service) -> None:
    put(service, **SEED)
    verification = service.conclude(matching, claim_of('id = "seed"'))
    claim = verification["claim"]["id"]
    put(service, visibility="private", claims_visibility="open")
    paths = ["", "/gate-verdict", "/history", *(f"/contracts/{name}" for name in shape.CONTRACTS)]
    places = [f"/v1/records/seed{path}" for path in paths] + ["/paper/seed/manifest.json", f"/v1/claims/{claim}"]
    nobody = service.client.get("/v1/records/nobody").json()
    for place in places:
        answer = service.client.get(place, headers=STRANGER)
        assert answer.status_code == 404
        if place == "/v1/records/seed":
            assert answer.json()["detail"] == nobody["detail"]
    rows = service.client.get("/v1/ledger", headers=STRANGER).json()["rows"]
    assert [(row["kind"], row["body"]) for row in rows] == [(None, None)]
    assert verification["verdict"]["id"] not in service.client.get("/v1/ledger/export", headers=STRANGER).text
    put(service, visibility="public")
    assert [service.client.get(place, headers=STRANGER).status_code for place in places if "-v1" not in place] == [
        200
    ] * 5


def test_claims_are_shown_one_by_one_only_when_their_publisher_opens_them(service: Service) -> None:
    put(service, **SEED)
    verification = service.conclude(matching, claim_of('id = "seed"'))
    claim = verification["claim"]
    place = f"/v1/claims/{claim['id']}"
    assert service.client.get(place, headers=STRANGER).status_code == 404
    told = [service.client.get(f"/v1/records/seed{more}", headers=STRANGER).text for more in ("", "/history")]
    whole = "".join(told)
    assert claim["statement"] not in whole
    assert claim["id"] not in whole
    assert put(service, claims_visibility="open")["claims_visibility"] == "open"
    summary = contract(service, "verification-levels-v1")["claim_summary"]
    (opened,) = summary["per_claim_public_records"]
    assert summary["per_claim_public_record_count"] == 1
    assert (opened["claim_id"], opened["statement"]) == (claim["id"], claim["statement"])
    assert service.client.get("/v1/records/seed/history").json()["verdicts"][0]["name"] == claim["name"]
    shown = service.client.get(opened["claim_url"], headers=STRANGER).json()
    assert shown["standing_verdict"] == verification["verdict"]["id"]
    assert [item["number"] for item in shown["revisions"]] == [1]
    put(service, claims_visibility="closed")
    assert service.client.get(place, headers=STRANGER).status_code == 404


def test_a_changed_value_is_a_revision_beside_the_old_one(service: Service) -> None:
    put(service, claims_visibility="open")
    files = claim_of('id = "seed"')
    claim = service.conclude(matching, files)["claim"]["id"]
    changed = {**files, "claim.toml": files["claim.toml"].replace(b'value = "6"', b'value = "7"')}
    assert changed != files
    service.submit(changed)
    shown = service.client.get(f"/v1/claims/{claim}").json()
    assert [item["number"] for item in shown["revisions"]] == [1, 2]
    assert [len(item["verdicts"]) for item in shown["revisions"]] == [1, 0]
    assert shown["standing_verdict"] is None
    assert [item["claim"]["expect"][0]["value"] for item in shown["revisions"]] == ["6", "7"]
    document = service.client.get("/v1/records/seed").json()
    assert document["gate_verdict"]["status"] == "UNVERIFIED"
    assert document["contracts"]["correction-record-v1"]["correction_state"] == "CORRECTED"
    assert document["contracts"]["review-monitor-v1"]["active_triggers"] == ["SOURCE_CHANGED"]


def test_a_claim_without_a_record_is_shown_to_whoever_may_reach_the_service(service: Service) -> None:
    claim = service.conclude(matching, script_bundle())["claim"]["id"]
    assert service.client.get(f"/v1/claims/{claim}").json()["record_id"] is None
