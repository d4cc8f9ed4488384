"""Texts of strangers in Markdown: nothing in them becomes a link, a picture, a heading or a mention."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_SIGNIFICANT = re.compile(r"([\\`*_{}\[\]()#+!|~$<>&@:.-])")
_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]+")
_OF_HTML = {"<": "&lt;", ">": "&gt;", "&": "&amp;"}


def escaped(text: str, characters: int | None = None) -> str:
    """Return a text that Markdown shows as it is, on one line.

    Args:
        text: of a stranger.
        characters: that are shown of it at most; None: all of them.

    """
    text = one_line(text)
    if characters is not None and len(text) > characters:
        text = text[: characters - 1] + "…"
    return _SIGNIFICANT.sub(lambda match: _OF_HTML.get(match[1], f"\\{match[1]}"), text)


def one_line(text: str) -> str:
    """Return a text without line ends and other signs that are not seen, some of which turn the order of those that are."""
    return _UNSEEN.sub(" ", text).strip()


def block(lines: Iterable[str]) -> str:
    """Return lines of printable signs, none of them empty, as a block of code, which stands between empty lines.

    They are indented by four, so that no sign of a line means anything, nor ends the block.
    """
    return "\n".join(f"    {line}" for line in lines)
