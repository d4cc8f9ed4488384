"""Who asks: what a request shows is made into a `Caller`, once, before any handler.

    Authorization: Bearer assay_live_…    a key. One that is misspelt, unknown, expired or revoked is answered 401, always
                                          in the same words and after the same one statement.
    the cookie of a login                 its key's caller, until the login or the key ends. A cookie comes along with
                                          whatever a page makes a browser send, so that it counts for reading, and for
                                          forms that also carry what only their page could know (`app.api.forms`).
    neither                               the loopback while no key exists and the service answers its own machine only,
                                          unless another site's page asks (as with cookies that are `SameSite=Lax`);
                                          else a stranger, who sees what is public

Every route says who may ask, by one of three dependencies; a test walks through all routes and finds those that do not.

    caller: CallerDep                     anybody may ask, and is shown what he may know of:
                                          `visible_to(caller)` of `app.store.visible` goes into the statement
    caller: Annotated[Caller, needs(S)]   the key needs the scope S; 401 without a key, 403 without the scope
    dependencies=[ANYBODY]                everybody is answered alike
"""

from __future__ import annotations

import ipaddress
import os
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import Depends, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.security import HTTPBearer

from app.api.access import SAFE_METHODS, asked_from_elsewhere
from app.api.limits import count
from app.api.parameters import refuse_unread
from app.api.problems import ApiError
from app.core.apikeys import PEPPER_BYTES, hashed
from app.core.caller import STRANGER, Caller, Scope
from app.store import api_keys, logins
from app.store.errors import StoreUnavailable

if TYPE_CHECKING:
    from app.actions import Parts
    from app.settings import Settings

OWN_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})  # of this machine
ASKED_SECONDS = 1.0  # for reading, that no key exists is believed so long
_BEARER = HTTPBearer(scheme_name="key", description="`assay_live_…`, from `assay keys create`", auto_error=False)


@dataclass(frozen=True)
class Viewer:
    """Who looks at a page, and what the forms of that page carry."""

    caller: Caller
    login: logins.Login | None = None
    form_token: str = ""  # empty: whoever looks may send no form


class Door:
    """What the web process knows of keys between two requests."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self.alone = answers_itself_only(parts.settings)
        self._loopback = Caller(publisher=parts.settings.publisher, loopback=True)
        self._keys_exist = False
        self._asked = float("-inf")
        self._pepper: bytes | None = None
        self._form_token = os.urandom(32).hex()  # of the loopback, who has no login
        self._no_pepper = os.urandom(PEPPER_BYTES)  # where no key was ever made a wrong one costs the same work

    def hash(self, text: str) -> str:
        """Return what a key is stored as."""
        if self._pepper is None:
            self._pepper = self.parts.settings.read_pepper()
        return hashed(text, self._pepper or self._no_pepper)

    def of_key(self, key: str) -> Caller | None:
        """Return who stands behind a key; None when it is not good."""
        digest = self.hash(key)
        with self.parts.store.read() as session:
            return self._used(api_keys.find(session, digest))

    def of_login(self, token: str) -> Viewer | None:
        """Return who stands behind the cookie of a login; None when it is over."""
        digest = self.hash(token)
        with self.parts.store.read() as session:
            login = logins.find(session, digest)
        return None if login is None else Viewer(login.caller, login, self.form_token(token))

    def of_nobody(self, caller: Caller) -> Viewer:
        """Return a viewer who shows nothing: the loopback may send forms of pages that this process made."""
        return Viewer(caller, None, self._form_token if caller.loopback else "")

    def form_token(self, token: str) -> str:
        """Return what a form carries: only pages of its own login know it, for the cookie itself is no script's to read."""
        return self.hash(f"form {token}")

    def nobody_known(self) -> Caller | None:
        """Return who it is that shows nothing, if that need not be looked up: nobody can un-make a key."""
        if not self.alone or self._keys_exist:
            return STRANGER
        return self._loopback if time.monotonic() - self._asked < ASKED_SECONDS else None

    def nobody(self) -> Caller:
        """Return who it is that shows nothing, looked up now."""
        if self.alone and not self._keys_exist:
            with self.parts.store.read() as session:
                self._keys_exist = api_keys.any_exists(session)
            self._asked = time.monotonic()
        return STRANGER if self._keys_exist or not self.alone else self._loopback

    def _used(self, found: api_keys.Found | None) -> Caller | None:
        if found is None:
            return None
        now = datetime.now(UTC)
        if found.used_at is None or now - found.used_at.replace(tzinfo=UTC) >= api_keys.USED_EVERY:
            with (
                suppress(StoreUnavailable),
                self.parts.store.transaction() as session,
            ):  # it is told no more than useful
                api_keys.note_use(session, str(found.caller.key_id), now)
        return found.caller


