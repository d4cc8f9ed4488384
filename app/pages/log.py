"""A part of a run's log as pages show it: the last lines, or those around one that an address names.

A log is text of a stranger. It is shown escaped, without control characters. Only the wanted part is read, by the index
that was stored with the log, so that a long log opens as fast as a short one; its bytes are hashed where the whole is sent.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.core import loglines
from app.pages.shell import Kept

if TYPE_CHECKING:
    from app.actions import Parts
    from app.core.loglines import LogIndex, Window

LINES_MAX = 500
LINE_CHARACTERS_MAX = 500
TRIES = 3
BEFORE = 20  # lines that stand before the one that an address names
_INDICES: Kept[LogIndex] = Kept(64)  # of logs that were stored without one


@dataclass(frozen=True)
class Part:
    """Lines of a log with their numbers, and where they lie in it."""

    lines: list[tuple[int, str]]
    total: int
    bytes: int
    first_error: int | None

    @property
    def first(self) -> int:
        """The number of the first line that is shown."""
        return self.lines[0][0] if self.lines else 1

    @property
    def last(self) -> int:
        """The number of the last line that is shown."""
        return self.lines[-1][0] if self.lines else 0

    @property
    def earlier(self) -> int | None:
        """A line around which the lines before these are shown; None at the beginning."""
        return max(1, self.first - LINES_MAX + BEFORE) if self.first > 1 else None

    @property
    def later(self) -> int | None:
        """A line around which the lines behind these are shown; None at the end."""
        return self.last + 1 + BEFORE if self.last < self.total else None

    def shows(self, line: int | None) -> bool:
        """Whether a line is among those shown."""
        return line is not None and self.first <= line <= self.last


def part(parts: Parts, digest: str, known: LogIndex | None, around: int | None) -> Part:
    """Return the end of a stored log, or the lines around one.

    Args:
        parts: where it lies.
        digest: of the log.
        known: its index; None: it was stored without one.
        around: the number of a line.

    """
    index = known or _INDICES.get((digest,), lambda: loglines.index(parts.blobs.read(digest)))
    first = index.lines - LINES_MAX + 1 if around is None else min(around, index.lines) - BEFORE
    found = _window(parts, digest, index, first)
    for _ in range(TRIES if around is None else 0):  # long lines: the end of a log is wanted more than their beginning
        left_out = index.lines - (found.first + len(found.lines) - 1)
        if left_out > 0:
            found = _window(parts, digest, index, found.first + left_out)
    lines = [(found.first + place, plain(line)) for place, line in enumerate(found.lines)]
    return Part(lines, index.lines, parts.blobs.size(digest), index.first_error)


def _window(parts: Parts, digest: str, index: LogIndex, first: int) -> Window:
    return loglines.window(
        index, lambda offset, number: parts.blobs.read_part(digest, offset, number), first, LINES_MAX
    )


def plain(line: bytes) -> str:
    """Return a line that steers nothing and is not too long."""
    text = line[: 4 * LINE_CHARACTERS_MAX].decode("utf-8", "replace").rstrip("\r")
    cut = len(line) > 4 * LINE_CHARACTERS_MAX or len(text) > LINE_CHARACTERS_MAX
    text = text[: LINE_CHARACTERS_MAX - 1] + "…" if cut else text
    return "".join(sign if sign.isprintable() or sign == "\t" else "\N{REPLACEMENT CHARACTER}" for sign in text)
