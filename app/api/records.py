"""`/v1/records`: what a publisher says about a publication, and the public contracts that follow from its claims.

Every question here about a private record is answered 404; only the request that changes it answers with it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from app import actions
from app.actions import Parts
from app.api import public_record
from app.api.conditional import CONDITIONAL, current
from app.api.parts import PartsDep
from app.api.problems import ApiError, Problem, not_found
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
from app.api.submission import JSON_BYTES_MAX
from app.core.claim import SERVICE_PREFIX
from app.core.contracts import benchmark_evidence, correction_record, paper_manifest
from app.store import records

if TYPE_CHECKING:
    from app.store.records import Known

router = APIRouter(tags=["records"])

#: As a claim's `[record] id` is spelled, so that every record that is made here can be named by a claim.
RecordId = Annotated[
    str, Path(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$", description="the publisher's own id, or ours (`rec_…`)")
]
ClaimId = Annotated[str, Path(pattern=r"^clm_[0-9a-z]{1,64}$")]
Pair = Annotated[str | None, Query(max_length=200)]


def json_only(request: Request) -> None:
    """Refuse a body of another type; without this it would be called a body of the wrong shape."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise ApiError("unsupported-media-type", "a record is sent as application/json")


@router.put(
    "/v1/records/{record_id}",
    response_model=RecordOut,
    responses={201: {"model": RecordOut}, **{status: {"model": Problem} for status in (400, 404, 413, 415, 422)}},
    summary="Create or change a record",
    dependencies=[Depends(json_only)],
    max_body_size=JSON_BYTES_MAX,
)
def put(parts: PartsDep, response: Response, record_id: RecordId, facts: RecordIn) -> RecordOut:
    """Say what a publication is; claims that name its id are attached to it. What is left out stays as it is."""
    known = _find(parts, record_id)
    if known is None and record_id.startswith(SERVICE_PREFIX):
        raise not_found("record")  # ids of that form are ours to give
    external_id = record_id if known is None else known.row["external_id"]
    values = _facts(parts, facts, external_id)
    found, new = actions.put_record(parts, parts.settings.publisher, external_id, values, facts.note)
    answer = _show(parts, _found(_find(parts, found)))
    response.status_code = 201 if new else 200
    response.headers["Location"] = answer.urls.self
    return answer


@router.get(
    "/v1/records/{record_id}",
    response_model=RecordOut,
    responses=CONDITIONAL,
    summary="A record with its public contracts",
)
def read(parts: PartsDep, request: Request, record_id: RecordId) -> Response:
    """Return a record by the publisher's id or ours."""
    return current(request, _show(parts, _public(parts, record_id)))


@router.get(
    "/v1/records/{record_id}/gate-verdict",
    response_model=GateVerdict,
    responses=CONDITIONAL,
    summary="The gate verdict of a record",
)
def read_gate_verdict(parts: PartsDep, request: Request, record_id: RecordId) -> Response:
    """Return the document of the contract gate-verdict-v1."""
    verdict = public_record.gate_verdict(_public(parts, record_id), parts.settings)
    return current(request, GateVerdict.model_validate(verdict))


@router.get(
    "/v1/records/{record_id}/contracts/{contract}",
    response_model=Document,
    responses=CONDITIONAL,
    summary="A public contract of a record",
)
def read_contract(  # noqa: PLR0913 - parameters of a request
    parts: PartsDep, request: Request, record_id: RecordId, contract: str, bench: Pair = None, model: Pair = None
) -> Response:
    """Return one document; `bench` and `model` choose the pair of benchmark-evidence-v1."""
    known = _public(parts, record_id)
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
def read_manifest(parts: PartsDep, request: Request, record_id: RecordId) -> Response:
    """Return the document of the contract paper-manifest-v1."""
    found = public_record.documents(_public(parts, record_id), parts.settings)
    return current(request, Document.model_validate(found[paper_manifest.NAME]))


@router.get(
    "/v1/records/{record_id}/history",
    response_model=HistoryOut,
    responses=CONDITIONAL,
    summary="Every verdict and correction of a record",
)
def read_history(parts: PartsDep, request: Request, record_id: RecordId) -> Response:
    """Return what was ever said: verdicts that stand and those that do not any more, and every correction."""
    known = _public(parts, record_id)
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
def read_claim(parts: PartsDep, request: Request, claim_id: ClaimId) -> Response:
    """Return a claim's revisions side by side; a claim of a record only when the publisher has opened the claims."""
    with parts.store.read() as session:
        found = records.claim(session, parts.settings.publisher, claim_id)
    if found is None:
        raise not_found("claim")
    revisions = [
        RevisionOut(
            number=item["number"],
            created_at=item["created_at"],
            claim=item["document"],
            verdicts=[_past(verdict, found["standing_verdict"]) for verdict in item["verdicts"]],
        )
        for item in found["revisions"]
    ]
    return current(request, ClaimHistoryOut.model_validate(found | {"revisions": revisions}))


def _past(verdict: dict[str, Any], standing: str | None) -> PastVerdict:
    told = {"verdict_id": verdict["id"], "revision": verdict["number"], "evidence_sha256": verdict["evidence"]}
    return PastVerdict.model_validate({**verdict, **told, "standing": verdict["id"] == standing})


def _find(parts: Parts, record_id: str) -> Known | None:
    with parts.store.read() as session:
        row = records.find(session, parts.settings.publisher, record_id)
        return None if row is None else records.gather(session, row)


def _found(known: Known | None) -> Known:
    if known is None:
        raise not_found("record")
    return known


def _public(parts: Parts, record_id: str) -> Known:
    """Return a record that strangers may know of; of a private one they learn nothing, not even that it is there."""
    known = _found(_find(parts, record_id))
    if not known.public:
        raise not_found("record")
    return known


def _facts(parts: Parts, facts: RecordIn, external_id: str) -> dict[str, Any]:
    """Return what is to be stored of a request."""
    values = facts.model_dump(exclude_unset=True, exclude={"note"})
    if "claims_visibility" in values:
        values["claims_public"] = values.pop("claims_visibility") == "open"
    if values.get("superseded_by") is not None:
        with parts.store.read() as session:
            other = records.find(session, parts.settings.publisher, values["superseded_by"])
        if other is None or other.external_id == external_id:
            raise ApiError("invalid-request", "`superseded_by` names no other record of the publisher")
        values["superseded_by"] = other.id
    return values


def _show(parts: Parts, known: Known) -> RecordOut:
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
