"""Contract `source-provenance-v1`: where a record comes from.

Its levels are a ladder of their own, not that of the verification levels. Only L4 is known from the source; the others are
ours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from app.core.contracts.shape import header, publisher

if TYPE_CHECKING:
    from collections.abc import Collection

NAME = "source-provenance-v1"
AVAILABLE, UNAVAILABLE = "AVAILABLE", "UNAVAILABLE"
REGISTERED, NONE = "REGISTERED", "NONE"
LABELS = {
    1: "Publisher's statement",
    2: "Public source list",
    3: "Public report artifact",
    4: "External archival record",
}
NO_METHOD = "not publicly specified"
NO_NOTE = "The publisher adds no note on where this record comes from."
LIMITATIONS = (
    "This ladder says where a record can be found, not whether its claims hold; it is not the verification level.",
    "A registered external record was told by the publisher; this service does not ask the archive.",
)


def document(  # noqa: PLR0913 - the parts of the contract
    base: str,
    *,
    published_by: str,
    artifact_types: Collection[str],
    doi: str | None,
    source_grounded_claims: int,
    review_method: str | None,
    note: str | None,
    source_list_public: bool,
) -> dict[str, Any]:
    """Return the document.

    Args:
        base: base address of the published schemas.
        published_by: the record's publisher.
        artifact_types: of its public artifacts.
        doi: of its external record.
        source_grounded_claims: claims that were located in their source.
        review_method: how the publisher reviews.
        note: what the publisher adds on the record's origin, such as that it is no primary research.
        source_list_public: whether the list of sources is public.

    """
    report = "report" in artifact_types
    external = bool(doi) or "external_record" in artifact_types
    level = 4 if external else 3 if report else 2 if source_list_public else 1
    return header(NAME, base) | {
        "publisher": publisher(published_by),
        "provenance_level": f"L{level}",
        "provenance_label": LABELS[level],
        "report_artifact": AVAILABLE if report else UNAVAILABLE,
        "external_record": REGISTERED if external else NONE,
        "claim_lineage": {"count": source_grounded_claims, "label": lineage(source_grounded_claims)},
        "review_method": review_method or NO_METHOD,
        "source_list_public": source_list_public,
        "generated_from": "the publisher's DOI, artifacts and review method; claims located in their sources",
        "note": note or NO_NOTE,
        "limitations": list(LIMITATIONS),
    }


def lineage(count: int) -> str:
    """Return the words for a number of claims."""
    if count == 0:
        return "No aggregate source-grounded claims"
    return f"{count} aggregate source-grounded claim{'' if count == 1 else 's'}"
