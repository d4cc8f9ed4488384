"""Texts of strangers made fit for a report."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from app.core.complaint import quoted

if TYPE_CHECKING:
    from cli.reports.case import Case

#: What XML 1.0 cannot hold; no other format of ours needs it either.
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def plain(text: str) -> str:
    """Return a text in which signs that no XML may hold, single surrogates among them, are replaced."""
    return _NO_XML.sub("\N{REPLACEMENT CHARACTER}", text)


def worded(case: Case, characters: int | None = None) -> list[str]:
    """Return what a script complained of, under a line that says so and behind bars; nothing where it did not.

    Args:
        case: of one bundle.
        characters: that these lines may have together, their ends included; the last ones are kept. None: any number.

    """
    said = quoted(case.complaint)
    if characters is None or not said:
        return said
    head, *lines = said
    left, kept = characters - len(head) - 1, 0
    for line in reversed(lines):
        left -= len(line) + 1
        if left < 0:
            break
        kept += 1
    return [head, *lines[-kept:]] if kept else []
