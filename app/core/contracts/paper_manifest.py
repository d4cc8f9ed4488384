"""Contract `paper-manifest-v1` (`paper-manifest-v1.1`): everything public about a record, in one document."""

from __future__ import annotations

import hashlib
import re
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from app.core.contracts.shape import NOT_PEER_REVIEW, header, publisher
from app.core.contracts.source_provenance import NO_NOTE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

NAME = "paper-manifest-v1"
_UUID = re.compile(r"[0-9a-f]{8}(-?[0-9a-f]{4}){3}-?[0-9a-f]{12}")
LIMITATIONS = (
    NOT_PEER_REVIEW,
    "Artifacts are listed as the publisher told them; only those with evidence behind them were looked into.",
)


@dataclass(frozen=True)
class Work:
    """What a record is about."""

    id: str
    external_id: str
    title: str | None
    submitted_at: str  # ISO 8601 with offset
    doi: str | None
    review_score: float | None


@dataclass(frozen=True)
class PublicArtifact:
    """Something that others can look at."""

    type: str
    label: str
    url: str
    format: str | None = None
    sha256: str | None = None
    bytes: int | None = None


def short_id(external_id: str) -> str:
    """Return `SRCH:` and eight hex digits in capitals: the first of a UUID, else of the SHA-256 of the id."""
    digits = external_id if _UUID.fullmatch(external_id) else hashlib.sha256(external_id.encode()).hexdigest()
    return f"SRCH:{digits[:8].upper()}"


def document(  # noqa: PLR0913 - the parts of the contract
    work: Work,
    artifacts: Sequence[PublicArtifact],
    base: str,
    *,
    published_by: str,
    quality: Mapping[str, Any],
    gate_verdict: Mapping[str, Any],
    verification_level: Mapping[str, Any],
    provenance: Mapping[str, Any],
    correction_record_url: str,
) -> dict[str, Any]:
    """Return the document.

    Args:
        work: the record.
        artifacts: what is public of it.
        base: base address of the published schemas.
        published_by: the record's publisher.
        quality: documents of `quality-tiers-v1` and `quality-dimensions-v1`, as `tier` and `dimensions`.
        gate_verdict: document of `gate-verdict-v1`.
        verification_level: document of `verification-levels-v1`.
        provenance: document of `source-provenance-v1`.
        correction_record_url: address of the document of `correction-record-v1`.

    """
    return header(NAME, base) | {
        "publisher": publisher(published_by),
        "work": {
            "id": work.id,
            "short_id": short_id(work.external_id),
            "title": work.title,
            "submitted_at": work.submitted_at,
            "doi": work.doi,
            "review_score": work.review_score,
        },
        "artifacts": [asdict(item) for item in artifacts],
        "quality": dict(quality),
        "gate_verdict": dict(gate_verdict),
        "verification_level": dict(verification_level),
        "provenance": dict(provenance),
        "correction_record_url": correction_record_url,
        "limitations": [item for item in (provenance["note"], *LIMITATIONS) if item != NO_NOTE],
    }
