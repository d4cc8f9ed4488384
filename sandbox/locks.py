"""How many record locks the processes of a run hold: memory of the kernel that no cgroup counts."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

_PIECE_SECONDS = 0.1  # of reading /proc/locks in one look
_LOCKS_PIECE = 1 << 16  # bytes; the kernel gives a page at a time


class Locks:
    """The kernel's list of all record locks, read in pieces: one look a piece, many looks a pass over the list.

    For each page of the list the kernel stops all locking and waits for every processor, which takes it milliseconds, and
    a program may make the list as long as its open files allow. So a look has a bound in time and goes on where the one
    before ended; how much was read never decides what is found. A list that changes meanwhile shows some lines twice.
    """

    def __init__(self) -> None:
        """Begin a pass with the next look."""
        self._list: int | None = None
        self._found: set[bytes] = set()
        self._rest = b""

    def count(self, pids: Collection[int]) -> int:
        """Read one piece and return how many locks of these processes this pass has shown; 0 where nothing lists them."""
        if self._list is None:
            try:
                self._list = os.open("/proc/locks", os.O_RDONLY | os.O_CLOEXEC)
            except FileNotFoundError:
                return 0
            self._found, self._rest = set(), b""
        mine = {str(pid).encode() for pid in pids}
        until = time.monotonic() + _PIECE_SECONDS
        while data := os.read(self._list, _LOCKS_PIECE):
            *lines, self._rest = (self._rest + data).split(b"\n")
            for line in lines:
                fields = line.split()  # "1: POSIX ADVISORY WRITE 708 08:01:1179649 0 EOF"; "->" before who waits
                if b"POSIX" in fields[1:3] and not mine.isdisjoint(fields[4:6]):
                    self._found.add(line.partition(b":")[2])
            if time.monotonic() >= until:
                return len(self._found)
        self.close()
        return len(self._found)

    def close(self) -> None:
        """End the pass."""
        if self._list is not None:
            os.close(self._list)
            self._list = None
