"""Resource accounting and limits for one slot: cgroup v2 where it is delegated, v1 as root, nothing elsewhere.

Theory of operation. Moving a process into a cgroup costs ten milliseconds of waiting in the kernel, so nothing is moved
for a run: the slot's launcher enters the slot's cgroup once, and everything it forks is born there. Per run only limits
are set and counters read, as differences. The launcher itself is exempt from the OOM killer where we are root.

    level  mechanism
    B      cgroup v2: memory.max, pids.max, cpu.max; reads memory.events, memory.peak, cpu.stat
    B1     cgroup v1 as root: the same through the memory, pids, cpu and cpuacct hierarchies
    C      none: resource limits per process, and the supervisor sums up the process tree

tmpfs pages count as memory, so the kernel's limit is memory plus scratch: a full scratch must read as a full disk. What
processes hold of their own is counted beside it (`own_bytes`), and the supervisor ends a run that passes the limit of
memory with it. What our own processes need comes on top of all limits. The folders, and how
those of the dead are swept, are `cgroup_folders.py`'s.

In v2 a cgroup with processes of its own cannot give controllers to its children. Where that is the only obstacle, as in
`systemd-run --user --scope -p Delegate=yes`, everything in our cgroup moves into a child of it named `assay-host`.
"""

from __future__ import annotations

import errno
import os
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from sandbox.cgroup_folders import REMOVE_SECONDS, SWEEP_SECONDS, make_folder, members, remove_folder

HOST_LEAF = "assay-host"
ROOT = Path("/sys/fs/cgroup")
OWN_PROCESSES = 4  # launcher, bwrap twice, runner; the program is its child
OWN_MEMORY = 16 << 20  # theirs


@dataclass(frozen=True)
class Counters:
    """Readings of a slot's cgroup."""

    cpu_ms: int
    memory_bytes: int
    own_bytes: int  # of processes: neither files nor what is shared
    peak_bytes: int
    oom_kills: int
    refused_forks: int


class Cgroup(Protocol):
    """One slot's accounting."""

    level: str
    source: str

    def entrances(self) -> list[str]:
        """Return the files into which the launcher writes its process id once."""

    def limit(self, memory_bytes: int, processes: int, cpus: int) -> None:
        """Set the limits of the next box and start its counters."""

    def begin(self) -> None:
        """Start the clock of the processor anew: what a box used while it waited is not the run's."""

    def read(self) -> Counters:
        """Return the counters now."""

    def members(self) -> set[int]:
        """Return the ids of the processes in it."""

    def remove(self) -> None:
        """Remove the slot's folders."""

    def let_go(self) -> None:
        """Close our descriptors, as a fork of the owner does with its copies."""


def open_cgroup(slot: int) -> Cgroup | None:
    """Return the strongest cgroup that this host gives a slot, None when it gives none."""
    for kind in (V2, V1):
        with suppress(OSError, ValueError):
            return kind(slot)
    return None


class V2:
    """The unified hierarchy, when a parent that may have children is writable."""

    level = "B"
    source = "cgroup2"

    def __init__(self, slot: int) -> None:
        base = ROOT / _own_path("").lstrip("/")
        if base.name == HOST_LEAF:
            base = base.parent
        controllers = (base / "cgroup.controllers").read_text().split()
        if not {"memory", "pids", "cpu"} <= set(controllers):
            raise ValueError("the controllers are not delegated")
        _give_controllers(base)
        self.folder, self._lock = make_folder(base, slot, time.monotonic() + SWEEP_SECONDS)
        self._peak = _resettable_peak(self.folder / "memory.peak")
        self._highest = 0
        self._start = self._now()

    def entrances(self) -> list[str]:
        """See `Cgroup`."""
        return [str(self.folder / "cgroup.procs")]

    def limit(self, memory_bytes: int, processes: int, cpus: int) -> None:
        """See `Cgroup`."""
        _write(self.folder / "memory.max", str(memory_bytes))
        with suppress(OSError):  # absent where swap accounting is off
            _write(self.folder / "memory.swap.max", "0")
        if self._peak is not None:
            os.pwrite(self._peak, b"reset", 0)
        _write(self.folder / "pids.max", str(processes + OWN_PROCESSES))
        _write(self.folder / "cpu.max", f"{cpus * 100_000} 100000")
        self._highest = 0
        self._start = self._now()

    def _cpu_ms(self) -> int:
        return _table(self.folder / "cpu.stat")["usage_usec"] // 1000

    def _now(self) -> Counters:
        current = _number(self.folder / "memory.current")
        self._highest = max(self._highest, current)
        return Counters(
            self._cpu_ms(),
            current,
            _table(self.folder / "memory.stat")["anon"],
            int(os.pread(self._peak, 32, 0)) if self._peak is not None else self._highest,
            _table(self.folder / "memory.events").get("oom_kill", 0),
            _table(self.folder / "pids.events").get("max", 0),
        )

    def begin(self) -> None:
        """See `Cgroup`."""
        self._start = replace(self._start, cpu_ms=self._cpu_ms())

    def read(self) -> Counters:
        """See `Cgroup`."""
        return _difference(self._start, self._now())

    def members(self) -> set[int]:
        """See `Cgroup`."""
        return members(self.folder)

    def remove(self) -> None:
        """See `Cgroup`."""
        with suppress(OSError):
            _write(self.folder / "cgroup.kill", "1")
        remove_folder(self.folder, time.monotonic() + REMOVE_SECONDS)
        self.let_go()

    def let_go(self) -> None:
        """See `Cgroup`."""
        for descriptor in (self._peak, self._lock):
            if descriptor is not None:
                os.close(descriptor)
        self._peak = self._lock = None


