"""`/v1/verifications` and what hangs from it: submit, read, cancel, verdict, evidence."""

from __future__ import annotations

import hashlib
import json
import re
import threading
import time
from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from sqlmodel import Session

from app import actions
from app.actions import Parts
from app.api.callers import CallerDep, needs
from app.api.conditional import CONDITIONAL, IMMUTABLE, current, current_at, kept, not_modified, settled
from app.api.idempotency import IdempotencyKey, Once, keyless
from app.api.parts import PartsDep, require_environment
from app.api.problems import ApiError, Problem, not_found, not_yours
from app.api.schemas import Urls, VerdictOut, VerificationOut
from app.api.submission import REQUEST_BODY, Body, read_body
from app.core.caller import Caller, Scope
from app.core.errors import Refusal
from app.core.lifecycle import VERIFICATION, final
from app.store import views
from app.store.intake import Submitted
from app.store.visible import Visible, visible_to

router = APIRouter(prefix="/v1", tags=["verifications"])

FINAL = final(VERIFICATION)
WAIT_SECONDS_MAX = 30
WAIT_POLL_SECONDS = 0.1
#: The shape of an answer is a part of its version: after an upgrade no client may be told that its old copy is the newest.
FORM = hashlib.sha256(json.dumps(VerificationOut.model_json_schema(), sort_keys=True).encode()).hexdigest()[:8]
#: Handlers that may wait for a verdict at once; each holds a thread of the pool, and most of the pool must stay free.
_waiting = threading.BoundedSemaphore(8)
_ID = re.compile(r"[a-z]{3}_[0-9a-z]{1,64}")
_PREFER_WAIT = re.compile(r"(?:^|[,;\s])wait\s*=\s*\"?(\d{1,4})")


async def _verification_id(verification_id: str) -> str:
    """Answer 404 for what has not even the form of an id; some databases refuse to look for a NUL."""
    if not _ID.fullmatch(verification_id):
        raise not_found("verification")
    return verification_id


async def _verdict_id(verdict_id: str) -> str:
    """As above, for a verdict."""
    if not _ID.fullmatch(verdict_id):
        raise not_found("verdict")
    return verdict_id


VerificationId = Annotated[str, Depends(_verification_id)]
VerdictId = Annotated[str, Depends(_verdict_id)]


@router.post(
    "/verifications",
    status_code=202,
    response_model=VerificationOut,
    openapi_extra={"requestBody": REQUEST_BODY},
    dependencies=[needs(Scope.VERIFICATIONS_WRITE), Depends(require_environment)],
    responses={
        200: {"model": VerificationOut, "description": "the same seal is known, or `Prefer: wait` saw the end"},
        **{status: {"model": Problem} for status in (400, 409, 413, 415, 422, 429, 503)},
    },
    summary="Submit a bundle or a formula claim",
)
def create(  # noqa: PLR0913 - parameters of a request
    parts: PartsDep,
    caller: CallerDep,
    response: Response,
    body: Annotated[Body, Depends(read_body)],
    force: Annotated[bool, Query(description="verify again although the same seal is known")] = False,
    prefer: Annotated[
        str, Header(description=f"`wait=N`: answer when it ended, or after N ≤ {WAIT_SECONDS_MAX} s")
    ] = "",
    key: IdempotencyKey = None,
) -> VerificationOut | Response:
    """Take in a claim: it is checked and sealed now, runs later; follow `urls.self`.

    Without a record it is public at once; in a record it stays closed until its publisher opens the record's claims.
    """
    once = Once.of(caller, key, "verifications_create", b"force" if force else b"", *(body.told_apart() if key else ()))
    also = _keeping(once) if key else keyless
    submitted = once.done(parts, lambda: body.submit(parts, caller, also, force=force))
    if isinstance(submitted, Response):
        return submitted
    answer = show(parts, submitted.verification_id)
    wanted = _PREFER_WAIT.search(prefer)
    if wanted is not None and answer.state not in FINAL:
        answer = _wait(parts, answer, min(int(wanted[1]), WAIT_SECONDS_MAX))
        response.headers["Preference-Applied"] = f"wait={min(int(wanted[1]), WAIT_SECONDS_MAX)}"
    return _accepted(response, answer, created=submitted.created and answer.state not in FINAL)


def _keeping(once: Once) -> Callable[[Session, Submitted], None]:
    """Return what keeps the first answer about a verification, without the wait that its client may have asked for."""

    def keep(session: Session, submitted: Submitted) -> None:
        answer, response = shown(session, submitted.verification_id), Response()
        _accepted(response, answer, created=submitted.created and answer.state not in FINAL)
        headers = {name: response.headers[name] for name in ("Location", "Retry-After") if name in response.headers}
        once.keep(session, response.status_code, headers, answer)

    return keep


def _accepted(response: Response, answer: VerificationOut, *, created: bool) -> VerificationOut:
    response.status_code = 202 if created else 200
    response.headers["Location"] = answer.urls.self
    if created:
        response.headers["Retry-After"] = "2"
    return answer


def _wait(parts: Parts, answer: VerificationOut, seconds: int) -> VerificationOut:
    """Return the verification when it has ended or the time is over, at once when too many wait already."""
    if not _waiting.acquire(blocking=False):
        return answer
    try:
        deadline = time.monotonic() + seconds
        while answer.state not in FINAL and time.monotonic() < deadline:
            time.sleep(WAIT_POLL_SECONDS)
            answer = show(parts, answer.id)
        return answer
    finally:
        _waiting.release()


