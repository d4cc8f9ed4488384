"""Progress on stderr: one moving line with a bar on a terminal, one line a step elsewhere."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

from cli.words import name_of

if TYPE_CHECKING:
    from collections.abc import Mapping

BAR_SIGNS = 20
CLEAR = "\r\x1b[K"


class Steps:
    """Shows how far one bundle is."""

    def __init__(self, name: str) -> None:
        self.name = name
        # NO_COLOR is about colours; who sets it reads a log or has it read aloud, and wants no moving line either.
        self.live = sys.stderr.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
        self.last = ""

    def __call__(self, step: str, share: float | None = None) -> None:
        """Show a step, and which share of everything is done, where that is known."""
        line = name_of(f"{self.name}: {step}")
        if self.live:
            line = line if share is None else name_of(f"{self.name}: {bar(share)} {step}")
            line = line[: _columns() - 1]  # a line that wraps could not be cleared again
        if line == self.last:
            return
        self.last = line
        sys.stderr.write(f"{CLEAR}{line}" if self.live else f"{line}\n")
        sys.stderr.flush()

    def state(self, document: Mapping[str, Any]) -> None:
        """Show how far a verification is."""
        done, planned = document["runs_done"], document["runs_planned"]
        span = of_runs(done, document.get("runs_least"), planned)
        under_way = [
            run["progress"]["fraction"] for run in document["runs"] if run.get("progress") and not run["outcome"]
        ]
        self(f"{document['state']}, {done} of {span} runs", (done + sum(under_way)) / max(planned, 1))

    def end(self) -> None:
        """Leave the line."""
        if self.live and self.last:
            sys.stderr.write(CLEAR)
            sys.stderr.flush()
        self.last = ""


def bar(share: float) -> str:
    """Return a bar that is filled by a share; plain signs, which every terminal knows."""
    filled = round(BAR_SIGNS * min(max(share, 0.0), 1.0))
    return f"[{'#' * filled}{'.' * (BAR_SIGNS - filled)}]"


def of_runs(begun: int, least: int | None, most: int) -> str:
    """Return how many runs a verdict takes, as far as that is known once `begun` of them have."""
    least = most if least is None else max(begun, least)
    return f"at most {most}" if least >= most else f"{least} to {most}"


def _columns() -> int:
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns or 80
    except (OSError, ValueError):
        return 80
