"""Public contracts: every document fits its published schema, and the seed's page comes out of its own public inputs."""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from referencing import Registry, Resource

from app.core import gate
from app.core.contracts import (
    benchmark_evidence,
    correction_record,
    math_result,
    paper_manifest,
    quality_dimensions,
    quality_tiers,
    review_monitor,
    shape,
    source_provenance,
    verification_levels,
)
from app.core.contracts.correction_record import CorrectionType, Event
from app.core.levels import LEVELS, TOP, ClaimCounts, level_of
from app.core.model import Status
from tests.core.strategies import law
from tests.core.test_gate import a_standing

if TYPE_CHECKING:
    from collections.abc import Mapping

BASE = shape.SOURCE
NOW = datetime(2026, 11, 30, tzinfo=UTC)
SEED_TYPES = ("manifest", "report", "external_record")
SEED_COUNTS = ClaimCounts(source_grounded_claims=9, aggregate_claim_records=9, sandbox_executed_claims=1)
SEED_SCORES = {"evidence_strength": 6.0, "citation_grounding": 5.5, "uncertainty_disclosure": 5.0}


def fits(document: Mapping[str, Any], base: str = BASE) -> dict[str, Any]:
    """Return a document after checking it against the schema that it names."""
    resources = [Resource.from_contents(shape.schema(name, base)) for name in shape.CONTRACTS]
    registry: Any = Registry().with_resources([(item.id(), item) for item in resources])
    name = shape.contract_of(document["schema"], base)
    assert name is not None
    schema = shape.schema(name, base)
    validator = jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker(), registry=registry)
    validator.validate(document)
    for required in schema["required"]:
        broken = {key: value for key, value in document.items() if key != required}
        with pytest.raises(jsonschema.ValidationError):
            validator.validate(broken)
    return dict(document)


# --- the seed's page ---------------------------------------------------------------------------------------------------


def test_the_seeds_verification_level_comes_out() -> None:
    document = fits(verification_levels.document(SEED_COUNTS, None, SEED_TYPES, BASE))
    assert (document["paper_level"], document["paper_level_label"]) == (2, "Source-grounded claims")
    summary = document["claim_summary"]
    assert summary["source_grounded_claims"] == 9
    assert summary["claim_record_source"] == "parsed source sections"
    assert (summary["per_claim_public_record_count"], summary["per_claim_public_records"]) == (0, [])
    assert document["interpretation"] == (
        "Descriptive public verification status only; aggregate claim counts are public, but individual claim records are"
        " not exposed here."
    )


def test_the_seeds_tier_comes_out() -> None:
    document = fits(quality_tiers.document(quality_tiers.Inputs(9.0, 9, SEED_TYPES, "HIGH"), BASE))
    assert (document["tier"], document["label"]) == ("FLAGSHIP_CANDIDATE", "Flagship candidate")
    assert document["basis"] == (
        "Review score, verified-claim count, and public artifact coverage meet flagship-candidate thresholds."
    )
    assert document["enforcement"] == (
        "Descriptive public triage only; this tier does not alter current publication or DOI behavior."
    )


def test_the_seeds_dimensions_come_out() -> None:
    document = fits(quality_dimensions.document(SEED_SCORES, SEED_TYPES, BASE))
    levels = {name: item["level"] for name, item in document["dimensions"].items()}
    assert {name: level for name, level in levels.items() if level != "UNASSESSED"} == {
        "evidence_strength": "MEDIUM",
        "citation_grounding": "MEDIUM",
        "uncertainty_disclosure": "MEDIUM",
        "reproducibility_status": "HIGH",
    }
    assert document["interpretation"] == (
        "Automated triage signals derived from public fields; not human peer review or independent validation."
    )


def test_the_seeds_correction_record_comes_out() -> None:
    document = fits(a_correction_record())
    assert (document["correction_state"], document["correction_count"]) == ("CURRENT", 0)
    assert document["last_corrected_at"] is None
    assert document["manifest"]["contract_version"] == "paper-manifest-v1.1"
    assert document["contract_version"].startswith("correction-record-v1")
    assert document["interpretation"] == (
        "Public corrections are additive records. Current status does not claim the synthesis is error-free."
    )


