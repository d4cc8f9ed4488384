"""How many record locks the processes of a run hold: memory of the kernel that no cgroup counts.

Theory of operation. The kernel lists all locks of the host in one file, /proc/locks. For each page of it, it stops all
locking and waits for every processor, which takes milliseconds. It also tells, for each open file of each thread, the locks
that were made through it (`lock:` in /proc/PID/task/TID/fdinfo), which is read in microseconds. Hardly any program has
locks, so open files are looked at first, and the list is read only when one of them shows a record lock, or when they do
not tell for certain that there is none: they are too many, take too long, or one of them may not be read.

Why open files hide none. A record lock belongs to a table of open files and was made through a file that is in it: the
kernel takes all locks of a table upon a file away as soon as the table closes that file anywhere. Processes cannot share a
table here, nor make locks that belong to an open file alone; the filter sees to it. Threads of one process may have several
tables (`close_range` with CLOSE_RANGE_UNSHARE), also one that the process's own folder does not show, so every thread is
asked. And a table can be passed on, but only to a thread that is new. So where the same threads are there before and
after they were asked, whoever has a table has had it all the time, and has been asked.
"""

from __future__ import annotations

import fcntl
import os
import time
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

_PIECE_SECONDS = 0.1  # of reading /proc/locks in one look
_LIST_PIECE = 1 << 16  # bytes; the kernel gives a page at a time
_FILES_MAX = 512  # open files that are asked in one look
_FILES_SECONDS = 0.005  # the list takes about as long
_TOLD = 1 << 12  # bytes of what is told of an open file; of more than this, some locks are a part


class Locks:
    """The record locks of a run.

    The list is read in pieces: one look a piece, many looks a pass over it. A program may make the list as long as its
    open files allow, so a look has a bound in time and goes on where the one before ended; how much was read never decides
    what is found. A list that changes meanwhile shows some lines twice.
    """

    def __init__(self) -> None:
        """Begin a pass with the next look."""
        self._list: int | None = None
        self._found: set[bytes] = set()
        self._rest = b""

    def count(self, pids: Collection[int]) -> int:
        """Return how many locks of these processes this pass over the list has shown; 0 where nothing lists them."""
        if self._list is None:
            if have_none(pids):
                return 0
            try:
                self._list = os.open("/proc/locks", os.O_RDONLY | os.O_CLOEXEC)
            except FileNotFoundError:
                return 0
            self._found, self._rest = set(), b""
        mine = {str(pid).encode() for pid in pids}
        until = time.monotonic() + _PIECE_SECONDS
        while data := os.read(self._list, _LIST_PIECE):
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


def have_none(pids: Collection[int]) -> bool:
    """Whether the open files of these processes tell for certain that they hold no record lock."""
    if not _files_tell():
        return False
    until = time.monotonic() + _FILES_SECONDS
    left = _FILES_MAX
    try:
        for pid in pids:
            threads = _names(f"/proc/{pid}/task")
            for thread in threads:
                folder = f"/proc/{pid}/task/{thread}/fdinfo"
                for name in _names(folder):
                    left -= 1
                    if left < 0 or time.monotonic() > until or b"POSIX" in _told(f"{folder}/{name}"):
                        return False
            if not _still(pid, threads):
                return False
    except OSError:  # closed to us
        return False
    return True


def _still(pid: int, threads: list[str]) -> bool:
    """Whether a process has these threads, or none because it has ended; one that /proc hides has not."""
    now = _names(f"/proc/{pid}/task")
    return now == threads if now else not _lives(pid)


def _names(folder: str) -> list[str]:
    """Return what is in a folder of /proc; nothing when whom it tells of has ended."""
    try:
        return os.listdir(folder)  # noqa: PTH208 - with paths it takes three times as long
    except (FileNotFoundError, ProcessLookupError):
        return []


def _lives(pid: int) -> bool:
    """Whether a process is there, whether or not /proc shows it to us."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _told(path: str) -> bytes:
    """Return the beginning of what is told of an open file; nothing when it was closed meanwhile."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except (FileNotFoundError, ProcessLookupError):
        return b""
    try:
        return os.read(descriptor, _TOLD)
    except (FileNotFoundError, ProcessLookupError):
        return b""
    finally:
        os.close(descriptor)


@cache
def _files_tell() -> bool:
    """Whether this kernel tells the locks of open files, tried with one of our own."""
    with suppress(OSError):
        descriptor = os.memfd_create("lock", os.MFD_CLOEXEC)
        try:
            fcntl.lockf(descriptor, fcntl.LOCK_EX)
            return b"POSIX" in _told(f"/proc/self/fdinfo/{descriptor}")
        finally:
            os.close(descriptor)
    return False
