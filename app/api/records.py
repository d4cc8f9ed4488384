"""`/v1/records`: what a publisher says about a publication, and the public contracts that follow from its claims.

A private record is answered 404 unless its publisher's key asks, and by the request that changes it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from app import actions
from app.actions import Parts
from app.api import public_record
from app.api.callers import CallerDep, needs
from app.api.conditional import CONDITIONAL, current, weak_tag
from app.api.parts import JSON_BYTES_MAX, PartsDep, json_only
from app.api.problems import ApiError, Problem, not_found, not_yours
from app.api.record_schemas import (
    ClaimHistoryOut,
    CorrectionOut,
    Document,
    GateVerdict,
    HistoryOut,
    PastVerdict,
    RecordIn,
    RecordOut,
    RecordUrls,
    RevisionOut,
)
from app.core import errors as core_errors
from app.core.caller import Caller, Scope
from app.core.claim import SERVICE_PREFIX
from app.core.contracts import benchmark_evidence, correction_record, paper_manifest
from app.core.errors import Refusal
from app.store import records
from app.store.tables import Record
from app.store.visible import visible_to

if TYPE_CHECKING:
    from app.store.records import Known

router = APIRouter(tags=["records"])

#: As a claim's `[record] id` is spelled, so that every record that is made here can be named by a claim.
RecordId = Annotated[
    str, Path(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$", description="the publisher's own id, or ours (`rec_…`)")
]
NO_SUCCESSOR = core_errors.Problem(
    file="body",
    line=None,
    pointer="/superseded_by",
    code="unknown-record",
    detail="`superseded_by` names no other record of the publisher",
    remedy="send the record that takes its place first, then name its id",
)
ClaimId = Annotated[str, Path(pattern=r"^clm_[0-9a-z]{1,64}$")]
Pair = Annotated[str | None, Query(max_length=200)]


@router.put(
    "/v1/records/{record_id}",
    response_model=RecordOut,
    responses={201: {"model": RecordOut}, **{status: {"model": Problem} for status in (400, 404, 413, 415, 422)}},
    summary="Create or change a record",
    dependencies=[needs(Scope.CLAIMS_WRITE), Depends(json_only)],
    max_body_size=JSON_BYTES_MAX,
)
def put(parts: PartsDep, caller: CallerDep, response: Response, record_id: RecordId, facts: RecordIn) -> RecordOut:
    """Say what a publication is; claims that name its id are attached to it. What is left out stays as it is."""
    publisher, external_id = _target(parts, caller, record_id)
    values = facts_of(parts, facts, publisher, external_id)
    found, new = actions.put_record(parts, publisher, external_id, values, facts.note)
    with parts.store.read() as session:
        answer = show(parts, records.gather(session, session.get_one(Record, found)))
    response.status_code = 201 if new else 200
    response.headers["Location"] = answer.urls.self
    response.headers["ETag"] = weak_tag(answer)
    return answer


@router.get(
    "/v1/records/{record_id}",
    response_model=RecordOut,
    responses=CONDITIONAL,
    summary="A record with its public contracts",
)
def read(parts: PartsDep, caller: CallerDep, request: Request, record_id: RecordId) -> Response:
    """Return a record by the publisher's id or ours."""
    return current(request, show(parts, _known(parts, caller, record_id)))


@router.get(
    "/v1/records/{record_id}/gate-verdict",
    response_model=GateVerdict,
    responses=CONDITIONAL,
    summary="The gate verdict of a record",
)
def read_gate_verdict(parts: PartsDep, caller: CallerDep, request: Request, record_id: RecordId) -> Response:
    """Return the document of the contract gate-verdict-v1."""
    verdict = public_record.gate_verdict(_known(parts, caller, record_id), parts.settings)
    return current(request, GateVerdict.model_validate(verdict))


@router.get(
    "/v1/records/{record_id}/contracts/{contract}",
    response_model=Document,
    responses=CONDITIONAL,
    summary="A public contract of a record",
)
def read_contract(  # noqa: PLR0913 - parameters of a request
    parts: PartsDep,
    caller: CallerDep,
    request: Request,
    record_id: RecordId,
    contract: str,
    bench: Pair = None,
    model: Pair = None,
) -> Response:
    """Return one document; `bench` and `model` choose the pair of benchmark-evidence-v1."""
    known = _known(parts, caller, record_id)
    if contract == benchmark_evidence.NAME:
        document = public_record.benchmark(known, parts.settings, bench, model)
    else:
        document = public_record.documents(known, parts.settings).get(contract)
    if document is None:
        raise not_found("contract of this record")
    return current(request, Document.model_validate(document))


