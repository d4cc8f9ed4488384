"""`/v1/keys`: API keys, for whoever has one with the scope `admin`.

The first one is made on the host, with `assay keys create`.
"""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Depends, Path, Response
from pydantic import BaseModel, Field

from app import actions
from app.actions import NewKey
from app.api.callers import needs
from app.api.parts import JSON_BYTES_MAX, PartsDep, json_only
from app.api.problems import ApiError, Problem, not_found
from app.api.schemas import Closed
from app.core.caller import NAME_PATTERN, NAME_SAID, PUBLISHER_PATTERN, PUBLISHER_SAID, USUAL, Budgets, Caller, Scope
from app.store import api_keys

if TYPE_CHECKING:
    from app.actions import Parts

DAYS_MAX = 3650
BUDGET_MAX = 1_000_000_000


async def by_key(caller: Annotated[Caller, needs(Scope.ADMIN)]) -> Caller:
    """Refuse the loopback: who may use the machine's network is not yet who may use its files."""
    if not caller.known:
        detail = "keys are made by a key with the scope admin; make the first one with `assay keys create` on the host"
        raise ApiError("key-needed", detail, {"WWW-Authenticate": 'Bearer realm="assay"'})
    return caller


router = APIRouter(prefix="/v1/keys", tags=["api_keys"], dependencies=[Depends(by_key)])

KeyId = Annotated[str, Path(pattern=r"^key_[0-9a-z]{1,64}$")]
Amount = Annotated[int | None, Field(ge=1, le=BUDGET_MAX)]


class KeyIn(Closed):
    """What a key is made for."""

    publisher: str = Field(pattern=PUBLISHER_PATTERN, description=f"for whom it acts: {PUBLISHER_SAID}")
    name: str = Field(default="", pattern=NAME_PATTERN, description=f"what its holder calls it: {NAME_SAID}")
    scopes: list[Scope] = Field(default=sorted(USUAL), min_length=1, description="what it may be used for")
    expires_in_days: Annotated[int | None, Field(ge=1, le=DAYS_MAX)] = None
    requests_per_minute: Amount = Field(default=None, description="null: as many as the operator's setting says")
    queued_runs: Amount = Field(default=None, description="runs that may wait at any moment; null: as many as fit")
    gpu_seconds_per_day: Amount = Field(default=None, description="GPU time within 24 hours; null: without limit")
    cpu_seconds_per_day: Amount = Field(default=None, description="CPU time within 24 hours; null: without limit")


class RotationIn(Closed):
    """How a key is given a successor."""

    overlap_seconds: int = Field(default=7 * 86_400, ge=0, le=90 * 86_400, description="so long the old one stays good")


class UsedOut(BaseModel):
    """What counts against the budgets of a key now, that of the keys of its line included."""

    queued_runs: int = Field(description="runs that wait or go on")
    cpu_seconds_per_day: float = Field(
        description="of the last 24 hours; what goes on counts with the most it may take"
    )
    gpu_seconds_per_day: float = Field(description="likewise")


class KeyOut(BaseModel):
    """A key, without the key."""

    id: str
    publisher: str
    name: str
    scopes: list[Scope]
    requests_per_minute: int | None
    queued_runs: int | None
    gpu_seconds_per_day: int | None
    cpu_seconds_per_day: int | None
    used: UsedOut
    account: str = Field(description="the first key of its line: those that take its place share its budgets")
    successor_of: str | None = Field(description="the key whose place it takes")
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    used_at: datetime | None = Field(description="its last use, to the minute")
    good: bool = Field(description="whether it is neither expired nor revoked")


class NewKeyOut(KeyOut):
    """A key that was just made."""

    key: str = Field(description="the key itself, told once and never again")


class Keys(BaseModel):
    """Keys, newest first."""

    data: list[KeyOut]


@router.post(
    "",
    status_code=201,
    dependencies=[Depends(json_only)],
    max_body_size=JSON_BYTES_MAX,
    summary="Make an API key",
)
def create(parts: PartsDep, response: Response, wanted: KeyIn) -> NewKeyOut:
    """Make a key for a publisher. It is shown in this answer alone."""
    lasts = None if wanted.expires_in_days is None else datetime.now(UTC) + timedelta(days=wanted.expires_in_days)
    amounts = wanted.model_dump(include={field.name for field in fields(Budgets)})
    budgets = Budgets(**amounts)
    made = actions.create_key(parts, NewKey(wanted.publisher, wanted.name, frozenset(wanted.scopes), lasts, budgets))
    return _told_once(parts, response, *made)


@router.get("", summary="Every API key")
def read_all(parts: PartsDep) -> Keys:
    """Return the keys of every publisher, good or not; none of them can be made out from this."""
    with parts.store.read() as session:
        return Keys(data=[KeyOut.model_validate(row) for row in api_keys.listed(session)])


@router.get("/{key_id}", responses={404: {"model": Problem}}, summary="An API key")
def read(parts: PartsDep, key_id: KeyId) -> KeyOut:
    """Return one key."""
    return KeyOut.model_validate(_row(parts, key_id))


@router.post(
    "/{key_id}/rotate",
    status_code=201,
    dependencies=[Depends(json_only)],
    max_body_size=JSON_BYTES_MAX,
    responses={status: {"model": Problem} for status in (404, 409)},
    summary="Give an API key a successor",
)
def rotate(parts: PartsDep, response: Response, key_id: KeyId, wanted: RotationIn) -> NewKeyOut:
    """Make a key of the same publisher, scopes and budgets; the old one stays good during the overlap."""
    made = actions.rotate_key(parts, key_id, timedelta(seconds=wanted.overlap_seconds))
    if made is None:
        _row(parts, key_id)
        raise ApiError("key-over", "the key is no longer good, so it has no place to take")
    return _told_once(parts, response, *made)


@router.post("/{key_id}/revoke", responses={404: {"model": Problem}}, summary="Revoke an API key")
def revoke(parts: PartsDep, key_id: KeyId) -> KeyOut:
    """Let a key be good no longer, from now on and for ever; repeating it changes nothing."""
    if not actions.revoke_key(parts, key_id):
        raise not_found("key")
    return KeyOut.model_validate(_row(parts, key_id))


def _told_once(parts: Parts, response: Response, key_id: str, text: str) -> NewKeyOut:
    response.headers["Location"] = f"/v1/keys/{key_id}"
    response.headers["Cache-Control"] = "no-store"
    return NewKeyOut.model_validate(_row(parts, key_id) | {"key": text})


def _row(parts: Parts, key_id: str) -> dict[str, Any]:
    with parts.store.read() as session:
        found = api_keys.get(session, key_id)
    if found is None:
        raise not_found("key")
    return found
