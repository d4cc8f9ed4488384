"""`/v1/records`: what a publisher says about a publication, and its public gate verdict."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request, Response

from app import actions
from app.actions import Parts
from app.api.conditional import CONDITIONAL, current
from app.api.parts import PartsDep
from app.api.problems import ApiError, Problem, not_found
from app.api.schemas import GateVerdict, RecordIn, RecordOut, RecordUrls
from app.api.submission import JSON_BYTES_MAX
from app.core import gate
from app.core.claim import SERVICE_PREFIX
from app.store import views

router = APIRouter(tags=["records"])

#: As a claim's `[record] id` is spelled, so that every record that is made here can be named by a claim.
RecordId = Annotated[
    str, Path(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$", description="the publisher's own id, or ours (`rec_…`)")
]


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
    values = facts.model_dump(exclude_unset=True)
    known = _find(parts, record_id)
    if known is None and record_id.startswith(SERVICE_PREFIX):
        raise not_found("record")  # ids of that form are ours to give
    external_id = record_id if known is None else known["external_id"]
    actions.put_record(parts, parts.settings.publisher, external_id, values)
    answer = _show(parts, record_id)
    response.status_code = 201 if known is None else 200
    response.headers["Location"] = answer.urls.self
    return answer


@router.get(
    "/v1/records/{record_id}",
    response_model=RecordOut,
    responses=CONDITIONAL,
    summary="A record with its gate verdict",
)
def read(parts: PartsDep, request: Request, record_id: RecordId) -> Response:
    """Return a record by the publisher's id or ours."""
    return current(request, _show(parts, record_id))


@router.get(
    "/v1/records/{record_id}/gate-verdict",
    response_model=GateVerdict,
    responses=CONDITIONAL,
    summary="The gate verdict of a record",
)
def read_gate_verdict(parts: PartsDep, request: Request, record_id: RecordId) -> Response:
    """Return the document of the contract gate-verdict-v1."""
    return current(request, _show(parts, record_id).gate_verdict)


def _find(parts: Parts, record_id: str) -> dict[str, Any] | None:
    with parts.store.read() as session:
        return views.record(session, parts.settings.publisher, record_id)


def _show(parts: Parts, record_id: str) -> RecordOut:
    found = _find(parts, record_id)
    if found is None:
        raise not_found("record")
    if found["gate_verdict"] is None:
        found["gate_verdict"] = gate.project((), found["claims_total"], parts.settings.contract_base)
    # Our own id: the publisher's may be a DOI or a title, which no path can hold.
    path = f"/v1/records/{found['id']}"
    urls = RecordUrls(self=path, gate_verdict=f"{path}/gate-verdict")
    return RecordOut.model_validate({**found, "urls": urls})