def test_the_seeds_provenance_comes_out() -> None:
    document = fits(a_provenance())
    assert document["publisher"]["name"] == "Assignee Research"
    assert (document["provenance_level"], document["provenance_label"]) == ("L4", "External archival record")
    assert (document["report_artifact"], document["external_record"]) == ("AVAILABLE", "REGISTERED")
    assert document["claim_lineage"] == {"count": 9, "label": "9 aggregate source-grounded claims"}
    assert document["review_method"] == "Automated multi-reviewer assessment"
    assert document["note"] == "Machine-generated synthesis of existing literature. Not primary research."


def a_correction_record(*events: Event, **changes: Any) -> dict[str, Any]:
    usual = {
        "work": {"id": "rec_1", "title": "A paper"},
        "published_by": "Assignee Research",
        "manifest_url": "/paper/rec_1/manifest.json",
        "record_url": "/v1/records/rec_1/contracts/correction-record-v1",
    }
    return correction_record.document(events, changes.pop("base", BASE), **(usual | changes))


def a_provenance(base: str = BASE, **changes: Any) -> dict[str, Any]:
    usual: dict[str, Any] = {
        "published_by": "Assignee Research",
        "artifact_types": SEED_TYPES,
        "doi": "10.5281/zenodo.20732155",
        "source_grounded_claims": 9,
        "review_method": "Automated multi-reviewer assessment",
        "note": "Machine-generated synthesis of existing literature. Not primary research.",
        "source_list_public": False,
    }
    return source_provenance.document(base, **(usual | changes))


# --- what all share ------------------------------------------------------------------------------------------------------


def test_both_forms_of_an_address_are_read_and_no_other_is() -> None:
    for name in shape.CONTRACTS:
        assert shape.contract_of(f"https://assignee.net/schemas/{name}") == name
        assert shape.contract_of(f"https://www.assignee.net/schemas/{name}") == name
        assert shape.contract_of(f"https://www.example.org/schemas/{name}", "https://www.example.org/") == name
        assert shape.contract_of(f"https://example.org/schemas/{name}") is None
    for address in ("", "gate-verdict-v1", "https://assignee.net/schemas/none", "https://assignee.net/gate-verdict-v1"):
        assert shape.contract_of(address) is None


@pytest.mark.parametrize("name", shape.CONTRACTS)
@pytest.mark.parametrize("base", [BASE, "http://127.0.0.1:8000/"])
def test_a_schema_names_the_address_that_documents_name(name: str, base: str) -> None:
    schema = shape.schema(name, base)
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["$id"] == schema["properties"]["schema"]["const"] == shape.address(name, base)
    assert shape.header(name, base)["schema"] == schema["$id"]
    assert re.match(schema["properties"]["contract_version"].get("pattern", ""), shape.CONTRACTS[name].version)


def test_the_stored_gate_verdict_schema_is_the_one_that_the_gate_serves() -> None:
    assert shape.schema(gate.CONTRACT) == gate.schema()


def test_an_unknown_contract_has_no_schema() -> None:
    with pytest.raises(KeyError):
        shape.schema("none-v1")


def test_the_index_lists_every_contract_and_the_changelog_speaks_of_them() -> None:
    assert [item["contract"] for item in shape.index(BASE)] == list(shape.CONTRACTS)
    assert all(item["schema"] == shape.address(item["contract"], BASE) for item in shape.index(BASE))
    dates = [item["date"] for item in shape.changelog()]
    assert dates == sorted(dates, reverse=True)
    assert dates[0] == max(item.updated for item in shape.CONTRACTS.values())


# --- levels --------------------------------------------------------------------------------------------------------------

COUNTERS = [level.counter for level in LEVELS if level.counter]


def counted(reached: int) -> ClaimCounts:
    """Return counts with every counter up to a level at 1."""
    return ClaimCounts(**{str(level.counter): 1 for level in LEVELS[2 : reached + 1]})


@pytest.mark.parametrize("level", range(1, 8))
def test_a_level_needs_every_counter_up_to_it(level: int) -> None:
    assert level_of(counted(level), assessed=True, highest=TOP).number == level
    for missing in range(2, level + 1):
        counts = ClaimCounts(**{str(item.counter): int(item.number != missing) for item in LEVELS[2 : level + 1]})
        assert level_of(counts, assessed=True, highest=TOP).number == missing - 1


