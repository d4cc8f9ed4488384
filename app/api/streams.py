"""What happens, as it happens: events of one verification or of all, as a stream (SSE) or as a list.

One address each: who accepts `text/event-stream` follows the stream, everybody else reads the list. Both read the same
rows, so a stream that broke goes on behind the event whose number the client names in `Last-Event-ID`, and nothing is
told twice or left out. A stream looks with one small statement a few times a second. It looks again every SEEN_SECONDS,
however much there is to tell, whether the key or login that it began with is good and the caller may still know of what it
follows, and ends after STREAM_SECONDS_MAX; clients come back by themselves.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from typing import TYPE_CHECKING, Annotated, Any

from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Depends, Header, Query, Request, Response
from fastapi.routing import APIRoute
from fastapi.sse import EventSourceResponse, ServerSentEvent
from starlette.routing import Match

from app.actions import Parts
from app.api.callers import CallerDep, find_viewer
from app.api.conditional import CONDITIONAL, current
from app.api.list_schemas import EventOut, EventsOut
from app.api.parts import PartsDep
from app.api.problems import ApiError, Problem, not_found
from app.api.verifications import FINAL, VerificationId
from app.core.caller import Caller
from app.store import events, lists
from app.store.visible import visible_to

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping

    from app.store.events import Event

POLL_SECONDS = 0.3
STREAMS_MAX = 64  # at once, of this process
STREAMS_EACH_MAX = 16  # of those, for one key or, without one, one address: nobody takes them all
STREAM_SECONDS_MAX = 900  # whoever comes back shows his key again
SEEN_SECONDS = 10  # so often a stream looks whether the caller is still who it was, and may know of what it follows
MOST = 200  # events of one look
BIG = 1 << 53

#: Streams read in threads of their own number: other requests keep theirs.
_threads = CapacityLimiter(4)


class ForStreams(APIRoute):
    """A route that only exists for who accepts a stream; others find the list behind it."""

    def matches(self, scope: MutableMapping[str, Any]) -> tuple[Match, Any]:
        """See the base class."""
        accept = dict(scope.get("headers") or []).get(b"accept", b"").decode("latin-1").lower()
        if "text/event-stream" not in accept or scope.get("assay.head"):
            return Match.NONE, {}
        return super().matches(scope)


streams = APIRouter(prefix="/v1", include_in_schema=False, route_class=ForStreams)
router = APIRouter(prefix="/v1")

STREAM: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {"text/event-stream": {"schema": {"type": "string"}}},
        "description": "a list; for who accepts `text/event-stream` a stream",
    },
    422: {"model": Problem},
    429: {"model": Problem},
}
After = Annotated[int, Query(ge=0, le=BIG, description="number of the last event that is known")]


async def _begin(
    after: After = 0,
    last_event_id: Annotated[
        str, Header(alias="Last-Event-ID", description="of a stream that broke: it goes on behind this event")
    ] = "",
) -> int:
    """Return the number of the event behind which a stream begins."""
    known = int(last_event_id) if last_event_id.isascii() and last_event_id.isdigit() and len(last_event_id) < 16 else 0
    return max(after, known)


async def _slot(request: Request, caller: CallerDep) -> AsyncIterator[None]:
    """Hold one of the process's streams for as long as the request lasts.

    Raises:
        ApiError: all of them are taken, or all that one key or address may have; the loopback may have all.

    """
    state = request.app.state
    who = None if caller.loopback else caller.key_id or state.limiter.address(request)
    taken: int = getattr(state, "streams", 0)
    if not hasattr(state, "stream_holders"):
        state.stream_holders = Counter()
    holders: Counter[str | None] = state.stream_holders
    if taken >= STREAMS_MAX or (who is not None and holders[who] >= STREAMS_EACH_MAX):
        raise ApiError("too-many-streams", "no further stream can be followed now", {"Retry-After": "5"})
    state.streams = taken + 1
    holders[who] += 1
    try:
        yield
    finally:
        state.streams -= 1
        holders[who] -= 1
        if not holders[who]:
            del holders[who]


async def _known(parts: PartsDep, caller: CallerDep, verification_id: VerificationId) -> str:
    """Return a verification's id if the caller may know of it."""
    if not await to_thread.run_sync(_may_know, parts, caller, verification_id, limiter=_threads):
        raise not_found("verification")
    return verification_id


Begin = Annotated[int, Depends(_begin)]
Slot = Depends(_slot)


@streams.get("/verifications/{verification_id}/events", response_class=EventSourceResponse, dependencies=[Slot])
async def follow(
    parts: PartsDep,
    caller: CallerDep,
    request: Request,
    verification_id: Annotated[str, Depends(_known)],
    begin: Begin,
) -> AsyncIterator[ServerSentEvent]:
    """Tell what happens to a verification until it has ended."""

    def look(after: int) -> list[Event]:
        with parts.store.read() as session:
            return events.of(session, verification_id, after, MOST)

    ended = await to_thread.run_sync(_state, parts, verification_id, limiter=_threads) in FINAL

    async def still() -> bool:
        return await _still(request, caller) and await to_thread.run_sync(
            _may_know, parts, caller, verification_id, limiter=_threads
        )

    async for item in _rows(look, begin, still):
        if item is not None:
            yield _sent(item)
            if item.kind == "end":
                return
        elif ended:  # and nothing is left to tell, for the client knows it all or it ended before there were events
            state = await to_thread.run_sync(_state, parts, verification_id, limiter=_threads)
            yield ServerSentEvent(event="end", data={"verification_id": verification_id, "state": state})
            return


