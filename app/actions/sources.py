"""Sources of webhooks: made, given another secret, ended, and opened for who works on what they delivered.

Secrets are shut before they become rows (`app.core.lockbox`), and shown once, by what makes them.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.actions.pepper import pepper
from app.core import lockbox
from app.core.check_runs import App
from app.core.errors import Fault, Problem, Refusal
from app.core.hooks import spell
from app.store import hook_reports, hooks, source_lists, sources
from app.store.ids import new_id
from app.store.sources import NewSource

if TYPE_CHECKING:
    from datetime import timedelta

    from app.actions.parts import Parts
    from app.store.sources import KnownSource

__all__ = ["NewSource", "OpenSource"]

SECRET_BYTES = 32
_SECRET, _TOKEN, _APP = "secret", "token", "app"


@dataclass(frozen=True)
class OpenSource:
    """A source with what opens its forge."""

    known: KnownSource
    token: str | None
    app: App | None

    @property
    def reports(self) -> bool:
        """Whether its commits can be told anything."""
        return self.token is not None or self.app is not None


def add_source(parts: Parts, new: NewSource, secret: str | None = None) -> tuple[str, str]:
    """Make a source; returns its id and its secret, a fresh one unless one is given, which nobody is told again."""
    source_id, text = new_id("src"), secret or spell(secrets.token_bytes(SECRET_BYTES))
    locked = {
        "token": None if new.token is None else _shut(parts, new.token, source_id, _TOKEN),
        "app": None if new.app is None else _shut(parts, new.app, source_id, _APP),
    }
    shut = _shut(parts, text, source_id, _SECRET)
    with parts.store.transaction() as session:
        sources.add(session, source_id, NewSource(**{**vars(new), **locked}), shut)
    return source_id, text


def rotate_source(parts: Parts, source_id: str, overlap: timedelta, secret: str | None = None) -> str | None:
    """Give a source another secret and return it; the old one stays good during the overlap. None: there is no such one."""
    text = secret or spell(secrets.token_bytes(SECRET_BYTES))
    locked = _shut(parts, text, source_id, _SECRET)
    with parts.store.transaction() as session:
        return text if sources.rotate(session, source_id, locked, overlap.total_seconds()) else None


def remove_source(parts: Parts, source_id: str) -> bool:
    """Let a source be none any more; False when there is no such source."""
    with parts.store.transaction() as session:
        return sources.remove(session, source_id)


def open_source(parts: Parts, source_id: str) -> OpenSource | None:
    """Return a source with what opens its forge; None when there is none any more."""
    with parts.store.read() as session:
        known = sources.find(session, source_id)
    if known is None:
        return None
    app = None if known.app is None else App(**json.loads(_opened(parts, known.app, source_id, _APP)))
    return OpenSource(known, None if known.token is None else _opened(parts, known.token, source_id, _TOKEN), app)


def replay_incoming(parts: Parts, identity: str, publisher: str | None) -> bool:
    """Work on a delivery again that failed or waits, or tell a commit again; False: the publisher has none such.

    Args:
        parts: the service's parts.
        identity: of a delivery, `hkd_…`, or of what a commit is to be told, `hkr_…`.
        publisher: whose it has to be; None: anybody's.

    Raises:
        Refusal: there is nothing to be done again, or nothing to do it with.

    """
    with parts.store.transaction() as session:
        found = source_lists.source_of(session, identity)
        if found is None or publisher not in {None, found[1]}:
            return False
        delivery = identity.startswith("hkd_")
        if hooks.held(session, identity):
            remedy = (
                "look at what comes of it; whatever a lost worker held is taken up again within a quarter of an hour"
            )
            raise _not_again(f"{'it is worked on' if delivery else 'the commit is being told'} at this moment", remedy)
        if found[2]:
            raise _not_again("its source was removed", "add one, then let the forge deliver it again")
        if delivery and not hooks.replay(session, identity):
            remedy = "let its sender deliver it again"
            raise _not_again(
                "it is done, or failed so long ago that its payload is no longer kept, or would fail again", remedy
            )
        if not delivery and not hook_reports.replay(session, identity):
            raise _not_again("the commit was told", "ask for the check again at the forge, or push")
    parts.queue.nudge_hooks()
    return True


def _not_again(detail: str, remedy: str) -> Refusal:
    return Refusal.of(Problem(None, None, "", "not-again", detail, remedy))


def secrets_of(parts: Parts, source: KnownSource) -> list[str]:
    """Return the secrets of a source that are in use, the newest first."""
    return [_opened(parts, item, source.id, _SECRET) for item in source.secrets]


def _shut(parts: Parts, secret: str, source_id: str, what: str) -> str:
    """Return what is stored of a secret, bound to its source and to what it is there."""
    return lockbox.shut(secret, pepper(parts.settings), secrets.token_bytes(lockbox.NONCE_BYTES), f"{source_id} {what}")


def _opened(parts: Parts, stored: str, source_id: str, what: str) -> str:
    found = parts.settings.read_pepper()
    if found is None:  # another one, made now, would open nothing
        path = parts.settings.pepper_file
        raise Fault("key-pepper", f"the pepper {path} is gone", "restore it from a backup; see ASSAY_KEY_PEPPER")
    return lockbox.opened(stored, found, f"{source_id} {what}")
