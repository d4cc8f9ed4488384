"""Who asks: what a request shows is made into a `Caller`, once, before any handler.

    Authorization: Bearer assay_live_…    a key. One that is misspelt, unknown, expired or revoked is answered 401, always
                                          in the same words and after the same one statement.
    nothing                               the loopback while no key exists and the service answers its own machine only,
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
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import Depends, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.security import HTTPBearer

from app.api.access import SAFE_METHODS
from app.api.problems import ApiError
from app.core.apikeys import PEPPER_BYTES, hashed
from app.core.caller import STRANGER, Caller, Scope
from app.store import api_keys
from app.store.errors import StoreUnavailable

if TYPE_CHECKING:
    from app.actions import Parts
    from app.settings import Settings

ASKED_SECONDS = 1.0  # for reading, that no key exists is believed so long
_BEARER = HTTPBearer(scheme_name="key", description="`assay_live_…`, from `assay keys create`", auto_error=False)


class Door:
    """What the web process knows of keys between two requests."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self.alone = answers_itself_only(parts.settings)
        self._loopback = Caller(publisher=parts.settings.publisher, loopback=True)
        self._keys_exist = False
        self._asked = float("-inf")
        self._pepper: bytes | None = None
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
    names = {"localhost", "127.0.0.1", "[::1]"}
    return all(network.is_loopback for network in networks) and {host.lower() for host in settings.allow_hosts} <= names


async def find_caller(request: Request) -> Caller:
    """Return who asks; a coroutine, for most requests show nothing and a thread's turn costs more than all of it.

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
            raise ApiError(
                "key-refused",
                "the key is not one of this service, or it is no longer good",
                {"WWW-Authenticate": 'Bearer realm="assay", error="invalid_token"'},
            )
        return found
    cheap = door.nobody_known() if request.method in SAFE_METHODS else None
    return cheap if cheap is not None else await run_in_threadpool(door.nobody)


CallerDep = Annotated[Caller, Depends(find_caller)]


def needs(scope: Scope) -> Any:
    """Return the dependency of what only a key with a scope may ask for; it gives the caller."""

    async def allowed(caller: CallerDep, _: Annotated[Any, Depends(_BEARER)]) -> Caller:
        if caller.may(scope):
            return caller
        if not caller.known:
            raise ApiError("key-needed", "only a key may ask for this", {"WWW-Authenticate": 'Bearer realm="assay"'})
        raise ApiError("scope-missing", f"the key lacks the scope {scope}")

    allowed.__dict__["scope"] = scope
    return Depends(allowed)


async def anybody() -> None:
    """Say that everybody is answered alike."""


ANYBODY = Depends(anybody)
