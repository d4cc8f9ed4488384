"""What documents point at: the public contract and the kinds of problems."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from fastapi import APIRouter

from app.api.kinds import KINDS
from app.api.problems import Problem, not_found
from app.api.schemas import ProblemKind
from app.core import gate

router = APIRouter(tags=["contracts"])


@router.get("/schemas/gate-verdict-v1", summary="The JSON Schema of the gate verdict")
def read_schema() -> dict[str, Any]:
    """Return the schema (draft 2020-12)."""
    return gate.schema()


@router.get("/problems", summary="Every kind of problem")
def list_problems() -> list[ProblemKind]:
    """Return what can go wrong with a request."""
    return [_kind(code) for code in KINDS]


@router.get("/problems/{code}", responses={404: {"model": Problem}}, summary="What a kind of problem means")
def read_problem(code: str) -> ProblemKind:
    """Return what happened and what to do; a problem document's `type` is this address."""
    if code not in KINDS:
        raise not_found("kind of problem")
    return _kind(code)


def _kind(code: str) -> ProblemKind:
    return ProblemKind(code=code, **asdict(KINDS[code]))
