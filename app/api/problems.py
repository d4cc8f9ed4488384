"""Errors as RFC 9457 problem documents, translated in this one place.

Errors of the core know no HTTP status; the table below gives them one. An unexpected exception answers 500 without its
text: that goes to the log under the same `request_id`. Input is never echoed back.
"""

from __future__ import annotations

import json
import logging
import uuid
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from app.core.errors import Fault, Refusal
from app.store.errors import StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"


class ProblemItem(BaseModel):
    """One thing that is wrong with a request, where it stands, and what to do."""

    location: str = Field(description="`body`, `query`, `path`, `header`, or the file of the bundle", alias="in")
    pointer: str = Field(description="JSON pointer into the document")
    line: int | None = Field(default=None, description="line of the file, where there is one")
    code: str
    detail: str
    remedy: str = ""


class Problem(BaseModel):
    """A problem document (RFC 9457)."""

    type: str = Field(description="address of the page that explains this kind of problem")
    title: str
    status: int
    detail: str
    instance: str = Field(description="path of the request")
    request_id: str = Field(description="quote it when you ask the operator")
    errors: list[ProblemItem] = []


class ApiError(Exception):
    """A request that cannot be served, with its HTTP status."""

    def __init__(self, status: int, code: str, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.headers = dict(headers or {})


def not_found(what: str) -> ApiError:
    """Return the answer for a thing that does not exist, or that the caller may not know of."""
    return ApiError(404, "not-found", f"there is no such {what}")


def problem(  # noqa: PLR0913 - the fields of the document
    request: Request,
    status: int,
    code: str,
    detail: str,
    *,
    errors: list[dict[str, Any]] | None = None,
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    """Return one problem document."""
    return JSONResponse(
        _document(status, code, detail, request.url.path, _request_id(request.scope), errors),
        status_code=status,
        media_type=MEDIA_TYPE,
        headers=headers,
    )


def install(app: FastAPI) -> None:
    """Make every error of `app` a problem document."""

    @app.exception_handler(Refusal)
    def _refusal(request: Request, error: Refusal) -> JSONResponse:
        errors = [
            {
                "in": item.file or "body",
                "pointer": item.pointer,
                "line": item.line,
                "code": item.code,
                "detail": item.detail,
                "remedy": item.remedy,
            }
            for item in error.problems
        ]
        return problem(request, 422, "bundle-refused", error.detail, errors=errors)

    @app.exception_handler(ApiError)
    def _api_error(request: Request, error: ApiError) -> JSONResponse:
        return problem(request, error.status, error.code, error.detail, headers=error.headers)

    @app.exception_handler(HTTPException)
    def _http(request: Request, error: HTTPException) -> JSONResponse:
        status = HTTPStatus(error.status_code)
        code = status.phrase.lower().replace(" ", "-")
        return problem(request, status, code, status.description or status.phrase, headers=error.headers)

    @app.exception_handler(RequestValidationError)
    def _invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        errors = [
            {
                "in": str(item["loc"][0]) if item["loc"] else "body",
                "pointer": "".join(f"/{part}" for part in item["loc"][1:]),
                "line": None,
                "code": str(item["type"]).replace("_", "-"),
                "detail": str(item["msg"]),
                "remedy": "",
            }
            for item in error.errors()
        ]
        return problem(request, 422, "invalid-request", "the request does not fit its description", errors=errors)

    @app.exception_handler(StoreUnavailable)
    def _unavailable(request: Request, error: StoreUnavailable) -> JSONResponse:
        log.error("store unavailable (%s): %s", _request_id(request.scope), error)
        detail = "the database cannot be reached; nothing was stored, send the request again"
        return problem(request, 503, "store-unavailable", detail, headers={"Retry-After": "5"})

    @app.exception_handler(Fault)
    def _fault(request: Request, error: Fault) -> JSONResponse:
        log.error("fault %s (%s): %s", error.reason_code, _request_id(request.scope), error)
        return problem(request, 500, "service-fault", "the service failed; this says nothing about any claim")

    @app.exception_handler(Exception)
    def _unexpected(request: Request, error: Exception) -> JSONResponse:
        log.error("unexpected error (%s)", _request_id(request.scope), exc_info=error)
        return problem(request, 500, "internal-error", "the service failed; this says nothing about any claim")


class ProblemGuard:
    """ASGI wrapper that gives every request an id and turns bare error answers into problem documents.

    The body limiter and the router's own 404 inside mounted apps answer before exception handlers see anything; their
    plain text becomes a problem document here.
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
                if message["status"] >= 400 and not kind.startswith(MEDIA_TYPE):
                    replaced = _replacement(message["status"], scope)
                    kept = [(name, value) for name, value in headers if name in {b"allow", b"retry-after"}]
                    message = {
                        **message,
                        "headers": [
                            *kept,
                            (b"content-type", MEDIA_TYPE.encode()),
                            (b"content-length", str(len(replaced)).encode()),
                        ],
                    }
                message["headers"] = [*message["headers"], (b"x-request-id", _request_id(scope).encode())]
            elif replaced is not None:
                message = {"type": "http.response.body", "body": replaced, "more_body": False}
                replaced = b""
                if not message["body"]:
                    return
            await send(message)

        await self.app(scope, receive, relay)


def _replacement(status: int, scope: Scope) -> bytes:
    phrase = HTTPStatus(status)
    code = phrase.phrase.lower().replace(" ", "-")
    detail = "the request body is larger than the service accepts" if status == 413 else phrase.description
    return json.dumps(_document(status, code, detail, scope["path"], _request_id(scope), None)).encode()


def _document(  # noqa: PLR0913 - the fields of the document
    status: int, code: str, detail: str, path: str, request_id: str, errors: list[dict[str, Any]] | None
) -> dict[str, Any]:
    return {
        "type": f"/problems/{code}",
        "title": code.replace("-", " ").capitalize(),
        "status": status,
        "detail": detail,
        "instance": path,
        "request_id": request_id,
        "errors": errors or [],
    }


def _request_id(scope: Scope) -> str:
    state = scope.setdefault("state", {})
    return str(state.setdefault("request_id", uuid.uuid4().hex))