@law
@given(st.tuples(*(st.integers(0, 3) for _ in COUNTERS)), st.integers(1, 7))
def test_no_level_beyond_the_supported_one_and_more_claims_never_lower_it(
    numbers: tuple[int, ...], highest: int
) -> None:
    counts = ClaimCounts(**dict(zip(COUNTERS, numbers, strict=True)))  # type: ignore[arg-type]
    more = ClaimCounts(**{name: number + 1 for name, number in zip(COUNTERS, numbers, strict=True) if name})
    reached = level_of(counts, assessed=True, highest=highest).number
    assert 1 <= reached <= highest
    assert level_of(more, assessed=True, highest=highest).number == highest
    assert level_of(counts, assessed=False, highest=highest).number == 0
    document = verification_levels.document(counts, None, (), BASE, highest=highest)
    assert len(document["levels"]) + len(document["unsupported_upper_levels"]) == 8
    assert [item["level"] for item in document["unsupported_upper_levels"]] == list(range(highest + 1, 8))
    assert document["claim_summary"]["sandbox_executed_claims"] == counts.sandbox_executed_claims


@pytest.mark.parametrize(
    ("counts", "assessed", "level", "source", "basis"),
    [
        (ClaimCounts(), False, 0, "not publicly specified", "Nothing of the record is known yet."),
        (ClaimCounts(), True, 1, "not publicly specified", "A synthesis of literature"),
        (ClaimCounts(1), True, 2, "parsed source sections", "1 claim was located"),
        (ClaimCounts(24), True, 2, "parsed source sections", "24 claims were located"),
    ],
)
def test_a_level_says_what_it_stands_on(
    *, counts: ClaimCounts, assessed: bool, level: int, source: str, basis: str
) -> None:
    document = fits(verification_levels.document(counts, None, (), BASE, assessed=assessed))
    assert document["paper_level"] == level
    assert document["claim_summary"]["claim_record_source"] == source
    assert document["basis"].startswith(basis)


def test_opened_claims_are_listed_and_counted() -> None:
    document = fits(verification_levels.document(SEED_COUNTS, [{"claim": "clm_1"}], (), BASE))
    assert document["claim_summary"]["per_claim_public_records"] == [{"claim": "clm_1"}]
    assert document["claim_summary"]["per_claim_public_record_count"] == 1
    assert "opened" in document["interpretation"]


def test_a_negative_number_of_claims_is_refused() -> None:
    with pytest.raises(ValueError, match="not negative"):
        ClaimCounts(sandbox_executed_claims=-1)


# --- dimensions and tiers ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("score", "level"),
    [(None, "UNASSESSED"), (0, "LOW"), (3.99, "LOW"), (4.0, "MEDIUM"), (7.49, "MEDIUM"), (7.5, "HIGH"), (10, "HIGH")],
)
def test_levels_of_dimensions_begin_at_their_thresholds(score: float | None, level: str) -> None:
    document = fits(quality_dimensions.document({"novelty": score}, (), BASE))
    assert document["dimensions"]["novelty"]["level"] == level
    assert document["dimensions"]["novelty"]["score"] == score
    assert len(document["dimensions"]) == 8


@pytest.mark.parametrize(
    ("types", "score", "level"),
    [
        ((), 0.0, "LOW"),
        (("manifest",), 3.3, "LOW"),
        (("manifest", "report"), 6.7, "MEDIUM"),
        (SEED_TYPES, 10.0, "HIGH"),
        ((*SEED_TYPES, "code"), 10.0, "HIGH"),
    ],
)
def test_reproducibility_measures_which_artifacts_are_public(types: tuple[str, ...], score: float, level: str) -> None:
    signal = quality_dimensions.signals({}, types)["reproducibility_status"]
    assert (signal.score, signal.level) == (score, level)
    told = quality_dimensions.signals({"reproducibility_status": 1.0}, types)["reproducibility_status"]
    assert (told.score, told.level) == (1.0, "LOW")


@pytest.mark.parametrize("scores", [{"beauty": 5.0}, {"novelty": -0.1}, {"novelty": 10.1}, {"novelty": float("nan")}])
def test_a_score_that_is_none_is_refused(scores: dict[str, float | None]) -> None:
    with pytest.raises(ValueError, match="no score of a dimension"):
        quality_dimensions.signals(scores, ())