def _resettable_peak(path: Path) -> int | None:
    """Return a descriptor whose reading can be reset; None where the kernel cannot, and the highest reading stands in.

    A reset holds for the descriptor through which it was made, so reading needs the same one. Linux 6.12 and later can;
    before that root may open the file for writing all the same, and only the write fails.
    """
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        os.pwrite(descriptor, b"reset", 0)
    except OSError:
        os.close(descriptor)
        return None
    return descriptor


def _give_controllers(base: Path) -> None:
    """Let children of `base` have the controllers, moving its own processes out of the way if need be."""
    for last in (False, True):
        try:
            _write(base / "cgroup.subtree_control", "+memory +pids +cpu")
        except OSError as error:
            if error.errno != errno.EBUSY or last:
                raise
        else:
            return
        leaf = base / HOST_LEAF
        leaf.mkdir(exist_ok=True)
        for pid in (base / "cgroup.procs").read_text().split():
            with suppress(ProcessLookupError):  # it ended meanwhile
                _write(leaf / "cgroup.procs", pid)


class V1:
    """The separate hierarchies, as root."""

    level = "B1"
    source = "cgroup1"
    CONTROLLERS = ("memory", "pids", "cpu", "cpuacct")

    def __init__(self, slot: int) -> None:
        if os.geteuid() != 0:
            raise ValueError("cgroup v1 needs root")
        self.folders: dict[str, Path] = {}
        self._locks: list[int] = []
        until = time.monotonic() + SWEEP_SECONDS
        try:
            for controller in self.CONTROLLERS:
                base = ROOT / controller / _own_path(controller).lstrip("/")
                # cpu and cpuacct may be one hierarchy with two names
                self.folders[controller], lock = make_folder(base, slot, until, again=controller == "cpuacct")
                self._locks += [] if lock is None else [lock]
        except OSError:
            self.remove()
            raise
        self._set: dict[str, str] = {}
        self._start = self._now()

    def entrances(self) -> list[str]:
        """See `Cgroup`."""
        # Distinct by device and inode, for the same reason.
        distinct = {(path.stat().st_dev, path.stat().st_ino): path for path in self.folders.values()}
        return [str(path / "cgroup.procs") for path in distinct.values()]

    def limit(self, memory_bytes: int, processes: int, cpus: int) -> None:
        """See `Cgroup`."""
        memory = self.folders["memory"]
        # Either order is refused when the pair would cross, so try both.
        for name in ("memory.limit_in_bytes", "memory.memsw.limit_in_bytes", "memory.limit_in_bytes"):
            with suppress(OSError):  # memsw is absent where swap accounting is off
                self._put(memory / name, str(memory_bytes))
        # Rounded to pages by the kernel; never below what was asked by more than one.
        if _number(memory / "memory.limit_in_bytes") > memory_bytes + 65_536:
            raise OSError("the memory limit could not be set")
        _write(memory / "memory.max_usage_in_bytes", "0")
        self._put(self.folders["pids"] / "pids.max", str(processes + OWN_PROCESSES))
        self._put(self.folders["cpu"] / "cpu.cfs_quota_us", str(cpus * 100_000))
        self._start = self._now()

    def _put(self, path: Path, value: str) -> None:
        if self._set.get(path.name) != value:
            _write(path, value)
            self._set[path.name] = value

    def _cpu_ms(self) -> int:
        return _number(self.folders["cpuacct"] / "cpuacct.usage") // 1_000_000

    def _now(self) -> Counters:
        memory = self.folders["memory"]
        return Counters(
            self._cpu_ms(),
            _number(memory / "memory.usage_in_bytes"),
            _table(memory / "memory.stat")["total_rss"],
            _number(memory / "memory.max_usage_in_bytes"),
            _table(memory / "memory.oom_control").get("oom_kill", 0),
            _table(self.folders["pids"] / "pids.events").get("max", 0),
        )

    def begin(self) -> None:
        """See `Cgroup`."""
        self._start = replace(self._start, cpu_ms=self._cpu_ms())

    def read(self) -> Counters:
        """See `Cgroup`."""
        return _difference(self._start, self._now())

    def members(self) -> set[int]:
        """See `Cgroup`."""
        return members(self.folders["pids"])

    def remove(self) -> None:
        """See `Cgroup`."""
        until = time.monotonic() + REMOVE_SECONDS
        for folder in self.folders.values():
            remove_folder(folder, until)
        self.let_go()

    def let_go(self) -> None:
        """See `Cgroup`."""
        while self._locks:
            os.close(self._locks.pop())


def _difference(start: Counters, now: Counters) -> Counters:
    return Counters(
        now.cpu_ms - start.cpu_ms,
        max(0, now.memory_bytes - start.memory_bytes),
        max(0, now.own_bytes - start.own_bytes),
        max(0, now.peak_bytes - start.memory_bytes),
        now.oom_kills - start.oom_kills,
        now.refused_forks - start.refused_forks,
    )


def _own_path(controller: str) -> str:
    """Return this process's path in a hierarchy; "" is the unified one."""
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _, names, path = line.split(":", 2)
        if controller in names.split(","):
            return path
    raise ValueError(f"there is no hierarchy {controller!r}")


def _write(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY)
    try:
        os.write(descriptor, text.encode())
    finally:
        os.close(descriptor)


def _number(path: Path) -> int:
    return int(path.read_text())


def _table(path: Path) -> dict[str, int]:
    rows = (line.split() for line in path.read_text().splitlines())
    return {row[0]: int(row[1]) for row in rows if len(row) == 2 and row[1].isdigit()}