def answers_itself_only(settings: Settings) -> bool:
    """Whether the settings let in this machine alone, under its own names: whoever else is let in needs a key to write.

    A name of its own means that something in front passes requests on, and then every peer looks like this machine.
    """
    networks = [ipaddress.ip_network(text) for text in settings.allow_clients]
    named = {host.lower() for host in settings.allow_hosts}
    return all(network.is_loopback for network in networks) and named <= OWN_NAMES


async def find_caller(request: Request) -> Caller:
    """Return who asks.

    Raises:
        ApiError: a key was shown that is not good, or it asks too often.
        RequestValidationError: a parameter was sent that nothing reads.

    """
    try:
        viewer = await find_viewer(request, cookie=request.method in SAFE_METHODS)
    except ApiError:
        await count(request, None)
        raise
    await count(request, viewer.caller)
    refuse_unread(request)
    request.state.viewer = viewer
    return viewer.caller


async def find_viewer(request: Request, *, cookie: bool) -> Viewer:
    """Return who asks; a coroutine, for most requests show nothing and a thread's turn costs more than all of it.

    Args:
        request: what was sent.
        cookie: whether a login's counts.

    Raises:
        ApiError: a key was shown that is not good.

    """
    door: Door = request.app.state.door
    shown = request.headers.getlist("authorization")
    if shown:
        kind, _, key = shown[0].partition(" ")
        # Whatever is shown is looked for, so that no answer tells by its time how far a key was from a good one.
        found = await run_in_threadpool(door.of_key, key.strip())
        if found is None or kind.lower() != "bearer" or len(shown) > 1:
            hint = "" if kind.lower() == "bearer" else "; the header is spelled `Authorization: Bearer assay_live_…`"
            raise ApiError(
                "key-refused",
                f"the key is not one of this service, or it is no longer good{hint}",
                {"WWW-Authenticate": 'Bearer realm="assay", error="invalid_token"'},
            )
        return Viewer(found)
    token = request.cookies.get(cookie_name(request)) if cookie else None
    if token is not None:
        known = await run_in_threadpool(door.of_login, token)
        if known is not None:
            return known
    if asked_from_elsewhere(request):
        return door.of_nobody(STRANGER)
    cheap = door.nobody_known() if request.method in SAFE_METHODS else None
    return door.of_nobody(cheap if cheap is not None else await run_in_threadpool(door.nobody))


def cookie_name(request: Request) -> str:
    """Return what a login's cookie is called.

    `__Host-` makes browsers refuse it unless it came over TLS from this very host, so that no neighbour can set one. This
    machine's own names are spoken to without TLS, and their ports share cookies.
    """
    host = request.headers.get("host", "").lower()
    name, _, port = host.rpartition(":")
    if (name if port.isdigit() else host) in OWN_NAMES:
        return f"assay-login-{port if port.isdigit() else 80}"
    return "__Host-assay-login"


CallerDep = Annotated[Caller, Depends(find_caller)]


def needs(scope: Scope) -> Any:
    """Return the dependency of what only a key with a scope may ask for; it gives the caller."""

    async def allowed(caller: CallerDep, _: Annotated[Any, Depends(_BEARER)]) -> Caller:
        if caller.may(scope):
            return caller
        if not caller.known:
            detail = "only a key may ask for this: send `Authorization: Bearer assay_live_…`"
            raise ApiError("key-needed", detail, {"WWW-Authenticate": 'Bearer realm="assay"'})
        raise ApiError("scope-missing", f"the key lacks the scope {scope}")

    allowed.__dict__["scope"] = scope
    return Depends(allowed)


async def anybody(request: Request) -> None:
    """Say that everybody is answered alike, by whichever key; who asks too often is not."""
    await count(request, request.app.state.door.nobody_known() or STRANGER)
    refuse_unread(request)


ANYBODY = Depends(anybody)