@pytest.mark.parametrize(
    ("score", "claims", "level", "tier"),
    [
        (8.5, 5, "HIGH", "FLAGSHIP_CANDIDATE"),
        (9.23, 24, "HIGH", "FLAGSHIP_CANDIDATE"),
        (8.49, 5, "HIGH", "DOI_GRADE"),
        (8.5, 4, "HIGH", "DOI_GRADE"),
        (8.5, 5, "MEDIUM", "DOI_GRADE"),
        (7.5, 1, "LOW", "DOI_GRADE"),
        (7.5, 0, "HIGH", "PUBLIC_RECORD"),
        (10, 0, "HIGH", "PUBLIC_RECORD"),
        (7.495, 9, "HIGH", "PUBLIC_RECORD"),
        (7.49, 9, "HIGH", "WATCHLIST"),
        (5.0, 9, "HIGH", "WATCHLIST"),
        (4.99, 9, "HIGH", "QUARANTINE_CANDIDATE"),
        (0, 0, "UNASSESSED", "QUARANTINE_CANDIDATE"),
        (None, 9, "HIGH", "WATCHLIST"),
    ],
)
def test_the_tier_follows_from_the_published_thresholds(
    score: float | None, claims: int, level: str, tier: str
) -> None:
    document = fits(quality_tiers.document(quality_tiers.Inputs(score, claims, SEED_TYPES, level), BASE))
    assert document["tier"] == tier
    assert ("No review score" in document["basis"]) is (score is None)
    assert document["inputs"]["verified_claim_count"] == claims


@pytest.mark.parametrize(("score", "claims"), [(-1, 0), (10.5, 0), (float("nan"), 0), (5, -1)])
def test_what_is_no_input_of_a_tier_is_refused(score: float, claims: int) -> None:
    with pytest.raises(ValueError, match="between 0 and 10"):
        quality_tiers.Inputs(score, claims, (), "LOW")


@law
@given(st.floats(0, 10), st.integers(0, 30), st.sampled_from(["UNASSESSED", "LOW", "MEDIUM", "HIGH"]))
def test_a_better_score_or_more_claims_never_lower_the_tier(score: float, claims: int, level: str) -> None:
    order = [row["tier"] for row in quality_tiers.THRESHOLDS]
    here = order.index(quality_tiers.tier_of(quality_tiers.Inputs(score, claims, (), level)))
    better = quality_tiers.Inputs(min(10, score + 0.5), claims + 1, (), level)
    assert order.index(quality_tiers.tier_of(better)) <= here


# --- monitor -------------------------------------------------------------------------------------------------------------


def watched(**changes: Any) -> review_monitor.Watched:
    usual: dict[str, Any] = {
        "evaluated_at": NOW - timedelta(days=1),
        "environment": ("python", "sha256:1"),
        "versions": {"plan": 2},
        "revoked": False,
        "revised": False,
        "reverifying": False,
    }
    return review_monitor.Watched(**(usual | changes))


@pytest.mark.parametrize(
    ("changes", "state", "active"),
    [
        ({}, "QUIET", []),
        ({"environment": ("python", "sha256:0")}, "ATTENTION", ["ENVIRONMENT_CHANGED"]),
        ({"environment": ("science", "sha256:0")}, "QUIET", []),
        ({"versions": {"plan": 1}}, "ATTENTION", ["RULE_ENGINE_CHANGED"]),
        ({"revised": True}, "ATTENTION", ["SOURCE_CHANGED"]),
        ({"revoked": True}, "ATTENTION", ["CHECKER_REVOKED"]),
        ({"evaluated_at": NOW - timedelta(days=365)}, "ATTENTION", ["VERDICT_AGED"]),
        ({"evaluated_at": NOW - timedelta(days=364)}, "QUIET", []),
        ({"reverifying": True}, "REVERIFYING", []),
        ({"reverifying": True, "revised": True}, "REVERIFYING", ["SOURCE_CHANGED"]),
    ],
)
def test_the_monitor_says_what_calls_for_another_look(changes: dict[str, Any], state: str, active: list[str]) -> None:
    document = fits(
        review_monitor.document([watched(), watched(**changes)], {"python": "sha256:1"}, {"plan": 2}, NOW, BASE)
    )
    assert (document["monitor_state"], document["active_triggers"]) == (state, active)
    assert set(active) <= set(document["monitored_triggers"])


