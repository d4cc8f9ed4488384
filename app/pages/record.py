"""`/records/{id}`: the public page of a record, every row in the order that the publisher's readers know."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request, Response

from app.api import public_record
from app.api.parts import PartsDep
from app.api.problems import not_found
from app.pages.shell import page, twin
from app.store import records

if TYPE_CHECKING:
    from app.actions import Parts

router = APIRouter(include_in_schema=False)

#: The four dimensions that pages show, where they were assessed.
DIMENSIONS = {
    "evidence_strength": "Evidence strength",
    "citation_grounding": "Citation grounding",
    "uncertainty_disclosure": "Uncertainty disclosure",
    "reproducibility_status": "Reproducibility status",
}


@router.get("/records/{record_id}.json")
def read_json(parts: PartsDep, request: Request, record_id: str) -> Response:
    """Answer with the record for programs."""
    return twin(request, data(parts, record_id))


@router.get("/records/{record_id}")
def read(parts: PartsDep, record_id: str) -> Response:
    """Answer with the record for people."""
    found = data(parts, record_id)
    return page("record.html", record=found, contracts=found["contracts"], dimensions=DIMENSIONS)


def data(parts: Parts, record_id: str) -> dict[str, Any]:
    """Return what the page shows of a record."""
    with parts.store.read() as session:
        row = records.find(session, parts.settings.publisher, record_id)
        known = None if row is None else records.gather(session, row)
    if known is None or not known.public:
        raise not_found("record")
    documents = public_record.documents(known, parts.settings)
    return {
        "id": known.row["id"],
        "external_id": known.row["external_id"],
        "publisher": known.row["publisher"],
        "title": known.said["title"],
        "abstract": known.said["abstract"],
        "question": known.said["question"],
        "doi": known.said["doi"],
        "coverage": public_record.coverage(documents["gate-verdict-v1"]),
        "contracts": documents,
        "claims": public_record.opened(known),
        "manifest": public_record.manifest_of(known.row["id"]),
    }
