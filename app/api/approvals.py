"""`/v1/approvals`: statements of proofs that their publisher approved, each before and apart from any proof of it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Depends, Query, Response
from pydantic import BaseModel, Field

from app import actions
from app.api.callers import CallerDep, needs
from app.api.parts import JSON_BYTES_MAX, PartsDep, json_only
from app.api.problems import ApiError, Problem
from app.api.schemas import Closed
from app.core.caller import Caller, Scope
from app.core.claim_lean4 import IMPORTS_MAX, NAME, NAME_MAX
from app.core.claim_metamath import LABEL
from app.store import approvals

if TYPE_CHECKING:
    from app.actions import Parts

router = APIRouter(prefix="/v1", tags=["approvals"])

Digest = Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$", examples=[f"sha256:{'3d' * 32}"])]
LeanName = Annotated[str, Field(pattern=f"^(?:{NAME.pattern})$", max_length=NAME_MAX)]
Theorem = Annotated[str, Field(pattern=f"^(?:{NAME.pattern}|{LABEL.pattern})$", max_length=NAME_MAX)]
REFUSED: dict[int | str, dict[str, Any]] = {status: {"model": Problem} for status in (400, 413, 415, 422)}


class ApprovalIn(Closed):
    """What is approved."""

    challenge: Digest = Field(description="digest of the file that states the theorem")
    theorem: Theorem = Field(description="its full name, or its label", examples=["Paper.main"])
    imports: list[LeanName] = Field(
        default=["Init"],
        max_length=IMPORTS_MAX,
        description="modules that statement and proof may import; none of a proof in Metamath",
    )


class ApprovalOut(BaseModel):
    """A statement that was approved. A proof of it is sealed with who approved it and when."""

    id: str = Field(examples=["apr_06c8w0h4"])
    challenge: str
    theorem: str
    imports: list[str]
    approved_by: str = Field(description="`key_…`, or the publisher where no key exists")
    approved_at: datetime


class ApprovalsOut(BaseModel):
    """Approvals of the caller's publisher, newest first."""

    items: list[ApprovalOut]


@router.post(
    "/approvals",
    response_model=ApprovalOut,
    status_code=201,
    responses={200: {"model": ApprovalOut}, **REFUSED},
    dependencies=[needs(Scope.CLAIMS_WRITE), Depends(json_only)],
    max_body_size=JSON_BYTES_MAX,
    summary="Approve a statement",
)
def approve(parts: PartsDep, caller: CallerDep, response: Response, wanted: ApprovalIn) -> dict[str, Any]:
    """Say that a file states what is to be proved. Repeating it changes nothing: the first approval stands, and is 200."""
    publisher = _publisher(caller)
    by = caller.key_id or publisher
    found, new = actions.approve(parts, publisher, wanted.challenge, wanted.theorem, wanted.imports, by)
    response.status_code = 201 if new else 200
    return found


@router.get("/approvals", response_model=ApprovalsOut, responses={422: {"model": Problem}}, summary="Your approvals")
def listed(
    parts: PartsDep,
    caller: Annotated[Caller, needs(Scope.VERDICTS_READ)],
    challenge: Annotated[str | None, Query(pattern=r"^sha256:[0-9a-f]{64}$", description="of this file alone")] = None,
) -> dict[str, Any]:
    """Return what the caller's publisher approved, newest first."""
    return {"items": _listed(parts, _publisher(caller), challenge)}


def _listed(parts: Parts, publisher: str, challenge: str | None) -> list[dict[str, Any]]:
    with parts.store.read() as session:
        return approvals.listed(session, publisher, challenge)


def _publisher(caller: Caller) -> str:
    if caller.publisher is None:
        raise ApiError("key-needed", "only a publisher approves statements, and this key is of none")
    return caller.publisher
