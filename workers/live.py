"""What a run writes, cut into pieces for who watches it. Only for watching: what is judged comes with the outcome.

The box shows the end of each stream about twice a second. A piece is what is new of it, up to its last whole line where it
has one; a script that writes faster than that leaves gaps, which the offsets of the pieces tell.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from app.store.events import LIVE_BYTES_MAX
from app.store.runs import LogPiece

if TYPE_CHECKING:
    from sandbox import Usage

STREAMS = ("stdout", "stderr")


@dataclass
class LiveLog:
    """How much of a run's streams was passed on."""

    left: int = LIVE_BYTES_MAX
    told: dict[str, int] = field(default_factory=lambda: dict.fromkeys(STREAMS, 0))

    def pieces(self, usage: Usage) -> list[LogPiece]:
        """Return what is new since the last call, within what one run may pass on."""
        found = []
        for stream, end, total in (
            ("stdout", usage.stdout, usage.stdout_bytes),
            ("stderr", usage.stderr, usage.stderr_bytes),
        ):
            first = max(self.told[stream], total - len(end))  # what lies before that is out of sight already
            data = end[len(end) - (total - first) :] if total > first else b""
            data = data[: self.left]
            line = data.rfind(b"\n")
            data = data[: line + 1] if line >= 0 else data
            if data:
                found.append(LogPiece(stream, first, data.decode("utf-8", "replace")))
                self.told[stream] = first + len(data)
                self.left -= len(data)
        return found
