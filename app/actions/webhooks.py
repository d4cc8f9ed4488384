"""Who is told of events: endpoints, as their owners want them; and what becomes of each delivery."""

from __future__ import annotations

import os
import random
from typing import TYPE_CHECKING, Any

from app.actions.pepper import pepper
from app.core import lockbox, webhook
from app.core.addresses import check_address
from app.core.errors import Problem, Refusal
from app.core.webhook import Event
from app.store import endpoints, outbox
from app.store.ids import new_id

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from app.actions.parts import Parts
    from app.core.webhook import Outcome
    from app.store.outbox import Taken

OVERLAP_SECONDS = 86_400.0  # for so long both secrets sign, by default
OVERLAP_SECONDS_MAX = 604_800.0
ENDPOINTS_MAX = 20  # of a publisher: each of its events is sent to all of them
PATIENCE = 2  # an attempt that takes this many times as long as it may is thought to be lost with its worker


def create_endpoint(  # noqa: PLR0913 - the parts of an endpoint
    parts: Parts, publisher: str, url: str, events: Sequence[str], description: str, *, operator: bool
) -> tuple[dict[str, Any], str]:
    """Make an endpoint; returns it, and its secret, which is shown this once.

    Raises:
        Refusal: it is no address that may be spoken to, there is no such event, or the publisher has enough endpoints.

    """
    _check(parts, {"url": url, "events": events})
    secret, endpoint_id = new_secret(), new_id("whe")
    with parts.store.transaction() as session:
        if endpoints.count(session, publisher) >= ENDPOINTS_MAX:
            remedy = "remove one that is not needed any more"
            detail = f"a publisher has at most {ENDPOINTS_MAX} endpoints"
            raise Refusal.of(Problem(None, None, "", "too-many-endpoints", detail, remedy))
        made = endpoints.create(
            session,
            endpoint_id,
            publisher,
            url=url,
            events=sorted(set(events)),
            description=description,
            operator=operator,
            secret=_shut(parts, secret, endpoint_id),
        )
    return made, secret


def change_endpoint(
    parts: Parts, endpoint_id: str, publisher: str | None, values: Mapping[str, Any]
) -> dict[str, Any] | None:
    """Change address, events, description or state of an endpoint; None: the publisher has no such endpoint.

    Raises:
        Refusal: as `create_endpoint`.

    """
    _check(parts, values)
    with parts.store.transaction() as session:
        row = endpoints.find(session, endpoint_id, publisher)
        if row is None:
            return None
        if values.get("state") == "disabled":
            outbox.disable(session, row, None)
        endpoints.change(session, row, values)
        return endpoints.shown(session, row)


def give_up_endpoint(parts: Parts, endpoint_id: str, publisher: str | None) -> bool:
    """Remove an endpoint: it is disabled for good, its address and secrets are forgotten, its log stays for a while."""
    with parts.store.transaction() as session:
        row = endpoints.find(session, endpoint_id, publisher)
        if row is None:
            return False
        outbox.disable(session, row, None)
        endpoints.remove(session, row)
    return True


def rotate_endpoint(parts: Parts, endpoint_id: str, publisher: str | None, overlap_seconds: float) -> str | None:
    """Give an endpoint a new secret and return it; the old one signs beside it for a while. None: no such endpoint."""
    secret = new_secret()
    with parts.store.transaction() as session:
        row = endpoints.find(session, endpoint_id, publisher)
        if row is None:
            return None
        endpoints.rotate(session, row, _shut(parts, secret, row.id), min(overlap_seconds, OVERLAP_SECONDS_MAX))
    return secret


def test_endpoint(parts: Parts, endpoint_id: str, publisher: str | None) -> str | None:
    """Send an endpoint an event that says nothing; returns the delivery's id, None: no such endpoint.

    Raises:
        Refusal: it is disabled.

    """
    with parts.store.transaction() as session:
        row = endpoints.find(session, endpoint_id, publisher)
        if row is None:
            return None
        _must_be_enabled(row.state)
        sent = outbox.tell_one(session, row.id, Event.TEST, {"endpoint_id": row.id})
    parts.queue.nudge_deliver()
    return sent


def replay_delivery(parts: Parts, delivery_id: str, publisher: str | None) -> str | None:
    """Make a delivery again that was taken or given up, or now that waits, under its own id; returns its state before.

    None: the publisher has no such delivery.

    Raises:
        Refusal: its endpoint is disabled (`endpoint-disabled`), or an attempt is being made (`not-again`).

    """
    with parts.store.transaction() as session:
        owner = endpoints.owner_of_delivery(session, delivery_id)
        if owner is None or publisher not in {None, owner[0]}:
            return None
        row = endpoints.find(session, owner[1], None)
        _must_be_enabled("disabled" if row is None else row.state)
        before = outbox.replay(session, delivery_id)
    if before is None:
        detail, remedy = "an attempt at it is being made at this moment", "look at what comes of it"
        raise Refusal.of(Problem(None, None, "", "not-again", detail, remedy))
    parts.queue.nudge_deliver()
    return before


def take_deliveries(parts: Parts, most: int, busy: Mapping[str, int] | None = None) -> list[Taken]:
    """Take due deliveries whose next attempt is then the caller's to make, who makes `busy` ones by endpoint already."""
    with parts.store.transaction() as session:
        return outbox.take(session, most, PATIENCE * parts.settings.webhook_timeout_seconds, busy or {})


def secrets_of(parts: Parts, taken: Taken) -> tuple[str, ...]:
    """Return the secrets that sign a delivery, the newest first.

    Raises:
        Fault: they were shut under another pepper than this process has.

    """
    return tuple(lockbox.opened(secret, pepper(parts.settings), taken.endpoint_id) for secret in taken.secrets)


def settle_delivery(parts: Parts, taken: Taken, outcome: Outcome, duration_ms: int) -> str:
    """Write down what came of an attempt; returns the delivery's state."""
    settings = parts.settings
    chance = random.random()  # noqa: S311 - spreads attempts, guards nothing
    with parts.store.transaction() as session:
        return outbox.settle(
            session,
            taken,
            outcome,
            duration_ms=duration_ms,
            again_after=webhook.pause(taken.attempts, chance, settings.webhook_schedule),
            give_up_after=settings.webhook_disable_seconds,
        )


def deliveries_due_in(parts: Parts) -> float | None:
    """Return the seconds until something is to be delivered; None: nothing waits."""
    with parts.store.read() as session:
        return outbox.due_in(session)


def new_secret() -> str:
    """Return a fresh secret of the standard."""
    return webhook.secret_of(os.urandom(webhook.SECRET_BYTES))


def _shut(parts: Parts, secret: str, endpoint_id: str) -> str:
    return lockbox.shut(secret, pepper(parts.settings), os.urandom(lockbox.NONCE_BYTES), endpoint_id)


def _check(parts: Parts, values: Mapping[str, Any]) -> None:
    if "url" in values:
        check_address(values["url"], parts.settings.outside_allow)
    unknown = sorted(set(values.get("events", ())) - set(webhook.SUBSCRIBABLE))
    if unknown or values.get("events") == []:
        remedy = f"use one or more of {', '.join(webhook.SUBSCRIBABLE)}"
        raise Refusal.of(Problem(None, None, "/events", "unknown-event", "there is no such event", remedy))


def _must_be_enabled(state: str) -> None:
    if state == "disabled":
        remedy = "enable it again first"
        raise Refusal.of(Problem(None, None, "", "endpoint-disabled", "the endpoint is disabled", remedy))
