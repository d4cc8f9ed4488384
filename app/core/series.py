"""What a run used as time went on, in few enough points to be kept beside its outcome. Evidence of nothing: for people."""

from __future__ import annotations

from dataclasses import dataclass, field

POINTS_MAX = 240


@dataclass
class Series:
    """Points of a run: elapsed ms, processor ms, memory in bytes.

    When there are too many, every second one is left out and half as many are taken from then on, so that a run of a
    minute and one of a day have curves of the same sharpness.
    """

    _points: list[tuple[int, int, int]] = field(default_factory=list)
    _every: int = 1
    _seen: int = 0

    def add(self, wall_ms: int, cpu_ms: int, memory_bytes: int) -> None:
        """Take a point in, if it is its turn."""
        if self._seen % self._every == 0:
            self._points.append((wall_ms, cpu_ms, memory_bytes))
        self._seen += 1
        if len(self._points) > POINTS_MAX:
            del self._points[1::2]
            self._every *= 2

    @property
    def points(self) -> tuple[tuple[int, int, int], ...]:
        """Return what was kept, in the order of time."""
        return tuple(self._points)