def test_a_record_without_tested_claims_is_quiet() -> None:
    document = fits(review_monitor.document([], {}, {}, NOW, BASE))
    assert (document["monitor_state"], document["active_triggers"]) == ("QUIET", [])


# --- corrections ---------------------------------------------------------------------------------------------------------


def an_event(number: int, kind: str = "CLAIM") -> Event:
    at = f"2026-11-22T12:00:{number:02}+00:00"
    return Event(f"cor_{number}", at, kind, "Because.", ("gate_verdict",), {"gate_verdict": {"status": "VERIFIED"}})


def test_corrections_are_counted_and_told_oldest_first() -> None:
    document = fits(a_correction_record(an_event(2), an_event(1, "METADATA")))
    assert [item["event_id"] for item in document["correction_events"]] == ["cor_1", "cor_2"]
    assert (document["correction_state"], document["correction_count"]) == ("CORRECTED", 2)
    assert document["last_corrected_at"] == "2026-11-22T12:00:02+00:00"
    policy = document["policy"]
    assert policy["corrections_are_additive"] is policy["no_silent_public_rewrites"] is True
    assert policy["private_operational_logs_public"] is False


def test_a_superseded_record_says_by_whom_and_the_other_says_whose_place_it_took() -> None:
    old = fits(a_correction_record(superseded_by="rec_2"))
    assert (old["correction_state"], old["superseded_by"]) == ("SUPERSEDED", "rec_2")
    new = fits(a_correction_record(supersedes=("/paper/rec_1/manifest.json",)))
    assert new["known_superseded_manifest_urls"] == ["/paper/rec_1/manifest.json"]
    assert new["correction_state"] == "CURRENT"


@pytest.mark.parametrize("name", correction_record.TYPE_OF)
def test_a_change_or_a_withdrawal_is_a_correction_of_its_type_and_a_first_word_is_none(name: str) -> None:
    for after in ("new", None):
        (change,) = correction_record.changes({name: "old"}, {name: after})
        assert change.correction_type is correction_record.TYPE_OF[name]
        assert (change.fields, change.previous) == ((name,), {name: "old"})
    assert correction_record.changes({name: None}, {name: "new"}) == []
    assert correction_record.changes({name: "same"}, {name: "same"}) == []


def test_changes_of_one_type_are_one_correction_and_who_may_see_a_record_is_none() -> None:
    before = {"title": "a", "doi": "b", "review_score": 5.0, "visibility": "public", "claims_public": True}
    after = {"title": "A", "doi": None, "review_score": 6.0, "visibility": "private", "claims_public": False}
    found = correction_record.changes(before, after)
    assert [(item.correction_type, item.fields) for item in found] == [
        (CorrectionType.METADATA, ("title", "doi")),
        (CorrectionType.QUALITY_ASSESSMENT, ("review_score",)),
    ]


# --- provenance ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("types", "doi", "listed", "level"),
    [
        ((), None, False, "L1"),
        ((), None, True, "L2"),
        (("report",), None, False, "L3"),
        (("external_record",), None, False, "L4"),
        ((), "10.1/x", False, "L4"),
        ((), "", False, "L1"),
    ],
)
def test_the_provenance_level_follows_from_what_is_public(
    *, types: tuple[str, ...], doi: str | None, listed: bool, level: str
) -> None:
    document = fits(a_provenance(artifact_types=types, doi=doi, source_list_public=listed, review_method=None))
    assert document["provenance_level"] == level
    assert document["review_method"] == "not publicly specified"


def test_the_note_of_a_provenance_is_the_publishers_own() -> None:
    assert fits(a_provenance(note="Measured by us."))["note"] == "Measured by us."
    assert fits(a_provenance(note=None))["note"] == "The publisher adds no note on where this record comes from."


