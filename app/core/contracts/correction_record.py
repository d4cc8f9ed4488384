"""Contract `correction-record-v1`: the public corrections of a record, which only ever add.

The source has no type for a changed verdict; it is published as CLAIM with the affected field `gate_verdict`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from app.core.contracts.shape import CONTRACTS, address, header, publisher

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

NAME = "correction-record-v1"
MANIFEST = "paper-manifest-v1"
CURRENT, CORRECTED, SUPERSEDED = "CURRENT", "CORRECTED", "SUPERSEDED"
INTERPRETATION = "Public corrections are additive records. Current status does not claim the synthesis is error-free."
LIMITATIONS = (
    "A correction is listed when something that was told or judged before changes; what is told for the first time is none.",
    "Who may see a record, and its claims one by one, is no correction.",
)
BASIS = "Every change of a published field is recorded with what it said before, in a ledger that is only added to."


class CorrectionType(StrEnum):
    """What a correction is about."""

    METADATA = "METADATA"
    ARTIFACT = "ARTIFACT"
    CLAIM = "CLAIM"
    BENCHMARK = "BENCHMARK"
    PROVENANCE = "PROVENANCE"
    QUALITY_ASSESSMENT = "QUALITY_ASSESSMENT"


#: What a publisher may change, by what the change is about. Who may see a record is not among them.
TYPE_OF = {
    "title": CorrectionType.METADATA,
    "abstract": CorrectionType.METADATA,
    "question": CorrectionType.METADATA,
    "doi": CorrectionType.METADATA,
    "math": CorrectionType.METADATA,
    "superseded_by": CorrectionType.METADATA,
    "artifacts": CorrectionType.ARTIFACT,
    "claims_total": CorrectionType.CLAIM,
    "benchmarks": CorrectionType.BENCHMARK,
    "review_method": CorrectionType.PROVENANCE,
    "provenance_note": CorrectionType.PROVENANCE,
    "source_list_public": CorrectionType.PROVENANCE,
    "review_score": CorrectionType.QUALITY_ASSESSMENT,
    "dimensions": CorrectionType.QUALITY_ASSESSMENT,
}


@dataclass(frozen=True)
class Event:
    """One correction."""

    event_id: str
    corrected_at: str  # ISO 8601 with offset
    correction_type: str
    public_note: str
    affected_fields: tuple[str, ...]
    previous: Mapping[str, Any] = field(default_factory=dict)  # field -> what it said before


@dataclass(frozen=True)
class Change:
    """What a publisher changed of one kind."""

    correction_type: CorrectionType
    fields: tuple[str, ...]
    previous: Mapping[str, Any]


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Change]:
    """Return the corrections between what a record said and what it says: a change or a withdrawal, one for each type.

    What is told for the first time, where nothing (None) was said before, corrects nothing.
    """
    found = []
    for kind in CorrectionType:
        fields = tuple(
            name
            for name, wanted in TYPE_OF.items()
            if wanted is kind and before.get(name) is not None and before[name] != after.get(name)
        )
        if fields:
            found.append(Change(kind, fields, {name: before[name] for name in fields}))
    return found


def document(  # noqa: PLR0913 - the parts of the contract
    events: Sequence[Event],
    base: str,
    *,
    work: Mapping[str, Any],
    published_by: str,
    manifest_url: str,
    record_url: str,
    superseded_by: str | None = None,
    supersedes: Sequence[str] = (),
) -> dict[str, Any]:
    """Return the document.

    Args:
        events: every correction, in any order.
        base: base address of the published schemas.
        work: id and title.
        published_by: the record's publisher.
        manifest_url: address of the current manifest.
        record_url: address of this document.
        superseded_by: the record that takes this one's place.
        supersedes: addresses of the manifests of records whose place this one takes.

    """
    ordered = sorted(events, key=lambda item: (item.corrected_at, item.event_id))
    state = CORRECTED if ordered else CURRENT
    return header(NAME, base) | {
        "generated_from": "the append-only list of the record's corrections",
        "publisher": publisher(published_by),
        "work": dict(work),
        "manifest": {
            "schema": address(MANIFEST, base),
            "contract_version": CONTRACTS[MANIFEST].version,
            "contract_updated": CONTRACTS[MANIFEST].updated,
            "current_manifest_url": manifest_url,
            "correction_record_url": record_url,
        },
        "correction_state": state if superseded_by is None else SUPERSEDED,
        "superseded_by": superseded_by,
        "correction_count": len(ordered),
        "last_corrected_at": ordered[-1].corrected_at if ordered else None,
        "correction_events": [
            {
                "event_id": item.event_id,
                "corrected_at": item.corrected_at,
                "correction_type": item.correction_type,
                "public_note": item.public_note,
                "affected_fields": list(item.affected_fields),
                "previous": dict(item.previous),
            }
            for item in ordered
        ],
        "known_superseded_manifest_urls": list(supersedes),
        "policy": {
            "corrections_are_additive": True,
            "no_silent_public_rewrites": True,
            "private_operational_logs_public": False,
            "basis": BASIS,
        },
        "interpretation": INTERPRETATION,
        "limitations": list(LIMITATIONS),
    }
