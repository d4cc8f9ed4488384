"""`POST /v1/verifications/batch`: several claims in one request, each answered as it would be alone.

Each claim is taken in by a transaction of its own, so one that is refused keeps none of the others out, and nothing is
stored by halves. Under an `Idempotency-Key` each answer is kept by the transaction that made what it speaks of, under the
key and the claim's place; the first of them also keeps what was asked. So a batch that broke off goes on where it was.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, Field
from starlette.datastructures import UploadFile

from app.api.callers import CallerDep, needs
from app.api.idempotency import IdempotencyKey, Once, keyless
from app.api.parts import PartsDep, require_environment
from app.api.problems import ApiError, Problem, answer_of
from app.api.schemas import VerificationOut
from app.api.submission import DOCUMENT, Body, parse_json, read_form, read_json
from app.api.verifications import FINAL, show, shown
from app.core import errors
from app.core.budgets import BudgetUsed
from app.core.caller import Scope
from app.core.errors import Fault, Refusal
from app.store.answers import AlreadyAnswered
from app.store.errors import StoreUnavailable

if TYPE_CHECKING:
    from sqlmodel import Session

    from app.actions import Parts
    from app.core.caller import Caller
    from app.store.intake import Submitted

router = APIRouter(prefix="/v1", tags=["verifications"])

BATCH_MAX = 50
ROUTE = "verifications_create_batch"
SHAPE = (
    f'send {{"claims": […]}} with 1 to {BATCH_MAX} claims, each an object with the keys of claim.toml, or with `files`'
)
REQUEST_BODY: dict[str, Any] = {
    "required": True,
    "content": {
        "application/json": {
            "schema": {
                "type": "object",
                "required": ["claims"],
                "additionalProperties": False,
                "properties": {
                    "claims": {
                        "type": "array",
                        "minItems": 1,
                        "maxItems": BATCH_MAX,
                        "items": DOCUMENT,
                    }
                },
            }
        },
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "required": ["bundle"],
                "additionalProperties": False,
                "properties": {
                    "bundle": {
                        "type": "array",
                        "minItems": 1,
                        "maxItems": BATCH_MAX,
                        "items": {"type": "string", "format": "binary", "description": "a .tar.gz, .tar or .zip"},
                    }
                },
            }
        },
    },
}


class BatchItem(BaseModel):
    """The answer to one claim of a batch."""

    status: int = Field(description="as the claim alone would have been answered: 202, 200, or that of its problem")
    verification: VerificationOut | None = Field(description="null where there is a problem")
    problem: Problem | None = Field(description="null where the claim was taken in")


class BatchOut(BaseModel):
    """Answers to a batch, in the order in which the claims were sent."""

    data: list[BatchItem]
    accepted: int = Field(description="claims that were taken in or known")
    refused: int


async def read_batch(request: Request) -> AsyncIterator[list[Body]]:
    """Read a batch by its media type; archives stay in the spooled uploads."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "application/json":
        yield [Body(None, claim) for claim in _claims(parse_json(await read_json(request)))]
        return
    if kind != "multipart/form-data":
        detail = "send multipart/form-data with file parts `bundle`, or claims as application/json"
        raise ApiError("unsupported-media-type", detail)
    form = await read_form(request, BATCH_MAX)
    try:
        parts = form.getlist("bundle")
        if not parts or not all(isinstance(part, UploadFile) for part in parts):
            raise ApiError("missing-bundle", "the multipart body has no file part named `bundle`")
        if len(form.multi_items()) > len(parts):
            raise ApiError("bad-multipart", "the multipart body has further parts beside the files `bundle`")
        yield [Body(part.file, None) for part in parts if isinstance(part, UploadFile)]
    finally:
        await form.close()


