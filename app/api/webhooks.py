"""`/v1/webhook-endpoints`: who wants to be told of events, and what became of each delivery."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import BaseModel, Field

from app import actions
from app.actions.webhooks import OVERLAP_SECONDS, OVERLAP_SECONDS_MAX
from app.api.callers import CallerDep, needs
from app.api.list_schemas import ListOut, PageQuery
from app.api.lists import LISTED, answer_page
from app.api.parts import JSON_BYTES_MAX, PartsDep, json_only
from app.api.problems import ApiError, Problem, not_found
from app.api.schemas import PLAIN, Closed
from app.core.addresses import URL_LENGTH_MAX
from app.core.caller import Caller, Scope
from app.core.errors import Refusal
from app.core.webhook import SUBSCRIBABLE
from app.store import endpoints, hook_lists

if TYPE_CHECKING:
    from app.actions import Parts

router = APIRouter(prefix="/v1", tags=["webhooks"], dependencies=[needs(Scope.WEBHOOKS_MANAGE)])

EndpointId = Annotated[str, Path(pattern=r"^whe_[0-9a-z]{1,64}$")]
DeliveryId = Annotated[str, Path(pattern=r"^msg_[0-9a-z]{1,64}$")]
EventName = Literal[
    "claim.received",
    "verification.finished",
    "verdict.recorded",
    "verdict.corrected",
    "record.opened",
    "record.closed",
    "worker.offline",
    "endpoint.disabled",
]
Address = Annotated[str, Field(min_length=1, max_length=URL_LENGTH_MAX, description="reached through TLS, at port 443")]
Description = Annotated[str, Field(max_length=200, pattern=PLAIN)]
Events = Annotated[list[EventName], Field(min_length=1, max_length=len(SUBSCRIBABLE))]
JSON = [Depends(json_only)]
MISSING: dict[int | str, dict[str, Any]] = {404: {"model": Problem}}
DISABLED: dict[int | str, dict[str, Any]] = {**MISSING, 409: {"model": Problem}}


class EndpointIn(Closed):
    """An endpoint to be made."""

    url: Address
    events: Events
    description: Description = ""
    operator: bool = Field(
        default=False, strict=True, description="also told of `worker.offline`; for the operator alone"
    )


class EndpointChange(Closed):
    """What is to change of an endpoint."""

    url: Address | None = None
    events: Events | None = None
    description: Description | None = None
    state: Literal["enabled", "disabled"] | None = None


class RotateIn(Closed):
    """How a secret is replaced."""

    overlap_seconds: float = Field(default=OVERLAP_SECONDS, strict=True, ge=0, le=OVERLAP_SECONDS_MAX)


class EndpointOut(BaseModel):
    """An endpoint, without its secrets."""

    id: str
    publisher: str
    url: str
    description: str
    events: list[str]
    operator: bool
    state: Literal["enabled", "disabled"]
    reason: str | None = Field(description="why the service disabled it")
    failing_since: datetime | None
    old_secret_until: datetime | None = Field(description="until then the secret before signs too")
    created_at: datetime
    updated_at: datetime


class EndpointMade(EndpointOut):
    """An endpoint that was just made."""

    secret: str = Field(description="`whsec_…`, shown this once")


class SecretOut(BaseModel):
    """A fresh secret."""

    secret: str = Field(description="`whsec_…`, shown this once")


class AttemptOut(BaseModel):
    """One attempt, and what was answered."""

    number: int
    status: int | None = Field(description="of the answer; null: there was none")
    answer: str = Field(description="its first 1024 bytes")
    error: str = Field(description="empty: it was taken")
    duration_ms: int
    attempted_at: datetime


class DeliveryOut(BaseModel):
    """One event for one endpoint."""

    id: str = Field(description="the header `webhook-id`")
    event: str
    state: Literal["pending", "delivered", "dead"]
    attempts: int
    under_way: bool = Field(description="whether an attempt is being made at this moment")
    next_attempt_at: datetime | None
    created_at: datetime
    ended_at: datetime | None
    data: dict[str, Any]
    log: list[AttemptOut]


class DeliveriesQuery(PageQuery):
    """Filters of deliveries."""

    state: Literal["pending", "delivered", "dead"] | None = None


class SentOut(BaseModel):
    """A delivery that was asked for."""

    id: str


@router.post(
    "/webhook-endpoints",
    status_code=201,
    dependencies=JSON,
    max_body_size=JSON_BYTES_MAX,
    summary="Make an endpoint",
)
def create(parts: PartsDep, caller: CallerDep, response: Response, wanted: EndpointIn) -> EndpointMade:
    """Make an endpoint; its secret is in this answer and in no other."""
    if wanted.operator and not (caller.operator or caller.loopback):
        raise ApiError("scope-missing", "only the operator may be told of the service's own events")
    publisher = caller.publisher or parts.settings.publisher
    made, secret = actions.create_endpoint(
        parts, publisher, wanted.url, wanted.events, wanted.description, operator=wanted.operator
    )
    response.headers["Location"] = f"/v1/webhook-endpoints/{made['id']}"
    return EndpointMade(**made, secret=secret)


@router.get(
    "/webhook-endpoints",
    name="list",
    response_model=ListOut[EndpointOut],
    responses=LISTED,
    summary="Endpoints",
)
def list_endpoints(
    parts: PartsDep, request: Request, caller: CallerDep, query: Annotated[PageQuery, Query()]
) -> Response:
    """Return the endpoints of the caller's publisher, newest first."""
    with parts.store.read() as session:
        return answer_page(
            parts, request, query, EndpointOut, lambda wanted: hook_lists.of_publisher(session, wanted, _whose(caller))
        )


