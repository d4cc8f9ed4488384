"""Outgoing events as Standard Webhooks: what is told, in which shape, how it is signed, and when it is tried again.

Payloads are thin (ids, status, addresses): whoever wants more asks with a key of their own, and an event that went astray
gives nothing away. A delivery keeps its id over all attempts, so that receivers can tell a repetition.

    https://www.standardwebhooks.com, version 1: HMAC-SHA-256 over "id.timestamp.body", header values "v1,BASE64"
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from standardwebhooks import Webhook

from app.core.canonical import canonical

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class Event(StrEnum):
    """What receivers are told of."""

    RECEIVED = "claim.received"
    FINISHED = "verification.finished"
    RECORDED = "verdict.recorded"
    CORRECTED = "verdict.corrected"
    OPENED = "record.opened"
    CLOSED = "record.closed"
    OFFLINE = "worker.offline"  # for endpoints of the operator alone
    DISABLED = "endpoint.disabled"  # another endpoint of the same publisher was switched off
    TEST = "endpoint.test"  # asked for by its owner; always delivered


def opening(before: Mapping[str, Any], after: Mapping[str, Any]) -> Event | None:
    """Return what a change of a record's facts means for strangers: they are shown more, or less; None: as much.

    Private shows nothing, public the record with its verdicts, and with its claims opened also these one by one. How open
    the claims of a private record are makes no difference until it is public.
    """
    was, now = _shown(before), _shown(after)
    return None if was == now else Event.OPENED if now > was else Event.CLOSED


def _shown(facts: Mapping[str, Any]) -> int:
    return 0 if facts["visibility"] != "public" else 2 if facts["claims_public"] else 1


#: What an endpoint may subscribe to.
SUBSCRIBABLE = tuple(event.value for event in Event if event is not Event.TEST)

#: Seconds to wait after each failed attempt; the first attempt comes at once, and after the last one it is over.
SCHEDULE: tuple[float, ...] = (5, 300, 1_800, 7_200, 18_000, 36_000, 36_000)
JITTER = 0.2  # up to this share is added to each pause, so that a receiver that comes back is not met by all at once
ANSWER_BYTES_MAX = 1024  # of each answer that are kept
SECRET_PREFIX = "whsec_"  # noqa: S105 - no secret
SECRET_BYTES = 32


@dataclass(frozen=True)
class Outcome:
    """What came of one attempt."""

    status: int | None  # of the answer; None: there was none
    answer: str  # the beginning of its body
    error: str  # why it failed; empty: it did not
    gone: bool = False  # the receiver asks never to be sent anything again

    @property
    def delivered(self) -> bool:
        """Whether the receiver took it."""
        return not self.error


def judge(status: int, answer: bytes) -> Outcome:
    """Return what an answer means: 2xx took it, 410 wants no more, a redirection is a failure like everything else."""
    text = answer[:ANSWER_BYTES_MAX].decode("utf-8", "replace").replace("\0", "\ufffd")
    if 200 <= status < 300:
        return Outcome(status, text, "")
    if 300 <= status < 400:
        return Outcome(status, text, "redirections are not followed; name the final address")
    return Outcome(status, text, f"the receiver answered {status}", gone=status == 410)


def pause(attempts: int, chance: float, schedule: Sequence[float] = SCHEDULE) -> float | None:
    """Return the seconds until the next attempt; None: there is none.

    Args:
        attempts: made so far, all failed; at least 1.
        chance: a random number in [0, 1).
        schedule: seconds after each failed attempt.

    """
    if attempts > len(schedule):
        return None
    return schedule[attempts - 1] * (1 + JITTER * chance)


def body(event: str, moment: datetime, data: Mapping[str, Any], base: str) -> bytes:
    """Return the bytes that are sent: canonical JSON, addresses made absolute.

    Args:
        event: what happened.
        moment: when it happened, not when it is sent.
        data: ids, states, and under `urls` paths of the service.
        base: address of the service, without a slash at its end.

    """
    urls = {name: base + path for name, path in data.get("urls", {}).items() if path is not None}
    told = {**data, "urls": urls} if urls else dict(data)
    return canonical({"type": event, "timestamp": moment.isoformat(), "data": told})


def headers(message_id: str, moment: datetime, sent: bytes, secrets: Sequence[str]) -> dict[str, str]:
    """Return the headers of an attempt, signed with every secret in use: the newest one first.

    Args:
        message_id: of the delivery, the same in every attempt.
        moment: of this attempt, aware, UTC.
        sent: the exact body.
        secrets: `whsec_…`; while one is replaced by another, both.

    """
    text = sent.decode("utf-8")
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": " ".join(Webhook(secret).sign(message_id, moment, text) for secret in secrets),
        "content-type": "application/json",
        "user-agent": "assay-webhooks/1",
    }


def secret_of(random: bytes) -> str:
    """Return a secret's text."""
    return SECRET_PREFIX + base64.b64encode(random).decode("ascii")
