"""Webhooks that come in: which sources there are, and whether a request was signed by one.

Theory of operation. A signature is over the bytes as they came, so nothing is parsed before it holds, and it is compared in
constant time with what each secret in use gives. What it covers decides what may be believed afterwards:

    github, forgejo   HMAC-SHA-256 over the body alone. There is no time in it, and the delivery's id and the event's name
                      are headers that anybody could change: a body that was worked on is never worked on again, under
                      whatever id it comes.
    gitlab            a token, sent as it is; or a signing token, which is as the next one
    generic           Standard Webhooks 1: HMAC-SHA-256 over "id.timestamp.body", so that id and time are proved too, and
                      a request of another time than now is refused

    https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
    https://docs.gitlab.com/user/project/integrations/webhooks
    https://forgejo.org/docs/latest/user/webhooks
    https://www.standardwebhooks.com
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

TOLERANCE_SECONDS = 300  # between the time that a request states and ours
BODY_BYTES_MAX = 25 << 20  # what GitHub sends at most
STANDARD_PREFIX = "whsec_"
_STANDARD_HEADERS = ("webhook-id", "webhook-timestamp", "webhook-signature")
_ID = re.compile(r"[\x21-\x7e]{1,200}")


class Kind(StrEnum):
    """Who sends: a forge, or any program that signs as Standard Webhooks asks for."""

    GITHUB = "github"
    GITLAB = "gitlab"
    FORGEJO = "forgejo"  # and Gitea
    GENERIC = "generic"


FORGES = (Kind.GITHUB, Kind.GITLAB, Kind.FORGEJO)


@dataclass(frozen=True)
class Signed:
    """A request whose signature held."""

    delivery: str  # the sender's id of it, or a digest where it has none
    digest: str  # of all that was signed: the same again is the same delivery
    event: str  # the sender's name for what happened; "" where only the body says so


def check(kind: Kind, secrets: Sequence[str], headers: Mapping[str, str], body: bytes, now: float) -> Signed | None:
    """Return what was signed; None: nothing was, or not by one of these secrets, or at another time.

    Args:
        kind: of the source.
        secrets: in use, each as the source's operator was shown it.
        headers: of the request, names in lower case.
        body: as it came.
        now: seconds since the epoch.

    """
    if kind is Kind.GENERIC:
        return _standard(secrets, headers, body, now, event="")
    if kind is Kind.GITLAB and "webhook-signature" in headers:
        return _standard(secrets, headers, body, now, event=headers.get("x-gitlab-event", ""))
    if kind is Kind.GITLAB:
        given = headers.get("x-gitlab-token", "").encode()
        held = [hmac.compare_digest(secret.encode(), given) for secret in secrets]
        delivery = headers.get("idempotency-key") or headers.get("x-gitlab-event-uuid")
        event = headers.get("x-gitlab-event", "")
    else:
        held = _held_by_body(kind, secrets, headers, body)
        delivery = _first(headers, _DELIVERY[kind])
        event = _first(headers, _EVENT[kind]) or ""
    if not any(held):
        return None
    digest = hashlib.sha256(body).hexdigest()
    return Signed(delivery if delivery and _ID.fullmatch(delivery) else digest, digest, event)


_SIGNATURE = {
    Kind.GITHUB: ("x-hub-signature-256",),
    Kind.FORGEJO: ("x-forgejo-signature", "x-gitea-signature", "x-hub-signature-256"),
}
_DELIVERY = {
    Kind.GITHUB: ("x-github-delivery",),
    Kind.FORGEJO: ("x-forgejo-delivery", "x-gitea-delivery"),
}
_EVENT = {Kind.GITHUB: ("x-github-event",), Kind.FORGEJO: ("x-forgejo-event", "x-gitea-event")}


def _held_by_body(kind: Kind, secrets: Sequence[str], headers: Mapping[str, str], body: bytes) -> list[bool]:
    """Return for every secret whether it gives the signature over the body; hexadecimal, at GitHub's after `sha256=`."""
    given = (_first(headers, _SIGNATURE[kind]) or "").removeprefix("sha256=").lower().encode()
    made = [hmac.new(secret.encode(), body, hashlib.sha256).hexdigest().encode() for secret in secrets]
    return [hmac.compare_digest(item, given) for item in made]


def _standard(
    secrets: Sequence[str], headers: Mapping[str, str], body: bytes, now: float, *, event: str
) -> Signed | None:
    delivery, stamp, given = (headers.get(name, "") for name in _STANDARD_HEADERS)
    if not _ID.fullmatch(delivery) or not re.fullmatch(r"[0-9]{1,12}", stamp):
        return None
    if abs(now - int(stamp)) > TOLERANCE_SECONDS:
        return None
    signed = f"{delivery}.{stamp}.".encode() + body
    signatures = [item[3:].encode() for item in given.split() if item.startswith("v1,")]
    held = False
    for secret in secrets:
        made = base64.b64encode(hmac.new(key_of(secret), signed, hashlib.sha256).digest())
        for signature in signatures:
            held |= hmac.compare_digest(made, signature)
    return Signed(delivery, hashlib.sha256(signed).hexdigest(), event) if held else None


def key_of(secret: str) -> bytes:
    """Return the key in a secret of Standard Webhooks; a text that is no base64 is a key as it stands."""
    try:
        return base64.b64decode(secret.removeprefix(STANDARD_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        return secret.encode()


def spell(random: bytes) -> str:
    """Return a fresh secret's text, good for every kind: forges sign with its characters, the standard with its bytes."""
    return STANDARD_PREFIX + base64.b64encode(random).decode("ascii")


def _first(headers: Mapping[str, str], names: Sequence[str]) -> str | None:
    return next((headers[name] for name in names if headers.get(name)), None)