@router.get(
    "/verifications/{verification_id}",
    response_model=VerificationOut,
    responses=CONDITIONAL,
    summary="A verification as it stands",
)
def read(parts: PartsDep, caller: CallerDep, request: Request, verification_id: VerificationId) -> Response:
    """Return state, runs, comparisons and verdict."""
    with parts.store.read() as session:
        version = views.version(session, verification_id, visible_to(caller))
        if version is None:
            raise not_found("verification")
        return current_at(request, f"{version}-{FORM}", lambda: shown(session, verification_id))


@router.post(
    "/verifications/{verification_id}/cancel",
    status_code=202,
    response_model=VerificationOut,
    responses={403: {"model": Problem}, 404: {"model": Problem}},
    summary="Cancel a verification",
)
def cancel(
    parts: PartsDep, caller: Annotated[Caller, needs(Scope.VERIFICATIONS_WRITE)], verification_id: VerificationId
) -> VerificationOut:
    """Ask for the end of a verification; repeating it changes nothing, and a verdict that stands stays."""
    if not actions.cancel(parts, verification_id, caller):
        raise _anothers(parts, caller, verification_id)
    return show(parts, verification_id)


@router.post(
    "/verifications/{verification_id}/retry",
    status_code=202,
    response_model=VerificationOut,
    responses={
        200: {"model": VerificationOut, "description": "it was begun again before: that verification"},
        **{status: {"model": Problem} for status in (403, 404, 409, 429)},
    },
    summary="Try a faulted verification again",
)
def retry(
    parts: PartsDep,
    caller: Annotated[Caller, needs(Scope.VERIFICATIONS_WRITE)],
    response: Response,
    verification_id: VerificationId,
    key: IdempotencyKey = None,
) -> VerificationOut | Response:
    """Begin a verification that faulted again, under its own seal; a new verification comes of it."""
    once = Once.of(caller, key, "verifications_retry", verification_id.encode())
    try:
        submitted = once.done(
            parts, lambda: actions.retry(parts, verification_id, caller, also=_keeping(once) if key else None)
        )
    except Refusal as refusal:
        raise ApiError("not-retryable", refusal.detail, refusal=refusal) from refusal
    if submitted is None:
        raise _anothers(parts, caller, verification_id)
    if isinstance(submitted, Response):
        return submitted
    return _accepted(response, show(parts, submitted.verification_id), created=submitted.created)


def _anothers(parts: Parts, caller: Caller, verification_id: str) -> ApiError:
    """Return the answer to who changes what is none of its: what it may read is another's, and the rest is not there."""
    with parts.store.read() as session:
        readable = views.version(session, verification_id, visible_to(caller)) is not None
    return not_yours("verification") if readable else not_found("verification")


@router.get(
    "/verdicts/{verdict_id}",
    response_model=VerdictOut,
    responses=CONDITIONAL,
    summary="A verdict",
)
def read_verdict(parts: PartsDep, caller: CallerDep, request: Request, verdict_id: VerdictId) -> Response:
    """Return one verdict with its comparisons and controls; it never changes, unless its stored evidence is damaged."""
    found = VerdictOut.model_validate(_verdict(parts, verdict_id, visible_to(caller)))
    return settled(request, found) if found.evidence_holds else current(request, found)


@router.get(
    "/verdicts/{verdict_id}/evidence",
    response_class=Response,
    responses={
        200: {"content": {"application/gzip": {}}, "description": "the evidence archive"},
        **CONDITIONAL,
        500: {"model": Problem},
    },
    summary="The evidence archive of a verdict",
)
def read_evidence(parts: PartsDep, caller: CallerDep, request: Request, verdict_id: VerdictId) -> Response:
    """Return the archive, held against its signature and the verdict's rows; check it with `assay evidence verify FILE`."""
    with parts.store.read() as session:
        found = views.evidence(session, verdict_id, visible_to(caller, Scope.EVIDENCE_READ))
    if found is None:
        raise not_found("verdict")
    digest, is_open = found
    if digest is None:
        raise not_found("evidence")
    if not is_open:
        raise ApiError("not-found", "the record keeps its claims closed, so only the digest of this evidence is public")
    headers = {
        "ETag": f'"{digest}"',
        "Cache-Control": kept(request, IMMUTABLE),
        "Content-Disposition": f'attachment; filename="{verdict_id}.tar.gz"',
    }
    known = not_modified(request, headers)
    if known is not None:
        return known
    return Response(actions.read_evidence(parts, verdict_id), media_type="application/gzip", headers=headers)


def _verdict(parts: Parts, verdict_id: str, seen: Visible) -> dict[str, Any]:
    with parts.store.read() as session:
        found = views.verdict(session, verdict_id, seen)
    if found is None:
        raise not_found("verdict")
    return found


def show(parts: Parts, verification_id: str) -> VerificationOut:
    """Return a verification as it stands."""
    with parts.store.read() as session:
        return shown(session, verification_id)


def shown(session: Session, verification_id: str) -> VerificationOut:
    """Return a verification as a transaction sees it."""
    found = views.verification(session, verification_id)
    if found is None:
        raise not_found("verification")
    path = f"/v1/verifications/{verification_id}"
    verdict = found.verdict
    urls = Urls(
        self=path,
        runs=f"{path}/runs",
        events=f"{path}/events",
        cancel=None if found.row["state"] in FINAL else f"{path}/cancel",
        retry=f"{path}/retry" if found.row["state"] == "faulted" else None,
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
