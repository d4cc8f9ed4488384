"""Following a verification by its events, and the logs of its runs; flows, see `flows`."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import httpx2

from assay_client.errors import ServiceError, Unreachable
from assay_client.flows import (
    BUSY,
    BUSY_SECONDS,
    OUTAGE_SECONDS,
    PAUSE_FIRST,
    Flow,
    Listen,
    Pause,
    Request,
    part,
    send,
    waiting,
)

if TYPE_CHECKING:
    from assay_client.shapes import Event, Verification

SILENCE_SECONDS = 10.0  # of a stream; then it is opened again behind the last event, which loses nothing
OUTAGE_PAUSE = 0.5
LOG_BYTES_MAX = 262_144  # of a log that one request brings


def following(
    verification_id: str, seconds: float | None, seen: Callable[[Event], None], after: int
) -> Flow[Verification]:
    """Listen to the events of a verification to its end, each once, whatever breaks on the way.

    Raises:
        TimeoutError: the time is over; the verification goes on.
        Unreachable: the service is not there, or went away for good.

    """
    path = f"/v1/verifications/{part(verification_id)}/events"
    begun = heard = time.monotonic()
    last, over, opened = after, False, False

    def take(said: httpx2.ServerSentEvent) -> bool:
        nonlocal last, over, heard
        heard = time.monotonic()
        last = int(said.id) if said.id.isascii() and said.id.isdigit() else last
        over = said.event == "end"
        seen(_event(said, last, verification_id))
        return not over and (seconds is None or heard - begun < seconds)

    while not over:
        left = SILENCE_SECONDS if seconds is None else min(SILENCE_SECONDS, seconds - (time.monotonic() - begun))
        if left <= 0:
            raise TimeoutError(f"no verdict after {round(seconds or 0, 1):g} s; the verification goes on")
        tried = time.monotonic()
        try:
            yield Listen(Request("GET", path, {"Last-Event-ID": str(last)}), take, max(left, PAUSE_FIRST))
            pause = PAUSE_FIRST if heard > tried else OUTAGE_PAUSE
            heard, opened = time.monotonic(), True
        except Unreachable:
            if not opened or time.monotonic() - heard > OUTAGE_SECONDS:
                raise
            pause = OUTAGE_PAUSE
        except ServiceError as error:
            after_seconds = error.retry_after
            if error.status not in BUSY or after_seconds is None:
                raise
            if time.monotonic() - heard + after_seconds > BUSY_SECONDS:
                raise
            pause = after_seconds
        if not over:  # nor is anything waited for longer than the caller's own time
            left = pause if seconds is None else seconds - (time.monotonic() - begun)
            yield Pause(max(min(pause, left), PAUSE_FIRST))
    return (yield from waiting(verification_id, seconds and max(0.0, seconds - (time.monotonic() - begun)), None))


def _event(said: httpx2.ServerSentEvent, seq: int, verification_id: str) -> Event:
    """Return an event of a stream as the list of events has it."""
    try:
        told = json.loads(said.data)
    except ValueError:
        told = None
    if not isinstance(told, dict):
        raise ServiceError(httpx2.codes.OK, {"detail": "an event of the stream is no JSON object"})
    run_id, at = told.pop("run_id", None), told.pop("at", "")
    return {
        "seq": seq,
        "kind": said.event,
        "verification_id": told.pop("verification_id", verification_id),
        "run_id": run_id,
        "created_at": at,
        "data": told,
    }


def log(run_id: str, stream: str, begin: int) -> Flow[bytes]:
    """Return what a run that is over wrote to a stream, from a byte on; nothing where there is no more, or no log.

    Less than no byte counts from the end, as a slice does: -1000 stands for the last 1000.
    """
    part_of = f"{begin}-{begin + LOG_BYTES_MAX - 1}" if begin >= 0 else f"-{min(-begin, LOG_BYTES_MAX)}"
    wanted = {"Range": f"bytes={part_of}"}
    try:
        answer = yield from send(Request("GET", f"/v1/runs/{part(run_id)}/{part(stream)}", wanted))
    except ServiceError as error:
        if error.status in {httpx2.codes.NOT_FOUND, httpx2.codes.RANGE_NOT_SATISFIABLE}:
            return b""
        raise
    return answer.content
