"""The public side of a record: every contract of it, made from what its rows say. Nothing here decides anything."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from app.core import gate
from app.core.contracts import (
    benchmark_evidence,
    correction_record,
    math_result,
    paper_manifest,
    quality_dimensions,
    quality_tiers,
    review_monitor,
    source_provenance,
    verification_levels,
)
from app.core.contracts.paper_manifest import PublicArtifact
from app.core.seal import VERSIONS

if TYPE_CHECKING:
    from app.settings import Settings
    from app.store.records import Known


@dataclass(frozen=True)
class Addresses:
    """Where the parts of a record lie."""

    record: str

    def contract(self, name: str) -> str:
        """Return the address of one of its contracts."""
        return f"/v1/records/{self.record}/contracts/{name}"

    @property
    def manifest(self) -> str:
        """Return the address of its manifest."""
        return manifest_of(self.record)


def manifest_of(record_id: str) -> str:
    """Return the address of a record's manifest."""
    return f"/paper/{record_id}/manifest.json"


def coverage(verdict: dict[str, Any]) -> str:
    """Return how many claims were tested, as pages and badges say it."""
    claims = verdict["claims"]
    return f"{claims['tested']} of {claims['total']} claims tested"


def gate_verdict(known: Known, settings: Settings) -> dict[str, Any]:
    """Return the record's gate verdict; one that was never projected has nothing to project."""
    return known.gate or gate.project((), known.said["claims_total"], settings.contract_base)


def artifacts(known: Known) -> list[PublicArtifact]:
    """Return what is public of a record: its manifest, what its publisher lists, and its DOI unless that is listed."""
    listed = [PublicArtifact(**item) for item in known.said["artifacts"] or ()]
    found = [PublicArtifact("manifest", "Manifest", manifest_of(known.row["id"]), "json"), *listed]
    doi = known.said["doi"]
    if doi and not any(item.type == "external_record" for item in listed):
        found.append(PublicArtifact("external_record", f"DOI {doi}", f"https://doi.org/{quote(doi)}", "html"))
    return found


def documents(known: Known, settings: Settings, now: datetime | None = None) -> dict[str, dict[str, Any]]:
    """Return every contract of a record that it has, by name."""
    base, said, at = settings.contract_base, known.said, Addresses(known.row["id"])
    public = artifacts(known)
    types = sorted({item.type for item in public})
    scores = said["dimensions"] or {}
    grounded = known.counts.source_grounded_claims
    reproducibility = quality_dimensions.signals(scores, types)["reproducibility_status"].level
    publisher = known.row["publisher"]
    found: dict[str, dict[str, Any]] = {
        gate.CONTRACT: gate_verdict(known, settings),
        verification_levels.NAME: verification_levels.document(
            known.counts,
            opened(known),
            types,
            base,
            assessed=bool(said["title"] or said["abstract"] or known.counts.aggregate_claim_records),
            highest=settings.level_max,
        ),
        quality_dimensions.NAME: quality_dimensions.document(scores, types, base),
        quality_tiers.NAME: quality_tiers.document(
            quality_tiers.Inputs(said["review_score"], grounded, types, reproducibility), base
        ),
        review_monitor.NAME: review_monitor.document(
            known.watched, known.environments, VERSIONS, now or datetime.now(UTC), base
        ),
        source_provenance.NAME: source_provenance.document(
            base,
            published_by=publisher,
            artifact_types=types,
            doi=said["doi"],
            source_grounded_claims=grounded,
            review_method=said["review_method"],
            note=said["provenance_note"],
            source_list_public=bool(said["source_list_public"]),
        ),
        correction_record.NAME: correction_record.document(
            known.corrections,
            base,
            work={"id": known.row["id"], "title": said["title"]},
            published_by=publisher,
            manifest_url=at.manifest,
            record_url=at.contract(correction_record.NAME),
            superseded_by=said["superseded_by"],
            supersedes=[manifest_of(item) for item in known.supersedes],
        ),
    }
    found[paper_manifest.NAME] = _manifest(known, public, found, at, base)
    if said["math"] is not None:
        shown = [item.__dict__ for item in public]
        result = math_result.document(said["math"], known.tested, shown, base, published_by=publisher)
        if result is not None:
            found[math_result.NAME] = result
    evidence = benchmark(known, settings, None, None)
    return found if evidence is None else found | {benchmark_evidence.NAME: evidence}


def benchmark(known: Known, settings: Settings, name: str | None, model: str | None) -> dict[str, Any] | None:
    """Return the benchmark evidence of a pair, of the first one in order when none is named; None when there is none."""
    entries = [benchmark_evidence.Entry(**item) for item in known.said["benchmarks"] or ()]
    chosen = [
        pair for pair in benchmark_evidence.pairs(entries) if name in {None, pair[0]} and model in {None, pair[1]}
    ]
    if not chosen:
        return None
    url = Addresses(known.row["id"]).contract(benchmark_evidence.NAME)
    return benchmark_evidence.document(entries, *chosen[0], settings.contract_base, url)


def opened(known: Known, *, entitled: bool = False) -> list[dict[str, Any]] | None:
    """Return the record's tested claims one by one; None while its publisher keeps them closed to who is not entitled."""
    if not (known.row["claims_public"] or entitled):
        return None
    return [
        {
            "claim_id": item["claim_id"],
            "name": item["name"],
            "statement": item["statement"],
            "status": item["status"],
            "reason": item["reason"],
            "claim_url": f"/v1/claims/{item['claim_id']}",
            "verdict_url": f"/v1/verdicts/{item['id']}",
        }
        for item in known.verdicts
        if item["standing"]
    ]


def history(known: Known) -> list[dict[str, Any]]:
    """Return every verdict of a record's claims, oldest first; which claim it was is told only when they are open."""
    told = ("claim_id", "name", "statement", "reason") if known.row["claims_public"] else ()
    return [
        {
            "verdict_id": item["id"],
            "status": item["status"],
            "reason_code": item["reason_code"],
            "evaluated_at": item["evaluated_at"],
            "evidence_sha256": item["evidence"],
            "revision": item["number"],
            "standing": item["standing"],
            **{name: item[name] for name in told},
        }
        for item in known.verdicts
    ]


def _manifest(
    known: Known, public: list[PublicArtifact], found: dict[str, dict[str, Any]], at: Addresses, base: str
) -> dict[str, Any]:
    said, row = known.said, known.row
    return paper_manifest.document(
        paper_manifest.Work(
            row["id"],
            row["external_id"],
            said["title"],
            row["created_at"].isoformat(),
            said["doi"],
            said["review_score"],
        ),
        public,
        base,
        published_by=row["publisher"],
        quality={"tier": found[quality_tiers.NAME], "dimensions": found[quality_dimensions.NAME]},
        gate_verdict=found[gate.CONTRACT],
        verification_level=found[verification_levels.NAME],
        provenance=found[source_provenance.NAME],
        correction_record_url=at.contract(correction_record.NAME),
    )
