"""What scripts, claims and services say, made fit to be shown: short, without signs that steer a terminal."""

from __future__ import annotations

import re
import sys

from app.core.complaint import LINE_CHARACTERS_MAX, plain

#: Controls but for tabs and line ends, and what is not seen but turns the order of what is.
_STEERING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")


def say(text: object, *, error: bool = False) -> None:
    """Print what may hold a stranger's words; signs that could steer a terminal become question marks.

    Args:
        text: of any number of lines.
        error: on stderr instead of stdout.

    """
    print(fit(str(text)), file=sys.stderr if error else sys.stdout)


def fit(text: str) -> str:
    """Return a text of which no sign steers a terminal."""
    return _STEERING.sub("?", text)


def name_of(path: object) -> str:
    """Return the name of a file or folder on one line: none of its signs may begin another one."""
    return re.sub(r"[\n\t]", "?", fit(str(path)))


def shown_lines(text: str) -> list[str]:
    """Return every line of a stranger's text, made fit for a terminal."""
    return [plain(line) for line in text.expandtabs(4).removesuffix("\n").split("\n")] if text else []


def one_line(text: str, characters: int = LINE_CHARACTERS_MAX) -> str:
    """Return a stranger's text on one line of so many characters at most, made fit for a terminal."""
    found = plain(" ".join(text.split()))
    return found if len(found) <= characters else found[: characters - 1] + "…"
