"""Errors as RFC 9457 problem documents, translated in this one place.

Errors of the core know no HTTP status; `app.api.kinds` gives every kind its own. An unexpected exception answers 500
without its text: that goes to the log under the same `request_id`. Input is never echoed back.
"""

from __future__ import annotations

import json
import logging
import math
import re
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from app.api.invalid import problem_of
from app.api.kinds import KINDS, of_status
from app.api.meant import meant_by_programs
from app.core.budgets import BudgetUsed
from app.core.errors import Fault, Refusal
from app.store.errors import StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = logging.getLogger(__name__)

QUEUE_SECONDS = 30  # after which to try again where nobody can tell when a run ends
MEDIA_TYPE = "application/problem+json"


class ProblemItem(BaseModel):
    """One thing that is wrong with a request, where it stands, and what to do."""

    location: str = Field(description="`body`, `query`, `path`, `header`, or the file of the bundle", alias="in")
    pointer: str = Field(description="JSON pointer into the document")
    line: int | None = Field(default=None, description="line of the file, where there is one")
    code: str
    detail: str
    remedy: str = ""


class ProblemBudget(BaseModel):
    """The budget that a submission does not fit into; runs, or seconds."""

    name: str
    limit: int
    used: float
    needed: float = Field(description="what the submission may take at most")
    frees_at: datetime | None = Field(description="when enough is free at the latest; null where that cannot be told")


class Problem(BaseModel):
    """A problem document (RFC 9457)."""

    type: str = Field(description="address of the page that explains this kind of problem")
    title: str
    status: int
    detail: str
    remedy: str = Field(default="", description="what to do about it")
    instance: str = Field(description="path of the request")
    request_id: str = Field(description="quote it when you ask the operator")
    errors: list[ProblemItem] = []
    budget: ProblemBudget | None = Field(default=None, description="of `budget-used` and `budget-too-small` alone")


class ApiError(Exception):
    """A request that cannot be served; its code has an entry in `KINDS`, which knows the HTTP status."""

    def __init__(
        self, code: str, detail: str, headers: Mapping[str, str] | None = None, refusal: Refusal | None = None
    ) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.headers = dict(headers or {})
        self.refusal = refusal  # whose problems are told one by one


def not_found(what: str) -> ApiError:
    """Return the answer for a thing that does not exist, or that the caller may not know of."""
    return ApiError("not-found", f"there is no such {what}")


def not_yours(what: str) -> ApiError:
    """Return the answer to who wants to change what he may read, and what is another publisher's."""
    return ApiError("not-yours", f"this {what} is another publisher's, and only a key of that publisher changes it")


def problem(  # noqa: PLR0913 - the parts of a problem document
    request: Request,
    code: str,
    detail: str,
    *,
    errors: list[dict[str, Any]] | None = None,
    headers: Mapping[str, str] | None = None,
    more: Mapping[str, Any] | None = None,
) -> JSONResponse:
    """Return one problem document; `more` are members of its kind alone."""
    document = _document(code, detail, request.scope, errors) | dict(more or {})
    return JSONResponse(document, status_code=document["status"], media_type=MEDIA_TYPE, headers=headers)


def answer_of(request: Request, error: Exception) -> JSONResponse:
    """Return the answer to an error of ours: what was sent is refused, or a part of the service is missing or broken."""
    match error:
        case Refusal():
            return problem(request, "bundle-refused", error.detail, errors=_items(error, "body"))
        case ApiError():
            errors = _items(error.refusal, "path") if error.refusal is not None else None
            return problem(request, error.code, error.detail, errors=errors, headers=error.headers)
        case BudgetUsed():
            return _budget(request, error)
        case StoreUnavailable():
            log.error("store unavailable (%s): %s", _request_id(request.scope), error)
            detail = "the database cannot be reached; nothing was stored, send the request again"
            return problem(request, "store-unavailable", detail, headers={"Retry-After": "5"})
        case Fault(code="no-environment"):
            log.error("fault %s (%s): %s", error.reason_code, _request_id(request.scope), error)
            return problem(request, error.code, error.detail, headers={"Retry-After": "5"})
        case Fault():
            log.error("fault %s (%s): %s", error.reason_code, _request_id(request.scope), error)
            return problem(request, "service-fault", "the service failed; this says nothing about any claim")
    raise error


def _budget(request: Request, error: BudgetUsed) -> JSONResponse:
    frees_at = error.frees_at
    told = {"name": error.budget, "limit": error.limit, "used": error.used, "needed": error.needed}
    more = {"budget": {**told, "frees_at": frees_at and frees_at.isoformat()}}
    detail = f"{error.detail}; {error.remedy}"
    if error.code != "budget-used":
        return problem(request, "budget-too-small", detail, more=more)
    wait = QUEUE_SECONDS if frees_at is None else (frees_at - datetime.now(UTC)).total_seconds()
    headers = {"Retry-After": str(max(1, math.ceil(wait)))}
    return problem(request, "budget-used", detail, headers=headers, more=more)


