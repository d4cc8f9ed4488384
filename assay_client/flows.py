"""What is asked of a service and what is made of its answers, without input or output.

A flow is a generator: it yields a `Request` and is sent the answer, or has `Unreachable` or `ServiceError` raised at that
place; or it yields a `Pause`, which is waited. What it returns is the result. So blocking and awaited clients do exactly
the same.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar, cast
from urllib.parse import quote

import httpx2

from assay_client.errors import ServiceError, Unreachable

if TYPE_CHECKING:
    from assay_client.shapes import Approval, Record, Verdict, VerdictPage, Verification

T = TypeVar("T")

FINAL_STATES = frozenset({"concluded", "cancelled", "faulted"})
WITHOUT_VERDICT = frozenset({"cancelled", "faulted"})
OUTAGE_SECONDS = 15  # while following a verification: as long as a service needs to be started again
BUSY_SECONDS = 120  # while a service says that it is busy, or that one has asked too often, and when to come back
BUSY = frozenset({httpx2.codes.CONFLICT, httpx2.codes.TOO_MANY_REQUESTS, httpx2.codes.SERVICE_UNAVAILABLE})
SUBMISSIONS_MAX = 16  # of one bundle whose earlier verifications all ended without a verdict
PAUSE_FIRST, PAUSE_GROWTH, PAUSE_MAX = 0.05, 1.3, 2.0


@dataclass(frozen=True)
class Request:
    """One request; the clients know the address."""

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    params: Mapping[str, str] = field(default_factory=dict)
    json: Any = None
    bundles: Sequence[bytes] = ()  # sent as files, each a part `bundle`
    content: bytes | None = None  # sent as it is


@dataclass(frozen=True)
class Pause:
    """Seconds to wait."""

    seconds: float


@dataclass(frozen=True)
class Listen:
    """A stream of events to be opened and listened to until it ends, is silent for too long, or `take` has enough.

    `take` is called with the stream's events and says whether to go on. Nothing is sent back.
    """

    request: Request
    take: Callable[[httpx2.ServerSentEvent], bool]
    silence: float  # seconds


Flow: TypeAlias = Generator[Request | Pause | Listen, httpx2.Response | None, T]


def submission(bundle: bytes, *, force: bool, key: str | None) -> Flow[Verification]:
    """Submit a bundle archive.

    The same bytes are the same submission: their digest is the key under which the service keeps its answer, so that
    sending them again costs nothing. Where the kept answer names a verification that has ended without a verdict since, a
    new one is asked for, under a key that follows from that one: sent again it is the same again.
    """
    wanted = Request("POST", "/v1/verifications", bundles=(bundle,))
    return (yield from submitted(wanted, hashlib.sha256(bundle).hexdigest(), force=force, key=key))


def submitted(wanted: Request, digest: str, *, force: bool, key: str | None) -> Flow[Verification]:
    """Submit what has a digest, see `submission`."""
    follow_on = key is None and not force
    if key is None:
        key = secrets.token_hex(16) if force else digest
    params = {"force": "true"} if force else {}
    for _ in range(SUBMISSIONS_MAX):
        answer = yield from send(replace(wanted, headers={"Idempotency-Key": key}, params=params))
        found = cast("Verification", described(answer))
        if answer.headers.get("Idempotent-Replayed") != "true":
            return found
        found = yield from verification(found["id"])
        if not follow_on or found["state"] not in WITHOUT_VERDICT:
            return found
        key = hashlib.sha256(f"{key} {found['id']}".encode()).hexdigest()
    return found


def verification(verification_id: str) -> Flow[Verification]:
    """Return a verification as it stands."""
    return cast("Verification", (yield from _document("GET", f"/v1/verifications/{part(verification_id)}")))


def cancellation(verification_id: str) -> Flow[Verification]:
    """Ask for the end of a verification; a verdict that stands stays."""
    path = f"/v1/verifications/{part(verification_id)}/cancel"
    return cast("Verification", (yield from _document("POST", path)))


def approval(challenge: str, theorem: str, imports: Sequence[str]) -> Flow[Approval]:
    """Approve the statement of a proof: the file of a digest, the theorem in it, the modules that may be imported."""
    wanted = {"challenge": challenge, "theorem": theorem, "imports": list(imports)}
    answer = yield from send(Request("POST", "/v1/approvals", json=wanted))
    return cast("Approval", described(answer, "approved_by"))


def another_try(verification_id: str) -> Flow[Verification]:
    """Begin a verification that faulted again."""
    path = f"/v1/verifications/{part(verification_id)}/retry"
    return cast("Verification", (yield from _document("POST", path)))


def waiting(
    verification_id: str, seconds: float | None, seen: Callable[[Verification], None] | None
) -> Flow[Verification]:
    """Poll until the verification has ended; a short absence of the service is waited out.

    Raises:
        TimeoutError: the time is over; the verification goes on.
        Unreachable: the service is not there, or went away for good.

    """
    begun = answered = time.monotonic()
    document: Verification | None = None
    tag, pause = "", PAUSE_FIRST
    while True:
        try:
            request = Request("GET", f"/v1/verifications/{part(verification_id)}", {"If-None-Match": tag})
            answer = yield from send(request)
            answered = time.monotonic()
            if document is None or answer.status_code != httpx2.codes.NOT_MODIFIED:
                document = cast("Verification", described(answer))
                tag = answer.headers.get("ETag", "")
        except Unreachable:
            if document is None or time.monotonic() - answered > OUTAGE_SECONDS:
                raise
        if document is not None:
            if seen is not None:
                seen(document)
            if document["state"] in FINAL_STATES:
                return document
        if seconds is not None and time.monotonic() - begun > seconds:
            raise TimeoutError(f"no verdict after {round(seconds, 1):g} s; the verification goes on")
        yield Pause(pause)
        pause = min(pause * PAUSE_GROWTH, PAUSE_MAX)


def verdict_page(filters: Mapping[str, str] | None, cursor: str | None) -> Flow[VerdictPage]:
    """Return a page of verdicts, newest first."""
    params = {**(filters or {}), **({"cursor": cursor} if cursor else {})}
    answer = yield from send(Request("GET", "/v1/verdicts", params=params))
    return cast("VerdictPage", described(answer, "next_cursor"))


def verdict(verdict_id: str) -> Flow[Verdict]:
    """Return a verdict."""
    answer = yield from send(Request("GET", f"/v1/verdicts/{part(verdict_id)}"))
    return cast("Verdict", described(answer, "reason_code"))


def evidence(verdict_id: str) -> Flow[bytes]:
    """Return the evidence archive of a verdict; whoever keeps it can check it offline."""
    return (yield from send(Request("GET", f"/v1/verdicts/{part(verdict_id)}/evidence"))).content


def record(record_id: str) -> Flow[Record]:
    """Return a record under the publisher's id or the service's."""
    return cast("Record", (yield from _document("GET", f"/v1/records/{part(record_id)}")))


def record_facts(record_id: str, facts: Mapping[str, Any]) -> Flow[Record]:
    """Create or change a record of the publisher."""
    answer = yield from send(Request("PUT", f"/v1/records/{part(record_id)}", json=dict(facts)))
    return cast("Record", described(answer))


def gate_verdict(record_id: str) -> Flow[dict[str, Any]]:
    """Return the document of the contract `gate-verdict-v1`."""
    answer = yield from send(Request("GET", f"/v1/records/{part(record_id)}/gate-verdict"))
    return described(answer, "schema")


def fetching(path: str) -> Flow[httpx2.Response]:
    """Return what lies at a path, as it is."""
    return (yield from send(Request("GET", path)))


def described(answer: httpx2.Response, member: str = "urls") -> dict[str, Any]:
    """Return the JSON object of an answer, known for a service's by one of its members.

    Raises:
        ServiceError: it is none.

    """
    try:
        document = answer.json()
    except ValueError:
        document = None
    if not isinstance(document, dict) or member not in document:
        address = str(answer.request.url).removesuffix(answer.request.url.raw_path.decode())
        raise ServiceError(answer.status_code, {"detail": f"what answers at {address} is no Assay service"})
    return document


def _document(method: str, path: str) -> Flow[dict[str, Any]]:
    return described((yield from send(Request(method, path))))


def send(request: Request) -> Flow[httpx2.Response]:
    """Send a request, again when the service asks for it: it is busy with the same one, or has too much to do."""
    waited = 0.0
    while True:
        try:
            answer = yield request
        except ServiceError as error:
            pause = error.retry_after
            if error.status not in BUSY or pause is None or waited + pause > BUSY_SECONDS:
                raise
        else:
            assert answer is not None  # noqa: S101 - what a client sends for a request
            return answer
        yield Pause(max(pause, PAUSE_FIRST))
        waited += max(pause, PAUSE_FIRST)


def part(name: str) -> str:
    """Return an id as one part of a path, whatever is in it."""
    return quote(name, safe="")