@pytest.mark.parametrize(
    ("count", "label"),
    [
        (0, "No aggregate source-grounded claims"),
        (1, "1 aggregate source-grounded claim"),
        (3, "3 aggregate source-grounded claims"),
    ],
)
def test_claim_lineage_is_told_in_words(count: int, label: str) -> None:
    assert a_provenance(source_grounded_claims=count)["claim_lineage"] == {"count": count, "label": label}


# --- mathematics ---------------------------------------------------------------------------------------------------------

MATH = {"id": "0" * 32, "problem_name": "A conjecture", "statement": "Every n is small.", "n_cases": 1000}


def a_claim_that_was(
    kind: str, status: str, cpu_seconds: float | None = None, code: str | None = None
) -> math_result.Tested:
    return math_result.Tested(kind, Status(status), cpu_seconds, code)


@pytest.mark.parametrize(
    ("claims", "public", "state", "proof"),
    [
        ([a_claim_that_was("script", "FALSIFIED")], False, "FALSIFIED", False),
        ([a_claim_that_was("lean4", "VERIFIED"), a_claim_that_was("script", "FALSIFIED")], True, "FALSIFIED", False),
        ([a_claim_that_was("script", "VERIFIED", 1.5)], False, "COMPUTATIONAL_EVIDENCE", False),
        ([a_claim_that_was("script", "VERIFIED")], True, "COMPUTATIONAL_EVIDENCE", False),
        ([a_claim_that_was("lean4", "VERIFIED")], False, "FORMAL_PROOF_ATTEMPTED", False),
        ([a_claim_that_was("lean4", "UNVERIFIED")], True, "FORMAL_PROOF_ATTEMPTED", False),
        ([a_claim_that_was("lean4", "VERIFIED")], True, "FORMAL_PROOF_VERIFIED", True),
    ],
)
def test_the_state_of_a_statement_follows_from_its_verdicts(
    *, claims: list[math_result.Tested], public: bool, state: str, proof: bool
) -> None:
    told = MATH | {"lean4_source_public": public}
    artifacts = [{"type": "report", "label": "Report", "url": "https://example.org/r", "format": "pdf", "bytes": 5}]
    found = math_result.document(told, claims, artifacts, BASE, published_by="p")
    assert found is not None
    document = fits(found)
    assert (document["verification"]["state"], document["verification"]["proof_claim"]) == (state, proof)
    assert document["verification"]["counterexample_available"] is (state == "FALSIFIED")
    assert document["result"]["status"] == state.lower()
    assert set(document["artifact_set"][0]) == {"type", "label", "url", "format"}


@pytest.mark.parametrize(
    ("claims", "available", "method", "result"),
    [
        ([("script", "MISMATCH")], True, "python_computation", "counterexample"),
        ([("lean4", "COUNTEREXAMPLE")], True, "lean4", "counterexample"),
        ([("lean4", "PROOF_REJECTED")], False, "lean4", "proof_rejected"),
        ([("lean4", "PROOF_REJECTED"), ("script", "MISMATCH")], True, "python_computation", "counterexample"),
    ],
)
def test_a_rejected_proof_is_no_counterexample(
    *, claims: list[tuple[str, str]], available: bool, method: str, result: str
) -> None:
    tested = [a_claim_that_was(kind, "FALSIFIED", code=code) for kind, code in claims]
    document = math_result.document(MATH, tested, (), BASE, published_by="p")
    assert document is not None
    found = fits(document)["verification"]
    assert found["state"] == "FALSIFIED"
    assert (found["counterexample_available"], found["method"], found["result"]) == (available, method, result)


def test_cpu_time_is_the_sum_of_what_was_spent() -> None:
    claims = [a_claim_that_was("script", "VERIFIED", seconds) for seconds in (1.25, 0.5, None)]
    found = math_result.document(MATH, claims, (), BASE, published_by="p")
    assert found is not None
    assert found["verification"]["cpu_seconds"] == 1.75
    assert found["verification"]["n_cases"] == 1000


@pytest.mark.parametrize("claims", [[], [a_claim_that_was("script", "UNVERIFIED")]])
def test_without_a_result_there_is_no_document(claims: list[math_result.Tested]) -> None:
    assert math_result.document(MATH, claims, (), BASE, published_by="p") is None


# --- benchmarks ----------------------------------------------------------------------------------------------------------

