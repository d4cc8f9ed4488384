"""Where lines begin in a log, so that a page of it can be read without the rest; and where the first error stands.

A log is cut into blocks of BLOCK bytes. Of each is known how many lines end before it. A line is then found by a search
in that list and by counting through one block, however long the log is.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

BLOCK = 1 << 16  # bytes
WINDOW_BYTES_MAX = 1 << 20  # that are read for one window; lines beyond are left out

#: What errors begin with in the logs of most languages. A line that only speaks of errors may be found too.
_ERROR = re.compile(
    rb"Traceback \(most recent call last\)|(?:Error|Exception)\b|\b(?:ERROR|FATAL|CRITICAL|PANIC)\b"
    rb"|^(?:error|fatal|panic)\b|\b(?:Segmentation fault|core dumped|Killed)\b",
    re.MULTILINE,
)


@dataclass(frozen=True)
class LogIndex:
    """What is known of a log's lines; they count from 1."""

    lines: int
    first_error: int | None
    blocks: tuple[int, ...]  # how many lines end before each block


@dataclass(frozen=True)
class Window:
    """Some lines of a log, one after the other, the first of which has the number `first`."""

    first: int
    lines: tuple[bytes, ...]


def index(log: bytes) -> LogIndex:
    """Return where lines begin in a log."""
    blocks, ended = [], 0
    for begin in range(0, len(log), BLOCK):
        blocks.append(ended)
        ended += log.count(b"\n", begin, begin + BLOCK)
    error = _ERROR.search(log)
    return LogIndex(
        lines=ended + bool(log and not log.endswith(b"\n")),
        first_error=None if error is None else log.count(b"\n", 0, error.start()) + 1,
        blocks=tuple(blocks),
    )


def window(known: LogIndex, read: Callable[[int, int], bytes], first: int, number: int) -> Window:
    """Return lines of a log.

    Args:
        known: its index.
        read: (offset, number of bytes) -> those bytes, fewer at the end.
        first: the number of the first line that is wanted.
        number: how many lines are wanted.

    """
    first = min(max(first, 1), max(known.lines, 1))
    block = max(0, bisect_left(known.blocks, first - 1) - 1)  # the last one before which fewer lines end
    data = read(block * BLOCK, WINDOW_BYTES_MAX + BLOCK)
    skipped = first - 1 - (known.blocks[block] if known.blocks else 0)
    begin = _after(data, skipped)
    lines = data[begin : begin + WINDOW_BYTES_MAX].split(b"\n", number)[:number]
    return Window(first, tuple(lines[: known.lines - first + 1]))


def _after(data: bytes, newlines: int) -> int:
    """Return where the line behind so many newlines begins."""
    at = 0
    for _ in range(newlines):
        found = data.find(b"\n", at)
        if found < 0:
            return len(data)
        at = found + 1
    return at
