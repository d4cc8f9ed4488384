"""Canonical bytes: one document has exactly one spelling, so that its digest means something.

JSON with sorted keys, no white space, UTF-8 without escapes beyond those JSON demands. Numbers are integers, or floats
in Python's shortest round-trip spelling (1.0, 1e+22); NaN and infinities have no spelling. But for the floats, which come
from `[reproduce.parameters]` alone, this is RFC 8785. Keys sort by code point.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any


def canonical(document: Any) -> bytes:
    """Return the canonical bytes of a JSON document.

    Raises:
        ValueError: a number is not finite.
        TypeError: a key is no string, or a value is no JSON value.

    """
    _check_keys(document)
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode("utf-8")


def digest(data: bytes) -> str:
    """Return `sha256:` and 64 hex digits."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


def _check_keys(value: Any) -> None:
    # json.dumps would spell the keys 1 and "1" alike.
    if isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, str):
                raise TypeError(f"a key of a canonical document must be a string, not {type(key).__name__}")
            _check_keys(item)
    elif isinstance(value, list | tuple):
        for item in value:
            _check_keys(item)