@router.get("/webhook-endpoints/{endpoint_id}", responses=MISSING, summary="An endpoint")
def read(parts: PartsDep, caller: CallerDep, endpoint_id: EndpointId) -> EndpointOut:
    """Return one endpoint."""
    return EndpointOut.model_validate(_find(parts, caller, endpoint_id))


@router.patch(
    "/webhook-endpoints/{endpoint_id}",
    dependencies=JSON,
    max_body_size=JSON_BYTES_MAX,
    responses=MISSING,
    summary="Change an endpoint",
)
def change(parts: PartsDep, caller: CallerDep, endpoint_id: EndpointId, wanted: EndpointChange) -> EndpointOut:
    """Change what is named; enabling a disabled endpoint sends it new events, and old ones when they are replayed."""
    values = wanted.model_dump(exclude_none=True)
    found = actions.change_endpoint(parts, endpoint_id, _whose(caller), values)
    if found is None:
        raise not_found("endpoint")
    return EndpointOut.model_validate(found)


@router.delete("/webhook-endpoints/{endpoint_id}", status_code=204, responses=MISSING, summary="Remove an endpoint")
def delete(parts: PartsDep, caller: CallerDep, endpoint_id: EndpointId) -> Response:
    """Forget address and secrets; what waits for it is given up."""
    if not actions.give_up_endpoint(parts, endpoint_id, _whose(caller)):
        raise not_found("endpoint")
    return Response(status_code=204)


@router.post(
    "/webhook-endpoints/{endpoint_id}/rotate",
    dependencies=JSON,
    max_body_size=JSON_BYTES_MAX,
    responses=MISSING,
    summary="A new secret for an endpoint",
)
def rotate(parts: PartsDep, caller: CallerDep, endpoint_id: EndpointId, wanted: RotateIn) -> SecretOut:
    """Return a new secret; until the overlap ends both secrets sign, in one header."""
    secret = actions.rotate_endpoint(parts, endpoint_id, _whose(caller), wanted.overlap_seconds)
    if secret is None:
        raise not_found("endpoint")
    return SecretOut(secret=secret)


@router.post(
    "/webhook-endpoints/{endpoint_id}/test",
    status_code=202,
    responses=DISABLED,
    summary="Send an endpoint a test event",
)
def test(parts: PartsDep, caller: CallerDep, endpoint_id: EndpointId) -> SentOut:
    """Send the event `endpoint.test`, whatever the endpoint subscribed to."""
    try:
        sent = actions.test_endpoint(parts, endpoint_id, _whose(caller))
    except Refusal as refusal:
        raise ApiError("endpoint-disabled", refusal.detail) from refusal
    if sent is None:
        raise not_found("endpoint")
    return SentOut(id=sent)


@router.get(
    "/webhook-endpoints/{endpoint_id}/deliveries",
    response_model=ListOut[DeliveryOut],
    responses={**LISTED, **MISSING},
    summary="What was delivered to an endpoint",
)
def deliveries(
    parts: PartsDep,
    request: Request,
    caller: CallerDep,
    endpoint_id: EndpointId,
    query: Annotated[DeliveriesQuery, Query()],
) -> Response:
    """Return deliveries, newest first, each with its attempts and what was answered."""
    _find(parts, caller, endpoint_id)
    of = {"endpoint_id": endpoint_id}
    with parts.store.read() as session:
        return answer_page(
            parts, request, query, DeliveryOut, lambda wanted: hook_lists.deliveries(session, wanted), of
        )


@router.post(
    "/webhook-deliveries/{delivery_id}/replay",
    status_code=202,
    responses=DISABLED,
    summary="Deliver again",
)
def replay(parts: PartsDep, caller: CallerDep, delivery_id: DeliveryId) -> SentOut:
    """Deliver again what was taken or given up, or try now what waits, under the same id.

    One at which an attempt is being made at this moment is refused: it would be sent twice.
    """
    try:
        known = actions.replay_delivery(parts, delivery_id, _whose(caller))
    except Refusal as refusal:
        raise ApiError(refusal.problems[0].code, f"{refusal.detail}; {refusal.remedy}") from refusal
    if not known:
        raise not_found("delivery")
    return SentOut(id=delivery_id)


def _whose(caller: Caller) -> str | None:
    """Return whose endpoints a caller may see: the operator everybody's (None)."""
    return None if caller.operator else (caller.publisher or "")


def _find(parts: Parts, caller: Caller, endpoint_id: str) -> dict[str, Any]:
    with parts.store.read() as session:
        row = endpoints.find(session, endpoint_id, _whose(caller))
        if row is None:
            raise not_found("endpoint")
        return endpoints.shown(session, row)
