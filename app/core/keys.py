"""Public keys of judges: what a signature is checked with, and by which name a key is known.

A key is Ed25519 (RFC 8032), 32 bytes. Its id is the SHA-256 of its SubjectPublicKeyInfo (RFC 8410), as `openssl pkey -pubin
-outform DER | sha256sum` prints it, so that any tool can name it. A document of keys (`assay-keys-v1`) says from when on a
key signs and since when it no longer does; a PEM file says neither. Private keys are files of the judge's, and no concern
of the core: it takes a `Signer`.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from app.core.canonical import digest
from app.core.errors import AssayError

if TYPE_CHECKING:
    from collections.abc import Iterable

SCHEMA = "assay-keys-v1"
ALGORITHM = "ed25519"
RAW_BYTES = 32
_SPKI = bytes.fromhex("302a300506032b6570032100")  # RFC 8410, section 4: what stands before the 32 bytes
_BEGIN, _END = "-----BEGIN PUBLIC KEY-----", "-----END PUBLIC KEY-----"


class BadKey(AssayError):
    """A file holds no public key that this program can use."""

    def __init__(self, detail: str) -> None:
        super().__init__("bad-key", detail, "give an Ed25519 public key as PEM, or what `assay keys export` printed")


class Signer(Protocol):
    """Who can sign: the holder of a private key."""

    @property
    def public(self) -> PublicKey:
        """The key that its signatures are checked with."""

    def sign(self, message: bytes) -> bytes:
        """Return the 64 bytes of a signature over a message."""


@dataclass(frozen=True)
class PublicKey:
    """An Ed25519 public key."""

    raw: bytes  # 32 bytes

    @cached_property
    def id(self) -> str:
        """`sha256:` and the digest of the key's SubjectPublicKeyInfo."""
        return digest(_SPKI + self.raw)

    @property
    def text(self) -> str:
        """The 32 bytes in base64, as documents and statements spell them."""
        return base64.b64encode(self.raw).decode()

    @property
    def pem(self) -> str:
        """The key as other programs read it."""
        return f"{_BEGIN}\n{base64.b64encode(_SPKI + self.raw).decode()}\n{_END}\n"

    def verifies(self, signature: bytes, message: bytes) -> bool:
        """Whether a signature over a message is this key's."""
        try:
            Ed25519PublicKey.from_public_bytes(self.raw).verify(signature, message)
        except (InvalidSignature, ValueError):  # ValueError: these 32 bytes are no point of the curve
            return False
        return True


@dataclass(frozen=True)
class KnownKey:
    """A public key and the time in which it signs, where that is known."""

    public: PublicKey
    not_before: datetime | None = None
    retired_at: datetime | None = None

    def covers(self, moment: datetime) -> bool:
        """Whether the key was in use at a moment."""
        return (self.not_before is None or self.not_before <= moment) and (
            self.retired_at is None or moment < self.retired_at
        )

    def document(self) -> dict[str, Any]:
        """Return the key's entry in a document of keys."""
        return {
            "keyid": self.public.id,
            "algorithm": ALGORITHM,
            "public_key": self.public.text,
            "not_before": _spelled(self.not_before),
            "retired_at": _spelled(self.retired_at),
        }


def key_set(keys: Iterable[KnownKey]) -> dict[str, Any]:
    """Return the document `assay-keys-v1` of some keys."""
    return {"schema": SCHEMA, "keys": [key.document() for key in keys]}


def read_base64(text: Any) -> bytes:
    """Return the bytes of canonical base64: the one spelling that an encoder gives them.

    Raises:
        ValueError: it is no text, no base64, or another spelling of the same bytes.

    """
    try:
        data = base64.b64decode(text, validate=True)
    except (TypeError, ValueError) as error:  # binascii.Error is a ValueError
        raise ValueError(f"this is no base64: {error}") from error
    if base64.b64encode(data).decode() != text:
        raise ValueError("this is not the usual spelling of these bytes in base64")
    return data


def public_key(text: Any) -> PublicKey:
    """Return the key that a document spells in base64.

    Raises:
        ValueError: these are not 32 bytes in base64.

    """
    raw = read_base64(text)
    if len(raw) != RAW_BYTES:
        raise ValueError(f"an Ed25519 key has {RAW_BYTES} bytes, not {len(raw)}")
    return PublicKey(raw)


def read_keys(data: bytes, name: str) -> tuple[KnownKey, ...]:
    """Return the keys of a file: PEM, an entry of a document of keys, or a whole document.

    Args:
        data: what the file holds.
        name: of the file, for errors.

    Raises:
        BadKey: it holds no key, one of another kind, or a document that contradicts itself.

    """
    try:
        text = data.decode("utf-8")
        if _BEGIN in text:
            return (KnownKey(_of_pem(text)),)
        document = json.loads(text)
        entries = document["keys"] if document.get("schema") == SCHEMA else [document]
        found = tuple(_of_entry(entry) for entry in entries)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise BadKey(f"{name} holds no public key: {error}") from error
    if not found:
        raise BadKey(f"{name} holds no public key")
    return found


def _of_pem(text: str) -> PublicKey:
    body = text.partition(_BEGIN)[2].partition(_END)[0]
    der = base64.b64decode("".join(body.split()), validate=True)
    if not der.startswith(_SPKI) or len(der) != len(_SPKI) + RAW_BYTES:
        raise ValueError("the PEM block is of another kind of key than Ed25519")
    return PublicKey(der[len(_SPKI) :])


def _of_entry(entry: Any) -> KnownKey:
    key = KnownKey(public_key(entry["public_key"]), _time(entry.get("not_before")), _time(entry.get("retired_at")))
    if entry.get("algorithm") != ALGORITHM or entry.get("keyid") != key.public.id:
        raise ValueError("an entry names another algorithm, or its keyid is not that of its key")
    return key


def _time(text: str | None) -> datetime | None:
    found = None if text is None else datetime.fromisoformat(text)
    if found is not None and found.tzinfo is None:
        raise ValueError(f"the time {text} has no zone")
    return found


def _spelled(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).isoformat()
