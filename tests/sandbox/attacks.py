"""The hostile scripts of `escapes/` with their headers, for the tests that run them and the page that lists them.

A script says what it attacks and what must become of it:

    # attack: in words
    # stopped by: WALL, …        what contains it, in the words of `WALLS`
    # expect: contained          it ran to its end and reports that it failed
              nothing            it ended and reports nothing
              refused            it reports, and the reader of results takes none of it
              KIND [DETAIL]      the outcome: `memory`, `timeout cpu`, `output stdout`, `signal 31`
    # note: a part of what the outcome's notes say
    # control: succeeds          without a box the attack must succeed, or the test would prove nothing
               root              the same, where the tests run as root
               kernel            kernels differ; it may fail bare as well
               none, REASON      never run bare
    # limits: name=number, …     of the job, beside those of `boxes.py`
    # machine: x86_64            the only one that it is for
    # level: B                   the least at which it is contained; below it, `SECURITY.md` says what is not
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

FOLDER = Path(__file__).parent / "escapes"
HELP = "attack.py"

#: what holds a program -> where it is built, and how
WALLS = {
    "filter": ("sandbox/seccomp_policy.json", "system calls that are refused or unknown; Unix sockets alone"),
    "mounts": ("sandbox/plan.py", "only what is listed is there, read-only, without devices and setuid; own scratch"),
    "network namespace": ("sandbox/plan.py", "a network without interfaces and without the host's abstract sockets"),
    "PID namespace": ("sandbox/plan.py", "no other process has a number there; with its first one all of them end"),
    "IPC namespace": ("sandbox/plan.py", "System V objects of its own"),
    "UTS namespace": ("sandbox/plan.py", "a host name of its own"),
    "user namespace": ("sandbox/plan.py", "the host's root and other users do not exist there"),
    "no capabilities": ("sandbox/plan.py", "none in any set, nor in those from which more could come"),
    "no new privileges": ("sandbox/plan.py", "bubblewrap switches setuid and file capabilities off, for ever"),
    "environment": ("sandbox/launcher.py", "empty before the box, built anew inside"),
    "descriptors": ("sandbox/launcher.py", "those of the box and no other are handed down"),
    "resource limits": ("sandbox/slot_parts.py", "core dumps, open files, locked memory, for each process"),
    "scratch size": ("sandbox/plan.py", "file systems in memory, of a limited size"),
    "memory limit": ("sandbox/cgroup.py", "of the whole run; one process killed for memory ends it"),
    "process limit": ("sandbox/cgroup.py", "processes and threads together"),
    "lock limit": ("sandbox/locks.py", "record locks, counted where the kernel lists them"),
    "processor limit": ("sandbox/watch.py", "processor time of the whole run"),
    "wall clock": ("sandbox/watch.py", "the host's own, which nothing on the channel stops"),
    "output caps": ("sandbox/watch.py", "for each stream, the result and the artifacts; reaching one ends the run"),
    "runner": (
        "sandbox/runner.py",
        "library first on the path; looks for what is full; kills what is left, then reads, without links or waiting",
    ),
    "channel": (
        "sandbox/channel.py",
        "a socket, which /proc cannot open; counts first, allow-lists names, unpacks nothing",
    ),
    "judge": ("sandbox/judge.py", "what happens after a program began is its own doing, never a fault to be repeated"),
    "strict reader": ("app/core/measurement.py", "one plain JSON object, or no measurement"),
    "kernel": ("SECURITY.md", "its own rules; the box adds nothing here"),
}

NEEDED = {"attack", "stopped by", "expect", "control"}
KEYS = NEEDED | {"note", "limits", "machine", "level"}


@dataclass(frozen=True)
class Attack:
    """One hostile script."""

    name: str
    source: bytes
    words: str
    stopped_by: tuple[str, ...]
    expect: str
    control: str
    note: str
    limits: dict[str, int]
    machine: str | None
    level: str

    @classmethod
    def read(cls, path: Path) -> Attack:
        """Read a script with its header; a line that this file does not know is an error."""
        source = path.read_text(encoding="utf-8")
        lines = [line[2:] for line in takewhile(lambda line: line.startswith("# "), source.split("\n"))]
        header = dict(line.split(": ", 1) for line in lines)
        if set(header) - KEYS or NEEDED - set(header):
            raise ValueError(f"{path.name}: unknown {set(header) - KEYS}, missing {NEEDED - set(header)}")
        walls = tuple(header["stopped by"].split(", "))
        if set(walls) - WALLS.keys():
            raise ValueError(f"{path.name}: there is no wall {set(walls) - WALLS.keys()}")
        limits = (item.strip().split("=") for item in header["limits"].split(",")) if "limits" in header else ()
        return cls(
            path.name.removesuffix(".py"),
            source.encode(),
            header["attack"],
            walls,
            header["expect"],
            header["control"],
            header.get("note", ""),
            {name: int(number) for name, number in limits},
            header.get("machine"),
            header.get("level", "C"),
        )


ATTACKS = [Attack.read(path) for path in sorted(FOLDER.glob("*.py")) if path.name != HELP]