def install(app: FastAPI) -> None:
    """Make every error of `app` a problem document."""
    for known in (Refusal, ApiError, BudgetUsed, StoreUnavailable, Fault):
        app.add_exception_handler(known, answer_of)

    @app.exception_handler(HTTPException)
    def _http(request: Request, error: HTTPException) -> JSONResponse:
        code = of_status(error.status_code)
        headers = dict(error.headers or {})
        if code == "method-not-allowed":
            # The router names the methods of one route, and an address may have several.
            headers["Allow"] = _methods(app, request.url.path, headers.get("Allow", ""))
        if code == "not-found":
            more = {"remedy": _where_to(app, request.url.path)}
            return problem(request, code, "there is no such address", headers=headers, more=more)
        detail = _too_large(request.scope) if code == "content-too-large" else KINDS[code].happened
        return problem(request, code, detail, headers=headers)

    @app.exception_handler(RequestValidationError)
    def _invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        errors = [problem_of(request, item, error.body) for item in error.errors()]
        return problem(request, "invalid-request", "the request does not fit its description", errors=errors)

    @app.exception_handler(Exception)
    def _unexpected(request: Request, error: Exception) -> JSONResponse:
        log.error("unexpected error (%s)", _request_id(request.scope), exc_info=error)
        return problem(request, "internal-error", "the service failed; this says nothing about any claim")


def _items(refusal: Refusal, place: str) -> list[dict[str, Any]]:
    return [
        {
            "in": item.file or place,
            "pointer": item.pointer,
            "line": item.line,
            "code": item.code,
            "detail": item.detail,
            "remedy": item.remedy,
        }
        for item in refusal.problems
    ]


def _methods(app: FastAPI, path: str, told: str) -> str:
    """Return every method of an address: those of its operations, or those that the route told of a page."""
    paths = app.openapi()["paths"]
    fitting = [path] if path in paths else [one for one in paths if re.fullmatch(re.sub(r"{\w+}", "[^/]+", one), path)]
    found = {method.upper() for one in fitting for method in paths[one]} or set(told.split(", ")) - {""}
    return ", ".join(sorted({*found, "OPTIONS"} | ({"HEAD"} if "GET" in found else set())))


def _where_to(app: FastAPI, path: str) -> str:
    """Return what to do about an address that nothing answers at."""
    goal = meant_by_programs(path, [one for one in app.openapi()["paths"] if "{" not in one])
    return (f"Did you mean `{goal}`? " if goal else "") + "`/` names the addresses to begin with, `/docs` all of them."


def _too_large(scope: Scope) -> str:
    """Return how large a body may be where one was too large."""
    found = [getattr(scope.get(name), "max_body_size", None) for name in ("route", "app")]
    limit = min((item for item in found if item), default=None)
    return KINDS["content-too-large"].happened if limit is None else f"a body has at most {limit} bytes here"


class ProblemGuard:
    """ASGI wrapper around everything: gives a request its id and turns bare error answers into problem documents.

    The framework's body limiter answers with plain text outside of all handlers; here its answer becomes a document too.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        replaced: bytes | None = None

        async def relay(message: Message) -> None:
            nonlocal replaced
            if message["type"] == "http.response.start":
                headers = [(name.lower(), value) for name, value in message["headers"]]
                kind = dict(headers).get(b"content-type", b"").decode("latin-1")
                if message["status"] >= 400 and not kind.startswith((MEDIA_TYPE, "text/html")):  # pages are our own
                    replaced = _replacement(message["status"], scope)
                    headers = [(name, value) for name, value in headers if name in {b"allow", b"retry-after"}]
                    headers.append((b"content-type", MEDIA_TYPE.encode()))
                    headers.append((b"content-length", str(len(replaced)).encode()))
                headers = _kept(message["status"], headers)
                told = scope.get("state", {}).get("told", {}) if replaced is None and message["status"] != 429 else {}
                headers += [(name.lower().encode(), value.encode()) for name, value in told.items()]
                headers.append((b"x-request-id", _request_id(scope).encode()))
                headers.append((b"x-content-type-options", b"nosniff"))
                message = {**message, "headers": headers}
            elif replaced is not None:
                message = {"type": "http.response.body", "body": replaced, "more_body": False}
                replaced = b""
                if not message["body"]:
                    return
            await send(message)

        await self.app(scope, receive, relay)


def _kept(status: int, headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Return the header fields of an answer with what caches must know.

    What is not there for one is there for another, and in a moment for all: nobody keeps an error. What is there for one
    alone is kept for his key or login: after a logout the browser's own copy is nobody's.
    """
    if status >= 400:
        return [*(item for item in headers if item[0] != b"cache-control"), (b"cache-control", b"no-store")]
    if dict(headers).get(b"cache-control", b"").startswith(b"private"):
        return [*headers, (b"vary", b"Authorization, Cookie")]
    return headers


def _replacement(status: int, scope: Scope) -> bytes:
    code = of_status(status)
    detail = _too_large(scope) if code == "content-too-large" else KINDS[code].happened
    return json.dumps({**_document(code, detail, scope, None), "status": status}).encode()


def _document(code: str, detail: str, scope: Scope, errors: list[dict[str, Any]] | None) -> dict[str, Any]:
    kind = KINDS[code]
    return {
        "type": f"/problems/{code}",
        "title": kind.title,
        "status": kind.status,
        "detail": detail,
        "remedy": kind.remedy,
        "instance": scope["path"],
        "request_id": _request_id(scope),
        "errors": errors or [],
    }


def _request_id(scope: Scope) -> str:
    state = scope.setdefault("state", {})
    return str(state.setdefault("request_id", uuid.uuid4().hex))
