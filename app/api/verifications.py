"""`/v1/verifications` and what hangs from it: submit, read, cancel, verdict, evidence."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Annotated, Any, BinaryIO

from fastapi import APIRouter, Depends, Query, Request, Response
from starlette.datastructures import UploadFile

from app import actions
from app.actions import Parts
from app.api.problems import ApiError, Problem, not_found
from app.api.schemas import Urls, VerdictOut, VerificationOut
from app.store import views

router = APIRouter(prefix="/v1", tags=["verifications"])

JSON_BYTES_MAX = 1 << 20
IMMUTABLE = "public, max-age=31536000, immutable"

_BODY = {
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "required": ["bundle"],
                "properties": {
                    "bundle": {"type": "string", "format": "binary", "description": "a .tar.gz, .tar or .zip"}
                },
            }
        },
        "application/json": {
            "schema": {"type": "object", "description": "a formula claim with the keys of claim.toml"},
            "examples": {
                "formula": {
                    "summary": "a difference of two printed cells",
                    "value": {
                        "schema": "assay-claim-v1",
                        "claim": {"id": "tydiqa-gain", "statement": "RemBERT is 8.7 F1 above FILTER on TyDiQA"},
                        "expect": [{"metric": "gain", "value": "8.7", "unit": "points", "rule": "rounding"}],
                        "reproduce": {
                            "kind": "formula",
                            "formula": "rembert - filter",
                            "values": {
                                "rembert": {"value": "77.0", "source": "RemBERT, Table 16"},
                                "filter": {"value": "68.3", "source": "FILTER, Table 16"},
                            },
                        },
                    },
                }
            },
        },
    },
}


def get_parts(request: Request) -> Parts:
    """Return the service's parts."""
    parts: Parts = request.app.state.parts
    return parts


PartsDep = Annotated[Parts, Depends(get_parts)]


@dataclass(frozen=True)
class Body:
    """A submission's body: either an archive or a JSON document."""

    archive: BinaryIO | None
    document: Any


async def read_body(request: Request) -> Any:
    """Read a submission by its media type; the archive stays in the spooled upload."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "application/json":
        data = await request.body()
        if len(data) > JSON_BYTES_MAX:
            raise ApiError(413, "content-too-large", f"a JSON claim has at most {JSON_BYTES_MAX} bytes")
        yield Body(None, _document(data))
        return
    if kind != "multipart/form-data":
        raise ApiError(415, "unsupported-media-type", "send multipart/form-data with a part `bundle`, or JSON")
    try:
        async with request.form(max_files=1, max_fields=4) as form:
            part = form.get("bundle")
            if not isinstance(part, UploadFile):
                raise ApiError(422, "missing-bundle", "the multipart body has no file part named `bundle`")
            yield Body(part.file, None)
    finally:
        await request.close()


def _document(data: bytes) -> Any:
    try:
        return json.loads(data.decode("utf-8"), object_pairs_hook=_unique)
    except UnicodeDecodeError as error:
        raise ApiError(400, "not-utf8", "the body is not UTF-8") from error
    except (ValueError, RecursionError) as error:
        raise ApiError(400, "not-json", "the body is not JSON, or names a key twice") from error


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(pairs)
    if len(document) < len(pairs):
        raise ValueError("duplicate key")
    return document


@router.post(
    "/verifications",
    status_code=202,
    response_model=VerificationOut,
    openapi_extra={"requestBody": _BODY},
    responses={
        200: {"model": VerificationOut, "description": "the same seal is known: its verification"},
        **{status: {"model": Problem} for status in (400, 403, 413, 415, 422, 500, 503)},
    },
    summary="Submit a bundle or a formula claim",
)
def create(
    parts: PartsDep,
    response: Response,
    body: Annotated[Body, Depends(read_body)],
    force: Annotated[bool, Query(description="verify again although the same seal is known")] = False,
) -> VerificationOut:
    """Take in a claim: it is checked and sealed now, runs later; follow `urls.self`."""
    publisher = parts.settings.publisher
    if body.archive is not None:
        submitted = actions.submit_archive(parts, body.archive, publisher, force=force)
    else:
        submitted = actions.submit_formula(parts, body.document, publisher, force=force)
    answer = _show(parts, submitted.verification_id)
    response.status_code = 202 if submitted.created else 200
    response.headers["Location"] = answer.urls.self
    if submitted.created:
        response.headers["Retry-After"] = "2"
    return answer


@router.get(
    "/verifications/{verification_id}",
    response_model=VerificationOut,
    responses={404: {"model": Problem}},
    summary="A verification as it stands",
)
def read(parts: PartsDep, verification_id: str) -> VerificationOut:
    """Return state, runs, comparisons and verdict."""
    return _show(parts, verification_id)


@router.post(
    "/verifications/{verification_id}/cancel",
    status_code=202,
    response_model=VerificationOut,
    responses={404: {"model": Problem}},
    summary="Cancel a verification",
)
def cancel(parts: PartsDep, verification_id: str) -> VerificationOut:
    """Ask for the end of a verification; repeating it changes nothing, and a verdict that stands stays."""
    if not actions.cancel(parts, verification_id):
        raise not_found("verification")
    return _show(parts, verification_id)


@router.get(
    "/verdicts/{verdict_id}",
    response_model=VerdictOut,
    responses={404: {"model": Problem}},
    summary="A verdict",
)
def read_verdict(parts: PartsDep, response: Response, verdict_id: str) -> VerdictOut:
    """Return one verdict with its comparisons and controls; it never changes."""
    with parts.store.read() as session:
        found = views.verdict(session, verdict_id)
    if found is None:
        raise not_found("verdict")
    response.headers["Cache-Control"] = IMMUTABLE
    return VerdictOut.model_validate(found)


@router.get(
    "/verdicts/{verdict_id}/evidence",
    response_class=Response,
    responses={
        200: {"content": {"application/gzip": {}}, "description": "the evidence archive"},
        404: {"model": Problem},
        500: {"model": Problem},
    },
    summary="The evidence archive of a verdict",
)
def read_evidence(parts: PartsDep, verdict_id: str) -> Response:
    """Return the archive, re-hashed; check it with `assay evidence verify FILE`."""
    with parts.store.read() as session:
        found = views.verdict(session, verdict_id)
    if found is None or found["evidence"] is None:
        raise not_found("verdict")
    data = parts.blobs.read(found["evidence"])
    headers = {
        "ETag": f'"{found["evidence"]}"',
        "Cache-Control": IMMUTABLE,
        "Content-Disposition": f'attachment; filename="{verdict_id}.tar.gz"',
    }
    return Response(data, media_type="application/gzip", headers=headers)


def _show(parts: Parts, verification_id: str) -> VerificationOut:
    with parts.store.read() as session:
        found = views.verification(session, verification_id)
    if found is None:
        raise not_found("verification")
    path = f"/v1/verifications/{verification_id}"
    verdict = found.verdict
    final = found.row["state"] in {"concluded", "cancelled", "faulted"}
    urls = Urls(
        self=path,
        cancel=None if final else f"{path}/cancel",
        record=f"/v1/records/{found.record_id}" if found.record_id else None,
        verdict=f"/v1/verdicts/{verdict['id']}" if verdict else None,
        evidence=f"/v1/verdicts/{verdict['id']}/evidence" if verdict else None,
    )
    return VerificationOut.model_validate(
        {
            **found.row,
            "claim": found.claim,
            "record_id": found.record_id,
            "runs": found.runs,
            "runs_done": sum(item["state"] == "done" for item in found.runs),
            "verdict": verdict,
            "urls": urls,
        }
    )
