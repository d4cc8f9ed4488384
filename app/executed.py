"""What one execution left behind, as whoever executed it hands it over. A value: no database, no sandbox."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from app.core.model import RunOutcome


@dataclass(frozen=True)
class Executed:
    """A run's outcome with its bytes, before anything of it is stored."""

    outcome: RunOutcome
    result: bytes | None
    stdout: bytes
    stderr: bytes
    artifacts: tuple[tuple[str, bytes], ...]
    isolation: dict[str, Any]
    derived: dict[str, str]  # path in the box -> digest, for every file that differs from the bundle's
    samples: tuple[tuple[int, int, int], ...] = ()  # elapsed ms, processor ms, memory bytes, as time went on
