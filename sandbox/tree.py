"""What a process tree uses, summed from /proc: the fallback where no cgroup counts."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

_TICK_MS = 1000 // os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


def descendants(root: int) -> set[int]:
    """Return the ids of all living processes below `root`."""
    children: dict[int, list[int]] = {}
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            with suppress(OSError, ValueError, IndexError):
                children.setdefault(int(_stat(int(entry.name))[1]), []).append(int(entry.name))
    found: set[int] = set()
    queue = [root]
    while queue:
        for child in children.get(queue.pop(), ()):
            if child not in found:
                found.add(child)
                queue.append(child)
    return found


def usage(root: int) -> tuple[int, int]:
    """Return CPU milliseconds and resident plus shared-memory bytes of everything below `root`."""
    cpu_ms = memory = 0
    for pid in descendants(root):
        with suppress(OSError, ValueError, IndexError):
            fields = _stat(pid)
            cpu_ms += sum(int(value) for value in fields[11:15]) * _TICK_MS  # own and reaped children's time
            memory += int(fields[21]) * _PAGE
    return cpu_ms, memory


def _stat(pid: int) -> list[str]:
    """Return the fields of /proc/PID/stat after the name, which may itself hold spaces and parentheses."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
