"""Webhooks that come in: which sources there are, and whether a request was signed by one.

Theory of operation. A signature is over the bytes as they came, so nothing is parsed before it holds, and it is compared in
constant time with what each secret in use gives. That is made while the body comes, so that nobody has to hold a body as a
whole before it is known to be signed, and none is taken in that came without anything to hold it against. What a signature
covers decides what may be believed afterwards:

    github, forgejo   HMAC-SHA-256 over the body alone. There is no time in it, and the delivery's id and the event's name
                      are headers that anybody could change. So a delivery is the same again when its body is, under
                      whatever id it comes. And a body is worked on once for each topic that its header may name
                      (`Topic`): sent under another event's name it takes nothing from the true one, and it is found not
                      to be of that event before anything is done (`hook_payloads.read`). Without a name it is refused.
    gitlab            a token, sent as it is; or a signing token, which is as the next one, but for the event's name
    generic           Standard Webhooks 1: HMAC-SHA-256 over "id.timestamp.body", so that id and time are proved too, and
                      a request of another time than now is refused. Senders that try again keep the id and not the time,
                      so the id says what is the same again.

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

from app.core import hook_github, hook_gitlab
from app.core.hook_change import Topic

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

TOLERANCE_SECONDS = 300  # between the time that a request states and ours
BODY_BYTES_MAX = 25 << 20  # what GitHub sends at most
STANDARD_PREFIX = "whsec_"
SECRET_BYTES_MIN = 16  # of what signs; fewer can be found by trying
_STANDARD_HEADERS = ("webhook-id", "webhook-timestamp", "webhook-signature")
_SIGNATURES_MAX = 20  # of a request; senders put two while they change their secret
_HEX = re.compile(r"[0-9a-f]{64}")
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
    digest: str  # of the body, or of an id that is signed too: the same again, on the same topic, is the same delivery
    event: str  # the sender's name for what happened; "" where only the body says so
    topic: Topic | None  # what that name stands for; None: it is missing


class Checking:
    """A request whose body is still to come, held against what its header fields promise."""

    def __init__(self, delivery: str, event: str, topic: Topic | None, held: _Held) -> None:
        self._delivery = delivery
        self._event = event
        self._topic = topic
        self._held = held
        self._digest = hashlib.sha256(held.same)

    @property
    def hopeless(self) -> bool:
        """Whether no body could make the request a signed one, so that none needs to be taken in."""
        return not self._held.token and not (self._held.macs and self._held.given)

    def add(self, chunk: bytes) -> None:
        """Go on with the next bytes of the body."""
        if not self._held.same:
            self._digest.update(chunk)
        for mac in self._held.macs:
            mac.update(chunk)

    def end(self) -> Signed | None:
        """Return what was signed, the body being over; None: nothing was, or not by one of the secrets."""
        held = self._held.token
        for mac in self._held.macs:
            made = self._held.spelled(mac.digest())
            for given in self._held.given:
                held |= hmac.compare_digest(made, given)
        digest = self._digest.hexdigest()
        return Signed(self._delivery or digest, digest, self._event, self._topic) if held else None


@dataclass(frozen=True)
class _Held:
    """By what a request may turn out to be signed."""

    token: bool = False  # it showed a secret itself
    macs: Sequence[hmac.HMAC] = ()  # one for each secret in use, over what precedes the body
    given: Sequence[bytes] = ()  # signatures
    spelled: Callable[[bytes], bytes] = binascii.hexlify
    same: bytes = b""  # what is signed beside the body and says that it is the same again; empty: the body does


def begin(kind: Kind, secrets: Sequence[str], headers: Mapping[str, str], now: float) -> Checking:
    """Return what a request's body is to be held against.

    Args:
        kind: of the source.
        secrets: in use, each as the source's operator was shown it.
        headers: of the request, names in lower case.
        now: seconds since the epoch.

    """
    event = _first(headers, _EVENT[kind]) or ""
    topic = _topic(kind, event)
    if kind is Kind.GENERIC or (kind is Kind.GITLAB and "webhook-signature" in headers):
        return _standard(secrets, headers, now, event, topic)
    if kind is Kind.GITLAB:
        shown = headers.get("x-gitlab-token", "").encode()
        known = [hmac.compare_digest(secret.encode(), shown) for secret in secrets]  # each of them, whichever it is
        held = _Held(token=any(known))
        delivery = headers.get("idempotency-key") or headers.get("x-gitlab-event-uuid") or ""
    else:
        given = (_first(headers, _SIGNATURE[kind]) or "").removeprefix("sha256=").lower()
        macs = [hmac.new(secret.encode(), digestmod=hashlib.sha256) for secret in secrets]
        held = _Held(macs=macs, given=[given.encode()] if _HEX.fullmatch(given) else ())
        delivery = _first(headers, _DELIVERY[kind]) or ""
    return Checking(delivery if _ID.fullmatch(delivery) else "", event, topic, held)


def check(kind: Kind, secrets: Sequence[str], headers: Mapping[str, str], body: bytes, now: float) -> Signed | None:
    """Return what was signed; None: nothing was, or not by one of these secrets, or at another time; as `begin`."""
    checking = begin(kind, secrets, headers, now)
    checking.add(body)
    return checking.end()


_SIGNATURE = {
    Kind.GITHUB: ("x-hub-signature-256",),
    Kind.FORGEJO: ("x-forgejo-signature", "x-gitea-signature", "x-hub-signature-256"),
}
_DELIVERY = {
    Kind.GITHUB: ("x-github-delivery",),
    Kind.FORGEJO: ("x-forgejo-delivery", "x-gitea-delivery"),
}
_EVENT: dict[Kind, tuple[str, ...]] = {
    Kind.GITHUB: ("x-github-event",),
    Kind.GITLAB: ("x-gitlab-event",),
    Kind.FORGEJO: ("x-forgejo-event", "x-gitea-event"),
    Kind.GENERIC: (),
}


def _topic(kind: Kind, event: str) -> Topic | None:
    if kind is Kind.GENERIC:
        return Topic.CLAIM
    topics = hook_gitlab.TOPICS if kind is Kind.GITLAB else hook_github.TOPICS
    return topics.get(event, Topic.OTHER) if event else None


def _standard(
    secrets: Sequence[str], headers: Mapping[str, str], now: float, event: str, topic: Topic | None
) -> Checking:
    delivery, stamp, given = (headers.get(name, "") for name in _STANDARD_HEADERS)
    begun = f"{delivery}.{stamp}.".encode()
    well_formed = _ID.fullmatch(delivery) and re.fullmatch(r"[0-9]{1,12}", stamp)
    if not well_formed or abs(now - int(stamp)) > TOLERANCE_SECONDS:
        return Checking(delivery, event, topic, _Held())
    signatures = [item[3:].encode() for item in given.split() if item.startswith("v1,")][:_SIGNATURES_MAX]
    macs = [hmac.new(key_of(secret), begun, hashlib.sha256) for secret in secrets]
    held = _Held(macs=macs, given=signatures, spelled=base64.b64encode, same=delivery.encode())
    return Checking(delivery, event, topic, held)


def key_of(secret: str) -> bytes:
    """Return the key in a secret of Standard Webhooks; a text that is no base64 is a key as it stands."""
    try:
        return base64.b64decode(secret.removeprefix(STANDARD_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        return secret.encode()


def is_secret(text: str) -> bool:
    """Whether a text of the operator's choice can be a secret: signs that a header may hold, and enough to sign with."""
    plain = text.isascii() and text.isprintable() and " " not in text
    signs = key_of(text) if text.startswith(STANDARD_PREFIX) else text
    return plain and len(signs) >= SECRET_BYTES_MIN


def spell(random: bytes) -> str:
    """Return a fresh secret's text, good for every kind: forges sign with its characters, the standard with its bytes."""
    return STANDARD_PREFIX + base64.b64encode(random).decode("ascii")


def _first(headers: Mapping[str, str], names: Sequence[str]) -> str | None:
    return next((headers[name] for name in names if headers.get(name)), None)