ENTRIES = [
    benchmark_evidence.Entry("mBERT", "Pos", "88.9", "A", "https://a.example/1", 2019),
    benchmark_evidence.Entry("mBERT", "Pos", "14.3", "B", "https://b.example/2", 2021),
    benchmark_evidence.Entry("mBERT", "Pos", "71.5", "C"),
    benchmark_evidence.Entry("XLM-R", "Pos", "73.8", "A", "https://a.example/1", 2019),
]


def test_the_known_example_of_benchmark_evidence_comes_out() -> None:
    found = benchmark_evidence.document(ENTRIES, "Pos", "mBERT", BASE, "/e.json")
    assert found is not None
    document = fits(found)
    assert document["spread_pp"] == 74.6
    assert document["severity"] == "HIGH"
    assert document["source_coverage"]["coverage_level"] == "MODERATE"
    assert document["reported_range"] == {"min_score_pct": 14.3, "max_score_pct": 88.9}
    profile = document["source_profile"]
    assert (profile["source_url_count"], profile["missing_source_url_count"]) == (2, 1)
    assert (profile["domains"], profile["year_min"], profile["year_max"]) == (["a.example", "b.example"], 2019, 2021)
    assert document["json_url"] == "/e.json?bench=Pos&model=mBERT"
    assert len(document["entries"]) == 3


@pytest.mark.parametrize(
    ("sources", "spread", "coverage", "severity"),
    [(1, "0", "LOW", "LOW"), (2, "4.9", "LOW", "LOW"), (3, "5.0", "MODERATE", "MEDIUM"), (5, "19.9", "MODERATE", "MEDIUM"),
     (6, "20.0", "HIGH", "HIGH")],
)  # fmt: skip
def test_coverage_and_severity_begin_at_their_thresholds(
    sources: int, spread: str, coverage: str, severity: str
) -> None:
    scores = ["0.0", *["0.0"] * (sources - 2), spread][-max(sources, 1) :]
    entries = [benchmark_evidence.Entry("m", "b", score, f"S{number}") for number, score in enumerate(scores)]
    found = benchmark_evidence.document(entries, "b", "m", BASE, "/e")
    assert found is not None
    assert (found["source_coverage"]["coverage_level"], found["severity"]) == (coverage, severity)
    assert found["source_profile"]["year_min"] is None


def test_pairs_are_told_apart_and_an_unknown_one_has_no_document() -> None:
    assert benchmark_evidence.pairs(ENTRIES) == [("Pos", "XLM-R"), ("Pos", "mBERT")]
    assert benchmark_evidence.document(ENTRIES, "Pos", "none", BASE, "/e") is None


# --- manifest ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("base", [BASE, "https://assay.example"])
def test_a_manifest_holds_documents_that_fit_their_own_schemas(base: str) -> None:
    inputs = quality_tiers.Inputs(9.0, 9, SEED_TYPES, "HIGH")
    document = fits(
        paper_manifest.document(
            paper_manifest.Work("rec_1", "xtreme", "A title", NOW.isoformat(), "10.1/x", 9.0),
            [paper_manifest.PublicArtifact("report", "Report", "https://e.org/r.pdf", "pdf", "sha256:" + "0" * 64, 9)],
            base,
            published_by="p",
            quality={
                "tier": quality_tiers.document(inputs, base),
                "dimensions": quality_dimensions.document(SEED_SCORES, SEED_TYPES, base),
            },
            gate_verdict=gate.project([a_standing()], 9, base),
            verification_level=verification_levels.document(SEED_COUNTS, None, SEED_TYPES, base),
            provenance=a_provenance(base),
            correction_record_url="/c",
        ),
        base,
    )
    assert document["contract_version"] == "paper-manifest-v1.1"
    assert document["work"]["title"] == "A title"


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("876dd292-0884-429d-8dfb-fbb976c56d99", "SRCH:876DD292"),
        ("876dd2920884429d8dfbfbb976c56d99", "SRCH:876DD292"),
        ("a survey", "SRCH:" + hashlib.sha256(b"a survey").hexdigest()[:8].upper()),
    ],
)
def test_a_short_id_is_the_beginning_of_a_uuid_or_of_a_digest(name: str, short: str) -> None:
    assert paper_manifest.short_id(name) == short