@streams.get("/events", response_class=EventSourceResponse, dependencies=[Slot])
async def follow_all(
    parts: PartsDep,
    caller: CallerDep,
    request: Request,
    begin: Begin,
    from_now: Annotated[bool, Query(alias="from_now", description="leave out what happened before")] = False,
) -> AsyncIterator[ServerSentEvent]:
    """Tell what happens to all verifications of claims that the caller may know of."""
    if from_now and not begin:
        begin = await to_thread.run_sync(_last, parts, limiter=_threads)

    def look(after: int) -> list[Event]:
        with parts.store.read() as session:
            return events.everything(session, after, MOST)

    rows = _rows(look, begin, lambda: _still(request, caller), lambda found: _shown(parts, caller, found))
    async for item in rows:
        if item is not None:
            yield _sent(item)


async def _still(request: Request, caller: Caller) -> bool:
    """Whether who asked would be let in once more, and as the same one: keys are revoked and logins end meanwhile."""
    try:
        now = (await find_viewer(request, cookie=True)).caller
    except ApiError:
        return False
    return visible_to(now).key == visible_to(caller).key


async def _rows(
    look: Callable[[int], list[Event]],
    after: int,
    still: Callable[[], Awaitable[bool]],
    choose: Callable[[list[Event]], list[Event]] = lambda found: found,
) -> AsyncIterator[Event | None]:
    """Yield events as they appear, and None whenever there is nothing new; ends when the time of a stream is over."""
    begun = seen = time.monotonic()
    while time.monotonic() - begun < STREAM_SECONDS_MAX:
        if time.monotonic() - seen >= SEEN_SECONDS:
            if not await still():
                return
            seen = time.monotonic()
        found = await to_thread.run_sync(look, after, limiter=_threads)
        chosen = await to_thread.run_sync(choose, found, limiter=_threads) if found else found
        for item in chosen:
            yield item
        if found:
            after = found[-1].seq
            continue
        yield None
        await asyncio.sleep(POLL_SECONDS)


@router.get(
    "/verifications/{verification_id}/events",
    tags=["verifications"],
    name="events",
    response_model=EventsOut,
    responses={**CONDITIONAL, **STREAM},
    summary="What happened to a verification",
)
def read_events_of(  # noqa: PLR0913 - parameters of a request
    parts: PartsDep,
    request: Request,
    caller: CallerDep,
    verification_id: VerificationId,
    begin: Begin,
    limit: Annotated[int, Query(ge=1, le=MOST)] = MOST,
) -> Response:
    """Return its events, oldest first; with `Accept: text/event-stream` they come as they happen, and `end` is the last."""
    if not _may_know(parts, caller, verification_id):
        raise not_found("verification")
    with parts.store.read() as session:
        found = events.of(session, verification_id, begin, limit)
    return _listed(request, found, found[-1].seq if len(found) == limit else None)


@router.get(
    "/events",
    tags=["events"],
    name="list",
    response_model=EventsOut,
    responses={304: CONDITIONAL[304], **STREAM},
    summary="What happens",
)
def read_events(
    parts: PartsDep,
    request: Request,
    caller: CallerDep,
    begin: Begin,
    limit: Annotated[int, Query(ge=1, le=MOST)] = MOST,
) -> Response:
    """Return events of all verifications that you may know of, oldest first; a stream for who accepts one."""
    with parts.store.read() as session:
        found = events.everything(session, begin, limit)
    return _listed(request, _shown(parts, caller, found), found[-1].seq if len(found) == limit else None)


def _listed(request: Request, found: list[Event], following: int | None) -> Response:
    rows = [
        EventOut(
            seq=item.seq,
            kind=item.kind,
            verification_id=item.verification_id,
            run_id=item.run_id,
            created_at=item.created_at,
            data=item.told,
        )
        for item in found
    ]
    return current(request, EventsOut(data=rows, next_after=following))


def _sent(item: Event) -> ServerSentEvent:
    told = {
        "verification_id": item.verification_id,
        **({"run_id": item.run_id} if item.run_id else {}),
        **item.told,
        "at": item.created_at.isoformat(),
    }
    return ServerSentEvent(raw_data=json.dumps(told), event=item.kind, id=str(item.seq))


def _shown(parts: Parts, caller: Caller, found: list[Event]) -> list[Event]:
    """Return those events whose verifications the caller may know of."""
    with parts.store.read() as session:
        known = lists.known_verifications(session, {item.verification_id for item in found}, visible_to(caller))
    return [item for item in found if item.verification_id in known]


def _may_know(parts: Parts, caller: Caller, verification_id: str) -> bool:
    with parts.store.read() as session:
        return lists.has_verification(session, verification_id, visible_to(caller))


def _state(parts: Parts, verification_id: str) -> str | None:
    with parts.store.read() as session:
        return lists.state_of(session, verification_id)


def _last(parts: Parts) -> int:
    with parts.store.read() as session:
        return events.last(session)
