"""Texts of strangers made fit for a report."""

from __future__ import annotations

import re

#: What XML 1.0 cannot hold; no other format of ours needs it either.
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def plain(text: str) -> str:
    """Return a text in which signs that no XML may hold, single surrogates among them, are replaced."""
    return _NO_XML.sub("\N{REPLACEMENT CHARACTER}", text)
