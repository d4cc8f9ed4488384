"""Identifiers: a prefix that says what it is, and a UUIDv7 (RFC 9562) in lower-case Crockford base 32.

They sort by time, so that newest-first listings need no second index.
"""

from __future__ import annotations

import os
import time

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"


def new_id(prefix: str) -> str:
    """Return a fresh id such as `ver_06c8…`."""
    number = (int(time.time() * 1000) << 80) | int.from_bytes(os.urandom(10), "big")
    number = number & ~(0xF << 76) | (0x7 << 76)  # version 7
    number = number & ~(0x3 << 62) | (0x2 << 62)  # variant
    return prefix + "_" + "".join(_ALPHABET[(number >> shift) & 31] for shift in range(125, -1, -5))
