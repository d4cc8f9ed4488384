"""What documents point at: the public contracts, what changed in them, and the kinds of problems."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from fastapi import APIRouter, Request, Response

from app.api.callers import ANYBODY
from app.api.conditional import CONDITIONAL, lasting
from app.api.kinds import KINDS
from app.api.parts import PartsDep
from app.api.problems import Problem, not_found
from app.api.schemas import ContractChange, ContractInfo, ProblemKind
from app.core.contracts import shape

router = APIRouter(tags=["contracts"], dependencies=[ANYBODY])


@router.get("/schemas", summary="Every public contract")
def list_schemas(parts: PartsDep) -> list[ContractInfo]:
    """Return the contracts with version and address."""
    return [ContractInfo.model_validate(item) for item in shape.index(parts.settings.contract_base)]


@router.get("/schemas/{contract}", responses={404: {"model": Problem}}, summary="The JSON Schema of a contract")
def read_schema(parts: PartsDep, contract: str) -> dict[str, Any]:
    """Return the schema (draft 2020-12)."""
    if contract not in shape.CONTRACTS:
        raise not_found("contract")
    return shape.schema(contract, parts.settings.contract_base)


@router.get("/changelog", summary="What changed in the contracts")
def read_changelog() -> list[ContractChange]:
    """Return the changes of the contracts themselves, newest first."""
    return [ContractChange.model_validate(item) for item in shape.changelog()]


@router.get(
    "/problems",
    response_model=list[ProblemKind],
    responses={304: CONDITIONAL[304]},
    summary="Every kind of problem",
)
def list_problems(request: Request) -> Response:
    """Return what can go wrong with a request."""
    return lasting(request, _spelled([_kind(code).model_dump() for code in KINDS]))


@router.get(
    "/problems/{code}", response_model=ProblemKind, responses=CONDITIONAL, summary="What a kind of problem means"
)
def read_problem(request: Request, code: str) -> Response:
    """Return what happened and what to do; a problem document's `type` is this address."""
    if code not in KINDS:
        raise not_found("kind of problem")
    return lasting(request, _spelled(_kind(code).model_dump()))


def _spelled(document: Any) -> bytes:
    return json.dumps(document, ensure_ascii=False).encode()


def _kind(code: str) -> ProblemKind:
    return ProblemKind(code=code, **asdict(KINDS[code]))
