"""What a run has used, read while it goes on: from the slot's cgroup, else from the tree of its processes.

A slot has one meter for all its runs. Counters are differences: what a box used while it was made, or waited, is not the
run's. Record locks are memory of the kernel that no cgroup counts, so they are counted at every few looks.
"""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

from sandbox import tree
from sandbox.cgroup import OWN_MEMORY
from sandbox.job import SandboxFault
from sandbox.locks import Locks

if TYPE_CHECKING:
    from collections.abc import Collection

    from sandbox.cgroup import Cgroup
    from sandbox.job import Job, Shape
    from sandbox.judge import Seen

LOCKS_SECONDS = 0.1  # between two looks at least
LOCKS_SHARE = 2  # how many times as long as it took we wait until the next look
SCRATCHES = 2  # /tmp and /dev/shm


def memory_limit(shape: Shape) -> int:
    """Return what memory and scratch may be together: scratch is memory too, and must read as a full disk.

    There are two places of that size, and a program may fill both. Its own memory has a limit beside this one.
    """
    return shape.memory_bytes + SCRATCHES * shape.scratch_bytes + OWN_MEMORY


class Meter:
    """The counters of a slot.

    Args:
        cgroup: what counts; None where nothing does, and the tree is looked at.
        launcher: the process below which every box of the slot lives.

    """

    def __init__(self, cgroup: Cgroup | None, launcher: int) -> None:
        self.cgroup = cgroup
        self.launcher = launcher
        self.host_oom_kills = 0  # before the run, where no cgroup counts
        self.cpu_before = 0  # milliseconds that were used before the program began, where no cgroup counts
        self.locks = Locks()
        self.locks_at = 0.0  # when locks are counted again, on the monotonic clock

    def begin(self) -> None:
        """Start the counters of a run: what its box used while it was made, or waited, is not the run's.

        Raises:
            SandboxFault: they could not be read.

        """
        self.locks.close()
        try:
            if self.cgroup is not None:
                self.cgroup.begin()
            else:
                self.cpu_before = tree.usage(self.launcher, sys.maxsize, sys.maxsize).cpu_ms
                self.host_oom_kills = tree.host_oom_kills()
        except OSError as error:
            raise SandboxFault(f"the counters could not be read: {error}") from error

    def count(self, job: Job, seen: Seen, deadline: float) -> None:
        """Fill in the counters of a run that ends at a moment of the monotonic clock anyway."""
        if seen.ending is not None:
            self.locks.close()
        if self.cgroup is not None:
            now = self.cgroup.read()
            seen.cpu_ms, seen.memory_bytes = now.cpu_ms, now.memory_bytes
            # What the run before left to the kernel's caches makes way, and is missing from the cgroup's difference.
            seen.peak_bytes = max(seen.peak_bytes, now.peak_bytes, now.own_bytes)
            seen.own_bytes, seen.oom_kills, seen.refused_forks = now.own_bytes, now.oom_kills, now.refused_forks
            seen.source = self.cgroup.source
            if seen.ending is None:
                self._count_locks(seen, self.cgroup.members())
        elif seen.ending is None:
            found = tree.usage(self.launcher, job.memory_bytes, memory_limit(job.shape), deadline)
            seen.cpu_ms, seen.memory_bytes = max(seen.cpu_ms, found.cpu_ms - self.cpu_before), found.memory_bytes
            seen.own_bytes, seen.peak_bytes = found.own_bytes, max(seen.peak_bytes, found.memory_bytes)
            self._count_locks(seen, found.pids)
        else:
            seen.cpu_ms = max(seen.cpu_ms, seen.ending.cpu_ms - self.cpu_before)
            seen.peak_bytes = max(seen.peak_bytes, seen.ending.peak_bytes)
            seen.host_oom_kills = tree.host_oom_kills() - self.host_oom_kills

    def close(self) -> None:
        """Close what is open."""
        self.locks.close()

    def _count_locks(self, seen: Seen, pids: Collection[int]) -> None:
        """Count record locks, at every few looks: the kernel lets whoever lists them wait for some milliseconds."""
        now = time.monotonic()
        if now >= self.locks_at:
            seen.locks = max(seen.locks, self.locks.count(pids))
            ended = time.monotonic()
            self.locks_at = ended + max(LOCKS_SECONDS, LOCKS_SHARE * (ended - now))
