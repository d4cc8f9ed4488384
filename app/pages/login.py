"""`/login`: a browser shows an API key once, and acts for its publisher until the login ends or the key does.

The key goes into the body of one form and nowhere else; the browser keeps a token instead, in a cookie that no script
reads. A key that is unknown, misspelt, expired or revoked is answered in the same words after the same one statement.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool

from app import actions
from app.api.callers import ANYBODY, OWN_NAMES, CallerDep, Door, cookie_name
from app.api.forms import Fields, OwnScheme, Sender
from app.api.limits import count
from app.api.parts import PartsDep
from app.api.problems import ApiError
from app.core.caller import Scope
from app.pages.shell import led, page, twin, viewer_of

if TYPE_CHECKING:
    from app.api.callers import Viewer

router = APIRouter(include_in_schema=False)

#: Where somebody may be led after a login: an address of a page of ours, and nothing that a browser takes for another host.
_OWN_PAGE = re.compile(r"/(?![/\\])[!-~]{0,400}")
MAY = {
    Scope.CLAIMS_WRITE: "change its records",
    Scope.VERIFICATIONS_WRITE: "submit, cancel and retry verifications",
    Scope.VERDICTS_READ: "see its own private records, claims, verifications, runs and verdicts",
    Scope.EVIDENCE_READ: "fetch the evidence of these",
    Scope.WEBHOOKS_MANAGE: "manage its webhooks",
    Scope.ADMIN: "see and do everything of everybody",
}


@router.get("/login.json")
def read_json(request: Request, caller: CallerDep) -> Response:
    """Answer with who looks, for programs."""
    viewer = viewer_of(request)
    login = viewer.login if viewer is not None else None
    return twin(
        request,
        {
            "publisher": caller.publisher,
            "key_id": caller.key_id,
            "key_name": None if login is None else login.key_name,
            "scopes": sorted(caller.scopes),
            "until": None if login is None else login.until,
            "loopback": caller.loopback,
        },
    )


@router.get("/login")
def read(request: Request, caller: CallerDep) -> Response:  # noqa: ARG001 - it is in the request's state from then on
    """Answer with the form, or with who is logged in."""
    return _page(request, _came_from(request))


@router.post("/login", dependencies=[ANYBODY])
async def log_in(request: Request, parts: PartsDep, scheme: OwnScheme, fields: Fields) -> Response:
    """Begin a login, and lead back to where it was wanted."""
    key, goal = fields.get("key", "").strip(), _own(fields.get("next", ""))
    if scheme != "https" and _name(request) not in OWN_NAMES:
        raise ApiError("login-insecure", "the browser came here without TLS")
    door: Door = request.app.state.door
    # Whatever is shown is looked for, so that no answer tells by its time how far a key was from a good one.
    caller = await run_in_threadpool(door.of_key, key)
    if caller is None or caller.key_id is None:
        await count(request, None)
        answer = _page(request, goal, status=401, refused=True)
        answer.headers["WWW-Authenticate"] = 'Bearer realm="assay", error="invalid_token"'
        return answer
    token = await run_in_threadpool(actions.log_in, parts, caller.key_id)
    return _led(request, goal, token, int(parts.settings.login_seconds), secure=scheme == "https")


@router.post("/logout")
def log_out(request: Request, parts: PartsDep, sender: Sender) -> Response:  # noqa: ARG001 - whose form it must be
    """End the login of this browser."""
    token = request.cookies.get(cookie_name(request))
    if token is not None:
        actions.log_out(parts, token)
    return _led(request, "/", "", 0, secure=cookie_name(request).startswith("__Host-"))


def _page(request: Request, goal: str, status: int = 200, *, refused: bool = False) -> Response:
    viewer: Viewer | None = viewer_of(request)
    shown: dict[str, Any] = {"viewer": viewer, "goal": goal, "refused": refused, "may": MAY}
    answer = page(request, "login.html", status, **shown)
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _led(request: Request, goal: str, token: str, seconds: int, *, secure: bool) -> Response:
    """Return the way to a page, with the cookie set or, with an empty token, taken away."""
    answer = led(goal)
    name = cookie_name(request)
    secure = secure or name.startswith("__Host-")
    answer.set_cookie(name, token, seconds, path="/", secure=secure, httponly=True, samesite="lax")
    return answer


def _came_from(request: Request) -> str:
    """Return the page of ours that leads to the login, to lead back there: as the link says it, else the browser."""
    if request.query_params.get("next"):
        return _own(request.query_params["next"])
    came = urlsplit(request.headers.get("referer", ""))
    if came.netloc.lower() != request.headers.get("host", "").lower():
        return "/"
    return _own(came.path + (f"?{came.query}" if came.query else ""))


def _own(goal: str) -> str:
    return goal if _OWN_PAGE.fullmatch(goal) and not goal.startswith(("/login", "/logout")) else "/"


def _name(request: Request) -> str:
    host = request.headers.get("host", "").lower()
    name, _, port = host.rpartition(":")
    return name if port.isdigit() else host
