"""`/v1/records`: what a publisher says about a publication, and its public gate verdict."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Response

from app import actions
from app.api.problems import Problem, not_found
from app.api.schemas import GateVerdict, RecordIn, RecordOut, Urls
from app.api.verifications import PartsDep
from app.core import gate
from app.store import views

router = APIRouter(tags=["records"])

RecordId = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$", description="the publisher's own id")]


@router.put(
    "/v1/records/{record_id}",
    response_model=RecordOut,
    responses={201: {"model": RecordOut}, 422: {"model": Problem}},
    summary="Create or change a record",
)
def put(parts: PartsDep, response: Response, record_id: RecordId, facts: RecordIn) -> RecordOut:
    """Say what a publication is; claims that name its id are attached to it."""
    values = facts.model_dump(exclude_unset=True)
    _, new = actions.put_record(parts, parts.settings.publisher, record_id, values)
    response.status_code = 201 if new else 200
    return _show(parts.settings.publisher, parts, record_id)


@router.get(
    "/v1/records/{record_id}",
    response_model=RecordOut,
    responses={404: {"model": Problem}},
    summary="A record with its gate verdict",
)
def read(parts: PartsDep, record_id: RecordId) -> RecordOut:
    """Return a record by the publisher's id or ours."""
    return _show(parts.settings.publisher, parts, record_id)


@router.get(
    "/v1/records/{record_id}/gate-verdict",
    response_model=GateVerdict,
    responses={404: {"model": Problem}},
    summary="The gate verdict of a record",
)
def read_gate_verdict(parts: PartsDep, record_id: RecordId) -> dict[str, Any]:
    """Return the document of the contract gate-verdict-v1."""
    return _show(parts.settings.publisher, parts, record_id).gate_verdict.model_dump(by_alias=True)


@router.get("/schemas/gate-verdict-v1", summary="The JSON Schema of the gate verdict", tags=["contracts"])
def read_schema() -> dict[str, Any]:
    """Return the schema (draft 2020-12)."""
    return gate.schema()


def _show(publisher: str, parts: Any, record_id: str) -> RecordOut:
    with parts.store.read() as session:
        found = views.record(session, publisher, record_id)
    if found is None:
        raise not_found("record")
    if found["gate_verdict"] is None:
        found["gate_verdict"] = gate.project((), found["claims_total"], parts.settings.contract_base)
    return RecordOut.model_validate({**found, "urls": Urls(self=f"/v1/records/{found['external_id']}")})