def _claims(document: Any) -> list[dict[str, Any]]:
    """Return the claims of a document.

    Raises:
        ApiError: it is no batch, or too large a one.

    """
    if not isinstance(document, dict) or set(document) != {"claims"} or not isinstance(document["claims"], list):
        raise _unfit("", "the body is no batch of claims")
    claims = document["claims"]
    if not 1 <= len(claims) <= BATCH_MAX:
        raise _unfit("/claims", f"a batch has 1 to {BATCH_MAX} claims")
    for number, claim in enumerate(claims):
        if not isinstance(claim, dict):
            raise _unfit(f"/claims/{number}", "a claim is an object")
    return claims


def _unfit(pointer: str, detail: str) -> ApiError:
    item = errors.Problem(file="body", line=None, pointer=pointer, code="no-batch", detail=detail, remedy=SHAPE)
    return ApiError("invalid-request", detail, refusal=Refusal.of(item))


@router.post(
    "/verifications/batch",
    openapi_extra={"requestBody": REQUEST_BODY},
    dependencies=[needs(Scope.VERIFICATIONS_WRITE), Depends(require_environment)],
    responses={status: {"model": Problem} for status in (400, 409, 413, 415, 422, 503)},
    summary="Submit several claims",
)
def create_batch(  # noqa: PLR0913 - parameters of a request
    parts: PartsDep,
    caller: CallerDep,
    request: Request,
    response: Response,
    bodies: Annotated[list[Body], Depends(read_batch)],
    force: Annotated[bool, Query(description="verify again although the same seals are known")] = False,
    key: IdempotencyKey = None,
) -> BatchOut:
    """Take in each claim for itself, in their order; a refused one keeps none of the others out."""
    asked = (b"force" if force else b"", *(piece for body in bodies if key for piece in body.told_apart()))
    whole = Once.of(caller, key, ROUTE, *asked)
    with whole.alone():
        replayed = whole.found(parts) is not None
        batch = _Batch(parts, caller, force, whole, marked=replayed)
        data = []
        for number, body in enumerate(bodies):
            once = Once.of(caller, key, f"{ROUTE} {number}", *asked)
            try:
                data.append(batch.item(once, body))
            except (Refusal, ApiError, BudgetUsed, Fault, StoreUnavailable) as error:
                told = answer_of(request, error)
                problem = Problem.model_validate_json(bytes(told.body))
                data.append(BatchItem(status=told.status_code, verification=None, problem=problem))
            except AlreadyAnswered as error:  # by another process, which is at the same batch
                detail = "the first request with this key is being answered"
                raise ApiError("key-in-flight", detail, {"Retry-After": "1"}) from error
    if replayed:
        response.headers["Idempotent-Replayed"] = "true"
    refused = sum(item.problem is not None for item in data)
    return BatchOut(data=data, accepted=len(data) - refused, refused=refused)


class _Batch:
    """What the claims of one batch have in common."""

    def __init__(self, parts: Parts, caller: Caller, force: bool, whole: Once, *, marked: bool) -> None:  # noqa: FBT001
        self.parts = parts
        self.caller = caller
        self.force = force
        self.whole = whole
        self.marked = marked  # whether the database knows what was asked under the key

    def item(self, once: Once, body: Body) -> BatchItem:
        """Take in one claim, or return what was answered to it before."""
        before = once.found(self.parts)
        if before is not None:
            return BatchItem(
                status=before.status, verification=VerificationOut.model_validate_json(before.body), problem=None
            )

        def keep(session: Session, submitted: Submitted) -> None:
            answer = shown(session, submitted.verification_id)
            once.keep(session, _status(answer, submitted), {}, answer)
            if not self.marked:
                self.whole.keep(session, 200, {}, BatchOut(data=[], accepted=0, refused=0))

        also = keep if once.asked else keyless
        submitted = body.submit(self.parts, self.caller, also, force=self.force)
        self.marked = True
        answer = show(self.parts, submitted.verification_id)
        return BatchItem(status=_status(answer, submitted), verification=answer, problem=None)


def _status(answer: VerificationOut, submitted: Submitted) -> int:
    return 202 if submitted.created and answer.state not in FINAL else 200
