"""What a process tree uses, summed from /proc: the fallback where no cgroup counts.

Only the tree is looked at, from parents to children: a host may have thousands of other processes. Resident sizes are
quick to read but count a page once for every process that shares it, as children of a fork do. So only a sum beyond a
limit is looked at closely, with each page's size divided by the number of its users; a program is never ended for memory
that it does not have. The box's scratch and its number of files are read where the box has them, and files without a name
while a process holds them open. What this cannot see (System V segments and nameless files that nobody has mapped or
open) is why level C is the weakest.
"""

from __future__ import annotations

import math
import os
import time
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

_TICK_MS = 1000 // os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_BLOCK = 512  # unit of st_blocks
_INODE = 1024  # about what the kernel keeps for one file of a tmpfs
_SCRATCH = ("tmp", "dev/shm")


@dataclass(frozen=True)
class Usage:
    """What a tree uses, and who it is."""

    pids: frozenset[int]
    cpu_ms: int
    memory_bytes: int  # with the files of the scratch
    own_bytes: int  # of the processes alone


def descendants(root: int) -> set[int]:
    """Return the ids of all living processes below `root`."""
    children = _children if _tells_children() else _children_of_all()
    found: set[int] = set()
    queue = [root]
    while queue:
        for child in children(queue.pop()):
            if child not in found:
                found.add(child)
                queue.append(child)
    return found


def usage(root: int, own_limit: int, memory_limit: int, until: float = math.inf) -> Usage:
    """Return what everything below `root` uses; memory is exact where it matters, beyond a limit (see above).

    Many processes of many open files or mappings take seconds: nobody's memory is looked at after `until`, a moment of the
    monotonic clock, at which the run ends anyway.
    """
    cpu_ms = resident = 0
    pids = descendants(root)
    for pid in pids:
        with suppress(OSError, ValueError, IndexError):
            fields = _stat(pid)
            cpu_ms += sum(int(value) for value in fields[11:15]) * _TICK_MS  # own and reaped children's time
            resident += int(fields[21]) * _PAGE
    files = _nameless_files(_in_time(pids, until)) + _scratch(pids)
    if resident <= own_limit and resident + files <= memory_limit:
        return Usage(frozenset(pids), cpu_ms, resident + files, resident)
    shares = [_share(pid) for pid in _in_time(pids, until)]
    own, shared = sum(share[0] for share in shares), sum(share[1] for share in shares)
    return Usage(frozenset(pids), cpu_ms, own + max(shared, files), own)


def host_oom_kills() -> int:
    """Return how often the kernel has killed for want of memory since the host started."""
    with suppress(OSError, ValueError):
        for line in Path("/proc/vmstat").read_text().splitlines():
            if line.startswith("oom_kill "):
                return int(line.split()[1])
    return 0


@cache
def _tells_children() -> bool:
    """Whether this kernel lists the children of a process (CONFIG_PROC_CHILDREN)."""
    return Path("/proc/thread-self/children").exists()


def _children(pid: int) -> list[int]:
    """Return the children of a process, whichever of its threads has started them."""
    found: list[int] = []
    with suppress(OSError):
        for thread in os.scandir(f"/proc/{pid}/task"):
            with suppress(OSError):
                found += map(int, Path(thread.path, "children").read_bytes().split())
    return found


def _children_of_all() -> Callable[[int], Iterable[int]]:
    """Return the same as `_children`, by one look at every process of the host."""
    children: dict[int, list[int]] = {}
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            with suppress(OSError, ValueError, IndexError):
                children.setdefault(int(_stat(int(entry.name))[1]), []).append(int(entry.name))
    return lambda pid: children.get(pid, ())


def _stat(pid: int) -> list[bytes]:
    """Return the fields of /proc/PID/stat after the name, which may itself hold spaces, parentheses and any bytes."""
    return Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()


def _share(pid: int) -> tuple[int, int]:
    """Return a process's proportional share of its own memory and of shared memory, in bytes."""
    with suppress(OSError, ValueError, IndexError):
        rows = (line.split() for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:])
        kib = {row[0]: int(row[1]) for row in rows}
        shared = kib.get("Pss_Shmem:", 0)
        return (kib["Pss:"] - shared) << 10, shared << 10
    return 0, 0


def _in_time(pids: Iterable[int], until: float) -> Iterator[int]:
    """Yield processes until a moment."""
    return takewhile(lambda _: time.monotonic() < until, pids)


def _nameless_files(pids: Iterable[int]) -> int:
    """Return the bytes of the anonymous files (memfd) that are open, each once."""
    sizes: dict[int, int] = {}
    for pid in pids:
        with suppress(OSError):
            for name in os.listdir(f"/proc/{pid}/fd"):  # noqa: PTH208 - with paths it takes three times as long
                with suppress(OSError):
                    path = f"/proc/{pid}/fd/{name}"
                    if os.readlink(path).startswith("/memfd:"):  # noqa: PTH115
                        found = os.stat(path)  # noqa: PTH116
                        sizes[found.st_ino] = found.st_blocks * _BLOCK
    return sum(sizes.values())


def _scratch(pids: set[int]) -> int:
    """Return the bytes that the scratch of the box holds, files as such included; 0 while there is no box."""
    outside = Path("/").stat()
    for pid in sorted(pids):
        with suppress(OSError):
            root = Path(f"/proc/{pid}/root")
            inside = root.stat()
            if (inside.st_dev, inside.st_ino) != (outside.st_dev, outside.st_ino):
                found = [os.statvfs(root / folder) for folder in _SCRATCH]
                return sum(
                    (fs.f_blocks - fs.f_bfree) * fs.f_frsize + (fs.f_files - fs.f_ffree) * _INODE for fs in found
                )
    return 0
