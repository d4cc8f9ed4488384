"""`/records/{id}`: the public page of a record, every row in the order that the publisher's readers know."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request, Response

from app.api import public_record
from app.api.callers import CallerDep
from app.api.parts import PartsDep
from app.api.problems import not_found
from app.core.caller import Caller, Scope
from app.pages.parts import RecordName, sight, verdict_spark
from app.pages.shell import page_at, render, twin
from app.store import pages, records, views
from app.store.tables import Record
from app.store.visible import visible_to

if TYPE_CHECKING:
    from collections.abc import Iterable

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
def read_json(parts: PartsDep, caller: CallerDep, request: Request, record_id: RecordName) -> Response:
    """Answer with the record for programs."""
    with parts.store.read() as session:
        return twin(request, data(session, parts, _known(session, parts, caller, record_id), caller))


@router.get("/records/{record_id}")
def read(parts: PartsDep, caller: CallerDep, request: Request, record_id: RecordName) -> Response:
    """Answer with the record for people; its publisher sees claims that are closed to others."""
    seen = visible_to(caller)
    publisher = caller.publisher or parts.settings.publisher
    version = pages.record_version(parts.store, publisher, record_id, seen)
    if version is None:
        raise not_found("record")

    def make() -> bytes:
        with parts.store.read() as session:
            found = data(session, parts, _known(session, parts, caller, record_id), caller)
            sparks = _sparks(session, found["claims"] or ())
            told = {"record": found, "contracts": found["contracts"], "shown": sparks, "sight": sight(caller)}
            return render("record.html", dimensions=DIMENSIONS, **told)

    return page_at(request, ("record", seen.key, *version), make)


def _sparks(session: Session, claims: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Return claim -> what its row of the table draws, of the verdict that stands."""
    verdicts = {item["claim_id"]: item["verdict_url"].rpartition("/")[2] for item in claims}
    compared = views.comparisons(session, list(verdicts.values()))
    return {
        claim_id: verdict_spark({"id": verdict_id, "kind": "", "comparisons": compared[verdict_id]})
        for claim_id, verdict_id in verdicts.items()
    }


def _known(session: Session, parts: Parts, caller: Caller, record_id: str) -> Record:
    row = records.find(session, caller.publisher or parts.settings.publisher, record_id, visible_to(caller))
    if row is None:
        raise not_found("record")
    return row


def _entitled(caller: Caller, row: Record) -> bool:
    """Whether closed claims of a record are shown to the caller one by one."""
    return caller.may(Scope.VERDICTS_READ) and caller.owns(row.publisher)


def data(session: Session, parts: Parts, row: Record, caller: Caller) -> dict[str, Any]:
    """Return what the page shows of a record."""
    known = records.gather(session, row)
    documents = public_record.documents(known, parts.settings)
    return {
        "id": known.row["id"],
        "external_id": known.row["external_id"],
        "publisher": known.row["publisher"],
        "closed": not known.public,
        "claims_closed": not (known.public and known.row["claims_public"]),
        "title": known.said["title"],
        "abstract": known.said["abstract"],
        "question": known.said["question"],
        "doi": known.said["doi"],
        "coverage": public_record.coverage(documents["gate-verdict-v1"]),
        "contracts": documents,
        "artifacts": documents["paper-manifest-v1"]["artifacts"],
        "claims": public_record.opened(known, entitled=_entitled(caller, row)),
        "manifest": public_record.manifest_of(known.row["id"]),
    }
