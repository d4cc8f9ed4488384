"""`/records/{id}`: the public page of a record, every row in the order that the publisher's readers know."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request, Response

from app.api import public_record
from app.api.parts import PartsDep
from app.api.problems import not_found
from app.pages.parts import RecordName
from app.pages.shell import page_at, render, twin
from app.store import pages, records
from app.store.tables import Record

if TYPE_CHECKING:
    from sqlmodel import Session

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
def read_json(parts: PartsDep, request: Request, record_id: RecordName) -> Response:
    """Answer with the record for programs."""
    with parts.store.read() as session:
        return twin(request, data(session, parts, _public(session, parts, record_id)))


@router.get("/records/{record_id}")
def read(parts: PartsDep, request: Request, record_id: RecordName) -> Response:
    """Answer with the record for people."""
    with parts.store.read() as session:
        version = pages.record_version(session, parts.settings.publisher, record_id)
        if version is None:
            raise not_found("record")
        return page_at(
            request, ("record", *version), lambda: _page(data(session, parts, _public(session, parts, record_id)))
        )


def _page(found: dict[str, Any]) -> bytes:
    return render("record.html", record=found, contracts=found["contracts"], dimensions=DIMENSIONS)


def _public(session: Session, parts: Parts, record_id: str) -> Record:
    row = records.find(session, parts.settings.publisher, record_id)
    if row is None or row.visibility != "public":
        raise not_found("record")
    return row


def data(session: Session, parts: Parts, row: Record) -> dict[str, Any]:
    """Return what the page shows of a record."""
    known = records.gather(session, row)
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
        "artifacts": documents["paper-manifest-v1"]["artifacts"],
        "claims": public_record.opened(known),
        "manifest": public_record.manifest_of(known.row["id"]),
    }
