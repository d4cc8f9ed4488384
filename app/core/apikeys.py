"""API keys as text: `assay_live_`, 43 signs of base64url (32 random bytes), 6 signs of checksum.

Prefix and checksum let scanners find a key that leaked into a repository, without asking us and with hardly a false
alarm; they say nothing about whether a key is good. What is stored is HMAC-SHA256 of the whole text under the service's
pepper: 256 random bits need no slow hash, and a stolen table without the pepper cannot even be searched for a known key.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import zlib

PREFIX = "assay_live_"
SECRET_BYTES = 32
PEPPER_BYTES = 32
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_FORM = re.compile(PREFIX + r"[A-Za-z0-9_-]{43}[0-9A-Za-z]{6}")


def spell(secret: bytes) -> str:
    """Return a key made of SECRET_BYTES random bytes."""
    if len(secret) != SECRET_BYTES:
        raise ValueError(f"a key has {SECRET_BYTES} random bytes, not {len(secret)}")
    body = PREFIX + base64.urlsafe_b64encode(secret).decode().rstrip("=")
    return body + checksum(body)


def checksum(body: str) -> str:
    """Return the CRC-32 of a key's text before its checksum, as six digits of base 62, leading zeros kept."""
    number, digits = zlib.crc32(body.encode()), ""
    for _ in range(6):
        number, digit = divmod(number, 62)
        digits = _DIGITS[digit] + digits
    return digits


def well_formed(text: str) -> bool:
    """Whether a text could be a key: its checksum holds. What was cut or mistyped on the way does not."""
    return _FORM.fullmatch(text) is not None and checksum(text[:-6]) == text[-6:]


def hashed(text: str, pepper: bytes) -> str:
    """Return what is stored of a key: 64 hexadecimal digits."""
    return hmac.new(pepper, text.encode("utf-8", "surrogateescape"), hashlib.sha256).hexdigest()