@router.get(
    "/paper/{record_id}/manifest.json",
    response_model=Document,
    responses=CONDITIONAL,
    summary="The manifest of a record",
)
def read_manifest(parts: PartsDep, caller: CallerDep, request: Request, record_id: RecordId) -> Response:
    """Return the document of the contract paper-manifest-v1."""
    found = public_record.documents(_known(parts, caller, record_id), parts.settings)
    return current(request, Document.model_validate(found[paper_manifest.NAME]))


@router.get(
    "/v1/records/{record_id}/history",
    response_model=HistoryOut,
    responses=CONDITIONAL,
    summary="Every verdict and correction of a record",
)
def read_history(parts: PartsDep, caller: CallerDep, request: Request, record_id: RecordId) -> Response:
    """Return what was ever said: verdicts that stand and those that do not any more, and every correction."""
    known = _known(parts, caller, record_id)
    document = HistoryOut(
        verdicts=[PastVerdict.model_validate(item) for item in public_record.history(known)],
        corrections=[CorrectionOut.model_validate(item, from_attributes=True) for item in known.corrections],
    )
    return current(request, document)


@router.get(
    "/v1/claims/{claim_id}",
    response_model=ClaimHistoryOut,
    responses=CONDITIONAL,
    summary="A claim with its revisions and verdicts",
)
def read_claim(parts: PartsDep, caller: CallerDep, request: Request, claim_id: ClaimId) -> Response:
    """Return a claim's revisions side by side; a claim of a record only when the publisher has opened the claims."""
    with parts.store.read() as session:
        found = records.claim(session, claim_id, visible_to(caller))
    if found is None:
        raise not_found("claim")
    return current(request, claim_out(found))


def claim_out(found: dict[str, Any]) -> ClaimHistoryOut:
    """Return what is shown of a claim."""
    revisions = [
        RevisionOut(
            number=item["number"],
            created_at=item["created_at"],
            claim=item["document"],
            verdicts=[_past(verdict, found["standing_verdict"]) for verdict in item["verdicts"]],
        )
        for item in found["revisions"]
    ]
    return ClaimHistoryOut.model_validate(found | {"revisions": revisions})


def _past(verdict: dict[str, Any], standing: str | None) -> PastVerdict:
    told = {"verdict_id": verdict["id"], "revision": verdict["number"], "evidence_sha256": verdict["evidence"]}
    return PastVerdict.model_validate({**verdict, **told, "standing": verdict["id"] == standing})


def _target(parts: Parts, caller: Caller, record_id: str) -> tuple[str, str]:
    """Return whose record a request changes or creates, and under which id of that publisher."""
    own = str(caller.publisher)  # whoever may write has one
    with parts.store.read() as session:
        row = records.find(session, own, record_id)
    if row is not None and caller.owns(row.publisher):
        return row.publisher, row.external_id
    if row is not None and row.visibility == "public":
        raise not_yours("record")
    if record_id.startswith(SERVICE_PREFIX):  # ids of that form are ours to give
        raise not_found("record")
    return own, record_id


def _known(parts: Parts, caller: Caller, record_id: str) -> Known:
    """Return a record that the caller may know of; of any other he learns nothing, not even that it is there."""
    with parts.store.read() as session:
        row = records.find(session, caller.publisher or parts.settings.publisher, record_id, visible_to(caller))
        if row is None:
            raise not_found("record")
        return records.gather(session, row)


def facts_of(parts: Parts, facts: RecordIn, publisher: str, external_id: str) -> dict[str, Any]:
    """Return what is to be stored of a request."""
    values = facts.model_dump(exclude_unset=True, exclude={"note"})
    if "claims_visibility" in values:
        values["claims_public"] = values.pop("claims_visibility") == "open"
    if values.get("superseded_by") is not None:
        with parts.store.read() as session:
            other = records.find(session, publisher, values["superseded_by"])
        if other is None or other.publisher != publisher or other.external_id == external_id:
            raise ApiError("invalid-request", NO_SUCCESSOR.detail, refusal=Refusal.of(NO_SUCCESSOR))
        values["superseded_by"] = other.id
    return values


def show(parts: Parts, known: Known) -> RecordOut:
    """Return what is shown of a record."""
    documents = public_record.documents(known, parts.settings)
    verdict = public_record.gate_verdict(known, parts.settings)
    # Our own id: the publisher's may be a DOI or a title, which no path can hold.
    path = f"/v1/records/{known.row['id']}"
    urls = RecordUrls(
        self=path,
        gate_verdict=f"{path}/gate-verdict",
        manifest=public_record.manifest_of(known.row["id"]),
        corrections=f"{path}/contracts/{correction_record.NAME}",
        history=f"{path}/history",
    )
    shown = {**known.row, **known.said, "claims_visibility": "open" if known.row["claims_public"] else "closed"}
    told = {"coverage": public_record.coverage(verdict), "gate_verdict": verdict, "contracts": documents, "urls": urls}
    return RecordOut.model_validate(shown | told)
